package sandbox

import (
	"bytes"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func stringFunctions() []builtin {
	return []builtin{
		{"byte", stringByte},
		{"char", stringChar},
		{"find", stringFind},
		{"format", stringFormat},
		{"gmatch", stringGmatch},
		{"gsub", stringGsub},
		{"len", stringLen},
		{"lower", stringLower},
		{"match", stringMatch},
		{"rep", stringRep},
		{"reverse", stringReverse},
		{"sub", stringSub},
		{"upper", stringUpper},
	}
}

// between turns the places i to j, counted from 1 or backwards from -1, into a
// half-open range of a text of n bytes.
func between(i, j, n int) (start, end int) {
	i, j = fromStart(i, n), min(fromStart(j, n), n)
	i = max(i, 1)
	if i > j {
		return 0, 0
	}
	return i - 1, j
}

// fromStart turns a place counted backwards from -1 into one counted from 1. It
// is 0 when it lies before the text.
func fromStart(i, n int) int {
	switch {
	case i >= 0:
		return i
	case i < -n:
		return 0
	}
	return n + i + 1
}

func stringLen(a args) int { return a.retNumber(float64(len(a.str(1)))) }

func stringSub(a args) int {
	s := a.str(1)
	start, end := between(a.int(2), a.optInt(3, -1), len(s))
	a.meter.charge(end - start)
	return a.retString(s[start:end])
}

func stringByte(a args) int {
	s := a.str(1)
	first := a.optInt(2, 1)
	start, end := between(first, a.optInt(3, first), len(s))
	if end-start > maxUnpacked {
		a.raise("string slice too long")
	}
	for i := start; i < end; i++ {
		a.L.Push(lua.LNumber(s[i]))
	}
	return end - start
}

func stringChar(a args) int {
	b := make([]byte, a.count())
	a.meter.charge(len(b))
	for i := range b {
		c := a.int(i + 1)
		if c < 0 || c > math.MaxUint8 {
			a.bad(i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	return a.retString(string(b))
}

func stringLower(a args) int { return a.changeCase('A', 'Z') }

func stringUpper(a args) int { return a.changeCase('a', 'z') }

// changeCase returns the text with the ASCII letters from low to high in the
// other case.
func (a args) changeCase(low, high byte) int {
	s := a.str(1)
	a.chargeText(len(s))
	b := []byte(s)
	for i, c := range b {
		if c >= low && c <= high {
			b[i] = c ^ ('a' - 'A')
		}
	}
	return a.retString(string(b))
}

// maxString is the size of the largest string, in bytes, where Limits leave it
// open.
const maxString = 1 << 30

// fits raises when a string would be too large for any machine.
func (a args) fits(size int) {
	if size > maxString {
		a.raise("resulting string too large")
	}
}

// chargeText charges for a text of n bytes and for going over it.
func (a args) chargeText(n int) {
	a.meter.charge(n)
	a.meter.step(n / 32)
}

func stringReverse(a args) int {
	s := a.str(1)
	a.chargeText(len(s))
	b := make([]byte, len(s))
	for i := range len(s) {
		b[len(s)-1-i] = s[i]
	}
	return a.retString(string(b))
}

func stringRep(a args) int {
	s, n, sep := a.str(1), a.int(2), a.optStr(3, "")
	if n <= 0 || len(s)+len(sep) == 0 {
		return a.retString("")
	}
	if n > math.MaxInt/(len(s)+len(sep)) {
		a.raise("resulting string too large")
	}
	size := n*(len(s)+len(sep)) - len(sep)
	a.chargeText(size)
	a.fits(size)
	if sep == "" {
		return a.retString(strings.Repeat(s, n))
	}
	return a.retString(strings.Repeat(s+sep, n-1) + s)
}

// compiled returns the pattern that the n-th argument holds.
func (a args) compiled(n int, anchors bool) *pattern {
	text := a.str(n)
	a.meter.step(len(text))
	return compilePattern(text, anchors)
}

// startOf returns where in a text the search begins that the n-th argument asks
// for.
func (a args) startOf(n int, text string) int {
	return min(max(fromStart(a.optInt(n, 1), len(text)), 1)-1, len(text))
}

func stringFind(a args) int {
	text, at := a.str(1), 0
	at = a.startOf(3, text)
	if plain := a.str(2); lua.LVAsBool(a.get(4)) || !strings.ContainsAny(plain, specials) {
		a.meter.step((len(text) - at) / 32)
		i := strings.Index(text[at:], plain)
		if i < 0 {
			return a.ret(lua.LNil)
		}
		return a.ret(lua.LNumber(at+i+1), lua.LNumber(at+i+len(plain)))
	}
	m := newMatcher(a.fiber, a.compiled(2, true), text)
	start, end, ok := m.find(at)
	if !ok {
		return a.ret(lua.LNil)
	}
	a.ret(lua.LNumber(start+1), lua.LNumber(end))
	return 2 + m.pushCaptures(a)
}

func stringMatch(a args) int {
	text := a.str(1)
	m := newMatcher(a.fiber, a.compiled(2, true), text)
	start, end, ok := m.find(a.startOf(3, text))
	if !ok {
		return a.ret(lua.LNil)
	}
	return m.pushMatch(a, start, end)
}

// pushMatch leaves the captures on the stack, or the whole match when there are
// none.
func (m *matcher) pushMatch(a args, start, end int) int {
	if m.captures == 0 {
		return a.ret(m.part(start, end))
	}
	return m.pushCaptures(a)
}

func (m *matcher) pushCaptures(a args) int {
	for i := range m.captures {
		a.L.Push(m.value(i))
	}
	return m.captures
}

// value returns what the i-th capture holds.
func (m *matcher) value(i int) lua.LValue {
	c := m.captured[i]
	if slices.Contains(m.open, uint8(i)) {
		m.fiber.raise("unfinished capture")
	}
	if c.length == isPosition {
		return lua.LNumber(c.start + 1)
	}
	return m.part(c.start, c.start+c.length)
}

// part returns a part of the text as a new string.
func (m *matcher) part(start, end int) lua.LValue {
	m.fiber.meter.charge(end - start)
	return lua.LString(m.text[start:end])
}

func stringGmatch(a args) int {
	text := a.str(1)
	m := newMatcher(a.fiber, a.compiled(2, false), text)
	at := 0
	next := builtin{"gmatch", func(a args) int {
		m.fiber, m.depth = a.fiber, 0
		start, end, ok := m.find(at)
		if !ok {
			at = len(text) + 1
			return a.ret(lua.LNil)
		}
		at = end
		if end == start {
			at++
		}
		return m.pushMatch(a, start, end)
	}}
	return a.ret(a.L.NewFunction(next.lua()))
}

func stringGsub(a args) int {
	text := a.str(1)
	p := a.compiled(2, true)
	replace := a.replacement(3)
	most := a.optInt(4, len(text)+1)
	m := newMatcher(a.fiber, p, text)
	var b bytes.Buffer
	count, at := 0, 0
	for count < most {
		a.meter.step(1)
		end := m.match(at, 0)
		if end >= 0 {
			count++
			a.appendTo(&b, replace(m, at, end))
		}
		if end > at {
			at = end
		} else {
			a.appendTo(&b, text[at:min(at+1, len(text))])
			at++
		}
		if p.anchored || at > len(text) {
			break
		}
	}
	a.appendTo(&b, text[min(at, len(text)):])
	return a.ret(lua.LString(b.String()), lua.LNumber(count))
}

// appendTo appends to a result, which is charged as it grows.
func (a args) appendTo(b *bytes.Buffer, s string) {
	a.meter.charge(len(s))
	b.WriteString(s)
}

// A replacement returns what takes the place of a match.
type replacement func(m *matcher, start, end int) string

// replacement returns how the n-th argument of gsub replaces a match.
func (a args) replacement(n int) replacement {
	switch r := a.get(n).(type) {
	case lua.LString, lua.LNumber:
		template := a.str(n)
		return func(m *matcher, start, end int) string {
			return a.expand(template, m, start, end)
		}
	case *lua.LTable:
		return func(m *matcher, start, end int) string {
			return a.replaced(a.index(r, m.first(start, end)), m, start, end)
		}
	case *lua.LFunction:
		return func(m *matcher, start, end int) string {
			values := make([]lua.LValue, 0, 4)
			if m.captures == 0 {
				values = append(values, m.part(start, end))
			}
			for i := range m.captures {
				values = append(values, m.value(i))
			}
			return a.replaced(a.call1(r, values...), m, start, end)
		}
	}
	a.bad(n, "string/function/table expected")
	return nil
}

// first returns the first capture, or the whole match when there is none.
func (m *matcher) first(start, end int) lua.LValue {
	if m.captures == 0 {
		return m.part(start, end)
	}
	return m.value(0)
}

// replaced returns what a table or a function gave for a match; false and nil
// leave the match as it is.
func (a args) replaced(v lua.LValue, m *matcher, start, end int) string {
	switch {
	case !lua.LVAsBool(v):
		return m.text[start:end]
	case isText(v):
		return display(v)
	}
	a.raise("invalid replacement value (a %s)", typeName(v))
	return ""
}

// expand returns a template with its references to captures filled in.
func (a args) expand(template string, m *matcher, start, end int) string {
	if !strings.Contains(template, "%") {
		return template
	}
	var b bytes.Buffer
	for i := 0; i < len(template); i++ {
		c := template[i]
		if c != '%' {
			b.WriteByte(c)
			continue
		}
		i++
		if i == len(template) {
			a.raise("invalid use of '%%' in replacement string")
		}
		switch c := template[i]; {
		case c == '0':
			a.appendTo(&b, m.text[start:end])
		case c < '0' || c > '9':
			b.WriteByte(c)
		case c == '1' && m.captures == 0:
			a.appendTo(&b, m.text[start:end])
		case int(c-'0') > m.captures:
			a.raise("invalid capture index")
		default:
			a.appendTo(&b, display(m.value(int(c-'1'))))
		}
	}
	return b.String()
}
