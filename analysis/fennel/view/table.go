package view

import (
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// An entry is a key of a table and what it holds.
type entry struct{ key, value lua.LValue }

// entries returns what is in a table in the order it is printed, and whether
// it is a sequence, whose gaps are then filled.
func (p *printer) entries(t *lua.LTable) (entries []entry, sequence bool) {
	sequence = true
	p.each(t, func(k, v lua.LValue) {
		if n, ok := k.(lua.LNumber); !ok || n < 1 || float64(n) != math.Floor(float64(n)) {
			sequence = false
		}
		entries = append(entries, entry{k, v})
	})
	slices.SortStableFunc(entries, func(a, b entry) int { return compareKeys(a.key, b.key) })
	if !sequence {
		return entries, false
	}
	last, widest := 0.0, 0.0
	for _, e := range entries {
		n := float64(e.key.(lua.LNumber))
		last, widest = n, max(widest, n-last)
	}
	if widest > float64(p.now.MaxSparseGap) {
		return entries, false
	}
	return p.filled(entries), len(entries) > 0
}

// filled returns the entries of a sequence with the missing ones as nil.
func (p *printer) filled(entries []entry) []entry {
	var all []entry
	for _, e := range entries {
		for float64(len(all)+1) < float64(e.key.(lua.LNumber)) {
			p.now.Charge(1)
			all = append(all, entry{lua.LNumber(len(all) + 1), lua.LNil})
		}
		all = append(all, e)
	}
	return all
}

// compareKeys orders numbers by value, strings by bytes, and the types among
// each other as Fennel does. false comes before true; other keys keep the
// order of the table.
func compareKeys(a, b lua.LValue) int {
	if a.Type() != b.Type() {
		return rank(a) - rank(b)
	}
	switch a := a.(type) {
	case lua.LNumber:
		if b := b.(lua.LNumber); a < b {
			return -1
		} else if a > b {
			return 1
		}
	case lua.LString:
		return strings.Compare(string(a), string(b.(lua.LString)))
	case lua.LBool:
		if b := b.(lua.LBool); a != b {
			if b {
				return -1
			}
			return 1
		}
	}
	return 0
}

func rank(v lua.LValue) int {
	switch v.Type() {
	case lua.LTNumber:
		return 1
	case lua.LTBool:
		return 2
	case lua.LTString:
		return 3
	case lua.LTTable:
		return 4
	case lua.LTFunction:
		return 5
	case lua.LTUserData:
		return 6
	case lua.LTThread:
		return 7
	}
	return 8
}

// each visits what pairs visits.
func (p *printer) each(t *lua.LTable, visit func(k, v lua.LValue)) {
	L := p.now.Lua.L
	if f := metafield(t, "__pairs"); f != lua.LNil && L != nil {
		L.Push(f)
		L.Push(t)
		L.Call(1, 3)
		next, state, k := L.Get(-3), L.Get(-2), L.Get(-1)
		L.Pop(3)
		for {
			p.now.Charge(1)
			L.Push(next)
			L.Push(state)
			L.Push(k)
			L.Call(2, 2)
			var v lua.LValue
			k, v = L.Get(-2), L.Get(-1)
			L.Pop(2)
			if k == lua.LNil {
				return
			}
			visit(k, v)
		}
	}
	t.ForEach(func(k, v lua.LValue) {
		p.now.Charge(1)
		visit(k, v)
	})
}

// appearances counts how often each table stands in a value.
func (p *printer) appearances(v lua.LValue) map[*lua.LTable]int {
	counts := map[*lua.LTable]int{}
	var open []*lua.LTable
	count := func(v lua.LValue) {
		if t, ok := v.(*lua.LTable); ok {
			if counts[t]++; counts[t] == 1 {
				open = append(open, t)
			}
		}
	}
	count(v)
	for len(open) > 0 {
		t := open[len(open)-1]
		open = open[:len(open)-1]
		p.each(t, func(k, v lua.LValue) { count(k); count(v) })
	}
	return counts
}

// repeats reports whether a table turns up twice in t, which may be t itself.
func (p *printer) repeats(t *lua.LTable) bool {
	seen := map[*lua.LTable]bool{t: true}
	open, twice := []*lua.LTable{t}, false
	see := func(v lua.LValue) {
		if t, ok := v.(*lua.LTable); ok {
			twice = twice || seen[t]
			seen[t] = true
			open = append(open, t)
		}
	}
	for len(open) > 0 && !twice {
		t := open[len(open)-1]
		open = open[:len(open)-1]
		p.each(t, func(k, v lua.LValue) { see(k); see(v) })
	}
	return twice
}

// metatable returns what getmetatable returns, when that is a table.
func metatable(v lua.LValue) *lua.LTable {
	var mt lua.LValue
	switch v := v.(type) {
	case *lua.LTable:
		mt = v.Metatable
	case *lua.LUserData:
		mt = v.Metatable
	}
	t, ok := mt.(*lua.LTable)
	if !ok {
		return nil
	}
	if hidden := t.RawGetString("__metatable"); hidden != lua.LNil {
		t, _ = hidden.(*lua.LTable)
	}
	return t
}

func metafield(v lua.LValue, name string) lua.LValue {
	if mt := metatable(v); mt != nil {
		return mt.RawGetString(name)
	}
	return lua.LNil
}

// endsInComment reports whether the last item of a sequence looks like a
// comment of the reader, behind which the line ends.
func (p *printer) endsInComment(t *lua.LTable) bool {
	last, ok := t.RawGetInt(t.Len()).(*lua.LTable)
	if !ok {
		return false
	}
	text, ok := last.RawGetInt(1).(lua.LString)
	return ok && strings.HasPrefix(string(text), ";")
}
