package fennel

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// An origin is the node that a table was made of, with the forms in it as the
// table has them.
type origin struct {
	node  *syntax.Node
	items []*syntax.Node
	// keys are the keys of a table literal, in the order of the text.
	keys []lua.LValue
	// site says where the node stands when it is code of a quote, nil when it
	// is code of the call. Quoted code has the place of the call.
	site *site
}

// A site is where the template of a quote stands: the spans of its nodes,
// moved by shift, are places in the file.
type site struct {
	file  *source.File
	shift int
}

func (s *site) place(n *syntax.Node) source.Place {
	return source.Place{File: s.file, Span: n.Span.Shift(s.shift)}
}

// A codec turns nodes into Lua values and back, for one call of a macro.
type codec struct {
	kinds *nodeKinds
	call  source.Span // of the call
	file  *source.File
	// charge is told before n nodes are made or visited.
	charge  func(n int)
	origins map[*lua.LTable]origin
	// literals are the strings and numbers in the arguments of the call, by
	// their value. They are no tables and lose their place on the way, so one
	// that comes back takes the place of the one that went in, if that is
	// beyond doubt: several with the same value count as none.
	literals map[lua.LValue]*syntax.Node
	// quoted are the symbols that came from a quote under their own names and
	// must not be bound, and where the quotes have them.
	quoted map[*syntax.Node]source.Place
	// placed is told that a macro asks for a place.
	placed func()
	gensym func(base string) string
	autos  map[autoKey]string
}

// An autoKey is a symbol like x# of a quote in a unit.
type autoKey struct {
	unit *unit
	id   int
}

// auto returns the name that x# stands for in this expansion.
func (c *codec) auto(u *unit, id int, base string) string {
	key := autoKey{u, id}
	if c.autos[key] == "" {
		c.autos[key] = c.gensym(base) + "auto"
	}
	return c.autos[key]
}

// argument returns the value that a macro sees of an argument of its call.
func (c *codec) argument(n *syntax.Node) lua.LValue {
	for x := range n.All() {
		if x.Kind != syntax.String && x.Kind != syntax.Number {
			continue
		}
		v := c.lua(x)
		_, twice := c.literals[v]
		c.literals[v] = x
		if twice {
			c.literals[v] = nil
		}
	}
	return c.lua(n)
}

// lua returns the value that macros see of a node of a program.
func (c *codec) lua(n *syntax.Node) lua.LValue {
	c.charge(1)
	return c.encode(n, nil, func(name string) string { return name })
}

// encode returns the value of a node, which stands at the site of a quote or,
// when that is nil, in the call. Rename says what a symbol is called.
func (c *codec) encode(n *syntax.Node, at *site, rename func(string) string) lua.LValue {
	switch n.Kind {
	case syntax.String:
		return lua.LString(n.Text)
	case syntax.Number:
		v, _ := syntax.ParseNumber(n.Text)
		return lua.LNumber(v)
	case syntax.Symbol:
		switch n.Text {
		case "true":
			return lua.LTrue
		case "false":
			return lua.LFalse
		case "nil":
			if n.IsHole() {
				return lua.LNil
			}
		case "...":
			return c.table(c.kinds.vararg, origin{node: n, site: at}, lua.LString(n.Text))
		}
		return c.table(c.kinds.symbol, origin{node: n, site: at}, lua.LString(rename(n.Text)))
	case syntax.Table:
		return c.encodeTable(n, at, rename)
	}
	kind := c.kinds.list
	switch {
	case n.Raw:
		kind = nil
	case n.Kind == syntax.Sequence:
		kind = c.kinds.sequence
	}
	o := origin{node: n, items: forms(n), site: at}
	if n.Kind == syntax.Prefix {
		o.items = forms(n.Unprefixed())
	}
	return c.table(kind, o, c.encodeAll(o.items, at, rename)...)
}

func (c *codec) encodeAll(ns []*syntax.Node, at *site, rename func(string) string) []lua.LValue {
	vs := make([]lua.LValue, len(ns))
	for i, n := range ns {
		if at != nil {
			vs[i] = c.encode(n, at, rename)
		} else {
			vs[i] = c.lua(n)
		}
	}
	return vs
}

