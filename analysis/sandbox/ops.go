package sandbox

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// concatOperands is the operator "..": the operands of a chain, from left to
// right. Like the operator it starts from the right.
func concatOperands(a args) int {
	n := a.count()
	right := a.get(n)
	for i := n - 1; i >= 1; {
		if !isText(a.get(i)) || !isText(right) {
			right = a.concatMeta(a.get(i), right)
			i--
			continue
		}
		first := i
		for first > 1 && isText(a.get(first-1)) {
			first--
		}
		right = a.join(first, i, right)
		i = first - 1
	}
	return a.ret(right)
}

// join concatenates the operands from first to last, and what is right of them.
func (a args) join(first, last int, right lua.LValue) lua.LValue {
	size := textSize(right)
	for i := first; i <= last; i++ {
		size += textSize(a.get(i))
	}
	a.meter.charge(size)
	a.fits(size)
	var b strings.Builder
	b.Grow(size)
	for i := first; i <= last; i++ {
		b.WriteString(display(a.get(i)))
	}
	b.WriteString(display(right))
	return lua.LString(b.String())
}

// textSize returns the size of a string, or how long a number gets at most.
func textSize(v lua.LValue) int {
	if s, ok := v.(lua.LString); ok {
		return len(s)
	}
	return 24
}

func (a args) concatMeta(left, right lua.LValue) lua.LValue {
	fn := a.L.GetMetaField(left, "__concat")
	if fn == lua.LNil {
		fn = a.L.GetMetaField(right, "__concat")
	}
	if fn == lua.LNil {
		bad := left
		if isText(left) {
			bad = right
		}
		a.raise("attempt to concatenate a %s value", typeName(bad))
	}
	return a.call1(fn, left, right)
}

// storeField is the assignment t[k] = v for a key that is known only then.
func storeField(a args) int {
	a.setIndex(a.get(1), a.get(2), a.get(3))
	return 0
}

// maxMetaChain is how many __newindex or __index tables may follow each other.
const maxMetaChain = 100

// setIndex assigns v to t[k].
func (f *fiber) setIndex(object, k, v lua.LValue) {
	for range maxMetaChain {
		t, isTable := object.(*lua.LTable)
		if isTable && (t.Metatable == lua.LNil || t.RawGet(k) != lua.LNil) {
			f.rawSet(t, k, v)
			return
		}
		meta := f.L.GetMetaField(object, "__newindex")
		switch {
		case meta == lua.LNil && isTable:
			f.rawSet(t, k, v)
			return
		case meta == lua.LNil:
			f.raise("attempt to index a %s value", typeName(object))
		case meta.Type() == lua.LTFunction:
			f.call(0, meta, object, k, v)
			return
		}
		object = meta
	}
	f.raise("loop in settable")
}

const (
	// freeGap is by how many elements an array grows without being charged.
	freeGap = 64
	// elementSize is what an element of an array takes.
	elementSize = 16
	// pairSize is what is charged for a key that is no array's.
	pairSize = 128
)

// rawSet assigns v to t[k]. gopher-lua fills an array up to a key with nils, so
// a key far behind its end is charged like a string of that size.
func (f *fiber) rawSet(t *lua.LTable, k, v lua.LValue) {
	number, isNumber := k.(lua.LNumber)
	switch {
	case k == lua.LNil:
		f.raise("table index is nil")
	case number != number:
		f.raise("table index is NaN")
	case t.RawGet(k) != lua.LNil:
		// The key is there already.
	case v == lua.LNil:
		return
	case isNumber && isArrayKey(number):
		f.chargeGap(t, int(number))
	default:
		f.meter.charge(pairSize)
	}
	t.RawSet(k, v)
}

// chargeGap charges for the elements between an array's end and a new key.
func (f *fiber) chargeGap(t *lua.LTable, k int) {
	if k <= freeGap || t.RawGetInt(k-1) != lua.LNil {
		return
	}
	if gap := k - t.Len(); gap > freeGap {
		f.meter.charge(gap * elementSize)
	}
}

// isArrayKey reports whether gopher-lua keeps a key in a table's array.
func isArrayKey(k lua.LNumber) bool {
	return k >= 1 && k < lua.LNumber(lua.MaxArrayIndex) && k == lua.LNumber(math.Trunc(float64(k)))
}

// index returns object[k].
func (f *fiber) index(object, k lua.LValue) lua.LValue {
	for range maxMetaChain {
		t, isTable := object.(*lua.LTable)
		if isTable {
			if v := t.RawGet(k); v != lua.LNil || t.Metatable == lua.LNil {
				return v
			}
		}
		meta := f.L.GetMetaField(object, "__index")
		switch {
		case meta == lua.LNil && isTable:
			return lua.LNil
		case meta == lua.LNil:
			f.raise("attempt to index a %s value", typeName(object))
		case meta.Type() == lua.LTFunction:
			return f.call1(meta, object, k)
		}
		object = meta
	}
	f.raise("loop in gettable")
	return lua.LNil
}
