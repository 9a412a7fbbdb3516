package fennel

import (
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// What takes the place of members of the reference's module.
const (
	insteadOfText   = "there is no Lua text here; use (fennel.eval text) to run code"
	insteadOfNames  = "there is no Lua text here whose names it would be about"
	insteadOfFiles  = "modules are found by require alone; use (require name)"
	insteadOfScopes = "the scopes of the compiler are not open to programs"
	insteadOfDebug  = "use (fennel.traceback) to see the calls that are under way"
	insteadOfREPL   = "a program has no terminal here; use (fennel.eval text) to run code"
)

// absentFields are the functions of the reference's module that programs do not
// find in theirs, with what to use instead.
var absentFields = map[string]string{
	"compile":        insteadOfText,
	"compile1":       insteadOfText,
	"compile-stream": insteadOfText,
	"compileStream":  insteadOfText,
	"compile-string": insteadOfText,
	"compileString":  insteadOfText,
	"load-code":      insteadOfText,
	"loadCode":       insteadOfText,
	"gensym":         insteadOfNames,
	"mangle":         insteadOfNames,
	"unmangle":       insteadOfNames,
	"dofile":         insteadOfFiles,
	"searcher":       insteadOfFiles,
	"make-searcher":  insteadOfFiles,
	"makeSearcher":   insteadOfFiles,
	"make_searcher":  insteadOfFiles,
	"scope":          insteadOfScopes,
	"getinfo":        insteadOfDebug,
	"repl":           insteadOfREPL,
}

// AbsentFields returns the names of the functions of the reference's module
// that raise an error here, sorted. They are not among the [LibraryFields]: a
// program that goes over the module does not meet them.
func AbsentFields() []string { return slices.Sorted(maps.Keys(absentFields)) }

// raiseForAbsent makes the library's functions that are not here say so when
// they are called.
func raiseForAbsent(L *lua.LState, library *lua.LTable) {
	functions := L.NewTable()
	for name, instead := range absentFields {
		functions.RawSetString(name, L.NewFunction(func(L *lua.LState) int {
			L.RaiseError("fennel.%s is not available: %s", name, instead)
			return 0
		}))
	}
	mt := L.NewTable()
	mt.RawSetString("__index", functions)
	library.Metatable = mt
}
