// Package macros holds Fennel's built-in macros, as functions from tree to
// tree: what the reference compiler defines in Fennel itself.
//
// An expansion shares the nodes it was given and gives the span of the call to
// those it makes, so that everything in it has a place.
package macros

import "quire/analysis/fennel/syntax"

// An Expander is what a macro may ask of the compiler that expands it.
type Expander interface {
	// Gensym returns a symbol that no program can write, for a temporary. The
	// base is for people who read an expansion.
	Gensym(base string) string
	// InScope reports whether a symbol, or the root of a multi-symbol, is a
	// local at the place of the call.
	InScope(name string) bool
	// Expand returns the expansion of a call of a macro, built-in or not,
	// until its head is no macro.
	Expand(n *syntax.Node) *syntax.Node
	// Fail reports a compile error at a node and abandons the macro.
	Fail(at *syntax.Node, format string, args ...any)
}

// A Macro is one built-in macro.
type Macro struct {
	Name   string
	Params []string // as documentation shows them
	Doc    string
	Expand func(x Expander, call *syntax.Node) *syntax.Node
}

// Lookup returns the macro of a name.
func Lookup(name string) (*Macro, bool) { panic("not yet") }

// All returns every macro, in the order the reference documents them.
func All() []*Macro { panic("not yet") }
