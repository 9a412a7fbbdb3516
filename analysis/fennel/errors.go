package fennel

import (
	"fmt"
	"iter"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
)

// abandoned unwinds from a form that cannot be compiled to the innermost form
// that goes on with the next one.
type abandoned struct{}

// attempt compiles something that may be abandoned, and reports whether it was
// not. The compiler is then where it was before.
func (c *compiler) attempt(compile func()) (ok bool) {
	fn, branches, depth, expanding := c.fn, c.fn.branches, c.depth, len(c.expanding)
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if _, is := r.(abandoned); !is {
			panic(r)
		}
		c.fn, c.depth, c.expanding = fn, depth, c.expanding[:expanding]
		fn.branches = branches
	}()
	compile()
	return true
}

// contain runs a part of the compiler that nothing goes on behind when it is
// abandoned.
func contain(run func()) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(abandoned); !ok {
				panic(r)
			}
		}
	}()
	run()
}

// require fails at a node when the condition does not hold. Where the message
// has arguments and the condition almost always holds, an if around fail spares
// the making of them.
func (c *compiler) require(ok bool, at *syntax.Node, format string, args ...any) {
	if !ok {
		c.fail(at, format, args...)
	}
}

// fail reports a compile error at a node and abandons the form. It does not
// return.
func (c *compiler) fail(at *syntax.Node, format string, args ...any) {
	c.report(at, format, args...)
	panic(abandoned{})
}

// report records a compile error at a node.
func (c *compiler) report(at *syntax.Node, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	c.diagnose(diag.Diagnostic{Span: c.span(at), Code: diag.Compile, Message: message, Help: suggest(message)})
}

// diagnose records a diagnostic whose span counts from the start of the form.
// A form that could not be read is not blamed for more.
func (c *compiler) diagnose(d diag.Diagnostic) {
	c.failed = true
	if !c.muted {
		c.unit.diagnostics = append(c.unit.diagnostics, d)
	}
}

// exceed reports that compiling the form went over a limit and gives it up.
func (c *compiler) exceed(at *syntax.Node, message, help string) {
	if !c.exhausted {
		c.exhausted = true
		c.diagnose(diag.Diagnostic{Span: c.span(at), Code: diag.LoadLimit, Message: message, Help: help})
	}
	panic(abandoned{})
}

// unknownGlobal returns the diagnostic for a name that means nothing and may be
// a slip of one of those that do.
func (c *compiler) unknownGlobal(n *syntax.Node, name string, names iter.Seq[string]) diag.Diagnostic {
	d := diag.Diagnostic{Span: c.span(n), Code: diag.UnknownGlobal, Message: "unknown identifier: " + name}
	if c.options.Explain != nil {
		if message, help, ok := c.options.Explain(name); ok {
			d.Message, d.Help = message, help
			return d
		}
	}
	d.Help = nearest(name, names)
	return d
}
