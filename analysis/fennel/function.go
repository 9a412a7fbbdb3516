package fennel

import (
	"slices"
	"strconv"

	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
)

// compileFn compiles (fn name? [parameters] docstring? body…).
func compileFn(c *compiler, f form) exprs {
	var name *syntax.Node
	i := 1
	if len(f.items) > 1 && isName(f.items[1]) {
		name, i = f.items[1], 2
	}
	local := c.functionLocal(f, name)
	c.require(i < len(f.items) && isSequenceOrTable(f.items[i]), f.n, "expected parameters table")
	target := c.functionTarget(f, name)
	p := &parameters{list: &ast.ParList{Names: []string{}}}
	fact := c.functionFact(f, name)
	if local != nil {
		f.scope.add(local)
		local.value = c.value(Lambda, f.n)
		local.value.Fn = fact
		local.symbol.Value = local.value
		local.symbol.Params = written(f.items[i])
	}
	rest := f.items[i+1:]
	if doc, ok := docstring(rest); ok && local != nil {
		local.symbol.Doc = doc
	}
	metadata := c.metadata(f, f.items[i], rest)
	x := c.functionBody(f, p, f.items[i], withoutMetadata(rest), fact, local)
	return c.describe(f, c.functionValue(f, x, local, target, fact), metadata)
}

// functionLocal declares the name of a function, if it is a local's.
func (c *compiler) functionLocal(f form, name *syntax.Node) *binding {
	if name == nil {
		return nil
	}
	keys, _ := parts(name.Text)
	if keys == nil {
		return c.declare(declaration{name, Function, false, f.n.Span.Start}, f.scope)
	}
	referred := c.referred(c.word(keys[0]), f.scope)
	if b, macro := c.resolveWord(referred, f.scope); b == nil || macro != nil {
		c.checkValue(name, referred, f.scope)
	}
	return nil
}

// functionTarget finds what the multi-symbol that a function is stored in means.
func (c *compiler) functionTarget(f form, name *syntax.Node) ast.Expr {
	if name == nil || !isMulti(name.Text) {
		return nil
	}
	keys, method := parts(name.Text)
	c.require(!method, name, "unexpected multi symbol %s", name.Text)
	c.require(c.local(keys[0], f.scope) != nil || c.isGlobal(keys[0], keys[0]), name, "expected local table %s", keys[0])
	return c.assignable(name, keys, c.referent(keys[0], f.scope))
}

func (c *compiler) functionFact(f form, name *syntax.Node) *Func {
	fact := c.newFunc(Func{Span: c.span(f.n), Outer: c.fn.fact})
	if name != nil {
		fact.Name = name.Text
	}
	c.unit.funcs = append(c.unit.funcs, fact)
	return fact
}

// functionValue puts a function where its name says and returns the value of
// the form.
func (c *compiler) functionValue(f form, x *ast.FunctionExpr, local *binding, target ast.Expr, fact *Func) exprs {
	v := c.value(Lambda, f.n)
	v.Fn = fact
	switch {
	case local != nil:
		id := c.ident(f.n, local.lua)
		if !hasMark(local.lua, cellMark) {
			c.emitLocal(f.block, f.n, local.lua, nil)
		}
		c.emitAssignment(f.block, f.n, c.oneOf(id), c.oneOf(x))
		return c.single(expr{lua: id, kind: name, fact: v})
	case target != nil:
		c.emitAssignment(f.block, f.n, c.oneOf(target), c.oneOf(x))
		return c.single(expr{lua: target, kind: name, fact: v})
	}
	return c.single(expr{lua: x, kind: literal, fact: v})
}

// docstring returns the string that documents a function: a literal behind
// the parameters that is not all there is.
func docstring(body []*syntax.Node) (string, bool) {
	if len(body) > 1 && body[0].Kind == syntax.String {
		return body[0].Text, true
	}
	return "", false
}

// withoutMetadata returns the forms that a function runs: what documents it
// stands in front of them.
func withoutMetadata(body []*syntax.Node) []*syntax.Node {
	if _, ok := docstring(body); ok {
		body = body[1:]
	}
	if len(body) > 1 && isKeyed(body[0]) {
		body = body[1:]
	}
	return body
}

// written returns the parameters of a function as they stand in the text.
func written(params *syntax.Node) []string {
	var out []string
	for _, p := range forms(params) {
		out = append(out, writtenNode(p))
	}
	return out
}

func writtenNode(n *syntax.Node) string {
	open, end := "", ""
	switch n.Kind {
	case syntax.Sequence:
		open, end = "[", "]"
	case syntax.Table:
		open, end = "{", "}"
	case syntax.List:
		open, end = "(", ")"
	case syntax.String:
		return ":" + n.Text
	default:
		return n.Text
	}
	for i, child := range forms(n) {
		if i > 0 {
			open += " "
		}
		open += writtenNode(child)
	}
	return open + end
}

