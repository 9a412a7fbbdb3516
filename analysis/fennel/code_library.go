package fennel

import (
	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/syntax"
)

// functions returns the functions that make values that stand for code, and
// tell what a value stands for. Step is told of their work.
func (k *nodeKinds) functions(step func(L *lua.LState, n int)) map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"list":       k.constructor(k.list, step),
		"sequence":   k.constructor(k.sequence, step),
		"sym":        k.makeSymbol,
		"comment":    k.makeComment,
		"list?":      k.isKind(k.list),
		"sequence?":  k.isKind(k.sequence),
		"varg?":      k.isKind(k.vararg),
		"comment?":   k.isKind(k.comment),
		"sym?":       k.isSymbol,
		"table?":     k.isTable,
		"multi-sym?": k.multiSymbol,
	}
}

// value returns a new table of a kind that no code was read for.
func (k *nodeKinds) value(kind *lua.LTable, items ...lua.LValue) *lua.LTable {
	return (*codec)(nil).table(kind, origin{}, items...)
}

// constructor returns a function that makes a list or sequence of its
// arguments, nils among them.
func (k *nodeKinds) constructor(kind *lua.LTable, step func(L *lua.LState, n int)) lua.LGFunction {
	return func(L *lua.LState) int {
		items := make([]lua.LValue, L.GetTop())
		for i := range items {
			items[i] = L.Get(i + 1)
		}
		step(L, len(items))
		L.Push(k.value(kind, items...))
		return 1
	}
}

func (k *nodeKinds) makeSymbol(L *lua.LState) int {
	if L.Get(1).Type() != lua.LTString {
		L.RaiseError("sym expects a string as the first argument, received %s", L.Get(1).Type())
	}
	L.Push(k.value(k.symbol, L.Get(1)))
	return 1
}

func (k *nodeKinds) makeComment(L *lua.LState) int {
	L.Push(k.value(k.comment, lua.LString(L.CheckString(1))))
	return 1
}

// makeVararg returns the symbol "..." as macros get it.
func (k *nodeKinds) makeVararg(L *lua.LState) int {
	L.Push(k.value(k.vararg, lua.LString("...")))
	return 1
}

// isKind returns a function that returns its argument when it is of a kind,
// and false otherwise.
func (k *nodeKinds) isKind(kind *lua.LTable) lua.LGFunction {
	return func(L *lua.LState) int {
		t, ok := L.Get(1).(*lua.LTable)
		ok = ok && (t.Metatable == kind || kind == k.sequence && k.of(t) == syntax.Sequence)
		return answerIf(L, ok)
	}
}

func answerIf(L *lua.LState, ok bool) int {
	if ok {
		L.Push(L.Get(1))
	} else {
		L.Push(lua.LFalse)
	}
	return 1
}

func (k *nodeKinds) isSymbol(L *lua.LState) int {
	t, ok := L.Get(1).(*lua.LTable)
	ok = ok && t.Metatable == k.symbol
	if name := L.Get(2); ok && name != lua.LNil {
		ok = t.RawGetInt(1) == name
	}
	return answerIf(L, ok)
}

func (k *nodeKinds) isTable(L *lua.LState) int {
	t, ok := L.Get(1).(*lua.LTable)
	kind := syntax.Kind(0)
	if ok {
		kind = k.of(t)
	}
	return answerIf(L, kind == syntax.Table || kind == syntax.Sequence)
}

// multiSymbol returns the parts of a multi-symbol or of a string that could
// be one.
func (k *nodeKinds) multiSymbol(L *lua.LState) int {
	v := L.Get(1)
	if t, ok := v.(*lua.LTable); ok && t.Metatable == k.symbol {
		v = t.RawGetInt(1)
	}
	name, ok := v.(lua.LString)
	if !ok || name == "" {
		L.Push(lua.LFalse)
		return 1
	}
	keys, method := parts(string(name))
	if keys == nil {
		L.Push(lua.LNil)
		return 1
	}
	t := L.NewTable()
	for i, key := range keys {
		t.RawSetInt(i+1, lua.LString(key))
	}
	if method {
		t.RawSetString("multi-sym-method-call", lua.LTrue)
	}
	L.Push(t)
	return 1
}

// astSource returns the table that holds the place of code: its own, but that
// of a table literal apart from what is in the literal.
func (k *nodeKinds) astSource(L *lua.LState, field func(t *lua.LTable, name string) lua.LValue) int {
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		L.Push(L.NewTable())
		return 1
	}
	switch k.of(t) {
	case syntax.Table, syntax.Sequence:
		if mt, ok := t.Metatable.(*lua.LTable); ok && mt.RawGetString("filename") != lua.LNil {
			t = mt
			break
		}
		source := L.NewTable()
		for _, name := range []string{"filename", "line", "col", "endline", "bytestart", "byteend"} {
			source.RawSetString(name, field(t, name))
		}
		t = source
	}
	L.Push(t)
	return 1
}
