package view

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// number returns a number as Lua 5.1 writes it, or, where that would lose
// digits of a large integer, with as many as it takes.
func (l *Lua) number(n float64) string {
	switch {
	case math.IsNaN(n) && math.Signbit(n):
		return orElse(l.NegativeNaN, "-.nan")
	case math.IsNaN(n):
		return orElse(l.NaN, ".nan")
	case math.IsInf(n, 1):
		return orElse(l.Infinity, ".inf")
	case math.IsInf(n, -1):
		return orElse(l.NegativeInfinity, "-.inf")
	}
	const digits, plainExponent = 14, 14
	short := strconv.FormatFloat(n, 'g', digits, 64)
	if n != math.Floor(n) || short == strconv.FormatFloat(n, 'f', 0, 64) {
		return short
	}
	exact := exact(n)
	if _, exponent, _ := strings.Cut(exact, "e+"); exponent != "" {
		if e, err := strconv.Atoi(exponent); err == nil && e > plainExponent {
			return exact
		}
	}
	return short
}

// exact returns a number rounded to the fewest digits that read as it. At a
// power of two these can be one more than the fewest of any text that does.
func exact(n float64) string {
	mantissa, _, _ := strings.Cut(strconv.FormatFloat(n, 'e', -1, 64), "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	rounded := strconv.FormatFloat(n, 'e', len(fraction), 64)
	if v, _ := strconv.ParseFloat(rounded, 64); v == n {
		return rounded
	}
	return strconv.FormatFloat(n, 'e', len(fraction)+1, 64)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// isColonString reports whether :s reads as the string s.
func isColonString(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("-?^_!$&*+./|<=>", rune(c)) {
			return false
		}
	}
	return s != ""
}

var escapes = map[byte]string{
	'\a': `\a`, '\b': `\b`, '\f': `\f`, '\v': `\v`, '\r': `\r`, '\t': `\t`, '\\': `\\`, '"': `\"`,
}

// quote returns a string in quotation marks. Newlines stay as they are unless
// the string is short.
func (p *printer) quote(s string, indent int) string {
	p.now.Charge(len(s))
	newline := "\n"
	if len(s) < 2 || p.now.EscapeNewlines && len(s) < p.now.LineLength-indent {
		newline = `\n`
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); {
		c := s[i]
		size := 1
		switch {
		case c == '\n':
			b.WriteString(newline)
		case escapes[c] != "":
			b.WriteString(escapes[c])
		case c < ' ' || c == 0x7f:
			b.WriteString(p.escape(c))
		case c < utf8.RuneSelf || p.now.RawBytes:
			b.WriteByte(c)
		default:
			if _, size = utf8.DecodeRuneInString(s[i:]); size > 1 {
				b.WriteString(s[i : i+size])
			} else {
				b.WriteString(p.escape(c))
			}
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}

func (p *printer) escape(c byte) string {
	if f := p.now.Lua.ByteEscape; f != nil && p.now.Lua.L != nil {
		return p.call(f, lua.LNumber(c), p.optionsTable(p.now)).String()
	}
	return fmt.Sprintf(`\%03d`, c)
}
