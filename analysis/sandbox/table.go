package sandbox

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func tableFunctions() []builtin {
	return []builtin{
		{"concat", tableConcat},
		{"insert", tableInsert},
		{"maxn", tableMaxN},
		{"move", tableMove},
		{"pack", tablePack},
		{"remove", tableRemove},
		{"sort", tableSort},
		{"unpack", baseUnpack},
	}
}

func tableConcat(a args) int {
	t, sep, first := a.table(1), a.optStr(2, ""), a.optInt(3, 1)
	last := a.optInt(4, 0)
	if !a.given(4) {
		last = t.Len()
	}
	var b strings.Builder
	for i := first; i <= last; i++ {
		a.meter.step(1)
		v := t.RawGet(lua.LNumber(i))
		if !isText(v) {
			a.raise("invalid value (%s) at index %d in table for 'concat'", typeName(v), i)
		}
		text := display(v)
		a.meter.charge(len(text))
		b.WriteString(text)
		if i == last {
			break
		}
		a.meter.charge(len(sep))
		b.WriteString(sep)
	}
	return a.retString(b.String())
}

// moved is how many elements of an array move in the time of one step.
const moved = 64

func tableInsert(a args) int {
	t := a.table(1)
	end := t.Len() + 1
	switch a.count() {
	case 2:
		a.rawSet(t, lua.LNumber(end), a.get(2))
	case 3:
		a.insertAt(t, a.int(2), end, a.get(3))
	default:
		a.raise("wrong number of arguments to 'insert'")
	}
	return 0
}

// insertAt makes room at a place of a sequence that ends before end.
func (a args) insertAt(t *lua.LTable, at, end int, v lua.LValue) {
	if at >= 1 && at < end {
		a.meter.step((end - at) / moved)
		t.Insert(at, v)
		return
	}
	if at > end || at == end {
		a.rawSet(t, lua.LNumber(at), v)
		return
	}
	// Lua moves what stands from there on, be it none of the sequence's.
	for i := end; i > at; i-- {
		a.meter.step(1)
		a.rawSet(t, lua.LNumber(i), t.RawGet(lua.LNumber(i-1)))
	}
	a.rawSet(t, lua.LNumber(at), v)
}

func tableRemove(a args) int {
	t := a.table(1)
	end := t.Len()
	at := a.optInt(2, end)
	if at < 1 || at > end {
		return 0
	}
	a.meter.step((end - at) / moved)
	return a.ret(t.Remove(at))
}

func tableMaxN(a args) int {
	t := a.table(1)
	most := float64(t.MaxN())
	t.ForEach(func(k, _ lua.LValue) {
		a.meter.step(1)
		if n, ok := k.(lua.LNumber); ok {
			most = math.Max(most, float64(n))
		}
	})
	return a.retNumber(most)
}

func tablePack(a args) int {
	n := a.count()
	t := a.L.CreateTable(n, 1)
	for i := 1; i <= n; i++ {
		t.RawSetInt(i, a.get(i))
	}
	t.RawSetString("n", lua.LNumber(n))
	return a.ret(t)
}

func tableMove(a args) int {
	from, to := a.table(1), a.table(1)
	first, last, at := a.int(2), a.int(3), a.int(4)
	if a.given(5) {
		to = a.table(5)
	}
	if last < first {
		return a.ret(to)
	}
	if first <= 0 && last >= math.MaxInt+first {
		a.bad(3, "too many elements to move")
	}
	n := last - first + 1
	if at > math.MaxInt-n+1 {
		a.bad(4, "destination wrap around")
	}
	one := func(i int) {
		a.meter.step(1)
		a.setIndex(to, lua.LNumber(at+i), a.index(from, lua.LNumber(first+i)))
	}
	if at > last || at <= first || to != from {
		for i := range n {
			one(i)
		}
	} else {
		for i := n - 1; i >= 0; i-- {
			one(i)
		}
	}
	return a.ret(to)
}

func tableSort(a args) int {
	t := a.table(1)
	var less lua.LValue
	if a.given(2) {
		less = a.function(2)
	}
	s := sorter{args: a, table: t, less: less}
	s.sort(1, t.Len())
	return 0
}

// A sorter sorts in place by the quicksort of PUC Lua, whose comparisons, in
// their order, and whose order of equal elements a program can see. What it
// costs is metered, and an inconsistent comparison is an error.
type sorter struct {
	args
	table *lua.LTable
	less  lua.LValue // nil for the operator
}

// sort orders the elements from lo to hi.
func (s *sorter) sort(lo, hi int) {
	for lo < hi {
		s.order(lo, hi)
		if hi-lo == 1 {
			return
		}
		middle := (lo + hi) / 2
		if !s.order(lo, middle) {
			s.order(middle, hi)
		}
		if hi-lo == 2 {
			return
		}
		pivot := s.partition(lo, middle, hi)
		// The smaller part is sorted apart, so that the depth is logarithmic.
		if pivot-lo < hi-pivot {
			s.sort(lo, pivot-1)
			lo = pivot + 1
		} else {
			s.sort(pivot+1, hi)
			hi = pivot - 1
		}
	}
}

// partition divides the elements from lo to hi, of which the first is not
// after that in the middle, and that not after the last: what comes before that
// in the middle stands on its left then, and what comes after it on its right.
// It returns where it stands itself.
func (s *sorter) partition(lo, middle, hi int) int {
	pivot := s.at(middle)
	s.swap(middle, hi-1)
	i, j := lo, hi-1
	for {
		for i++; s.before(s.at(i), pivot); i++ {
			s.check(i <= hi)
		}
		for j--; s.before(pivot, s.at(j)); j-- {
			s.check(j >= lo)
		}
		if j < i {
			s.swap(hi-1, i)
			return i
		}
		s.swap(i, j)
	}
}

func (s *sorter) check(consistent bool) {
	if !consistent {
		s.raise("invalid order function for sorting")
	}
}

// order swaps two elements if the second comes before the first, and reports
// whether it did.
func (s *sorter) order(i, j int) bool {
	if !s.before(s.at(j), s.at(i)) {
		return false
	}
	s.swap(i, j)
	return true
}

func (s *sorter) at(i int) lua.LValue { return s.table.RawGetInt(i) }

func (s *sorter) swap(i, j int) {
	x, y := s.at(i), s.at(j)
	s.rawSet(s.table, lua.LNumber(i), y)
	s.rawSet(s.table, lua.LNumber(j), x)
}

// before reports whether x comes before y.
func (s *sorter) before(x, y lua.LValue) bool {
	s.meter.step(1)
	if s.less != nil {
		return lua.LVAsBool(s.call1(s.less, x, y))
	}
	return s.lessThan(x, y)
}

// lessThan is the operator "<".
func (f *fiber) lessThan(x, y lua.LValue) bool {
	switch x := x.(type) {
	case lua.LNumber:
		if y, ok := y.(lua.LNumber); ok {
			return x < y
		}
	case lua.LString:
		if y, ok := y.(lua.LString); ok {
			f.meter.step(min(len(x), len(y)) / 32)
			return x < y
		}
	}
	fn := f.L.GetMetaField(x, "__lt")
	if fn == lua.LNil || typeName(x) != typeName(y) || !f.L.RawEqual(fn, f.L.GetMetaField(y, "__lt")) {
		f.raise("%s", comparisonError(typeName(x), typeName(y)))
	}
	return lua.LVAsBool(f.call1(fn, x, y))
}

// comparisonError is what Lua says of values that it cannot order.
func comparisonError(x, y string) string {
	if x == y {
		return "attempt to compare two " + x + " values"
	}
	return "attempt to compare " + x + " with " + y
}
