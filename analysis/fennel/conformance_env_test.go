package fennel_test

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
)

// open adds what the corpus expects of its surroundings and the sandbox does
// not have: modules, and the smallest io, os, debug and package there can be.
func (r *conformanceRun) open(L *lua.LState) {
	table := func(name string, functions map[string]lua.LGFunction) *lua.LTable {
		t, ok := L.GetGlobal(name).(*lua.LTable)
		if !ok {
			t = L.NewTable()
			L.SetGlobal(name, t)
		}
		for name, fn := range functions {
			t.RawSetString(name, L.NewFunction(fn))
		}
		return t
	}
	table("io", map[string]lua.LGFunction{"write": r.write})
	table("os", map[string]lua.LGFunction{"time": func(L *lua.LState) int { L.Push(lua.LNumber(0)); return 1 }})
	table("debug", map[string]lua.LGFunction{"traceback": func(L *lua.LState) int { L.Push(L.Get(1)); return 1 }})
	pkg := table("package", nil)
	loaded := L.NewTable()
	pkg.RawSetString("loaded", loaded)
	pkg.RawSetString("preload", L.NewTable())
	pkg.RawSetString("path", lua.LString("./?.lua"))
	loaded.RawSetString("fennel", r.p.Library(r.options()))
	L.SetGlobal("require", L.NewFunction(func(L *lua.LState) int { return r.require(L, pkg) }))
}

func (r *conformanceRun) write(L *lua.LState) int {
	for i := 1; i <= L.GetTop(); i++ {
		r.out.Stdout += lua.LVAsString(L.Get(i))
	}
	return 0
}

func (r *conformanceRun) require(L *lua.LState, pkg *lua.LTable) int {
	name := L.CheckString(1)
	loaded := pkg.RawGetString("loaded").(*lua.LTable)
	if v := loaded.RawGetString(name); v != lua.LNil {
		L.Push(v)
		return 1
	}
	fn := pkg.RawGetString("preload").(*lua.LTable).RawGetString(name)
	if fn == lua.LNil {
		fn = r.load(L, name)
	}
	L.Push(fn)
	L.Push(lua.LString(name))
	L.Call(1, 1)
	v := L.Get(-1)
	if v == lua.LNil {
		v = lua.LTrue
	}
	loaded.RawSetString(name, v)
	L.Push(v)
	return 1
}

// load compiles the module of a name.
func (r *conformanceRun) load(L *lua.LState, name string) lua.LValue {
	file, err := r.find(name, 1)
	if err != nil {
		L.RaiseError("module '%s' not found:", name)
	}
	if strings.HasSuffix(file.Name(), ".lua") {
		fn, err := L.LoadString(file.Text())
		if err != nil {
			L.RaiseError("%s", err.Error())
		}
		return fn
	}
	o := r.options()
	o.Module = name
	m := fennel.Compile(syntax.Read(file), o)
	if f := compileFailure(m); f != nil {
		L.RaiseError("%s", f.Message)
	}
	return r.p.Function(m)
}
