package fennel

import (
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
)

// A body is the forms of a block, compiled in order with the values of the
// last one going where the block's go.
type body struct {
	forms []*syntax.Node
	scope *scope
	stmts *block // what stands before the first form
}

// compileDo compiles (do …).
func compileDo(c *compiler, f form) exprs {
	return c.do(f, body{f.items[1:], c.inner(f.scope, f.n), c.block()}, nil)
}

// do compiles a block in the place of a form. Values that an expression needs
// are assigned to temporaries declared before it; when their number is not
// known, the block becomes a function that is called in place. temps are the
// names of temporaries that were chosen before, or nil.
func (c *compiler) do(f form, in body, temps []string) exprs {
	if f.want.tail || f.want.target != nil || f.want.n == 0 {
		fact := c.sequenceOf(f, in, f.want)
		c.emitDo(f.block, f.n, in.stmts.stmts)
		return exprs{returned: true, fact: fact}
	}
	if f.want.n > 0 {
		if temps == nil {
			temps = c.temporaries(f.want.n)
		}
		xs, target := c.predeclare(f, temps)
		xs.fact = c.sequenceOf(f, in, want{n: f.want.n, target: target})
		xs.list[0].fact = xs.fact
		c.emitDo(f.block, f.n, in.stmts.stmts)
		return xs
	}
	var fact *Value
	x := c.inPlace(f, func(w want) *block {
		fact = c.sequenceOf(f, in, w)
		return in.stmts
	})
	x.fact = fact
	return c.single(x)
}

// sequenceOf compiles the forms of a body into its block.
func (c *compiler) sequenceOf(f form, in body, w want) *Value {
	last := len(in.forms) - 1
	if last < 0 && w.target != nil {
		return c.nothing(f.n) // what the target holds stays, as in the reference
	}
	if last < 0 {
		return c.finish(exprs{fact: c.nothing(f.n)}, in.stmts, w, f.n).fact
	}
	for _, n := range in.forms[:last] {
		c.drop(c.compile(n, in.scope, in.stmts, want{n: 0}), in.stmts, 0, n)
	}
	if w.n == 0 {
		c.drop(c.compile(in.forms[last], in.scope, in.stmts, w), in.stmts, 0, in.forms[last])
		return nil
	}
	return c.compile(in.forms[last], in.scope, in.stmts, w).fact
}

func (c *compiler) temporaries(n int) []string {
	names := c.work.names.Take(n)
	for i := range names {
		names[i] = c.temporary()
	}
	return names
}

// predeclare declares temporaries and returns them as values and as targets.
func (c *compiler) predeclare(f form, names []string) (exprs, []ast.Expr) {
	f.block.emit(c.localStmt(f.n, names, nil))
	list, target := c.work.values.Take(len(names)), c.work.lists.Take(len(names))
	for i, temp := range names {
		id := c.ident(f.n, temp)
		list[i], target[i] = expr{lua: id, kind: name}, id
	}
	return exprs{list: list}, target
}

// inPlace makes a function of statements and calls it where they stand, for
// forms whose number of values is not known. It takes "..." along.
func (c *compiler) inPlace(f form, compile func(w want) *block) expr {
	outer := c.fn
	c.fn = c.work.functions.New(function{fact: outer.fact, vararg: outer.vararg, called: true, branches: outer.branches})
	stmts := compile(want{n: anyNumber, tail: true})
	c.fn = outer
	fn := c.temporary()
	params := &ast.ParList{HasVargs: outer.vararg, Names: []string{}}
	value := at(c, f.n, &ast.FunctionExpr{ParList: params, Stmts: stmts.stmts})
	c.emitLocal(f.block, f.n, fn, c.oneOf(value))
	x := c.callExpr(f.n, c.ident(f.n, fn), nil)
	if outer.vararg {
		x.Args = c.oneOf(at(c, f.n, &ast.Comma3Expr{}))
	}
	return expr{lua: x, kind: call}
}

