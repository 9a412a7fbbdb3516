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
	// Vararg reports whether "..." has a meaning at the place of the call.
	Vararg() bool
	// Where returns the place of a node in the form file:line, for texts that
	// an expansion shows when it runs.
	Where(n *syntax.Node) string
	// Expand returns the expansion of a call of a macro, built-in or not,
	// until its head is no macro.
	Expand(n *syntax.Node) *syntax.Node
	// Fail reports a compile error at a node and abandons the macro. It does
	// not return.
	Fail(at *syntax.Node, format string, args ...any)
}

// A Macro is one built-in macro.
type Macro struct {
	Name   string
	Params []string // as documentation shows them
	Doc    string
	// Expand returns what stands for the call, a list whose head is the
	// macro's name. It does not expand the macros in what it returns.
	Expand func(x Expander, call *syntax.Node) *syntax.Node
}

// Lookup returns the macro of a name.
func Lookup(name string) (*Macro, bool) {
	m, ok := byName[name]
	return m, ok
}

// All returns every macro, in the order the reference documents them.
func All() []*Macro { return table }

var byName = index(table)

func index(ms []*Macro) map[string]*Macro {
	names := make(map[string]*Macro, len(ms))
	for _, m := range ms {
		names[m.Name] = m
	}
	return names
}

// macro returns an entry of the table.
func macro(name string, params []string, expand func(*expansion) *syntax.Node, doc string) *Macro {
	return &Macro{
		Name:   name,
		Params: params,
		Doc:    doc,
		Expand: func(x Expander, call *syntax.Node) *syntax.Node {
			var args []*syntax.Node
			if items := forms(call); len(items) > 0 {
				args = items[1:]
			}
			return expand(&expansion{x: x, call: call, args: args})
		},
	}
}

var table = []*Macro{
	macro("->", []string{"value", "..."}, threadFirst,
		"Puts the value into the second form as its first argument, the result into the third, and so on."),
	macro("->>", []string{"value", "..."}, threadLast,
		"Puts the value into the second form as its last argument, the result into the third, and so on."),
	macro("-?>", []string{"value", "..."}, maybeFirst,
		"Threads like ->, and ends with nil as soon as a step gives nil."),
	macro("-?>>", []string{"value", "..."}, maybeLast,
		"Threads like ->>, and ends with nil as soon as a step gives nil."),
	macro("?.", []string{"table", "..."}, maybeDot,
		"Looks up nested fields like the form . does, and ends with nil where a table on the way is missing."),
	macro("doto", []string{"value", "..."}, doto,
		"Evaluates the value once, passes it as the first argument to each form, and returns it."),
	macro("when", []string{"condition", "..."}, when,
		"Evaluates the body when the condition holds, and is nil otherwise."),
	macro("with-open", []string{"[name value ...]", "..."}, withOpen,
		"Binds like let and calls the close method of each value afterwards, also when the body raises an error."),
	macro("collect", []string{"[key value iterator]", "key", "value"}, collect,
		"Makes a table of the key and value that the body gives for each step of an iterator. "+
			"A nil key or value adds nothing. &into names a table to add to, &until ends the loop early."),
	macro("icollect", []string{"[index value iterator]", "value"}, icollect,
		"Makes a sequence of the values that the body gives for each step of an iterator, without nils. "+
			"&into names a table to add to, &until ends the loop early."),
	macro("fcollect", []string{"[index start stop ?step]", "value"}, fcollect,
		"Makes a sequence of the values that the body gives for each number of a range, without nils. "+
			"&into names a table to add to, &until ends the loop early."),
	macro("accumulate", []string{"[accumulator initial key value iterator]", "value"}, accumulate,
		"Runs an iterator and sets the accumulator to the value of the body in each step; returns its last value."),
	macro("faccumulate", []string{"[accumulator initial index start stop ?step]", "value"}, faccumulate,
		"Runs over a range of numbers and sets the accumulator to the value of the body in each step; returns its last value."),
	macro("partial", []string{"function", "..."}, partial,
		"Returns a function that calls the given one with these arguments, followed by its own."),
	macro("pick-args", []string{"count", "function"}, pickArgs,
		"Returns a function of exactly that many arguments that passes them on. Deprecated."),
	macro("lambda", []string{"?name", "[parameters]", "..."}, lambda,
		"Makes a function like fn that raises an error when an argument is nil, unless its name starts with ? or _."),
	macro("λ", []string{"?name", "[parameters]", "..."}, lambda,
		"Makes a function like fn that raises an error when an argument is nil, unless its name starts with ? or _."),
	macro("macro", []string{"name", "[parameters]", "..."}, defineMacro,
		"Defines a macro: a function that is called with code while the file is compiled and returns code."),
	macro("assert-repl", []string{"condition", "?message", "..."}, assertRepl,
		"Raises an error when the condition is false or nil, like assert. There is no REPL to enter here."),
	macro("case", []string{"value", "pattern", "body", "..."}, caseOf,
		"Evaluates the body of the first pattern that fits the value. Symbols in patterns are always bound anew; "+
			"(where pattern guard) and (where (or pattern pattern)) add conditions, (= name) compares with a local."),
	macro("case-try", []string{"value", "pattern", "body", "...", "(catch pattern body ...)"}, caseTry,
		"Matches the value with the first pattern, its body's value with the second, and so on. "+
			"What does not fit is tried with the patterns of catch, or returned."),
	macro("match", []string{"value", "pattern", "body", "..."}, match,
		"Evaluates the body of the first pattern that fits the value. A symbol that is already a local compares with it."),
	macro("match-try", []string{"value", "pattern", "body", "...", "(catch pattern body ...)"}, matchTry,
		"Matches like case-try with the rules of match."),
}