func (c *codec) encodeTable(n *syntax.Node, at *site, rename func(string) string) lua.LValue {
	o := origin{node: n, site: at}
	for _, e := range tableEntries(n) {
		o.items = append(o.items, e.key, e.value)
	}
	return c.tableOf(o, c.encodeAll(o.items, at, rename))
}

// tableOf returns the table of a table literal, of its keys and values in
// turn.
func (c *codec) tableOf(o origin, items []lua.LValue) *lua.LTable {
	t := new(lua.LState).CreateTable(0, len(items)/2)
	for i := 0; i+1 < len(items); i += 2 {
		if key := items[i]; key != lua.LNil {
			t.RawSet(key, items[i+1])
			o.keys = append(o.keys, key)
		}
	}
	c.origins[t] = o
	return t
}

// table returns a table of a kind with items, whose origin is known.
func (c *codec) table(kind *lua.LTable, o origin, items ...lua.LValue) *lua.LTable {
	t := new(lua.LState).CreateTable(len(items), 0)
	for i, item := range items {
		t.RawSetInt(i+1, item)
	}
	if kind != nil {
		t.Metatable = kind
	}
	if o.node != nil {
		c.origins[t] = o
	}
	return t
}

// sourceField returns what a macro that asks for the place of a node gets.
func (c *codec) sourceField(t *lua.LTable, key lua.LValue) lua.LValue {
	if c == nil {
		return lua.LNil
	}
	o, ok := c.origins[t]
	if !ok {
		return lua.LNil
	}
	c.placed()
	place := source.Place{File: c.file, Span: o.node.Span}
	if o.site != nil {
		place = o.site.place(o.node)
	}
	name, _ := key.(lua.LString)
	start, end := place.File.Position(place.Span.Start), place.File.Position(place.Span.End)
	switch name {
	case "filename":
		return lua.LString(place.File.Name())
	case "line":
		return lua.LNumber(start.Line)
	case "col":
		return lua.LNumber(start.Column - 1)
	case "endline":
		return lua.LNumber(end.Line)
	case "bytestart":
		return lua.LNumber(place.Span.Start + 1)
	case "byteend":
		return lua.LNumber(place.Span.End)
	}
	return lua.LNil
}

// A decodeError says why a value is no code.
type decodeError struct{ text string }

func (e *decodeError) Error() string { return e.text }

// maxCodeDepth is how deep the code that a macro returns may be nested.
const maxCodeDepth = 4 * syntax.MaxDepth

var errTooDeep = fmt.Errorf("the macro's expansion is nested more than %d levels deep", maxCodeDepth)

// node returns the code that a value stands for.
func (c *codec) node(v lua.LValue) (*syntax.Node, error) { return c.decode(v, nil, 0) }

// decode returns the node for a value. Was is the node in whose place the
// value stands in its table, if nothing moved it.
func (c *codec) decode(v lua.LValue, was *syntax.Node, depth int) (*syntax.Node, error) {
	c.charge(1)
	if depth > maxCodeDepth {
		return nil, errTooDeep
	}
	switch v := v.(type) {
	case *lua.LTable:
		return c.decodeTable(v, depth)
	case *lua.LNilType:
		return c.atom(syntax.Symbol, "nil"), nil
	case lua.LBool:
		if was != nil && was.Kind == syntax.Symbol && was.Text == v.String() {
			return was, nil
		}
		return c.atom(syntax.Symbol, v.String()), nil
	case lua.LString:
		if was != nil && was.Kind == syntax.String && was.Text == string(v) {
			return was, nil
		}
		if n := c.literals[v]; n != nil {
			return n, nil
		}
		return c.atom(syntax.String, string(v)), nil
	case lua.LNumber:
		if was != nil && was.Kind == syntax.Number {
			if n, ok := syntax.ParseNumber(was.Text); ok && n == float64(v) {
				return was, nil
			}
		}
		if n := c.literals[v]; n != nil {
			return n, nil
		}
		return c.atom(syntax.Number, numberText(float64(v))), nil
	}
	return nil, &decodeError{"could not compile value of type " + v.Type().String()}
}

