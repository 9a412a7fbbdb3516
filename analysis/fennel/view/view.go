// Package view prints Lua values as Fennel, the way fennel.view of Fennel
// 1.6.1 does.
package view

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Options say how a value is printed. The zero Options are the defaults of
// fennel.view.
type Options struct {
	OneLine           bool // no line breaks, however long the line gets
	EmptyAsSequence   bool // an empty table is [] and not {}
	EscapeNewlines    bool // \n in strings that fit a line
	PreferColon       bool // :x and not "x" where both mean the same
	IgnoreCycles      bool // print a table that holds itself over and over, to Depth
	IgnoreMetamethods bool // do not ask __fennelview
	RawBytes          bool // keep bytes that are not UTF-8 as they are
	// LineLength is where a table breaks into lines, in bytes. Zero means 80;
	// a negative length breaks every table.
	LineLength int
	// Depth is how many levels of tables are printed. Zero means 128, and
	// there are never more than MaxDepth.
	Depth int
	// MaxSparseGap is how far apart the indices of a sequence may be; the gaps
	// are filled with nil. Zero means 1, which is no gap; with a negative one
	// there are no sequences.
	MaxSparseGap int
	// Lua is what the program that is printed has a say in. Without it nothing
	// of the program runs.
	Lua *Lua
	// Charge is told before n units of work, roughly bytes of output and table
	// entries visited, and may end the printing by a panic. Without it, the
	// size of the value is the only bound.
	Charge func(n int)
}

// MaxDepth is how many levels of tables are printed at most.
const MaxDepth = 4000

const (
	defaultLineLength   = 80
	defaultDepth        = 128
	defaultMaxSparseGap = 1
)

// Lua holds what of a program may run while a value is printed. An error that
// it raises goes through View as a panic, as it goes through any Go function
// that calls Lua.
type Lua struct {
	L           *lua.LState    // runs the metamethods __fennelview, __pairs, __len and __tostring
	Preprocess  *lua.LFunction // (value, options): what is printed in its stead
	PreferColon *lua.LFunction // (string): whether it is printed as :x
	ByteEscape  *lua.LFunction // (byte, options): how a byte stands in a string
	// Infinity, NegativeInfinity, NaN and NegativeNaN stand for these numbers
	// where they are not empty.
	Infinity, NegativeInfinity, NaN, NegativeNaN string
}

// View returns a value as Fennel text.
func View(v lua.LValue, o Options) string {
	o = o.withDefaults()
	return newPrinter(v, []Options{o}).value(v, 0, unsaid)
}

func (o Options) withDefaults() Options {
	if o.LineLength == 0 {
		o.LineLength = defaultLineLength
	}
	if o.Depth == 0 {
		o.Depth = defaultDepth
	}
	o.Depth = min(o.Depth, MaxDepth)
	if o.MaxSparseGap == 0 {
		o.MaxSparseGap = defaultMaxSparseGap
	}
	if o.Lua == nil {
		o.Lua = &Lua{}
	}
	if o.Charge == nil {
		o.Charge = func(int) {}
	}
	return o
}

// A printer prints one value and everything in it.
type printer struct {
	now   Options   // what holds for the table that is being printed
	inner []Options // what holds for the levels of tables in it, the last for all further ones
	// level is how many tables are open.
	level int
	// counts says how often a table stands in the value, and ids are the
	// numbers of those that hold a table more than once.
	counts map[*lua.LTable]int
	ids    map[*lua.LTable]int
	// tree reports that what is being printed is known to hold no table twice.
	tree bool
}

// newPrinter returns a printer with options for each level of tables.
func newPrinter(v lua.LValue, levels []Options) *printer {
	p := &printer{ids: map[*lua.LTable]int{}}
	p.use(levels)
	p.counts = p.appearances(v)
	return p
}

// A colon says whether a string is to be printed as :x where that is possible.
type colon int

const (
	unsaid colon = iota
	no
	yes
)

// value returns the text of a value that starts at a column.
func (p *printer) value(v lua.LValue, indent int, c colon) string {
	p.now.Charge(1)
	if f := p.now.Lua.Preprocess; f != nil && p.now.Lua.L != nil {
		v = p.call(f, v, p.optionsTable(p.now))
	}
	switch v := v.(type) {
	case *lua.LTable:
		return p.opened(v, indent)
	case *lua.LUserData:
		if p.metamethod(v) != nil {
			return p.opened(v, indent)
		}
	case lua.LNumber:
		return p.now.Lua.number(float64(v))
	case lua.LString:
		return p.str(string(v), indent, c)
	case lua.LBool, *lua.LNilType:
		return v.String()
	}
	return "#<" + p.tostring(v) + ">"
}

func (p *printer) str(s string, indent int, c colon) string {
	if isColonString(s) && p.colon(s, c) {
		return ":" + s
	}
	return p.quote(s, indent)
}

