package fennel

import (
	"math"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
)

// maxPicked is the most values that pick-values gives: a function has at most as
// many locals.
const maxPicked = 200

// compilePickValues compiles (pick-values n …).
func compilePickValues(c *compiler, f form) exprs {
	got := "nil"
	if len(f.items) > 1 {
		got = shown(f.items[1])
	}
	v, ok := 0.0, false
	if len(f.items) > 1 && f.items[1].Kind == syntax.Number {
		v, ok = syntax.ParseNumber(f.items[1].Text)
	}
	c.require(ok && v >= 0 && v == math.Floor(v), f.n, "Expected n to be an integer >= 0, got %s", got)
	n, args := int(min(v, maxPicked+1)), f.items[2:]
	if n == 0 {
		for _, item := range args {
			c.drop(c.compile(item, f.scope, f.block, want{n: 0}), f.block, 0, item)
		}
		return exprs{}
	}
	var xs exprs
	for i, item := range args {
		w := one()
		if i == len(args)-1 {
			w = want{n: anyNumber}
		}
		xs.list = append(xs.list, c.compile(item, f.scope, f.block, w).list...)
	}
	c.require(n <= maxPicked, f.n, "pick-values gives at most %d values, got %s", maxPicked, got)
	if n > 1 {
		out, _ := c.predeclare(f, c.temporaries(n))
		f.block.stmts[len(f.block.stmts)-1].(*ast.LocalAssignStmt).Exprs = c.luas(xs)
		return out
	}
	xs = c.finish(xs, f.block, want{n: 1}, f.n)
	if len(xs.list) > 0 {
		x := first(xs.list[0])
		x.kind = picked
		return c.single(x)
	}
	return xs
}

// first returns an expression whose only value is the first of another.
func first(x expr) expr {
	switch lua := x.lua.(type) {
	case *ast.FuncCallExpr:
		lua.AdjustRet = true
	case *ast.Comma3Expr:
		lua.AdjustRet = true
	default:
		return x
	}
	x.kind = plain
	return x
}

// compileTail compiles (tail! call).
func compileTail(c *compiler, f form) exprs {
	c.require(len(f.items) == 2, f.n, "Expected one argument")
	written := f.items[1]
	called := (&expander{c, f.scope}).Expand(written)
	c.require(called.Kind == syntax.List && !c.isSpecialCall(called), f.n, "Expected a function call as argument")
	c.require(f.want.tail, f.n, "Must be in tail position")
	if called == written {
		return c.compile(called, f.scope, f.block, f.want)
	}
	c.expanding = append(c.expanding, written.Span)
	xs := c.compile(called, f.scope, f.block, f.want)
	c.expanding = c.expanding[:len(c.expanding)-1]
	return xs
}

// isSpecialCall reports whether a list is a special form.
func (c *compiler) isSpecialCall(n *syntax.Node) bool {
	items := forms(n)
	return len(items) > 0 && items[0].Kind == syntax.Symbol && c.specials[items[0].Text] != nil
}

// compileComment compiles (comment …).
func compileComment(c *compiler, f form) exprs { return c.noValue(f) }

// compileLua compiles (lua statements expression?).
func compileLua(c *compiler, f form) exprs {
	c.require(len(f.items) == 2 || len(f.items) == 3, f.n, "expected 1 or 2 arguments")
	leaves := false
	if n := len(f.items); n == 3 && isNamed(f.items[2], "nil") {
		f.items = f.items[:2]
	}
	if text := f.items[1]; !isNamed(text, "nil") {
		c.require(text.Kind == syntax.String, text, "expected a string of Lua code")
		stmts := c.luaText(f, text, text.Text)
		f.block.stmts = append(f.block.stmts, stmts...)
		leaves = len(stmts) > 0 && isExit(stmts[len(stmts)-1])
	}
	switch {
	case len(f.items) == 2 && leaves && (f.want.tail || f.want.target != nil):
		return exprs{returned: true}
	case len(f.items) == 2:
		return c.noValue(f)
	}
	text := f.items[2]
	stmts := c.luaText(f, text, "return "+c.luaExpression(text))
	ret, ok := stmts[0].(*ast.ReturnStmt)
	c.require(ok && len(stmts) == 1, text, "expected one Lua expression")
	var xs exprs
	for _, x := range ret.Exprs {
		xs.list = append(xs.list, expr{lua: x, kind: plain})
	}
	return xs
}

// luaExpression returns the code of the value of a lua form. As in the reference a
// name or a number stands for itself.
func (c *compiler) luaExpression(n *syntax.Node) string {
	if v, ok := syntax.ParseNumber(n.Text); ok && n.Kind == syntax.Number {
		return displayNumber(v)
	}
	c.require(n.Kind == syntax.String || n.Kind == syntax.Symbol, n, "expected a string of Lua code")
	return n.Text
}

// isExit reports whether nothing may stand behind a statement.
func isExit(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.ReturnStmt, *ast.BreakStmt:
		return true
	}
	return false
}

// luaText parses Lua code and makes it part of the form: the names of Fennel's
// locals in it become those of the generated code.
func (c *compiler) luaText(f form, n *syntax.Node, text string) []ast.Stmt {
	stmts, err := parseLua(text)
	if err != nil {
		c.fail(n, "cannot parse the Lua code: %s", luaMessage(err))
	}
	ask := func(name string) {
		if _, ok := c.around.locals[name]; ok {
			c.ask(name)
		}
	}
	g := &grafter{line: c.textLine(f, n, text), names: c.mangled(f.scope), ask: ask, sugar: localFunctions(text)}
	g.stmts(stmts)
	return stmts
}

// textLine returns a function that gives the numbers for the lines of a text.
// Those of a string that stands in the file as it is are the places of the
// lines; those of any other text are the form's.
func (c *compiler) textLine(f form, n *syntax.Node, text string) func(line int) int {
	form := c.line(f.n)
	start := n.Span.Start + 1
	if n.Span.Len() != len(text)+2 || !strings.Contains(text, "\n") || c.file.Text()[start:start+len(text)] != text {
		return func(int) int { return form }
	}
	lines := lineSpans(text)
	return func(line int) int {
		if line < 1 || line > len(lines) {
			return form
		}
		return c.lineOf(lines[line-1].Shift(start + c.shift()))
	}
}
