package sandbox

import (
	"maps"
	"slices"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// A module is one table of the library, the globals themselves when it has no
// name.
type module struct {
	name      string
	functions []builtin
	values    map[string]lua.LValue
	calls     []lua.LGFunction // of functions, the same for all states
}

// library returns everything that a program can reach.
var library = sync.OnceValue(func() []module {
	modules := []module{
		{name: "", functions: baseFunctions(), values: map[string]lua.LValue{"_VERSION": lua.LString("Lua 5.1")}},
		{name: "string", functions: stringFunctions()},
		{name: "table", functions: tableFunctions()},
		{name: "math", functions: mathFunctions(), values: mathValues()},
		{name: "utf8", functions: utf8Functions(), values: utf8Values()},
		{name: "coroutine", functions: coroutineFunctions()},
		{name: "os", functions: osFunctions()},
	}
	for i := range modules {
		m := &modules[i]
		for _, fn := range m.functions {
			m.calls = append(m.calls, fn.lua())
		}
	}
	return modules
})

// entries is the library by qualified name.
var entries = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{"_G": true}
	for _, m := range library() {
		prefix := ""
		if m.name != "" {
			names[m.name] = true
			prefix = m.name + "."
		}
		for _, fn := range m.functions {
			names[prefix+fn.name] = true
		}
		for name := range m.values {
			names[prefix+name] = true
		}
	}
	return names
})

// Names returns every name of the library that a program can reach, such as
// print, string and string.format, sorted.
func Names() []string { return slices.Clone(names()) }

var names = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(entries())) })

// Global reports whether a program finds a global of that name, which may be
// a multi-symbol such as string.format.
func Global(name string) bool { return entries()[name] }

// openLibrary fills the globals of a state and returns them.
func openLibrary(L *lua.LState) *lua.LTable {
	globals := L.G.Global
	globals.RawSetString("_G", globals)
	for _, m := range library() {
		t := globals
		if m.name != "" {
			t = L.CreateTable(0, len(m.functions)+len(m.values))
			globals.RawSetString(m.name, t)
		}
		for i, call := range m.calls {
			t.RawSetString(m.functions[i].name, L.NewFunction(call))
		}
		for _, name := range slices.Sorted(maps.Keys(m.values)) {
			t.RawSetString(name, m.values[name])
		}
	}
	openStringMethods(L, globals)
	return globals
}

// openStringMethods lets ("x"):upper() work. Programs see false for the
// metatable, so that none can replace it.
func openStringMethods(L *lua.LState, globals *lua.LTable) {
	mt := L.CreateTable(0, 2+len(stringOperators))
	mt.RawSetString("__index", globals.RawGetString("string"))
	mt.RawSetString("__metatable", lua.LFalse)
	openStringOperators(L, mt)
	L.SetMetatable(lua.LString(""), mt)
}