// functionBody compiles the parameters and the body of a function.
func (c *compiler) functionBody(f form, p *parameters, params *syntax.Node, body []*syntax.Node, fact *Func, self *binding) *ast.FunctionExpr {
	outer := c.fn
	c.fn = c.work.functions.New(function{fact: fact})
	s, stmts := c.inner(f.scope, f.n), c.block()
	c.parameters(p, form{n: f.n, items: f.items, scope: s, block: stmts}, params)
	fact.Params, fact.Vararg = len(p.list.Names), p.list.HasVargs
	for i, n := range body {
		w := want{n: 0}
		if i == len(body)-1 {
			w = want{n: anyNumber, tail: true}
		}
		c.drop(c.compile(n, s, stmts, w), stmts, 0, n)
	}
	if len(body) == 0 {
		fact.Returns = append(fact.Returns, c.nothing(f.n))
	}
	c.fn = outer
	return at(c, f.n, &ast.FunctionExpr{ParList: p.list, Stmts: stmts.stmts})
}

// parameters are those of one function.
type parameters struct{ list *ast.ParList }

// parameters declares what stands in a parameter list.
func (c *compiler) parameters(p *parameters, f form, params *syntax.Node) {
	items := c.positions(params)
	for i := 0; i < len(items); i++ {
		n := items[i]
		switch {
		case isNamed(n, "&"):
			c.require(i+2 == len(items), n, "expected rest argument before last parameter")
			p.list.HasVargs, c.fn.vararg = true, true
			c.restParameter(f, items[i+1])
			i++
		case isNamed(n, "..."):
			c.require(i == len(items)-1, n, "expected vararg as last parameter")
			p.list.HasVargs, c.fn.vararg = true, true
		default:
			c.parameter(p, f, n)
		}
	}
}

func (c *compiler) parameter(p *parameters, f form, n *syntax.Node) {
	index := len(p.list.Names)
	value := c.path(n, Root{Kind: ParamRoot, Fn: c.fn.fact, Index: int32(index)})
	keys, _ := parts(n.Text)
	switch {
	case isName(n) && keys == nil:
		b := c.declare(declaration{n, Param, false, n.Span.Start}, f.scope)
		b.value, b.symbol.Value = value, value
		f.scope.add(b)
		p.list.Names = append(p.list.Names, b.lua)
	case isSequenceOrTable(n):
		lua := c.temporary()
		p.list.Names = append(p.list.Names, lua)
		from := expr{lua: c.ident(n, lua), kind: name, fact: value}
		c.unpack(n, from, f, pattern{kind: Param, declares: true, single: true})
	default:
		c.fail(n, "expected symbol for function parameter: %s", shown(n))
	}
}

// restParameter binds what is behind "&": a name or a pattern for the table of
// all further arguments.
func (c *compiler) restParameter(f form, n *syntax.Node) {
	spread := at(c, n, &ast.Comma3Expr{})
	table := at(c, n, &ast.TableExpr{Fields: []*ast.Field{{Value: spread}}})
	from := expr{lua: table, kind: plain}
	c.unpack(n, from, f, pattern{kind: Param, declares: true, single: true})
}

// compileHashfn compiles #form and (hashfn form): a function whose parameters
// are $1 to $9, as many as are used, or $... for all.
func compileHashfn(c *compiler, f form) exprs {
	c.require(len(f.items) == 2, f.n, "expected one argument")
	fact := c.functionFact(f, nil)
	body := spread(f.items[1])
	h := &hashing{fact: fact, variadic: body != f.items[1]}
	outer := c.fn
	c.fn = c.work.functions.New(function{fact: fact, vararg: h.variadic})
	s, stmts := c.inner(f.scope, f.n), c.block()
	s.hash = h
	c.compile(body, s, stmts, want{n: anyNumber, tail: true})
	c.fn = outer
	c.require(!h.variadic || h.used == 0, f.n, "$ and $... in hashfn are mutually exclusive")
	params := &ast.ParList{HasVargs: h.variadic, Names: []string{}}
	for i := range h.used {
		lua := "$" + strconv.Itoa(i+1)
		if h.params[i] != nil {
			lua = h.params[i].lua
		}
		params.Names = append(params.Names, lua)
	}
	fact.Params, fact.Vararg = h.used, h.variadic
	x := at(c, f.n, &ast.FunctionExpr{ParList: params, Stmts: stmts.stmts})
	return c.functionValue(f, x, nil, nil, fact)
}

func isHashfn(n *syntax.Node) bool {
	return n.Kind == syntax.Prefix && n.Text == "#" || isCallOf(n, "hashfn")
}

// spread returns the body of a hashfn with "..." in place of $..., or the body
// itself when it has none. Hashfns within it and keys of tables stay as they are.
func spread(n *syntax.Node) *syntax.Node {
	if n.Kind == syntax.Symbol && n.Text == "$..." {
		all := *n
		all.Text = "..."
		return &all
	}
	if isHashfn(n) {
		return n
	}
	of, key := n, -1
	replace := func(i int, by *syntax.Node) {
		if of == n {
			of = new(syntax.Node)
			*of = *n
			of.Children = slices.Clone(n.Children)
		}
		of.Children[i] = by
	}
	for i, child := range n.Children {
		if child.Kind == syntax.Comment {
			continue
		}
		if n.Kind == syntax.Table && key < 0 {
			key = i
			continue
		}
		if n.Kind == syntax.Table && isNamed(n.Children[key], ":") && isNamed(child, "$...") {
			name := *child
			name.Kind = syntax.String
			replace(key, &name)
		}
		key = -1
		if inner := spread(child); inner != child {
			replace(i, inner)
		}
	}
	return of
}
