package fennel

import (
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/macros"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A form that cannot be compiled must not make others look wrong: the names
// it would have defined are there all the same, with nothing known of them,
// and the forms in its body are compiled for what is wrong with them.

// poison makes what a broken form would have defined visible in its scope.
func (c *compiler) poison(n *syntax.Node, s *scope) {
	items := forms(n)
	if n.Kind != syntax.List || len(items) < 2 || items[0].Kind != syntax.Symbol {
		return
	}
	switch items[0].Text {
	case "local":
		c.poisonNames(items[1], Local, s)
	case "var":
		c.poisonNames(items[1], Var, s)
	case "global":
		c.poisonNames(items[1], Global, s)
	case "fn", "lambda", "λ":
		if items[1].Kind == syntax.Symbol {
			c.poisonNames(items[1], Function, s)
		}
	case "macro":
		if items[1].Kind == syntax.Symbol {
			c.poisonNames(items[1], Macro, s)
		}
	case "macros":
		for _, e := range c.entries(items[1]) {
			if e.key.Kind == syntax.String {
				c.poisonNames(c.keyName(e.key), Macro, s)
			}
		}
	case "import-macros":
		for i := 1; i < len(items); i += 2 {
			c.poisonNames(items[i], Macro, s)
		}
	}
}

// broken returns the value that a broken form has where the rest of the form
// around it is run all the same: a function that raises, since most of what is
// broken while it is written are functions.
func (c *compiler) broken(n *syntax.Node) expr {
	if !c.mendable() {
		return c.none(n)
	}
	text := c.stringExpr(n, "a form that is broken")
	raise := at(c, n, &ast.FuncCallExpr{Func: runtimeFunc(raiseMissing), Args: []ast.Expr{text, text, text, at(c, n, &ast.TrueExpr{})}})
	fn := &ast.FunctionExpr{
		ParList: &ast.ParList{HasVargs: true, Names: []string{}},
		Stmts:   []ast.Stmt{at(c, n, &ast.ReturnStmt{Exprs: []ast.Expr{raise}})},
	}
	return expr{lua: at(c, n, fn), kind: literal, fact: c.unknown(n)}
}

// poisonNames binds the symbols in a pattern that the scope does not bind yet.
func (c *compiler) poisonNames(n *syntax.Node, kind SymbolKind, s *scope) {
	for x := range n.All() {
		if !isName(x) || isMulti(x.Text) || x.Text[0] == '&' || x.Text == ":" || c.specials[x.Text] != nil || s.has(x.Text) {
			continue
		}
		if _, ok := macros.Lookup(x.Text); ok {
			continue
		}
		symbol := c.poisonSymbol(x, kind, s)
		b := &binding{name: x.Text, lua: c.fresh(x.Text), mutable: true, poisoned: true, symbol: symbol}
		if s == c.root {
			b.lua = c.marked(x.Text, cellMark)
			c.unit.exports = append(c.unit.exports, export{name: b.name, lua: b.lua, mutable: true, poisoned: true, symbol: symbol})
		}
		s.add(b)
	}
}

// poisonSymbol returns the index entry for a name of a broken form: the one it
// got before the form failed, or a new one.
func (c *compiler) poisonSymbol(n *syntax.Node, kind SymbolKind, s *scope) *Symbol {
	def := c.span(n)
	for _, symbol := range c.unit.symbols {
		if symbol.Def == def && symbol.Name == n.Text {
			symbol.Value = nil
			return symbol
		}
	}
	symbol := c.newSymbol(Symbol{
		Name:  n.Text,
		Kind:  kind,
		Def:   def,
		Scope: source.Span{Start: def.End, End: s.end},
	})
	if !c.made(n) {
		c.unit.symbols = append(c.unit.symbols, symbol)
	}
	return symbol
}

func (s *scope) has(name string) bool {
	for _, b := range s.bindings {
		if b.name == name && b.macro == nil {
			return true
		}
	}
	return false
}

// survey compiles the body of a form that failed before it came to its body,
// with everything in its bindings as poisoned names.
func (c *compiler) survey(n *syntax.Node, s *scope) {
	items := forms(n)
	if c.exhausted || n.Kind != syntax.List || len(items) < 3 || items[0].Kind != syntax.Symbol {
		return
	}
	outer := c.fn
	defer func() { c.fn = outer }()
	names := 1
	switch items[0].Text {
	case "let", "each", "for":
	case "fn":
		if items[1].Kind == syntax.Symbol {
			names = 2
		}
		c.fn = &function{fact: outer.fact, vararg: true, called: true, branches: 1}
	default:
		return
	}
	inner := c.inner(s, n)
	for i, item := range items[1:] {
		var dropped block
		switch {
		case i+1 > names:
			c.compile(item, inner, &dropped, want{n: 0})
		case i+1 == names:
			c.poisonNames(item, Local, inner)
		}
	}
}
