package fennel

import (
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"

	"github.com/yuin/gopher-lua/ast"
)

// Where gopher-lua's syntax tree has a line number, ours has the index of a
// span in the unit's table; the virtual machine carries it to run time, where
// it says which form is running and not only which line. The numbers are made
// in at and read in spanOf; nothing else knows what they are. Number 0 is the
// whole form.

// line returns the number that stands for a node's span.
func (c *compiler) line(n *syntax.Node) int { return c.lineOf(c.span(n)) }

// lineOf returns the number that stands for a span.
func (c *compiler) lineOf(s source.Span) int {
	last := len(c.unit.spans) - 1
	for i := last; i >= max(last-recent, 0); i-- {
		if c.unit.spans[i] == s {
			return i
		}
	}
	c.unit.spans = append(c.unit.spans, s)
	return last + 1
}

// recent is how far back a span is looked for before it gets another number:
// most forms that need one again do so soon.
const recent = 12

// at gives a node of the generated tree the place of a form and returns it.
func at[T ast.PositionHolder](c *compiler, n *syntax.Node, x T) T {
	i := c.line(n)
	x.SetLine(i)
	x.SetLastLine(i)
	return x
}

// spanOf returns the span that a number of the unit's code stands for.
func (u *unit) spanOf(line int) source.Span {
	if line < 0 || line >= len(u.spans) {
		line = 0
	}
	return u.spans[line]
}

// span returns the span of a node among the places of the unit.
func (c *compiler) span(n *syntax.Node) source.Span { return n.Span.Shift(c.shift()) }

// shift is from a place in the file to that of the unit.
func (c *compiler) shift() int { return c.unit.base - c.base }
