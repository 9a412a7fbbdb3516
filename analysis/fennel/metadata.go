package fennel

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/macros"
	"quire/analysis/fennel/syntax"
	"quire/analysis/fennel/view"
)

// The keys under which the metadata of a function holds what stands in its
// form.
const (
	docstringKey = "fnl/docstring"
	arglistKey   = "fnl/arglist"
)

// metadata returns what a function form says about the function, as keys and
// values in turn: its parameters, its docstring, and the table behind them.
func (c *compiler) metadata(f form, params *syntax.Node, body []*syntax.Node) []ast.Expr {
	if !c.options.Metadata || c.compileTime {
		return nil
	}
	out := []ast.Expr{c.text(f.n, arglistKey).lua, c.arglist(params)}
	if doc, ok := docstring(body); ok {
		out = append(out, c.text(body[0], docstringKey).lua, c.text(body[0], doc).lua)
		body = body[1:]
	}
	if len(body) < 2 || !isKeyed(body[0]) {
		return out
	}
	for _, e := range c.entries(body[0]) {
		c.require(e.key.Kind == syntax.String, e.key, "expected string keys in metadata table, got: %s", codeText(e.key))
		key := c.text(e.key, e.key.Text).lua
		if e.key.Text == arglistKey && e.value.Kind == syntax.Sequence {
			out = append(out, key, c.arglist(e.value))
			continue
		}
		c.require(isConstant(e.value), e.value, "expected literal value in metadata table, got: %s %s",
			codeText(e.key), codeText(e.value))
		out = append(out, key, c.one(e.value, f.scope, f.block).lua)
	}
	return out
}

// arglist returns a sequence of the texts of parameters.
func (c *compiler) arglist(params *syntax.Node) ast.Expr {
	t := at(c, params, &ast.TableExpr{})
	for _, p := range forms(params) {
		t.Fields = append(t.Fields, &ast.Field{Value: c.text(p, codeText(p)).lua})
	}
	return t
}

// isConstant reports whether a node is a literal all through.
func isConstant(n *syntax.Node) bool {
	switch n.Kind {
	case syntax.String, syntax.Number:
		return true
	case syntax.Symbol:
		return n.Text == "true" || n.Text == "false" || n.Text == "nil"
	case syntax.Sequence, syntax.Table:
		for _, child := range forms(n) {
			if !isConstant(child) && child.Text != ":" {
				return false
			}
		}
		return true
	}
	return false
}

// describe attaches metadata to the function that is the value of a form.
func (c *compiler) describe(f form, xs exprs, metadata []ast.Expr) exprs {
	if metadata == nil {
		return xs
	}
	x := xs.list[0]
	call := at(c, f.n, &ast.FuncCallExpr{Func: runtimeFunc(describeFunction), Args: append([]ast.Expr{x.lua}, metadata...)})
	if x.kind == name {
		f.block.emit(at(c, f.n, &ast.FuncCallStmt{Expr: call}))
		return xs
	}
	call.AdjustRet = true
	return c.single(expr{lua: call, kind: plain, fact: x.fact})
}

// codeText returns code as fennel.view prints it on one line.
func codeText(n *syntax.Node) string { return codeTextAs(n, view.Options{}) }

func codeTextAs(n *syntax.Node, o view.Options) string {
	switch n.Kind {
	case syntax.String:
		return view.View(lua.LString(n.Text), o)
	case syntax.Number:
		if v, ok := syntax.ParseNumber(n.Text); ok {
			return view.View(lua.LNumber(v), o)
		}
	case syntax.List:
		return "(" + codeTexts(forms(n)) + ")"
	case syntax.Prefix:
		return codeTextAs(n.Unprefixed(), o)
	case syntax.Sequence:
		return "[" + codeTexts(forms(n)) + "]"
	case syntax.Table:
		entries := tableEntries(n)
		if items, others := splitSequence(entries); len(items) > 0 && len(others) == 0 {
			return "[" + codeTexts(items) + "]"
		}
		return "{" + pairTexts(entries) + "}"
	}
	return n.Text
}

func codeTexts(ns []*syntax.Node) string {
	texts := make([]string, len(ns))
	for i, n := range ns {
		texts[i] = codeText(n)
	}
	return strings.Join(texts, " ")
}

// pairTexts returns the pairs of a table in the order in which tables are
// printed: numbers, booleans, strings, and then what else there is.
func pairTexts(entries []tableEntry) string {
	slices.SortStableFunc(entries, func(a, b tableEntry) int { return macros.CompareKeys(a.key, b.key) })
	texts := make([]string, len(entries))
	for i, e := range entries {
		texts[i] = codeTextAs(e.key, view.Options{PreferColon: true}) + " " + codeText(e.value)
	}
	return strings.Join(texts, " ")
}