// compileLet compiles (let [name value …] …).
func compileLet(c *compiler, f form) exprs {
	c.require(len(f.items) > 1 && isBindings(f.items[1]), f.or(1, 0), "expected binding sequence")
	bindings := forms(f.items[1])
	if f.items[1].Kind == syntax.Table {
		bindings = c.positions(f.items[1])
	}
	c.require(len(bindings)%2 == 0, f.items[1], "expected even number of name/value bindings")
	c.require(len(f.items) > 2, f.items[0], "expected body expression")
	var temps []string
	if f.want.n > 0 && !f.want.tail && f.want.target == nil {
		temps = c.temporaries(f.want.n)
	}
	s, stmts := c.inner(f.scope, f.n), c.block()
	for i := 0; i < len(bindings); i += 2 {
		in := form{n: f.n, items: f.items, scope: s, block: stmts}
		p := pattern{kind: Local, declares: true, single: true}
		if !c.attempt(func() { c.bind(bindings[i], bindings[i+1], in, p) }) {
			c.poisonNames(bindings[i], Local, s)
		}
	}
	return c.do(f, body{f.items[2:], s, stmts}, temps)
}

// isBindings reports whether a node can hold the bindings of a let: a sequence,
// or a table with no keys but numbers.
func isBindings(n *syntax.Node) bool {
	if n.Kind != syntax.Table {
		return n.Kind == syntax.Sequence
	}
	for _, e := range tableEntries(n) {
		if e.key.Kind != syntax.Number {
			return false
		}
	}
	return true
}

// or returns the item at an index, or the fallback where there is none.
func (f form) or(i, fallback int) *syntax.Node {
	if i < len(f.items) {
		return f.items[i]
	}
	if fallback < len(f.items) {
		return f.items[fallback]
	}
	return f.n
}

// compileIf compiles (if condition then … else).
func compileIf(c *compiler, f form) exprs {
	c.require(len(f.items) > 2, f.n, "expected condition and body")
	if f.want.tail || f.want.target != nil || f.want.n == 0 {
		c.branches(f, f.block, f.want)
		return exprs{returned: true}
	}
	if f.want.n > 0 {
		xs, target := c.predeclare(f, c.temporaries(f.want.n))
		c.branches(f, f.block, want{n: f.want.n, target: target})
		return xs
	}
	return c.single(c.inPlace(f, func(w want) *block {
		b := c.block()
		c.branches(f, b, w)
		return b
	}))
}

// branches compiles the branches of an if. A condition that needs statements
// is evaluated only after those before it failed.
func (c *compiler) branches(f form, b *block, w want) {
	s := c.inner(f.scope, f.n)
	clauses, last := f.items[1:], (*syntax.Node)(nil)
	if len(clauses)%2 == 1 {
		last = clauses[len(clauses)-1]
		clauses = clauses[:len(clauses)-1]
	} else if n := len(clauses); n > 2 && isNamed(clauses[n-2], "true") {
		last = clauses[n-1]
		clauses = clauses[:n-2]
	}
	branches := c.fn.branches
	defer func() { c.fn.branches = branches }()
	into, link := b, (*ast.IfStmt)(nil)
	for i := 0; i < len(clauses); i += 2 {
		cond := c.one(clauses[i], s, into)
		c.fn.branches = branches + 1
		stmt := c.ifStmt(clauses[i], cond.lua, c.branch(clauses[i+1], s, w))
		into.emit(stmt)
		if link != nil {
			link.Else = into.stmts
		}
		into, link = c.block(), stmt
	}
	link.Else = c.otherwise(f, last, s, w)
}

func (c *compiler) branch(n *syntax.Node, s *scope, w want) []ast.Stmt {
	b := c.block()
	c.drop(c.compile(n, c.inner(s, n), b, w), b, 0, n)
	return b.stmts
}

// otherwise compiles the last branch; without one the value is nil.
func (c *compiler) otherwise(f form, last *syntax.Node, s *scope, w want) []ast.Stmt {
	if last != nil {
		return c.branch(last, s, w)
	}
	b := c.block()
	if w.tail || w.target != nil {
		c.finish(c.single(c.none(f.n)), b, w, f.n)
	}
	return b.stmts
}

// compileValues compiles (values …).
func compileValues(c *compiler, f form) exprs {
	xs := exprs{list: c.spread(f.items[1:], f.scope, f.block)}
	if len(xs.list) > 0 {
		xs.fact = xs.list[0].fact
	}
	return xs
}
