package fennel

import (
	"fmt"

	"quire/analysis/fennel/syntax"

	"github.com/yuin/gopher-lua/ast"
)

// Fennel's forms are expressions and Lua's are not. A form is compiled to a
// list of Lua expressions, and the statements that it needs go to a block,
// before whatever the expressions end up in. That decides the order in which
// things happen, so the rules here are those of the reference compiler.

// want says what the surroundings of a form do with its values.
type want struct {
	n      int        // how many are used, or anyNumber
	tail   bool       // they are returned
	target []ast.Expr // they are assigned to these
}

const anyNumber = -1

func one() want { return want{n: 1} }

// A kind says what a Lua expression does when it is evaluated.
type kind uint8

const (
	plain   kind = iota // may raise or call metamethods
	call                // is a call
	name                // is a variable
	literal             // is a constant
	vararg              // is ...
	picked              // is (pick-values 1 …), of which a statement does nothing
)

// An expr is a Lua expression with what is known of its value.
type expr struct {
	lua  ast.Expr
	kind kind
	fact *Value // nil when nothing is known
	// access is the read that the expression is, for as long as no further key
	// follows.
	access *Access
}

// exprs are the values of a form. When they have been returned or assigned,
// only the fact is left.
type exprs struct {
	list     []expr
	returned bool
	fact     *Value
}

// A form is a special form on its way through the compiler.
type form struct {
	n     *syntax.Node
	items []*syntax.Node // the forms in it, its head first
	scope *scope
	block *block
	want  want
}

// compile compiles a node.
func (c *compiler) compile(n *syntax.Node, s *scope, b *block, w want) exprs {
	c.spend(n)
	if n.Kind == syntax.List || n.Kind == syntax.Prefix {
		c.depth++
		xs := c.list(n, s, b, w)
		c.depth--
		return xs
	}
	c.depth++
	x := c.atom(n, s, b)
	c.depth--
	return c.finish(c.single(x), b, w, n)
}

// atom compiles anything but a list.
func (c *compiler) atom(n *syntax.Node, s *scope, b *block) (x expr) {
	switch n.Kind {
	case syntax.Symbol:
		if !c.attempt(func() { x = c.symbol(n, s) }) {
			x = c.none(n)
		}
	case syntax.String:
		x = c.text(n, n.Text)
	case syntax.Number:
		x = c.number(n)
	case syntax.Sequence:
		x = c.sequence(n, s, b)
	case syntax.Table:
		x = c.table(n, s, b)
	default:
		x = c.none(n)
	}
	return x
}

// one compiles a node of which one value is wanted.
func (c *compiler) one(n *syntax.Node, s *scope, b *block) expr {
	if n.Kind == syntax.List || n.Kind == syntax.Prefix {
		return c.compile(n, s, b, one()).list[0]
	}
	c.spend(n)
	c.depth++
	x := c.atom(n, s, b)
	c.depth--
	return x
}

// spread compiles nodes of which one value each is wanted, but all of the last.
func (c *compiler) spread(items []*syntax.Node, s *scope, b *block) []expr {
	xs := c.work.values.Take(len(items))
	for i, item := range items {
		if i == len(items)-1 && (item.Kind == syntax.List || item.Kind == syntax.Prefix) {
			return append(xs[:i], c.compile(item, s, b, want{n: anyNumber}).list...)
		}
		xs[i] = c.one(item, s, b)
	}
	return xs
}

// spend counts a node against the limits.
func (c *compiler) spend(n *syntax.Node) {
	c.spendNodes(n, 1)
	if c.depth > maxDepth {
		c.exceed(n, "the form expands to more than 1500 levels", "Check that the macros in it come to an end.")
	}
}

// spendNodes counts nodes that a macro made, or that are compiled.
func (c *compiler) spendNodes(at *syntax.Node, n int) {
	c.nodes += n
	if c.compiled+c.reused+c.nodes <= maxNodes && c.wasted+c.nodes <= maxWasted {
		return
	}
	message, help := fmt.Sprintf("the forms of the file expand to more than %d nodes", maxNodes), "Make the macros in it expand to less code."
	if c.nodes > maxNodes/2 { // the form is to blame, not those before it
		c.unit.volatile = true
		c.exceed(at, message, help)
	}
	c.exceedFile(at, message, help)
}

// exceedFile gives a form up for which those before it left too little room. There
// is none for the others behind it either, so that is told once.
func (c *compiler) exceedFile(at *syntax.Node, message, help string) {
	c.unit.volatile = true
	if c.told[message] {
		c.failed, c.exhausted = true, true
		panic(abandoned{})
	}
	if c.told == nil {
		c.told = map[string]bool{}
	}
	c.told[message] = true
	c.exceed(at, message, help)
}

// reuse counts what a form that was compiled before cost, and reports whether
// there is room for it.
func (s *session) reuse(u *unit) bool {
	if s.compiled+s.reused+u.nodes > maxNodes {
		return false
	}
	s.reused += u.nodes
	for _, use := range u.uses {
		s.asked.add(use.Kind, use.Name)
	}
	return true
}

