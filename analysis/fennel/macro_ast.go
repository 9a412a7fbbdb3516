package fennel

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/syntax"
	"quire/analysis/fennel/view"
)

// Macros see code as Lua tables. Which kind of node a table is, its metatable
// says; where it comes from, a codec remembers, so that code that only passes
// through a macro comes back as the very nodes that went in, with their places.

// nodeKinds are the metatables of the tables that stand for nodes. Tables
// without one of them stand for table literals.
type nodeKinds struct{ list, symbol, sequence, vararg, comment *lua.LTable }

// newNodeKinds makes the metatables. Codec returns the codec of the expansion
// that is under way.
func newNodeKinds(L *lua.LState, codec func() *codec, charge func(L *lua.LState, n int)) *nodeKinds {
	printer := view.Function(L, charge)
	source := L.NewFunction(func(L *lua.LState) int {
		t, _ := L.Get(1).(*lua.LTable)
		L.Push(codec().sourceField(t, L.Get(2)))
		return 1
	})
	text := L.NewFunction(func(L *lua.LState) int {
		if t, ok := L.Get(1).(*lua.LTable); ok {
			L.Push(t.RawGetInt(1))
			return 1
		}
		return 0
	})
	equal := L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LBool(rawFirst(L.Get(1)) == rawFirst(L.Get(2))))
		return 1
	})
	less := L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LBool(rawFirst(L.Get(1)).String() < rawFirst(L.Get(2)).String()))
		return 1
	})
	listText := L.NewFunction(func(L *lua.LState) int { return viewList(L, printer) })
	kind := func(fields map[string]lua.LValue) *lua.LTable {
		t := L.NewTable()
		t.RawSetString("__index", source)
		for k, v := range fields {
			t.RawSetString(k, v)
		}
		return t
	}
	return &nodeKinds{
		list:     kind(map[string]lua.LValue{"__fennelview": listText, "__tostring": listText}),
		symbol:   kind(map[string]lua.LValue{"__fennelview": text, "__tostring": text, "__eq": equal, "__lt": less}),
		vararg:   kind(map[string]lua.LValue{"__fennelview": text, "__tostring": text}),
		comment:  kind(map[string]lua.LValue{"__fennelview": text, "__tostring": text, "__eq": equal, "__lt": less}),
		sequence: kind(map[string]lua.LValue{"__fennelview": L.NewFunction(viewSequence), "sequence": L.NewTable()}),
	}
}

func rawFirst(v lua.LValue) lua.LValue {
	if t, ok := v.(*lua.LTable); ok {
		return t.RawGetInt(1)
	}
	return lua.LNil
}

// viewList prints a list: (list view options indent), or (list) alone.
func viewList(L *lua.LState, printer *lua.LFunction) int {
	t := L.CheckTable(1)
	how, options, indent := L.Get(2), L.Get(3), L.Get(4)
	if how.Type() != lua.LTFunction {
		how, options, indent = printer, lua.LNil, lua.LNil
	}
	items := make([]string, lastIndex(t))
	for i := range items {
		L.Push(how)
		L.Push(t.RawGetInt(i + 1))
		L.Push(options)
		L.Push(indent)
		L.Call(3, 1)
		items[i] = L.Get(-1).String()
		L.Pop(1)
	}
	L.Push(lua.LString("(" + strings.Join(items, " ") + ")"))
	return 1
}

// viewSequence prints a sequence of code, where an empty one is [].
func viewSequence(L *lua.LState) int {
	t, options := L.CheckTable(1), L.CheckTable(3)
	once := func(name string, v lua.LValue) {
		o := L.NewTable()
		o.RawSetString("once", v)
		o.RawSetString("after", options.RawGetString(name))
		options.RawSetString(name, o)
	}
	once("empty-as-sequence?", lua.LTrue)
	once("metamethod?", lua.LFalse)
	L.Push(L.Get(2))
	L.Push(t)
	L.Push(options)
	L.Push(L.Get(4))
	L.Call(3, 1)
	return 1
}

// lastIndex returns the highest positive integer key of a table: nils count as
// items of code.
func lastIndex(t *lua.LTable) int {
	last := t.MaxN()
	t.ForEach(func(k, _ lua.LValue) {
		if n, ok := k.(lua.LNumber); ok && float64(n) == math.Trunc(float64(n)) && n > lua.LNumber(last) && n < maxNodes {
			last = int(n)
		}
	})
	return last
}

// of returns the kind of node that a table stands for. Tables without a kind
// are table literals.
func (k *nodeKinds) of(t *lua.LTable) syntax.Kind {
	switch mt, _ := t.Metatable.(*lua.LTable); mt {
	case nil:
		return syntax.Table
	case k.list:
		return syntax.List
	case k.symbol, k.vararg:
		return syntax.Symbol
	case k.comment:
		return syntax.Comment
	case k.sequence:
		return syntax.Sequence
	default:
		if mt.RawGetString("sequence") == k.sequence.RawGetString("sequence") {
			return syntax.Sequence
		}
		return syntax.Table
	}
}
