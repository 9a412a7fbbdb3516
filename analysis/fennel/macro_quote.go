package fennel

import "quire/analysis/fennel/syntax"

// compileQuote compiles (quote form).
func compileQuote(c *compiler, f form) exprs {
	c.require(len(f.items) == 2, f.n, "expected one argument")
	n := f.items[1]
	switch {
	case n.Kind == syntax.Symbol && n.Text == "...":
		c.fail(n, "quoted ... may only be used at compile time")
	case n.Kind == syntax.Symbol && isName(n):
		c.fail(n, "symbols may only be used at compile time")
	case n.Kind == syntax.List:
		c.fail(n, "lists may only be used at compile time")
	}
	return c.compile(n, f.scope, f.block, f.want)
}

// compileUnquote compiles (unquote form).
func compileUnquote(c *compiler, f form) exprs {
	c.fail(f.n, "tried to use unquote outside quote")
	return exprs{}
}
