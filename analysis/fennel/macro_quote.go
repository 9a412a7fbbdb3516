package fennel

import (
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
)

// buildCode is the operation that makes code from a quote, for code that runs
// at compile time: function (unit, template, items): a node. The items are the
// values of what is in the template, when something in it is unquoted.
const buildCode = "\x00code"

// A template is code that a quote makes. Symbols like x# stand in it under
// their numbers, which are the same for the same name in one scope.
type template struct {
	node  *syntax.Node
	start int // of the node, counted from the start of the form
	autos map[string]int
}

// compileQuote compiles (quote form).
func compileQuote(c *compiler, f form) exprs {
	c.require(len(f.items) == 2, f.n, "expected one argument")
	n := f.items[1]
	if n.Kind == syntax.Prefix {
		n = n.Unprefixed()
	}
	if isUnquote(n) {
		return c.compile(forms(n)[1], f.scope, f.block, f.want)
	}
	if !c.compileTime {
		xs := c.compile(c.plainQuoted(n), f.scope, f.block, f.want)
		for i := range xs.list {
			xs.list[i].kind = plain
		}
		return xs
	}
	return c.single(c.quote(n, f))
}

// compileUnquote compiles (unquote form).
func compileUnquote(c *compiler, f form) exprs {
	c.fail(f.n, "tried to use unquote outside quote")
	return exprs{}
}

// plainQuoted returns the form that makes what is quoted in a program that
// runs, which can be data, and what is unquoted in it.
func (c *compiler) plainQuoted(n *syntax.Node) *syntax.Node {
	if n.Kind == syntax.Prefix {
		n = n.Unprefixed()
	}
	switch {
	case isUnquote(n):
		return firstOf(forms(n)[1])
	case isNamed(n, "..."):
		c.fail(n, "quoted ... may only be used at compile time")
	case isBindable(n):
		c.fail(n, "symbols may only be used at compile time")
	case n.Kind != syntax.List && n.Kind != syntax.Sequence && n.Kind != syntax.Table:
		return n
	}
	made := *n
	made.Children = nil
	for _, child := range forms(n) {
		if n.Kind != syntax.Table || !isNamed(child, ":") {
			child = c.plainQuoted(child)
		}
		made.Children = append(made.Children, child)
	}
	if n.Kind == syntax.List {
		c.fail(n, "lists may only be used at compile time")
	}
	return &made
}

// firstOf returns a form that gives the first value of a values form, of which
// nothing else is unquoted.
func firstOf(n *syntax.Node) *syntax.Node {
	if !isCallOf(n, "values") {
		return n
	}
	head := &syntax.Node{Kind: syntax.Symbol, Span: n.Span, Text: "pick-values"}
	one := &syntax.Node{Kind: syntax.Number, Span: n.Span, Text: "1"}
	return &syntax.Node{Kind: syntax.List, Span: n.Span, Children: []*syntax.Node{head, one, n}}
}

func isUnquote(n *syntax.Node) bool { return isCallOf(n, "unquote") && len(forms(n)) == 2 }

// quote compiles a quoted node to an expression whose value is that node.
func (c *compiler) quote(n *syntax.Node, f form) expr {
	if n.Kind == syntax.Prefix {
		n = n.Unprefixed()
	}
	switch {
	case isUnquote(n):
		return c.compile(forms(n)[1], f.scope, f.block, one()).list[0]
	case n.Kind == syntax.String:
		return c.text(n, n.Text)
	case n.Kind == syntax.Number:
		return c.number(n)
	case isNamed(n, "..."):
		return expr{lua: at(c, n, &ast.AttrGetExpr{
			Object: c.ident(n, "_G"),
			Key:    c.stringExpr(n, "_VARARG"),
		}), kind: plain, fact: c.unknown(n)}
	case isNamed(n, "true"), isNamed(n, "false"):
		return c.symbol(n, f.scope)
	case !hasUnquote(n):
		return c.build(n, f)
	}
	items := forms(n)
	if n.Kind == syntax.Table {
		items = nil
		for _, e := range c.entries(n) {
			items = append(items, e.key, e.value)
		}
	}
	return c.build(n, f, c.quoteItems(items, f, n.Kind != syntax.Table)...)
}

// quoteItems compiles what is in a quoted node. An unquoted call at the end of
// a list or sequence spreads; of an unquoted values form there is the first.
func (c *compiler) quoteItems(items []*syntax.Node, f form, spreads bool) []*ast.Field {
	fields := make([]*ast.Field, 0, len(items)+1)
	for i, item := range items {
		if item.Kind == syntax.Prefix {
			item = item.Unprefixed()
		}
		if spreads && i == len(items)-1 && isUnquote(item) {
			xs := c.compile(forms(item)[1], f.scope, f.block, want{n: anyNumber})
			c.drop(xs, f.block, 1, item)
			if len(xs.list) > 0 {
				fields = append(fields, &ast.Field{Value: xs.list[0].lua})
			}
			continue
		}
		fields = append(fields, &ast.Field{Value: c.quote(item, f).lua})
	}
	return fields
}