// list compiles a call of a macro, a special form or a value. What is wrong
// with it is reported, and the compiler goes on behind it.
func (c *compiler) list(n *syntax.Node, s *scope, b *block, w want) (out exprs) {
	if c.exhausted {
		panic(abandoned{})
	}
	before := len(b.stmts)
	if c.attempt(func() { out = c.dispatch(n, s, b, w) }) {
		return out
	}
	b.stmts = b.stmts[:before]
	c.lost = c.lost || n == c.form
	c.poison(n, s)
	c.attempt(func() { c.survey(n, s) })
	return c.finish(c.single(c.broken(n)), b, w, n)
}

func (c *compiler) dispatch(n *syntax.Node, s *scope, b *block, w want) exprs {
	if n.Kind == syntax.Prefix {
		n = n.Unprefixed()
	}
	f := form{n, forms(n), s, b, w}
	c.require(len(f.items) > 0, n, "expected a function, macro, or special to call")
	if head := f.items[0]; head.Kind == syntax.Symbol {
		word := c.word(head.Text)
		if m, ok := c.macro(word, s); ok {
			return c.expanded(m, f)
		}
		if word.special != nil {
			return c.special(word.special, f)
		}
		if word.method {
			return c.finish(c.methodSymbol(f, word.keys), b, w, n)
		}
		if meant := c.slipOfForm(f); meant != nil {
			return c.list(meant, s, b, w)
		}
	}
	return c.finish(c.call(f), b, w, n)
}

func (c *compiler) special(sp *special, f form) exprs {
	xs := sp.compile(c, f)
	if xs.returned {
		return xs
	}
	return c.finish(xs, f.block, f.want, f.n)
}

// forms returns the children of a node that are forms.
func forms(n *syntax.Node) []*syntax.Node {
	for i, child := range n.Children {
		if isForm(child) {
			continue
		}
		out := append([]*syntax.Node(nil), n.Children[:i]...)
		for _, child := range n.Children[i+1:] {
			if isForm(child) {
				out = append(out, child)
			}
		}
		return out
	}
	return n.Children
}

// finish gives the values of a form to whoever wants them.
func (c *compiler) finish(xs exprs, b *block, w want, n *syntax.Node) exprs {
	if w.n >= 0 && len(xs.list) != w.n {
		if len(xs.list) > w.n {
			c.drop(xs, b, w.n, n)
			xs.list = xs.list[:w.n]
		}
		for len(xs.list) < w.n {
			xs.list = append(xs.list, c.none(n))
		}
	}
	if w.target != nil {
		values := c.luas(xs)
		if len(values) == 0 {
			values = c.oneOf(c.none(n).lua)
		}
		c.emitAssignment(b, n, w.target, values)
	}
	if w.tail {
		b.emit(at(c, n, c.work.returns.New(ast.ReturnStmt{Exprs: c.returned(xs)})))
		c.result(xs, n)
	}
	if w.tail || w.target != nil {
		return exprs{returned: true, fact: xs.fact}
	}
	return xs
}

// returned are the expressions of a return statement. At top level a call is
// no tail call, so that the form's own frame says where it stands.
func (c *compiler) returned(xs exprs) []ast.Expr {
	values := c.luas(xs)
	if c.fn.fact != nil || c.fn.called || len(values) != 1 {
		return values
	}
	if f, ok := values[0].(*ast.FuncCallExpr); ok && !f.AdjustRet {
		pass := &ast.FuncCallExpr{Func: runtimeFunc(passOn), Args: values}
		pass.SetLine(f.Line())
		return []ast.Expr{pass}
	}
	return values
}

// result records what the function being compiled can return.
func (c *compiler) result(xs exprs, n *syntax.Node) {
	if c.fn.fact == nil || c.fn.called {
		return
	}
	v := xs.fact
	switch {
	case v != nil:
	case len(xs.list) == 0:
		v = c.nothing(n)
	default:
		v = c.unknown(n)
	}
	c.fn.fact.Returns = append(c.fn.fact.Returns, v)
}

// drop keeps what values from i on do when nobody wants them.
func (c *compiler) drop(xs exprs, b *block, i int, n *syntax.Node) {
	for ; i < len(xs.list); i++ {
		x := xs.list[i]
		switch x.kind {
		case plain:
			alone := c.block()
			c.emitLocal(alone, n, c.temporary(), c.oneOf(x.lua))
			c.emitDo(b, n, alone.stmts)
		case call:
			if x.fact != nil && x.fact.Kind == Result {
				x.fact.Call.Dropped = true
			}
			stmt := c.work.callStmts.New(ast.FuncCallStmt{Expr: x.lua})
			stmt.SetLine(x.lua.Line())
			b.emit(stmt)
		}
	}
}

// expanded compiles what stands for a call of a macro.
func (c *compiler) expanded(m macro, f form) exprs {
	n := c.expandOnce(m, f.n, f.items, f.scope)
	c.expanding = append(c.expanding, f.n.Span)
	xs := c.compile(n, f.scope, f.block, f.want)
	c.expanding = c.expanding[:len(c.expanding)-1]
	return xs
}

// made reports whether a macro made a node.
func (c *compiler) made(n *syntax.Node) bool {
	for i := len(c.expanding) - 1; i >= 0; i-- {
		if c.expanding[i] == n.Span {
			return true
		}
	}
	return false
}
