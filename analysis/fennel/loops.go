package fennel

import (
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
)

// loopParts are the binding table of a loop without its &until clause.
type loopParts struct {
	items []*syntax.Node
	until *syntax.Node
}

func (c *compiler) requireBody(f form) {
	c.require(len(f.items) > 2, f.items[0], "expected body expression")
}

// bindingTable takes the binding table of a loop apart. The words of clauses
// are that only where a clause can stand: behind the second item and before the
// last.
func (c *compiler) bindingTable(f form) loopParts {
	c.require(len(f.items) > 1 && isSequenceOrTable(f.items[1]), f.n, "expected binding table")
	p := loopParts{items: c.positions(f.items[1])}
	for i := len(p.items) - 2; i >= 2; i-- {
		word, ok := clauseWord(p.items[i])
		if !ok {
			continue
		}
		c.require(word == "until" && p.until == nil, f.n, "unexpected iterator clause: %s", word)
		behind := p.items[min(i+1, len(p.items)):]
		if len(behind) > 0 && !isNamed(behind[0], "false") {
			p.until = behind[0]
		}
		p.items = slices.Concat(p.items[:i], behind[min(1, len(behind)):])
	}
	return p
}

// positions returns what stands in a binding table under the keys 1, 2, ….
func (c *compiler) positions(n *syntax.Node) []*syntax.Node {
	if n.Kind == syntax.Sequence {
		items := forms(n)
		if i := slices.IndexFunc(items, (*syntax.Node).IsHole); i >= 0 {
			return items[:i]
		}
		return items
	}
	items, _ := splitSequence(c.entries(n))
	return items
}

// clauseWord returns the word that a clause starts with: a symbol with "&" in
// front of it or, as clauses used to be written, a string.
func clauseWord(n *syntax.Node) (word string, ok bool) {
	if n.Kind == syntax.String {
		return n.Text, true
	}
	word, ok = strings.CutPrefix(n.Text, "&")
	return word, ok && word != "" && n.Kind == syntax.Symbol && !isMulti(n.Text)
}

// loopBody compiles the body of a loop behind what its block holds already.
func (c *compiler) loopBody(f form, p loopParts, s *scope, b *block) {
	if p.until != nil {
		cond := c.one(p.until, s, b)
		b.emit(at(c, p.until, &ast.IfStmt{Condition: cond.lua, Then: []ast.Stmt{at(c, p.until, &ast.BreakStmt{})}}))
	}
	in := body{f.items[2:], c.inner(s, f.n), c.block()}
	c.sequenceOf(f, in, want{n: 0})
	c.emitDo(b, f.n, in.stmts.stmts)
}

// compileEach compiles (each [name … iterator] …).
func compileEach(c *compiler, f form) exprs {
	c.requireBody(f)
	p := c.bindingTable(f)
	c.require(len(p.items) > 0, f.n, "expected binding and iterator")
	for i, n := range p.items[:len(p.items)-1] {
		c.require(i < 2 || n.Kind != syntax.String, f.n, "unexpected iterator clause: %s", n.Text)
	}
	s, stmts := c.inner(f.scope, f.n), c.block()
	last := len(p.items) - 1
	patterns := p.items[:last]
	if last == 1 && isListed(patterns[0]) {
		patterns = listed(patterns[0])
	}
	loop := &ast.GenericForStmt{}
	type later struct {
		pattern *syntax.Node
		lua     string
	}
	var nested []later
	var bound []*binding
	for _, n := range patterns {
		if isBindable(n) {
			b := c.loopVariable(n, f, s)
			bound = append(bound, b)
			loop.Names = append(loop.Names, b.lua)
			continue
		}
		lua := c.temporary()
		loop.Names = append(loop.Names, lua)
		nested = append(nested, later{n, lua})
	}
	found := len(c.unit.diagnostics)
	loop.Exprs = c.luas(c.compile(p.items[last], f.scope, f.block, want{n: anyNumber}))
	c.require(len(loop.Names) > 0 || len(c.unit.diagnostics) > found, f.n, "expected binding and iterator")
	c.fn.branches++
	taken := true
	for _, l := range nested {
		taken = c.attempt(func() {
			from := expr{lua: c.ident(l.pattern, l.lua), kind: name}
			c.unpack(l.pattern, from, form{n: f.n, items: f.items, scope: s, block: stmts}, pattern{kind: LoopVar, declares: true, single: true})
		}) && taken
	}
	if !taken {
		panic(abandoned{})
	}
	s.add(bound...)
	c.loopBody(f, p, s, stmts)
	c.fn.branches--
	loop.Stmts = stmts.stmts
	f.block.emit(at(c, p.items[last], loop))
	return c.noValue(f)
}

// loopVariable declares a variable of a loop.
func (c *compiler) loopVariable(n *syntax.Node, f form, s *scope) *binding {
	c.checkBindable(n, s)
	c.require(!isMulti(n.Text), n, "unexpected multi symbol %s", n.Text)
	return c.declare(declaration{n, LoopVar, false, f.items[1].Span.End}, s)
}

// compileFor compiles (for [name start stop step?] …).
func compileFor(c *compiler, f form) exprs {
	p := c.bindingTable(f)
	c.require(len(p.items) > 0, f.items[1], "unable to bind nil nil")
	variable, limits := p.items[0], p.items[1:]
	c.require(isBindable(variable), f.items[1], "unable to bind %s %s", astType(variable), shown(variable))
	c.requireBody(f)
	c.require(len(limits) <= 3, f.items[1], "unexpected arguments")
	c.require(len(limits) >= 2, f.items[1], "expected range to include start and stop")
	s, stmts := c.inner(f.scope, f.n), c.block()
	var rng [3]ast.Expr
	for i, n := range limits {
		rng[i] = c.one(n, f.scope, f.block).lua
	}
	b := c.loopVariable(variable, f, s)
	s.add(b)
	c.fn.branches++
	c.loopBody(f, p, s, stmts)
	c.fn.branches--
	f.block.emit(at(c, f.n, &ast.NumberForStmt{Name: b.lua, Init: rng[0], Limit: rng[1], Step: rng[2], Stmts: stmts.stmts}))
	return c.noValue(f)
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
	in := body{f.items[min(2, len(f.items)):], c.inner(s, f.n), c.block()}
	c.sequenceOf(f, in, want{n: 0})
	c.fn.branches--
	loop := at(c, f.n, &ast.WhileStmt{Condition: cond.lua, Stmts: in.stmts.stmts})
	if len(before.stmts) > 0 {
		loop.Condition = at(c, f.n, &ast.TrueExpr{})
		leave := at(c, f.items[1], &ast.IfStmt{
			Condition: at(c, f.items[1], &ast.UnaryNotOpExpr{Expr: cond.lua}),
			Then:      []ast.Stmt{at(c, f.n, &ast.BreakStmt{})},
		})
		inner := at(c, f.n, c.work.does.New(ast.DoBlockStmt{Stmts: in.stmts.stmts}))
		loop.Stmts = append(append(before.stmts, leave), inner)
	}
	f.block.emit(loop)
	return c.noValue(f)
}