func (p *printer) colon(s string, c colon) bool {
	switch {
	case c != unsaid:
		return c == yes
	case p.now.Lua.PreferColon != nil && p.now.Lua.L != nil:
		return lua.LVAsBool(p.call(p.now.Lua.PreferColon, lua.LString(s)))
	}
	return p.now.PreferColon
}

func (p *printer) tostring(v lua.LValue) string {
	if L := p.now.Lua.L; L != nil {
		return L.ToStringMeta(v).String()
	}
	return v.String()
}

// call calls a function of the program and returns its first result.
func (p *printer) call(f lua.LValue, args ...lua.LValue) lua.LValue {
	L := p.now.Lua.L
	L.Push(f)
	for _, arg := range args {
		L.Push(arg)
	}
	L.Call(len(args), 1)
	result := L.Get(-1)
	L.Pop(1)
	return result
}

// opened returns the text of a table or of userdata that prints itself.
func (p *printer) opened(v lua.LValue, indent int) string {
	p.level++
	defer func() { p.level-- }()
	if f := p.metamethod(v); f != nil {
		return p.custom(v, f, indent)
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		return "#<" + p.tostring(v) + ">"
	}
	entries, sequence := p.entries(t)
	open, end := "{", "}"
	if sequence || len(entries) == 0 && p.now.EmptyAsSequence {
		open, end = "[", "]"
	}
	if len(entries) == 0 {
		return open + end
	}
	if p.now.Depth <= p.level {
		return open + "..." + end
	}
	if id := p.ids[t]; id != 0 && !p.now.IgnoreCycles {
		return "@" + strconv.Itoa(id) + open + "..." + end
	}
	prefix := ""
	tree := p.tree
	defer func() { p.tree = tree }()
	if p.isCycle(t) {
		prefix = "@" + strconv.Itoa(p.ids[t])
		indent += len(prefix)
	}
	b := block{prefix: prefix + open, end: end, indent: indent + 1}
	if sequence {
		p.sequence(&b, entries)
		b.broken = b.broken || p.endsInComment(t)
		b.closeApart = p.endsInComment(t)
	} else {
		p.associative(&b, entries)
	}
	return p.join(b)
}

// isCycle reports whether a table is to be printed with a number because it
// turns up again, and gives it the number.
func (p *printer) isCycle(t *lua.LTable) bool {
	if p.now.IgnoreCycles || p.tree {
		return false
	}
	if !p.repeats(t) {
		p.tree = p.now.Lua.Preprocess == nil
		return false
	}
	if p.ids[t] == 0 {
		p.ids[t] = len(p.ids) + 1
	}
	return p.counts[t] > 1
}

// A block is the parts of a table before they are put on one line or several.
type block struct {
	prefix, end string
	indent      int // of the lines behind the first, in columns
	items       []string
	broken      bool // something in it has several lines
	closeApart  bool // the closing delimiter stands on a line of its own
}

func (p *printer) sequence(b *block, entries []entry) {
	defer p.inside()()
	for _, e := range entries {
		text := p.value(e.value, b.indent, unsaid)
		b.broken = b.broken || strings.Contains(text, "\n") || strings.HasPrefix(text, ";")
		b.items = append(b.items, text)
	}
}

func (p *printer) associative(b *block, entries []entry) {
	defer p.inside()()
	for _, e := range entries {
		key := p.value(e.key, b.indent+1, yes)
		value := p.value(e.value, b.indent, unsaid)
		b.broken = b.broken || strings.Contains(key, "\n") || strings.Contains(value, "\n") ||
			len(key)+1+len(value) > p.now.LineLength
		b.items = append(b.items, key, value)
	}
	if b.broken {
		return
	}
	for i := 0; i < len(b.items); i += 2 {
		b.items[i/2] = b.items[i] + " " + b.items[i+1]
	}
	b.items = b.items[:len(b.items)/2]
}

// inside goes over to the options for what is in a table, and returns what
// goes back.
func (p *printer) inside() func() {
	now, inner := p.now, p.inner
	p.use(p.inner)
	return func() { p.now, p.inner = now, inner }
}

// use goes over to options for the present level and those in it.
func (p *printer) use(levels []Options) {
	p.now, p.inner = levels[0], levels
	if len(levels) > 1 {
		p.inner = levels[1:]
	}
}

func (p *printer) join(b block) string {
	size := len(b.prefix) + len(b.items) - 1 + len(b.end)
	for _, item := range b.items {
		size += len(item)
	}
	p.now.Charge(size)
	if p.now.OneLine || !b.broken && !b.closeApart && b.indent+size <= p.now.LineLength {
		return b.prefix + strings.Join(b.items, " ") + b.end
	}
	p.now.Charge(b.indent * len(b.items))
	line := "\n" + strings.Repeat(" ", b.indent)
	text := b.prefix + strings.Join(b.items, line)
	if b.closeApart {
		text += line
	}
	return text + b.end
}