// numberText returns a number as the reader passes it on.
func numberText(v float64) string {
	switch {
	case math.IsNaN(v):
		return ".nan"
	case math.IsInf(v, 1):
		return ".inf"
	case math.IsInf(v, -1):
		return "-.inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func (c *codec) atom(kind syntax.Kind, text string) *syntax.Node {
	return &syntax.Node{Kind: kind, Span: c.call, Text: text}
}

func (c *codec) decodeTable(t *lua.LTable, depth int) (*syntax.Node, error) {
	o := c.origins[t]
	kind := c.kinds.of(t)
	switch kind {
	case syntax.Symbol:
		return c.symbol(t, o), nil
	case syntax.Comment:
		return c.atom(syntax.Comment, t.RawGetInt(1).String()), nil
	case syntax.List, syntax.Sequence:
		items := make([]lua.LValue, lastIndex(t))
		for i := range items {
			items[i] = t.RawGetInt(i + 1)
		}
		n, err := c.bracketed(kind, items, o, depth)
		if kind == syntax.Sequence && n != o.node && err == nil {
			for i, item := range items {
				if item == lua.LNil {
					n.Children[i].Raw = true
				}
			}
		}
		return n, err
	}
	keys := tableKeys(t, o)
	if len(keys) == t.Len() && (o.node == nil || o.node.Kind == syntax.Sequence) {
		items := make([]lua.LValue, len(keys))
		for i := range items {
			items[i] = t.RawGetInt(i + 1)
		}
		n, err := c.bracketed(syntax.Sequence, items, o, depth)
		if n != o.node && err == nil {
			n.Raw = true
		}
		return n, err
	}
	items := make([]lua.LValue, 0, 2*len(keys))
	for _, k := range keys {
		items = append(items, k, t.RawGet(k))
	}
	return c.bracketed(syntax.Table, items, o, depth)
}

// bracketed returns the node for items. It is the one they were taken from if
// nothing changed.
func (c *codec) bracketed(kind syntax.Kind, items []lua.LValue, o origin, depth int) (*syntax.Node, error) {
	children := make([]*syntax.Node, len(items))
	for i, item := range items {
		var was *syntax.Node
		if i < len(o.items) {
			was = o.items[i]
		}
		var err error
		if children[i], err = c.decode(item, was, depth+1); err != nil {
			return nil, err
		}
		if o.site != nil && was != nil && children[i] == was {
			children[i] = c.atom(was.Kind, was.Text)
		}
	}
	if o.node != nil && o.site == nil {
		if slices.Equal(children, o.items) {
			return o.node, nil
		}
		return &syntax.Node{Kind: kind, Span: o.node.Span, Children: children}, nil
	}
	return &syntax.Node{Kind: kind, Span: c.call, Children: children}, nil
}

func (c *codec) symbol(t *lua.LTable, o origin) *syntax.Node {
	text := t.RawGetInt(1).String()
	if o.node != nil && o.site == nil && o.node.Text == text {
		return o.node
	}
	n := c.atom(syntax.Symbol, text)
	if o.site != nil && o.node.Text == text {
		c.quoted[n] = o.site.place(o.node)
	}
	return n
}

// tableKeys returns the keys of a table literal: those it was written with in
// that order, then the others sorted.
func tableKeys(t *lua.LTable, o origin) []lua.LValue {
	var keys, others []lua.LValue
	written := make(map[lua.LValue]bool, len(o.keys))
	for _, k := range o.keys {
		if !written[k] && t.RawGet(k) != lua.LNil {
			keys = append(keys, k)
		}
		written[k] = true
	}
	t.ForEach(func(k, _ lua.LValue) {
		if !written[k] {
			others = append(others, k)
		}
	})
	sort.SliceStable(others, func(i, j int) bool { return keyLess(others[i], others[j]) })
	return append(keys, others...)
}

// keyLess orders keys as the reference does where nothing else orders them.
func keyLess(a, b lua.LValue) bool {
	if a.Type() != b.Type() {
		return keyRank(a) < keyRank(b)
	}
	if x, ok := a.(lua.LNumber); ok {
		return x < b.(lua.LNumber)
	}
	if a.Type() == lua.LTTable {
		return rawFirst(a).String() < rawFirst(b).String()
	}
	return a.String() < b.String()
}

func keyRank(v lua.LValue) int {
	switch v.Type() {
	case lua.LTNumber:
		return 1
	case lua.LTBool:
		return 2
	case lua.LTString:
		return 3
	case lua.LTTable:
		return 4
	}
	return 5
}
