package fennel

import (
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
)

// compileLocal compiles (local name value).
func compileLocal(c *compiler, f form) exprs {
	return c.define(f, pattern{kind: Local, declares: true})
}

// compileVar compiles (var name value).
func compileVar(c *compiler, f form) exprs {
	return c.define(f, pattern{kind: Var, declares: true, mutable: true})
}

func (c *compiler) define(f form, p pattern) exprs {
	if f.want.n != 0 && !f.want.tail {
		c.fail(f.n, "can't introduce %s here", f.items[0].Text)
	}
	c.require(len(f.items) == 3, f.n, "expected name and value")
	p.single = true
	c.bind(f.items[1], f.items[2], f, p)
	return c.noValue(f)
}

// compileGlobal compiles (global name value).
func compileGlobal(c *compiler, f form) exprs {
	c.require(len(f.items) == 3, f.n, "expected name and value")
	c.bind(f.items[1], f.items[2], f, pattern{kind: Global, global: true, single: true})
	return c.noValue(f)
}

// compileSet compiles (set target value).
func compileSet(c *compiler, f form) exprs {
	c.require(len(f.items) == 3, f.n, "expected name and value")
	c.bind(f.items[1], f.items[2], f, pattern{known: true})
	return c.noValue(f)
}

// compileSetForcibly compiles (set-forcibly! name value), which changes what
// set refuses to, and makes a global of a name that is not there.
func compileSetForcibly(c *compiler, f form) exprs {
	c.require(len(f.items) == 3, f.n, "expected name and value")
	c.bind(f.items[1], f.items[2], f, pattern{force: true})
	return c.noValue(f)
}

// noValue is what a form gives that is only there for what it does.
func (c *compiler) noValue(f form) exprs {
	if f.want.n == 0 && !f.want.tail && f.want.target == nil {
		return exprs{returned: true}
	}
	return c.single(c.none(f.n))
}

func isDot(n *syntax.Node) bool {
	items := forms(n)
	return n.Kind == syntax.List && len(items) > 0 && isNamed(items[0], ".")
}

// dotted takes a target (. table key …) apart.
func (c *compiler) dotted(n, at *syntax.Node) (table *syntax.Node, keys []*syntax.Node) {
	items := forms(n)
	c.require(len(items) > 1 && isBindable(items[1]), at, "dynamic set needs symbol target")
	c.require(len(items) > 2, at, "dynamic set needs at least one key")
	c.require(isName(items[1]), items[1], "unknown identifier: nil")
	return items[1], items[2:]
}

// compileTset compiles (tset table key … value).
func compileTset(c *compiler, f form) exprs {
	c.require(len(f.items) > 3, f.n, "expected table, key, and value arguments")
	last := len(f.items) - 1
	c.store(f, f.items[1], f.items[2:last], f.items[last])
	return c.noValue(f)
}

// store compiles table[key][key]… = value.
func (c *compiler) store(f form, table *syntax.Node, keys []*syntax.Node, value *syntax.Node) {
	isConstant := table.Kind == syntax.Number || isNamed(table, "true") || isNamed(table, "false")
	c.require(!isConstant, f.n, "cannot set field of literal value")
	target := c.storeTarget(f, table, keys)
	v := c.one(value, f.scope, f.block)
	c.emitAssignment(f.block, f.n, c.oneOf(target), c.oneOf(v.lua))
}

// storeTarget compiles table[key][key]… as what is assigned to.
func (c *compiler) storeTarget(f form, table *syntax.Node, keys []*syntax.Node) ast.Expr {
	of := c.one(table, f.scope, f.block)
	if table.Kind == syntax.Symbol {
		c.changes(table, keys[0], f.scope)
	}
	target := of.lua
	for _, key := range keys {
		k := c.one(key, f.scope, f.block)
		target = c.get(f.n, target, k.lua)
	}
	return target
}

// changes notes that a field of the table that a symbol names is about to
// change: what was known of its fields is not, and a field of a global exists
// from now on.
func (c *compiler) changes(n, key *syntax.Node, s *scope) {
	if b := c.referent(rootName(n.Text), s); b != nil {
		c.forget(b)
		return
	}
	if key.Kind == syntax.String {
		c.makeGlobal(n.Text + "." + key.Text)
	}
}

// forget drops what is known of the fields of a local's table. Only a table
// literal is known by its fields.
func (c *compiler) forget(b *binding) {
	switch {
	case b.value == nil:
	case b.value.Kind == TableOf || b.value.Kind == ArrayOf:
		b.value, b.symbol.Value = nil, nil
	case b.symbol == nil:
		c.unit.written = append(c.unit.written, b.name)
	}
}
