package fennel

import (
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// call compiles the call of a value.
func (c *compiler) call(f form) exprs {
	head := f.items[0]
	found := len(c.unit.diagnostics)
	callee := c.one(head, f.scope, f.block)
	literal := !mayCall(head, callee) && len(c.unit.diagnostics) <= found
	if literal && callee.kind != vararg {
		c.fail(f.n, "cannot call literal value %s", shown(head))
	}
	args, facts := c.args(f.items[1:], f.scope, f.block)
	if literal { // of which the reference learns from the Lua that it made
		c.fail(f.n, "cannot call literal value %s", shown(head))
	}
	x := c.callExpr(f.n, callee.lua, args)
	return c.single(expr{lua: x, kind: call, fact: c.called(f.n, c.known(callee, head), facts)})
}

// args compiles arguments: the last one spreads.
func (c *compiler) args(items []*syntax.Node, s *scope, b *block) ([]ast.Expr, []*Value) {
	xs := c.spread(items, s, b)
	luas, facts := c.work.lists.Take(len(xs)), c.lists.Take(len(xs))
	for i, x := range xs {
		luas[i], facts[i] = x.lua, c.known(x, items[min(i, len(items)-1)])
	}
	return luas, facts
}

// mayCall reports whether what a form was compiled to can be called: no
// constant can, and of the other values those of lists and symbols. A string may
// have a metatable that makes it a function.
func mayCall(n *syntax.Node, x expr) bool {
	if x.kind != literal {
		return (isListed(n) || n.Kind == syntax.Symbol) && x.kind != vararg
	}
	switch x.lua.(type) {
	case *ast.StringExpr:
		return !isCallOf(n, "..")
	case *ast.FunctionExpr:
		return true
	}
	return false
}

// shown names a literal as the reference does in messages.
func shown(n *syntax.Node) string {
	switch n.Kind {
	case syntax.Sequence, syntax.Table:
		return "table: 0x000000000000"
	case syntax.List, syntax.Prefix:
		return codeText(n)
	case syntax.Number:
		if v, ok := syntax.ParseNumber(n.Text); ok {
			return displayNumber(v)
		}
	}
	return n.Text
}

// methodSymbol compiles (a.b:c …), given the parts of its head.
func (c *compiler) methodSymbol(f form, keys []string) exprs {
	head := f.items[0]
	method := keys[len(keys)-1]
	object := *head
	object.Text = head.Text[:len(head.Text)-len(method)-1]
	span := c.span(head)
	if !c.made(head) && head.Span.Len() == len(head.Text) {
		object.Span.End = object.Span.Start + len(object.Text)
		span.Start = span.End - len(method)
	}
	of := c.symbol(&object, f.scope)
	return c.method(f, of, method, span, f.items[1:])
}

// method compiles the call of a method whose name is constant.
func (c *compiler) method(f form, of expr, method string, key source.Span, rest []*syntax.Node) exprs {
	args, facts := c.args(rest, f.scope, f.block)
	x := at(c, f.n, &ast.FuncCallExpr{Receiver: of.lua, Method: method, Args: args})
	callee := c.known(c.access(expr{fact: c.step(f.n, of.fact, Key{method, key})}, of), f.n)
	callee.Span.Start = min(callee.Span.Start, key.Start)
	fact := c.called(f.n, callee, append([]*Value{c.known(of, f.n)}, facts...))
	return c.single(expr{lua: x, kind: call, fact: fact})
}

// compileMethod compiles (: object method …). The method is looked up by its
// name where Lua has a notation for that; else the object is evaluated once,
// before anything else of the expression.
func compileMethod(c *compiler, f form) exprs {
	c.require(len(f.items) >= 3, f.n, "expected at least 2 arguments")
	target, method := f.items[1], f.items[2]
	of := c.one(target, f.scope, f.block)
	if method.Kind == syntax.String && isLuaName(method.Text) {
		return c.method(f, of, method.Text, c.span(method), f.items[3:])
	}
	if target.Kind != syntax.Symbol {
		of = c.hoist(target, of, f.block)
	}
	key := c.one(method, f.scope, f.block)
	args, facts := c.args(f.items[3:], f.scope, f.block)
	fn := c.get(f.n, of.lua, key.lua)
	x := at(c, f.n, &ast.FuncCallExpr{Func: fn, Args: append([]ast.Expr{of.lua}, args...)})
	fact := c.called(f.n, c.known(expr{fact: c.dynamic(f.n, of, key)}, f.n), append([]*Value{c.known(of, target)}, facts...))
	return c.single(expr{lua: x, kind: call, fact: fact})
}

// hoist evaluates an expression into a local of its own.
func (c *compiler) hoist(n *syntax.Node, x expr, b *block) expr {
	lua := c.temporary()
	c.emitLocal(b, n, lua, c.oneOf(x.lua))
	return expr{lua: c.ident(n, lua), kind: name, fact: x.fact, access: x.access}
}

// dynamic returns what is known of the value under a key that is an
// expression.
func (c *compiler) dynamic(n *syntax.Node, of, key expr) *Value {
	if k := key.fact; k != nil && k.Kind == Literal && k.Type == "string" {
		return c.step(n, of.fact, Key{k.Text, k.Span})
	}
	return nil
}
