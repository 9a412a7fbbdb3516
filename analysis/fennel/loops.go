package fennel

import (
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
)

// loopParts are the binding table of a loop without its &until clause.
type loopParts struct {
	items []*syntax.Node
	until *syntax.Node
}

// loop checks the shape of a loop and takes its binding table apart.
func (c *compiler) loop(f form, message string) loopParts {
	c.requireBody(f)
	return c.bindingTable(f, message)
}

func (c *compiler) requireBody(f form) {
	c.require(len(f.items) > 2, f.items[0], "expected body expression")
}

// bindingTable takes the binding table of a loop apart.
func (c *compiler) bindingTable(f form, message string) loopParts {
	c.require(len(f.items) > 1 && isSequenceOrTable(f.items[1]), f.n, "expected binding table")
	p := loopParts{items: forms(f.items[1])}
	if n := len(p.items); n > 2 && isUntil(p.items[n-2]) {
		p.until = p.items[n-1]
		p.items = p.items[:n-2]
	}
	for _, n := range p.items {
		if isClause(n) {
			c.fail(f.n, "%s: %s", message, strings.TrimPrefix(n.Text, "&"))
		}
	}
	return p
}

func isUntil(n *syntax.Node) bool {
	return isNamed(n, "&until") || n.Kind == syntax.String && n.Text == "until"
}

// isClause reports whether a node is one of the words that start with "&", or
// an older spelling of one.
func isClause(n *syntax.Node) bool {
	return n.Kind == syntax.Symbol && len(n.Text) > 1 && n.Text[0] == '&' ||
		n.Kind == syntax.String && (n.Text == "until" || n.Text == "into")
}

// loopBody compiles the body of a loop behind what its block holds already.
func (c *compiler) loopBody(f form, p loopParts, s *scope, b *block) {
	if p.until != nil {
		cond := c.one(p.until, s, b)
		b.emit(at(c, p.until, &ast.IfStmt{Condition: cond.lua, Then: []ast.Stmt{at(c, p.until, &ast.BreakStmt{})}}))
	}
	in := body{f.items[2:], c.inner(s, f.n), &block{}}
	c.sequenceOf(f, in, want{n: 0})
	b.emit(at(c, f.n, &ast.DoBlockStmt{Stmts: in.stmts.stmts}))
}

// compileEach compiles (each [name … iterator] …).
func compileEach(c *compiler, f form) exprs {
	p := c.loop(f, "unexpected iterator clause")
	c.require(len(p.items) > 0, f.n, "expected binding and iterator")
	s, stmts := c.inner(f.scope, f.n), &block{}
	last := len(p.items) - 1
	patterns := p.items[:last]
	if last == 1 && patterns[0].Kind == syntax.List {
		patterns = forms(patterns[0])
	}
	loop := &ast.GenericForStmt{}
	type later struct {
		pattern *syntax.Node
		lua     string
	}
	var nested []later
	var bound []*binding
	for _, n := range patterns {
		if isName(n) {
			keys, _ := parts(n.Text)
			c.require(keys == nil, n, "unexpected multi symbol %s", n.Text)
			b := c.declare(declaration{n, LoopVar, false, f.items[1].Span.End}, s)
			bound = append(bound, b)
			loop.Names = append(loop.Names, b.lua)
			continue
		}
		lua := c.temporary()
		loop.Names = append(loop.Names, lua)
		nested = append(nested, later{n, lua})
	}
	found := len(c.unit.diagnostics)
	loop.Exprs = c.compile(p.items[last], f.scope, f.block, want{n: anyNumber}).luas()
	c.require(len(loop.Names) > 0 || len(c.unit.diagnostics) > found, f.n, "expected binding and iterator")
	c.fn.branches++
	for _, l := range nested {
		from := expr{lua: at(c, l.pattern, &ast.IdentExpr{Value: l.lua}), kind: name}
		c.unpack(l.pattern, from, form{n: f.n, items: f.items, scope: s, block: stmts}, pattern{kind: LoopVar, declares: true, single: true})
	}
	s.add(bound...)
	c.loopBody(f, p, s, stmts)
	c.fn.branches--
	loop.Stmts = stmts.stmts
	f.block.emit(at(c, p.items[last], loop))
	return c.noValue(f)
}

// compileFor compiles (for [name start stop step?] …).
func compileFor(c *compiler, f form) exprs {
	p := c.bindingTable(f, "unexpected iterator clause")
	c.require(len(p.items) > 0 && (isName(p.items[0]) || isNamed(p.items[0], "nil")), f.items[1], "unable to bind %s %s", c.loopType(p), c.loopText(p))
	c.requireBody(f)
	c.require(len(p.items) <= 4, f.items[1], "unexpected arguments")
	c.require(len(p.items) >= 3, f.items[1], "expected range to include start and stop")
	s, stmts := c.inner(f.scope, f.n), &block{}
	keys, _ := parts(p.items[0].Text)
	c.require(keys == nil, p.items[0], "unexpected multi symbol %s", p.items[0].Text)
	b := c.declare(declaration{p.items[0], LoopVar, false, f.items[1].Span.End}, s)
	var rng [3]ast.Expr
	for i, n := range p.items[1:] {
		rng[i] = c.one(n, f.scope, f.block).lua
	}
	s.add(b)
	c.fn.branches++
	c.loopBody(f, p, s, stmts)
	c.fn.branches--
	f.block.emit(at(c, f.n, &ast.NumberForStmt{Name: b.lua, Init: rng[0], Limit: rng[1], Step: rng[2], Stmts: stmts.stmts}))
	return c.noValue(f)
}

func (c *compiler) loopType(p loopParts) string {
	if len(p.items) == 0 {
		return "nil"
	}
	return astType(p.items[0])
}

func (c *compiler) loopText(p loopParts) string {
	if len(p.items) == 0 {
		return "nil"
	}
	return shown(p.items[0])
}

// compileWhile compiles (while condition …).
func compileWhile(c *compiler, f form) exprs {
	s := c.inner(f.scope, f.n)
	var before block
	cond := c.none(f.n)
	if len(f.items) > 1 {
		cond = c.one(f.items[1], f.scope, &before)
	}
	c.fn.branches++
	in := body{f.items[min(2, len(f.items)):], c.inner(s, f.n), &block{}}
	c.sequenceOf(f, in, want{n: 0})
	c.fn.branches--
	loop := at(c, f.n, &ast.WhileStmt{Condition: cond.lua, Stmts: in.stmts.stmts})
	if len(before.stmts) > 0 {
		loop.Condition = at(c, f.n, &ast.TrueExpr{})
		leave := at(c, f.items[1], &ast.IfStmt{
			Condition: at(c, f.items[1], &ast.UnaryNotOpExpr{Expr: cond.lua}),
			Then:      []ast.Stmt{at(c, f.n, &ast.BreakStmt{})},
		})
		inner := at(c, f.n, &ast.DoBlockStmt{Stmts: in.stmts.stmts})
		loop.Stmts = append(append(before.stmts, leave), inner)
	}
	f.block.emit(loop)
	return c.noValue(f)
}
