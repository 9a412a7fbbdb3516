package sandbox

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func baseFunctions() []builtin {
	return []builtin{
		{"assert", baseAssert},
		{"collectgarbage", baseCollectGarbage},
		{"error", baseError},
		{"getmetatable", baseGetMetatable},
		{"ipairs", baseIpairs},
		{"next", baseNext},
		{"pairs", basePairs},
		{"pcall", basePCall},
		{"print", basePrint},
		{"rawequal", baseRawEqual},
		{"rawget", baseRawGet},
		{"rawset", baseRawSet},
		{"select", baseSelect},
		{"setmetatable", baseSetMetatable},
		{"tonumber", baseToNumber},
		{"tostring", baseToString},
		{"type", baseType},
		{"unpack", baseUnpack},
		{"xpcall", baseXPCall},
	}
}

// baseCollectGarbage answers what a program may ask for, and does nothing: the
// garbage collector belongs to the host.
func baseCollectGarbage(a args) int {
	switch option := a.optStr(1, "collect"); option {
	case "count":
		return a.retNumber(float64(a.meter.used.strings) / 1024)
	case "step":
		return a.retBool(true)
	case "collect", "stop", "restart", "setpause", "setstepmul":
		return a.retNumber(0)
	default:
		a.bad(1, "invalid option '%s'", option)
	}
	return 0
}

func baseGetMetatable(a args) int {
	return a.ret(a.L.GetMetatable(a.any(1)))
}

func baseSetMetatable(a args) int {
	t := a.table(1)
	mt := a.get(2)
	if a.count() < 2 || mt.Type() != lua.LTNil && mt.Type() != lua.LTTable {
		a.bad(2, "nil or table expected")
	}
	if a.L.GetMetaField(t, "__metatable") != lua.LNil {
		a.raise("cannot change a protected metatable")
	}
	t.Metatable = mt
	return a.ret(t)
}

func ipairsStep(a args) int {
	t := a.table(1)
	i := a.int(2) + 1
	v := t.RawGet(lua.LNumber(i))
	if v == lua.LNil {
		return a.ret(lua.LNil)
	}
	return a.ret(lua.LNumber(i), v)
}

func baseIpairs(a args) int {
	t := a.table(1)
	return a.ret(a.state.ipairs, t, lua.LNumber(0))
}

func basePairs(a args) int {
	t := a.table(1)
	return a.ret(a.state.next, t, lua.LNil)
}

func baseNext(a args) int {
	t := a.table(1)
	k, v := t.Next(arrayEnd(t, a.get(2)))
	if k == lua.LNil {
		return a.ret(lua.LNil)
	}
	return a.ret(k, v)
}

// arrayEnd returns the key to go on from. Where an element was removed while a
// program went over the table, its array may be shorter than the key, and
// gopher-lua would take it for one that was never there.
func arrayEnd(t *lua.LTable, k lua.LValue) lua.LValue {
	n, ok := k.(lua.LNumber)
	if !ok || !isArrayKey(n) || t.RawGetInt(int(n)) != lua.LNil {
		return k
	}
	switch end := t.MaxN(); {
	case end == 0:
		return lua.LNil
	case int(n) > end:
		return lua.LNumber(end)
	}
	return k
}

func basePrint(a args) int {
	a.meter.chargePrint(1)
	var line strings.Builder
	for i := 1; i <= a.count(); i++ {
		if i > 1 {
			line.WriteByte('\t')
		}
		text := a.text(a.get(i))
		a.meter.chargePrint(len(text))
		line.WriteString(text)
	}
	if emit := a.state.options.Print; emit != nil {
		for part := range strings.SplitSeq(line.String(), "\n") {
			emit(part)
		}
	}
	return 0
}

func baseRawEqual(a args) int {
	return a.retBool(a.L.RawEqual(a.any(1), a.any(2)))
}

func baseRawGet(a args) int {
	return a.ret(a.table(1).RawGet(a.any(2)))
}

func baseRawSet(a args) int {
	t := a.table(1)
	k, v := a.any(2), a.any(3)
	a.rawSet(t, k, v)
	return a.ret(t)
}

func baseSelect(a args) int {
	n := a.count()
	if s, ok := a.get(1).(lua.LString); ok && strings.HasPrefix(string(s), "#") {
		return a.retNumber(float64(n - 1))
	}
	i := a.int(1)
	if i < 0 {
		i += n
	} else if i > n {
		i = n
	}
	if i < 1 {
		a.bad(1, "index out of range")
	}
	return n - i
}

func baseToNumber(a args) int {
	base := a.optInt(2, 10)
	v := a.any(1)
	if base == 10 {
		switch v := v.(type) {
		case lua.LNumber:
			return a.ret(v)
		case lua.LString:
			a.meter.step(len(v) / 4)
			if x, ok := parseNumber(string(v)); ok {
				return a.retNumber(x)
			}
		}
		return a.ret(lua.LNil)
	}
	s := a.str(1)
	if base < 2 || base > 36 {
		a.bad(2, "base out of range")
	}
	a.meter.step(len(s) / 4)
	if x, ok := parseInteger(s, base); ok {
		return a.retNumber(x)
	}
	return a.ret(lua.LNil)
}

func baseToString(a args) int {
	v := a.any(1)
	if s, ok := v.(lua.LString); ok {
		return a.ret(s)
	}
	if fn := a.L.GetMetaField(v, "__tostring"); fn != lua.LNil {
		return a.ret(a.call1(fn, v))
	}
	s := display(v)
	a.meter.charge(len(s))
	return a.retString(s)
}

// text returns a value as print shows it.
func (f *fiber) text(v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return string(s)
	}
	fn := f.L.GetMetaField(v, "__tostring")
	if fn == lua.LNil {
		s := display(v)
		f.meter.charge(len(s))
		return s
	}
	switch s := f.call1(fn, v).(type) {
	case lua.LString:
		return string(s)
	case lua.LNumber:
		return display(s)
	}
	f.raise("'tostring' must return a string to 'print'")
	return ""
}

func baseType(a args) int { return a.retString(typeName(a.any(1))) }

// maxUnpacked is how many values a function may spread at once, which is what
// Lua's stack has room for.
const maxUnpacked = 7900

func baseUnpack(a args) int {
	t := a.table(1)
	first := a.optInt(2, 1)
	last := a.optInt(3, t.Len())
	return a.spread(t, first, last)
}

// spread returns t[first] to t[last] as results.
func (a args) spread(t *lua.LTable, first, last int) int {
	if first > last {
		return 0
	}
	if n := uint(last) - uint(first); n >= maxUnpacked {
		a.raise("too many results to unpack")
	}
	a.meter.step((last - first) / 8)
	for i := first; ; i++ {
		a.L.Push(t.RawGet(lua.LNumber(i)))
		if i == last {
			break
		}
	}
	return last - first + 1
}