// hasUnquote reports whether something in a node is unquoted.
func hasUnquote(n *syntax.Node) bool {
	for x := range n.All() {
		if x.Kind == syntax.Prefix && x.Text == "," || isUnquote(x) {
			return true
		}
	}
	return false
}

// build compiles the making of a node from a template and, when some of it is
// unquoted, from the values of the items in it.
func (c *compiler) build(n *syntax.Node, f form, items ...*ast.Field) expr {
	t := template{node: n, start: c.span(n).Start, autos: map[string]int{}}
	for x := range n.All() {
		if base, ok := autoGensym(x); ok {
			t.autos[base] = c.auto(base, f.scope)
		}
	}
	c.unit.templates = append(c.unit.templates, t)
	index := strconv.Itoa(len(c.unit.templates) - 1)
	args := []ast.Expr{
		c.stringExpr(n, c.unit.name),
		at(c, n, &ast.NumberExpr{Value: index}),
	}
	if items != nil {
		args = append(args, c.tableExpr(n, items))
	}
	x := at(c, n, &ast.FuncCallExpr{Func: runtimeFunc(buildCode), Args: args, AdjustRet: true})
	return expr{lua: x, kind: plain, fact: c.unknown(n)}
}

// autoGensym returns the x# of a symbol such as x#, x#.field or x#:method.
func autoGensym(n *syntax.Node) (base string, ok bool) {
	return rootName(n.Text), n.Kind == syntax.Symbol && isAuto(n.Text)
}

// isAuto reports whether a quoted symbol is a new name in each expansion. As in the
// reference any part may have the mark, and it is the first that is renamed.
func isAuto(name string) bool {
	return strings.HasSuffix(name, "#") || strings.Contains(name, "#.") || strings.Contains(name, "#:")
}

// auto returns the number of x# in a scope: that of the innermost scope around
// it that has quoted one, or a new one.
func (c *compiler) auto(base string, s *scope) int {
	for at := s; at != nil; at = at.outer {
		if id, ok := at.autos[base]; ok {
			return id
		}
	}
	if s.autos == nil {
		s.autos = map[string]int{}
	}
	c.names++
	s.autos[base] = c.names
	return c.names
}

// build makes the node of a template: (unit template items?).
func (w *macroWorld) build(L *lua.LState) int {
	from := w.program.chunks[L.CheckString(1)]
	t := from.unit.templates[L.CheckInt(2)]
	at := &site{from.file, from.shift + t.start - t.node.Span.Start}
	c := w.codec()
	if items, ok := L.Get(3).(*lua.LTable); ok {
		w.program.State.Step(L, items.Len())
		L.Push(c.assemble(t.node, at, items))
		return 1
	}
	w.program.State.Step(L, t.node.Span.Len())
	L.Push(c.encode(t.node, at, w.renaming(from.unit, t)))
	return 1
}

// renaming returns what the symbols of a template are called in this
// expansion.
func (w *macroWorld) renaming(u *unit, t template) func(string) string {
	c := w.codec()
	return func(name string) string {
		base := rootName(name)
		id, ok := t.autos[base]
		if !ok || !isAuto(name) {
			return name
		}
		return c.auto(u, id, base[:len(base)-1]) + name[len(base):]
	}
}

// assemble makes the node of a template of the values in it.
func (c *codec) assemble(n *syntax.Node, at *site, items *lua.LTable) lua.LValue {
	o := origin{node: n, items: forms(n), site: at}
	switch n.Kind {
	case syntax.List:
		items.Metatable = c.kinds.list
	case syntax.Sequence:
		items.Metatable = c.kinds.sequence
	default:
		o.items = nil
		for _, e := range tableEntries(n) {
			o.items = append(o.items, e.key, e.value)
		}
		values := make([]lua.LValue, len(o.items))
		for i := range values {
			values[i] = items.RawGetInt(i + 1)
		}
		return c.tableOf(o, values)
	}
	c.origins[items] = o
	return items
}

// checkQuoted fails for a symbol of a quote that is about to be bound or set, at
// the place of the quote.
func (c *compiler) checkQuoted(n *syntax.Node) {
	from, ok := c.quoted[n]
	if !ok {
		return
	}
	d := diag.Diagnostic{
		File:    from.File,
		Span:    from.Span,
		Code:    diag.Compile,
		Message: fmt.Sprintf("macro tried to bind %s without gensym", n.Text),
		Help:    fmt.Sprintf("Write %s# in the macro, which is a new name in each expansion.", n.Text),
		Related: []diag.Related{{Span: c.span(n), Message: "expanded here"}},
	}
	if from.File == c.file {
		d.File, d.Span = nil, from.Span.Shift(c.shift())
	}
	c.unit.volatile = true
	c.diagnose(d)
	panic(abandoned{})
}
