package fennel

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/syntax"
)

// compileMacros compiles (macros {:name function …}). The functions are made
// when the first of them is needed, unless only that can tell what they are.
func compileMacros(c *compiler, f form) exprs {
	c.require(len(f.items) == 2, f.n, "Expected one table argument")
	table := f.items[1]
	src := c.source(table)
	x := &expander{c: c, scope: f.scope}
	entries, known := c.macroEntries(table)
	if !known {
		c.defineAll(c.macroTable(src, x, f.n), src, f, table)
		return c.noValue(f)
	}
	for _, e := range entries {
		c.checkMacroName(e.key.Text, f)
		params, doc := c.signature(e.value)
		c.defineMacro(e.key.Text, &sourceMacro{src, e.key.Text}, c.keyName(e.key), f.scope, params, doc)
	}
	return c.noValue(f)
}

// macroEntries returns the macros in a table literal. known is false when it
// has to be evaluated to know them.
func (c *compiler) macroEntries(n *syntax.Node) (entries []tableEntry, known bool) {
	if n.Kind != syntax.Table {
		return nil, false
	}
	entries = c.entries(n)
	for _, e := range entries {
		isFunction := false
		for _, head := range []string{"fn", "lambda", "λ", "hashfn"} {
			items := forms(e.value)
			isFunction = isFunction || e.value.Kind == syntax.List && len(items) > 0 && isNamed(items[0], head)
		}
		if e.key.Kind != syntax.String || !isFunction && e.value.Kind != syntax.Prefix {
			return nil, false
		}
	}
	return entries, true
}

// macroTable evaluates a table of macros and checks it.
func (c *compiler) macroTable(src *macroSource, x *expander, at *syntax.Node) *lua.LTable {
	t, ok := c.world().functions(src, x, at).(*lua.LTable)
	c.require(ok && c.world().isPlain(t), at, "Expected one table argument")
	t.ForEach(func(key, v lua.LValue) {
		c.require(key.Type() == lua.LTString, at, "expected each macro to be function")
		c.require(v.Type() == lua.LTFunction, at, "expected each macro to be function")
	})
	return t
}

// isPlain reports whether a table is no code but a table.
func (w *macroWorld) isPlain(t *lua.LTable) bool {
	kind := w.kinds.of(t)
	return kind != syntax.List && kind != syntax.Symbol
}

// defineAll defines the macros that a source made.
func (c *compiler) defineAll(t *lua.LTable, src *macroSource, f form, at *syntax.Node) {
	for _, key := range tableKeys(t, origin{}) {
		name := key.String()
		c.checkMacroName(name, f)
		c.defineMacro(name, &sourceMacro{src, name}, at, f.scope, nil, "")
	}
}

// keyName returns a node for the name in a key, without the colon or the
// quotation marks around it.
func (c *compiler) keyName(key *syntax.Node) *syntax.Node {
	n := &syntax.Node{Kind: syntax.Symbol, Span: key.Span, Text: key.Text}
	switch key.Span.Len() - len(key.Text) {
	case 1:
		n.Span.Start++
	case 2:
		n.Span.Start++
		n.Span.End--
	}
	return n
}

func (c *compiler) checkMacroName(name string, f form) {
	c.checkCharacters(name, f.n)
	c.require(c.specials[rootName(name)] == nil, f.n, "local %s was overshadowed by a special form or macro", name)
	if keys, _ := parts(name); keys != nil {
		_, exists := c.macro(c.word(keys[0]), f.scope)
		c.require(!exists, f.n, "tried to set multisym macro on existing macro")
	}
}

// signature returns the parameters and docstring of a function form.
func (c *compiler) signature(n *syntax.Node) (params []string, doc string) {
	items := forms(n)
	for i, item := range items {
		if i == 0 || item.Kind != syntax.Sequence {
			continue
		}
		for _, param := range forms(item) {
			params = append(params, c.file.Slice(param.Span))
		}
		if i+2 < len(items) && items[i+1].Kind == syntax.String {
			doc = items[i+1].Text
		}
		break
	}
	return params, doc
}

// compileEvalCompiler compiles (eval-compiler …). Its value is an expression of
// Lua, and what a table holds are several; a string is the text of one.
func compileEvalCompiler(c *compiler, f form) exprs {
	head := *f.items[0]
	head.Text = "do"
	body := &syntax.Node{Kind: syntax.List, Span: f.n.Span, Children: append([]*syntax.Node{&head}, f.items[1:]...)}
	src := c.source(body)
	x := &expander{c: c, scope: f.scope}
	v := c.world().run(src, x, f.n)
	if lua.LVIsFalse(v) {
		return c.single(c.none(f.n))
	}
	var code string
	ok := false
	switch v := v.(type) {
	case lua.LNumber:
		n := &syntax.Node{Kind: syntax.Number, Span: f.n.Span, Text: numberText(float64(v))}
		return c.single(c.number(n))
	case *lua.LTable:
		if v.RawGetInt(1) == lua.LNil {
			return exprs{}
		}
		code, ok = luaList(v)
	default:
		code, ok = luaCode(v)
	}
	c.require(ok, f.n, "no code of Lua stands for the value")
	text := &syntax.Node{Kind: syntax.String, Span: f.n.Span, Text: code}
	return compileLua(c, form{f.n, []*syntax.Node{&head, c.nilNode(f.n), text}, f.scope, f.block, f.want})
}

// luaList returns the code of the values in a table.
func luaList(t *lua.LTable) (string, bool) {
	var list []string
	for i := 1; ; i++ {
		v := t.RawGetInt(i)
		if v == lua.LNil {
			return strings.Join(list, ", "), true
		}
		code, ok := luaCode(v)
		if !ok {
			return "", false
		}
		list = append(list, code)
	}
}

// luaCode returns the code that a value of compile time stands for: itself for a
// string, the name for a symbol.
func luaCode(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber, lua.LBool:
		return v.String(), true
	case *lua.LTable:
		name, ok := v.RawGetInt(1).(lua.LString)
		return string(name), ok
	}
	return "", false
}

func (c *compiler) nilNode(at *syntax.Node) *syntax.Node {
	return &syntax.Node{Kind: syntax.Symbol, Span: at.Span, Text: "nil"}
}

// compileMacrodebug compiles (macrodebug form return?), which prints what a
// form expands to or is it as a string.
func compileMacrodebug(c *compiler, f form) exprs {
	x := &expander{c: c, scope: f.scope}
	w := c.world()
	n := c.nilNode(f.n)
	if len(f.items) > 1 {
		n = x.Expand(f.items[1])
	}
	text := &syntax.Node{Kind: syntax.String, Span: f.n.Span, Text: w.text(n, x, f.n)}
	if len(f.items) > 2 && !isNamed(f.items[2], "false") {
		return c.single(c.text(text, text.Text))
	}
	head := *f.items[0]
	head.Text = "print"
	call := &syntax.Node{Kind: syntax.List, Span: f.n.Span, Children: []*syntax.Node{&head, text}}
	return c.compile(call, f.scope, f.block, f.want)
}

// text returns a node as fennel.view prints it.
func (w *macroWorld) text(n *syntax.Node, x *expander, at *syntax.Node) string {
	defer w.enter(x, at)()
	L := w.program.State.L
	options := L.NewTable()
	options.RawSetString("detect-cycles?", lua.LFalse)
	return w.call(L.G.Global.RawGetString("view"), w.codec().lua(n), options).String()
}
