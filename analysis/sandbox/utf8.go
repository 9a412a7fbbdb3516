package sandbox

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// The utf8 library of Lua 5.4. Its lax mode knows sequences of up to six bytes,
// which Go's packages do not.

const (
	maxUnicode = 0x10FFFF
	maxCode    = 0x7FFFFFFF // of a sequence of six bytes
)

func utf8Values() map[string]lua.LValue {
	return map[string]lua.LValue{
		"charpattern": lua.LString("[\x00-\x7F\xC2-\xFD][\x80-\xBF]*"),
	}
}

func utf8Functions() []builtin {
	return []builtin{
		{"char", utf8Char},
		{"codepoint", utf8Codepoint},
		{"codes", utf8Codes},
		{"len", utf8Len},
		{"offset", utf8Offset},
	}
}

func isContinuation(c byte) bool { return c&0xC0 == 0x80 }

// decodeCode reads the sequence that a text begins with. A size of 0 says that
// there is no valid one.
func decodeCode(s string, lax bool) (code, size int) {
	c := s[0]
	if c < 0x80 {
		return int(c), 1
	}
	if c < 0xC0 || c >= 0xFE {
		return 0, 0
	}
	size = 2
	for mask := byte(0x20); c&mask != 0; mask >>= 1 {
		size++
	}
	if size > len(s) {
		return 0, 0
	}
	code = int(c) & (1<<(7-size) - 1)
	for i := 1; i < size; i++ {
		if !isContinuation(s[i]) {
			return 0, 0
		}
		code = code<<6 | int(s[i]&0x3F)
	}
	least := 0x80
	if size > 2 {
		least = 1 << (5*size - 4)
	}
	surrogate := code >= 0xD800 && code <= 0xDFFF
	if code < least || !lax && (code > maxUnicode || surrogate) {
		return 0, 0
	}
	return code, size
}

// appendCode appends the sequence of a code.
func appendCode(b []byte, code int) []byte {
	if code < 0x80 {
		return append(b, byte(code))
	}
	// A sequence of n bytes has room for 5n+1 bits.
	n := 2
	for code >= 1<<(5*n+1) {
		n++
	}
	b = append(b, byte(0xFF)<<(8-n)|byte(code>>(6*(n-1))))
	for i := n - 2; i >= 0; i-- {
		b = append(b, 0x80|byte(code>>(6*i)&0x3F))
	}
	return b
}

func utf8Char(a args) int {
	var b []byte
	for i := 1; i <= a.count(); i++ {
		code := a.int(i)
		if code < 0 || code > maxCode {
			a.bad(i, "value out of range")
		}
		b = appendCode(b, code)
	}
	a.meter.charge(len(b))
	return a.retString(string(b))
}

func utf8Codepoint(a args) int {
	s := a.str(1)
	i := fromStart(a.optInt(2, 1), len(s))
	j := fromStart(a.optInt(3, i), len(s))
	lax := lua.LVAsBool(a.get(4))
	if i < 1 {
		a.bad(2, "out of bounds")
	}
	if j > len(s) {
		a.bad(3, "out of bounds")
	}
	if j-i >= maxUnpacked {
		a.raise("string slice too long")
	}
	n := 0
	for at := i - 1; at < j; n++ {
		code, size := decodeCode(s[at:], lax)
		if size == 0 {
			a.raise("invalid UTF-8 code")
		}
		a.L.Push(lua.LNumber(code))
		at += size
	}
	return n
}

func utf8Len(a args) int {
	s := a.str(1)
	i := fromStart(a.optInt(2, 1), len(s))
	j := fromStart(a.optInt(3, -1), len(s))
	lax := lua.LVAsBool(a.get(4))
	if i < 1 || i > len(s)+1 {
		a.bad(2, "initial position out of bounds")
	}
	if j > len(s) {
		a.bad(3, "final position out of bounds")
	}
	n := 0
	for at := i - 1; at < j; n++ {
		a.meter.step(1)
		_, size := decodeCode(s[at:], lax)
		if size == 0 {
			return a.ret(lua.LNil, lua.LNumber(at+1))
		}
		at += size
	}
	return a.retNumber(float64(n))
}

func utf8Offset(a args) int {
	s, n := a.str(1), a.int(2)
	missing := 1
	if n < 0 {
		missing = len(s) + 1
	}
	at := fromStart(a.optInt(3, missing), len(s)) - 1
	if at < 0 || at > len(s) {
		a.bad(3, "position out of bounds")
	}
	inside := func(i int) bool { return i < len(s) && isContinuation(s[i]) }
	if n != 0 && inside(at) {
		a.raise("initial position is a continuation byte")
	}
	start := at
	switch {
	case n == 0:
		for at > 0 && inside(at) {
			at--
		}
	case n < 0:
		for ; n < 0 && at > 0; n++ {
			at--
			for at > 0 && inside(at) {
				at--
			}
		}
	default:
		for n--; n > 0 && at < len(s); n-- {
			at++
			for inside(at) {
				at++
			}
		}
	}
	a.meter.step(max(at-start, start-at) / 8)
	if n != 0 {
		return a.ret(lua.LNil)
	}
	return a.retNumber(float64(at + 1))
}

func utf8Codes(a args) int {
	s := a.str(1)
	lax := lua.LVAsBool(a.get(2))
	if s != "" && isContinuation(s[0]) {
		a.bad(1, "invalid UTF-8 code")
	}
	next := builtin{"codes", func(a args) int {
		s := a.str(1)
		at := min(max(a.int(2), 0), math.MaxInt32)
		// Skip the rest of the character that the last call returned.
		for at < len(s) && isContinuation(s[at]) {
			at++
		}
		if at >= len(s) {
			return 0
		}
		code, size := decodeCode(s[at:], lax)
		if size == 0 || at+size < len(s) && isContinuation(s[at+size]) {
			a.raise("invalid UTF-8 code")
		}
		return a.ret(lua.LNumber(at+1), lua.LNumber(code))
	}}
	return a.ret(a.L.NewFunction(next.lua()), lua.LString(s), lua.LNumber(0))
}
