package fennel

import (
	"maps"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/view"
)

// Version is the version of Fennel whose language this is.
const Version = "1.6.1"

// atRuntimeOnly are the globals of programs that macros do not have.
var atRuntimeOnly = []string{"os", "coroutine", "dofile", "load", "loadfile", "loadstring", "getfenv", "setfenv", "newproxy", "collectgarbage", "package", "module"}

// furnish gives the globals of a state what macros need, and takes what they
// do not get.
func (w *macroWorld) furnish(L *lua.LState) {
	g := L.G.Global
	for _, name := range atRuntimeOnly {
		g.RawSetString(name, lua.LNil)
	}
	functions := map[string]lua.LGFunction{
		"gensym":         w.gensym,
		"in-scope?":      w.inScope,
		"get-scope":      w.getScope,
		"macroexpand":    w.macroexpand,
		"assert-compile": w.assertCompile,
		"ast-source":     w.astSource,
		"pairs":          w.pairs,
		"pack":           pack,
		"require":        w.require,
		"fennel-module-name": func(L *lua.LState) int {
			L.Push(lua.LString("fennel"))
			return 1
		},
	}
	maps.Copy(functions, w.kinds.functions(w.program.State.Step))
	for name, fn := range functions {
		g.RawSetString(name, L.NewFunction(fn))
	}
	g.RawSetString("view", view.Function(L, w.program.State.Step))
	g.RawSetString("version", lua.LString(Version))
	g.RawSetString("_IS_COMPILER", lua.LTrue)
	g.RawSetString("_SCOPE", w.scopeTable(L))
	g.RawSetString("_SPECIALS", w.specialTable(L))
	for _, name := range []string{"_AST", "_CHUNK", "macro-loaded"} {
		g.RawSetString(name, L.NewTable())
	}
	g.RawSetString("_VARARG", w.kinds.value(w.kinds.vararg, lua.LString("...")))
	io := L.NewTable()
	io.RawSetString("open", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LNil)
		L.Push(lua.LString("macros cannot open files"))
		return 2
	}))
	g.RawSetString("io", io)
	strict := g.RawGetString("getmetatable")
	g.RawSetString("getmetatable", L.NewFunction(func(L *lua.LState) int {
		if L.Get(1).Type() == lua.LTString {
			L.RaiseError("macros do not get the metatable of strings")
		}
		L.Push(strict)
		L.Push(L.Get(1))
		L.Call(1, 1)
		return 1
	}))
	if table, ok := g.RawGetString("table").(*lua.LTable); ok && g.RawGetString("unpack") == lua.LNil {
		g.RawSetString("unpack", table.RawGetString("unpack"))
	}
	alias(g)
}

// alias stores globals also under the names by which compiled code knows
// them.
func alias(globals *lua.LTable) {
	var names []string
	globals.ForEach(func(name, _ lua.LValue) { names = append(names, name.String()) })
	for _, name := range names {
		globals.RawSetString(globalName(name), globals.RawGetString(name))
	}
}

func (w *macroWorld) gensym(L *lua.LState) int {
	name := w.frame().x.Gensym(L.OptString(1, ""))
	L.Push(w.kinds.value(w.kinds.symbol, lua.LString(name)))
	return 1
}

func (w *macroWorld) inScope(L *lua.LState) int {
	L.Push(mangledName(w.frame().x, symbolName(L.Get(1))))
	return 1
}

func symbolName(v lua.LValue) string {
	if t, ok := v.(*lua.LTable); ok {
		v = t.RawGetInt(1)
	}
	s, _ := v.(lua.LString)
	return string(s)
}

// getScope returns the scope of the call.
func (w *macroWorld) getScope(L *lua.LState) int {
	L.Push(w.scope(L))
	return 1
}

// macroexpand returns the expansion of code.
func (w *macroWorld) macroexpand(L *lua.LState) int {
	s := w.frame()
	w.within(L, func() {
		if n := w.node(L.Get(1)); n != nil {
			L.Push(s.codec.lua(s.x.Expand(n)))
			return
		}
		L.Push(lua.LNil)
	})
	return 1
}

// within runs a part of the compiler for a macro that runs on L. An error in
// it, which is reported by then, is one of the macro.
func (w *macroWorld) within(L *lua.LState, run func()) {
	s := w.frame()
	running := s.running
	s.running = L
	defer func() {
		s.running = running
		if r := recover(); r != nil {
			if _, ok := r.(abandoned); !ok {
				panic(r)
			}
			u := L.NewUserData()
			u.Value = abandoned{}
			L.Error(u, 0)
		}
	}()
	run()
}

// assertCompile raises an error about a node: (condition message node).
func (w *macroWorld) assertCompile(L *lua.LState) int {
	if lua.LVAsBool(L.Get(1)) {
		L.Push(L.Get(1))
		return 1
	}
	b := blame{message: L.Get(2).String(), file: w.frame().x.c.file}
	if t, ok := L.Get(3).(*lua.LTable); ok {
		if o := w.codec().origins[t]; o.site == nil {
			b.at = o.node
		}
	}
	u := L.NewUserData()
	u.Value = b
	mt := L.NewTable()
	mt.RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString(b.message))
		return 1
	}))
	u.Metatable = mt
	L.Error(u, 0)
	return 0
}

func (w *macroWorld) astSource(L *lua.LState) int {
	return w.kinds.astSource(L, func(t *lua.LTable, name string) lua.LValue {
		return w.codec().sourceField(t, lua.LString(name))
	})
}

// pairs visits a table in an order that is always the same.
func (w *macroWorld) pairs(L *lua.LState) int {
	t := L.CheckTable(1)
	keys := tableKeys(t, w.codec().origins[t])
	w.program.State.Step(L, len(keys))
	next := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if next >= len(keys) || t.RawGet(keys[next]) == lua.LNil {
			L.Push(lua.LNil)
			return 1
		}
		next++
		L.Push(keys[next-1])
		L.Push(t.RawGet(keys[next-1]))
		return 2
	}))
	L.Push(t)
	L.Push(lua.LNil)
	return 3
}

func pack(L *lua.LState) int {
	t := L.NewTable()
	n := L.GetTop()
	for i := 1; i <= n; i++ {
		t.RawSetInt(i, L.Get(i))
	}
	t.RawSetString("n", lua.LNumber(n))
	L.Push(t)
	return 1
}
