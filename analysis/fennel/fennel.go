// Package fennel compiles Fennel 1.6.1 to prototypes for gopher-lua's VM and
// records, on the way, what every name means and what the program calls.
//
// The package knows the language and nothing of pipelines. A file is compiled
// one top-level form at a time: each form is a unit with its own prototype,
// names, facts and diagnostics, with spans relative to the form. Top-level
// locals are cells shared between units. A unit is used again when its text
// and everything it asked its surroundings about (is this name a macro, a
// local, a var, a global, nothing) are unchanged, so a keystroke costs one
// form.
//
// Spans reach run time as numbers: where gopher-lua keeps a line number for
// every instruction, a unit keeps the index of a form. position.go is the only
// file that knows, and turns them back before a program or a person sees one.
package fennel

import (
	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// Options say what surrounds a file.
type Options struct {
	// Globals reports whether a global exists, by name or by multi-symbol
	// ("string.format"; a multi-symbol whose root exists as a table that is not
	// closed is asked by its root only). Nil turns the check off.
	Globals func(name string) bool
	// Explain gives the message and help for a global that does not exist, for
	// names that need more than "unknown identifier: x"; ok is false for the
	// others. The diagnostic's code is then unknown-global.
	Explain func(name string) (message, help string, ok bool)
	// Deferred makes a global that does not exist an error of running where it
	// stands in a function: the function is compiled, raises the message when
	// the name is reached, and the module lists it among its
	// [Module.MissingGlobals]. It also has forms that use what a broken form
	// defines run as far as they can.
	Deferred bool
	// Concurrent says that Globals and Explain may be called by several
	// goroutines at once. Files with many forms are then compiled by as many as
	// there are processors, to the same result.
	Concurrent bool
	// Resolve finds the source of a module for import-macros, require-macros
	// and include. Nil finds nothing.
	Resolve Resolver
	// Module is the name by which the file is required, and empty for a file that
	// is run. Forms that name a module may make the name of it: in them, ... is
	// this name and that of the file.
	Module string
	// Cache holds the units of earlier versions of the same file; nil keeps
	// none.
	Cache *Cache
	// Limits bound what macros may use while the file is compiled.
	Limits sandbox.Limits
	// Forms is how many forms a file may have, those within others and comments
	// among them; one at top level counts as five. As many may be in all modules
	// that it includes or takes macros from.
	// A file with more is not compiled. Zero means any number.
	Forms int
	// Modules is how many modules a file may include or take macros from, directly
	// or through others. Zero means any number.
	Modules int
	// Print receives what macros print, a line at a time. Nil drops it.
	Print func(line string)
	// Metadata keeps the parameters, docstrings and metadata tables of
	// functions for fennel.metadata and fennel.doc. Without it only the index
	// knows them.
	Metadata bool
}

// A ModuleKind says what a module is wanted for.
type ModuleKind int

// The kinds of modules.
const (
	Code   ModuleKind = iota // require, include
	Macros                   // import-macros, require-macros
)

// A Resolver finds the source of a module by its name, such as "lib.x". The
// error's text is shown to the user; it says where was looked.
type Resolver func(name string, kind ModuleKind) (*source.File, error)

// An UnusableModule is the error of a [Resolver] for a module that is not merely
// missing: its name cannot be one, or its file cannot be read. It is the text that
// is shown.
type UnusableModule string

func (e UnusableModule) Error() string { return string(e) }

// A Module is a compiled file. It is immutable and may be used by several
// goroutines and states at once.
type Module struct {
	Tree *syntax.Tree
	// Diagnostics are those of the reader and the compiler, in the order of
	// their places.
	Diagnostics diag.List
	Index       *Index
	// Uses lists the modules that were needed to compile the file, found or
	// not, each once.
	Uses []Use
	// Forms is how many forms the file has, as [Options.Forms] counts them; one
	// more than it may have when it has too many.
	Forms int

	moduleLinks
}

// A Use is a module that a file names literally.
type Use struct {
	Name string
	Kind ModuleKind
	Span source.Span  // of the name, at its first use
	File *source.File // nil when it was not found, and for Code, which is found at run time
}

// A SymbolKind says what a name is.
type SymbolKind int

// The kinds of symbols.
const (
	Local    SymbolKind = iota + 1 // let, local, destructuring, match patterns
	Var                            // var
	Param                          // of a function
	LoopVar                        // of each, for, collect, …
	Function                       // the name in (fn name …) and its kin
	Macro                          // defined by macro, macros or import-macros
	Global                         // defined by global
)

// A Symbol is one definition and everything that refers to it.
type Symbol struct {
	Name  string
	Kind  SymbolKind
	Def   source.Span   // of the name where it is defined
	Scope source.Span   // where the name can be seen
	Uses  []source.Span // of the name where it is used, in order, the definition not among them
	// Written reports that set changes it.
	Written bool
	// UsedByMacro reports that code made by a macro refers to it, which is not
	// among the Uses.
	UsedByMacro bool
	// Expanded reports that the definition was made by a macro and that its
	// name does not stand in the text at Def.
	Expanded bool
	Params   []string // of a Function or Macro, as written
	Doc      string   // docstring
	// Value is what the compiler knows of its value without running anything.
	Value *Value

	number factNumber
}

// A ValueKind says what is known of a value.
type ValueKind uint8

// The kinds of values.
const (
	Unknown ValueKind = iota
	Literal           // a string, number, boolean or nil; Text holds it, Type its Lua type
	ArrayOf           // a sequence: Items
	TableOf           // a table literal: Fields, and Items for positional ones
	Lambda            // a function: Fn
	Path              // what is found by Keys from Root
	Result            // the result of Call
)

// A Value is what the compiler knows of an expression without running it,
// after macros are expanded. Immutable locals are seen through: in
// (local ci (require :quire.ci)) (ci.job …) the callee is the path [job] from
// the module quire.ci.
type Value struct {
	Kind ValueKind
	// Made reports that a macro made the expression, so that Span is not its text.
	Made   bool
	Open   bool // ArrayOf, TableOf: the last item may spread to more values
	number factNumber
	Span   source.Span // of the expression in the text; of the macro's call when it made it
	Type   string      // Literal: string number boolean nil
	Text   string      // Literal: the value as tostring shows it
	*Parts
	*Route
}

// Parts are what makes up a value that is neither Unknown, a Literal nor a Path,
// of which there are most: these share an empty one. They are never nil.
type Parts struct {
	Items  []*Value // ArrayOf, TableOf
	Fields []Field  // TableOf
	Fn     *Func    // Lambda
	Call   *Call    // Result
}

// A Route is what a Path leads along. All other values share an empty one. It is
// never nil.
type Route struct {
	Root Root
	Keys []Key // constant keys, outermost first
}

// A Field is one pair of a table literal. Key.Kind is Literal for constant keys.
type Field struct{ Key, Value *Value }

// A Key is one step of a path.
type Key struct {
	Name string
	Span source.Span // of the key in the text
}

// A RootKind says where a path starts.
type RootKind int8

// The kinds of roots.
const (
	ModuleRoot RootKind = iota + 1 // (require :name): Name
	ParamRoot                      // a parameter of a function: Fn and Index
	GlobalRoot                     // a global: Name
	CallRoot                       // the first result of a call: Call
)

// A Root is where a path starts.
type Root struct {
	Kind  RootKind
	Index int32 // of the parameter, from 0
	Name  string
	Fn    *Func
	Call  *Call
}

// A Func is one function form.
type Func struct {
	Span   source.Span // of the form
	Name   string      // empty for an anonymous one
	Params int         // fixed parameters
	Vararg bool
	Outer  *Func // the function around it, nil at top level
	// Returns are the values its body can end with, one for each branch.
	Returns []*Value

	number  factNumber
	lasting *Func // the function in its part, of one that has places in the file
}

// Lasting returns the function in the part of its form, the same for all copies
// of what is known of it.
func (f *Func) Lasting() *Func {
	if f.lasting != nil {
		return f.lasting
	}
	return f
}

// A Call is one call of a value (not of a macro or a special form).
type Call struct {
	Span   source.Span // of the call form
	Callee *Value
	Args   []*Value
	Fn     *Func // the function whose body holds the call, nil at top level
	// Conditional reports that the call is not reached on every way through
	// Fn: it stands in a branch, a loop, behind and/or, or in a nested
	// function.
	Conditional bool
	// Dropped reports that nothing looks at the call's result.
	Dropped bool

	number factNumber
}

// Access is one read of a constant key of a path, such as runtime.sh or the
// name in {: sh}, that is not itself followed by another key.
type Access struct {
	Value       *Value // of Kind Path
	Fn          *Func
	Conditional bool
}

// A Form documents one special form or built-in macro.
type Form struct {
	Name    string
	Params  []string
	Doc     string
	Special bool // a special form; else a macro
	Binds   bool // it introduces names
}
