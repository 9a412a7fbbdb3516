package fennel

import (
	"fmt"
	"slices"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
)

// What a file costs grows with the number of its forms, far more than with its
// size: a form of two bytes takes as much as one of two hundred.

const (
	tooManyAsked = "the modules that a file is compiled with have more than %d forms"
	tooManyHelp  = "Move data into files that jobs read, or parts of it into modules."
)

// admits counts the forms of a module and reports whether they, with those of the
// modules that the same file asked for before, are few enough to compile it.
func (s *session) admits(m *Module) bool {
	limit, message := s.options.Forms, "the file has more than %d forms"
	room := limit
	if limit > 0 && s.asked.forms > 0 {
		message = tooManyAsked
		room = max(limit-s.asked.forms, 1)
	}
	n, beyond := countForms(m.Tree.Forms, room)
	m.Forms = n
	if beyond == nil {
		return true
	}
	m.Tree = &syntax.Tree{File: m.Tree.File, Diagnostics: append(slices.Clip(m.Tree.Diagnostics), diag.Diagnostic{
		File: m.Tree.File, Span: beyond.Span, Code: diag.LoadLimit,
		Message: fmt.Sprintf(message, limit),
		Help:    tooManyHelp,
	})}
	return false
}

// topForms is how many forms one at top level counts as: it is compiled to a
// program of its own.
const topForms = 5

// countForms returns how many nodes there are. Where they are more than the limit,
// it stops at the first one too many, which it returns; a limit of 0 is none.
func countForms(nodes []*syntax.Node, limit int) (n int, beyond *syntax.Node) {
	for _, top := range nodes {
		if top.Kind != syntax.Comment {
			n += topForms - 1
		}
		if limit == 0 || n+top.Size() <= limit {
			n += top.Size()
			continue
		}
		for x := range top.All() {
			if n++; n > limit {
				return n, x
			}
		}
	}
	return n, nil
}

// requireRoom gives a form up that asks for a module when those that the file asked
// for before are as many, or have as many forms together, as there may be.
func (c *compiler) requireRoom(at *syntax.Node) {
	const help = "Use fewer or smaller modules."
	if limit := c.options.Forms; limit > 0 && c.asked.forms >= limit {
		c.exceedFile(at, fmt.Sprintf(tooManyAsked, limit), help)
	}
	if limit := c.options.Modules; limit > 0 && len(c.asked.modules) >= limit {
		c.exceedFile(at, fmt.Sprintf("the file is compiled with more than %d modules", limit), help)
	}
}
