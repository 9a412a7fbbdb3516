// Package dsl is the vocabulary of ci.fnl: every module, function, parameter,
// option and source a pipeline can name, with its documentation. It is plain
// data. The binder, the static checks, hover, completion, signature help and
// the generated reference all read it.
//
// The tables are shared: callers must not change what they are given.
package dsl

import (
	"iter"
	"slices"
	"strings"
)

// A State names states of the upstream server that know an entry.
type State uint8

// The states, and their combinations.
const (
	S1 State = 1 << iota
	S2
	H
	Product // known here and to no server
)

// Has reports whether all the states of other are among s.
func (s State) Has(other State) bool { return s&other == other }

// String returns the names of the states, separated by commas.
func (s State) String() string {
	var names []string
	for i, name := range []string{"S1", "S2", "H", "product"} {
		if s.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// Servers are the states that a pipeline can be checked for, oldest first.
func Servers() []State { return []State{S1, S2, H} }

// ParseServer returns the server of a name such as S1, in either case, and
// whether there is one.
func ParseServer(name string) (State, bool) {
	for _, s := range Servers() {
		if strings.EqualFold(name, s.String()) {
			return s, true
		}
	}
	return 0, false
}

// A Type is what a value may be.
type Type string

// The types.
const (
	String   Type = "string"
	Number   Type = "number"
	Boolean  Type = "boolean"
	Table    Type = "table"
	Strings  Type = "sequence of strings"
	Command  Type = "string or sequence of strings"
	EnvMap   Type = "table of strings"
	Duration Type = "number of seconds or a string such as \"90s\""
	RunFn    Type = "function of one argument"
	Function Type = "function"
	Any      Type = "any"
	Nil      Type = "nil"
	JobName  Type = "name of a job or source"
	Secret   Type = "name of a secret"
	Path     Type = "path in the workspace"
)

// A Func is a function that a pipeline can call.
type Func struct {
	Name   string
	Params []Param
	Result []Key // fields of the table it returns
	Type   Type  // of its result
	Doc    string
	// Example is Fennel that calls it, never empty: of quire.ci, at top level,
	// where ci is the module; else in a run-fn, where the primitives have their
	// names and stdlib is quire.stdlib.
	Example string
	States  State
}

// A Param is one parameter.
type Param struct {
	Name     string
	Type     Type
	Optional bool
	Keys     []Key // of an option table: everything it may hold
	Doc      string
}

// A Key is one key of an option table, of a result or of a source's table.
type Key struct {
	Name     string
	Type     Type
	Required bool // of a result or source: it is never nil
	Doc      string
	Example  string // of an option: a call that gives it, unless that of the function does
	States   State
}

// A Module is what (require name) gives.
type Module struct {
	Name   string
	Funcs  []Func
	Fields []Key // what it holds beside functions
	Macros []Func
	Doc    string
	States State
}

// A Source is a name that starts a pipeline.
type Source struct {
	Name   string
	Fields []Key
	Doc    string
	States State
}

// A GlobalKind says what a global is.
type GlobalKind string

// The kinds of globals.
const (
	FunctionGlobal GlobalKind = "function"
	TableGlobal    GlobalKind = "table" // a library
	ValueGlobal    GlobalKind = "value"
)

// A Global is a variable that Lua provides, or a member of one of its
// libraries.
type Global struct {
	Name   string // a multi-symbol for members, such as string.format
	Kind   GlobalKind
	Params []string // as Fennel shows them: ?name may be nil, ... takes the rest
	Doc    string
}

// An Absent is a name that Lua programs know and a pipeline does not have.
type Absent struct {
	// Name is a global, a member such as os.exit, or a library, of which then
	// nothing is there.
	Name string
	// Use is one sentence that says what does its work here.
	Use string
}

// Modules returns the modules that a pipeline can require beside those of its
// own repository.
func Modules() []Module { return modules }

// Runtime returns the functions of the runtime table, the primitives: what a
// run-fn can do to the world.
func Runtime() []Func { return runtime }

// Sources returns the names that start a pipeline.
func Sources() []Source { return sources }

// Globals returns everything that Lua provides to a pipeline.
func Globals() []Global { return globals }

// Absents returns the names that are deliberately missing.
func Absents() []Absent { return absents }

// FindModule returns the module of that name.
func FindModule(name string) (Module, bool) {
	return find(modules, func(m *Module) bool { return m.Name == name })
}

// Primitive returns the function of that name in the runtime table.
func Primitive(name string) (Func, bool) {
	return find(runtime, func(f *Func) bool { return f.Name == name })
}

// FindSource returns the source of that name.
func FindSource(name string) (Source, bool) {
	return find(sources, func(s *Source) bool { return s.Name == name })
}

// FindGlobal returns what Lua provides under that name.
func FindGlobal(name string) (Global, bool) {
	return find(globals, func(g *Global) bool { return g.Name == name })
}

// FindAbsent returns the entry for a name that is missing: its own, or that of
// the library it belongs to.
func FindAbsent(name string) (Absent, bool) {
	if a, ok := find(absents, func(a *Absent) bool { return a.Name == name }); ok {
		return a, true
	}
	library, _, isMember := strings.Cut(name, ".")
	if !isMember {
		return Absent{}, false
	}
	return find(absents, func(a *Absent) bool { return a.Name == library })
}

// PrimitiveNames iterates over the names in the runtime table.
func PrimitiveNames() iter.Seq[string] {
	return names(runtime, func(f Func) string { return f.Name })
}

// MemberNames iterates over the names of what a module holds.
func MemberNames(m Module) iter.Seq[string] {
	all := slices.Collect(names(m.Funcs, func(f Func) string { return f.Name }))
	return slices.Values(slices.AppendSeq(all, KeyNames(m.Fields)))
}

// KeyNames iterates over the names of keys.
func KeyNames(keys []Key) iter.Seq[string] {
	return names(keys, func(k Key) string { return k.Name })
}

// Func returns the function of that name in the module.
func (m Module) Func(name string) (Func, bool) {
	return find(m.Funcs, func(f *Func) bool { return f.Name == name })
}

// Key returns the option of that name.
func (p Param) Key(name string) (Key, bool) {
	return find(p.Keys, func(k *Key) bool { return k.Name == name })
}

// Signature returns the call form with the parameters, such as (sh cmd ?opts).
func (f Func) Signature() string {
	var b strings.Builder
	b.WriteString("(" + f.Name)
	for _, p := range f.Params {
		b.WriteByte(' ')
		if p.Optional {
			b.WriteByte('?')
		}
		b.WriteString(p.Name)
	}
	return b.String() + ")"
}

// find returns the entry for which is reports true. Entries are large, so that
// only the one that is found is copied.
func find[T any](table []T, is func(*T) bool) (entry T, ok bool) {
	for i := range table {
		if is(&table[i]) {
			return table[i], true
		}
	}
	return entry, false
}

func names[T any](table []T, name func(T) string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range table {
			if !yield(name(e)) {
				return
			}
		}
	}
}
