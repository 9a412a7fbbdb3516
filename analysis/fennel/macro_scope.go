package fennel

import (
	lua "github.com/yuin/gopher-lua"
)

// scope returns what macros may know of the scope of their call, as tables like
// those of the reference: they say what a name means, and nothing can be changed
// through them.
func (w *macroWorld) scope(L *lua.LState) *lua.LTable {
	x := w.frame().x
	t := L.NewTable()
	t.RawSetString("vararg", lua.LBool(x.Vararg()))
	t.RawSetString("hashfn", lua.LBool(x.scope.hashing() != nil))
	t.RawSetString("manglings", lookupTable(L, func(name string) lua.LValue {
		return mangledName(x, name)
	}))
	t.RawSetString("symmeta", lookupTable(L, func(name string) lua.LValue {
		b := x.c.local(name, x.scope)
		if b == nil {
			return lua.LNil
		}
		meta := L.NewTable()
		meta.RawSetString("var", lua.LBool(b.mutable))
		return meta
	}))
	t.RawSetString("macros", lookupTable(L, func(name string) lua.LValue {
		if _, ok := x.c.macro(x.c.word(name), x.scope); ok {
			return L.NewFunction(notForMacros)
		}
		return lua.LNil
	}))
	t.RawSetString("specials", w.specialTable(L))
	return t
}

// specialTable returns a table with the names of the special forms.
func (w *macroWorld) specialTable(L *lua.LState) *lua.LTable {
	return lookupTable(L, func(name string) lua.LValue {
		if w.session.specials[name] != nil {
			return L.NewFunction(notForMacros)
		}
		return lua.LNil
	})
}

// scopeTable returns the table _SCOPE, whose fields are those of the scope of
// the call under way.
func (w *macroWorld) scopeTable(L *lua.LState) *lua.LTable {
	return lookupTable(L, func(name string) lua.LValue { return w.scope(L).RawGetString(name) })
}

// lookupTable returns an empty table that looks names up when it is asked.
func lookupTable(L *lua.LState, look func(name string) lua.LValue) *lua.LTable {
	t, mt := L.NewTable(), L.NewTable()
	mt.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		name, ok := L.Get(2).(lua.LString)
		if !ok {
			return 0
		}
		L.Push(look(string(name)))
		return 1
	}))
	t.Metatable = mt
	return t
}

// notForMacros stands for a form that is part of the compiler.
func notForMacros(L *lua.LState) int {
	L.RaiseError("a form of the compiler cannot be called by macros: return code that uses it")
	return 0
}

// mangledName returns the Lua name that the reference gives to a local or a
// global that the program makes, nil for other names.
func mangledName(x *expander, name string) lua.LValue {
	if keys, _ := parts(name); name == "" || keys != nil || !x.InScope(name) {
		return lua.LNil
	}
	return lua.LString(mangle(name))
}
