package syntax

import (
	"fmt"
	"strings"

	"quire/analysis/source"
)

// maxRune is the largest number that \u{…} can write, in the six-byte form
// that UTF-8 once had.
const maxRune = 1<<31 - 1

// unescape returns the value of the body of a string and reports the escapes
// that mean nothing, which stay in the value as they are written.
func (r *reader) unescape(body source.Span) string {
	text := r.text[body.Start:body.End]
	next := strings.IndexByte(text, '\\')
	if next < 0 {
		return text
	}
	value := make([]byte, 0, len(text))
	for next >= 0 {
		value = append(value, text[:next]...)
		text = text[next:]
		var size int
		var problem string
		if value, size, problem = appendEscape(value, text); problem != "" {
			start := body.End - len(text)
			r.badEscape(source.Span{Start: start, End: start + size}, problem)
			value = append(value, text[:size]...)
		}
		text = text[size:]
		next = strings.IndexByte(text, '\\')
	}
	return string(append(value, text...))
}

// appendEscape appends what the escape at the start of text stands for and
// returns how many bytes it takes. When it stands for nothing, it returns the
// problem with it and value as it was.
func appendEscape(value []byte, text string) (_ []byte, size int, problem string) {
	if len(text) < 2 {
		return value, len(text), invalidEscape
	}
	c := text[1]
	if i := strings.IndexByte("abfnrtv\\\"'\n", c); i >= 0 {
		return append(value, "\a\b\f\n\r\t\v\\\"'\n"[i]), 2, ""
	}
	switch {
	case c == '\r' && strings.HasPrefix(text[2:], "\n"):
		return append(value, "\r\n"...), 3, ""
	case c == 'z':
		size = 2
		for size < len(text) && classes[text[size]] == space {
			size++
		}
		return value, size, ""
	case c == 'x':
		return appendHexEscape(value, text)
	case c == 'u':
		return appendRuneEscape(value, text)
	case isDecimal(c):
		return appendDecimalEscape(value, text)
	}
	return value, 1 + firstRune(text[1:]), invalidEscape
}

func appendHexEscape(value []byte, text string) ([]byte, int, string) {
	digits := countDigits(text[2:min(4, len(text))], isHex)
	if digits < 2 {
		return value, 2 + digits, invalidEscape
	}
	return append(value, hexValue(text[2])<<4|hexValue(text[3])), 4, ""
}

func appendDecimalEscape(value []byte, text string) ([]byte, int, string) {
	n, size := 0, 1
	for size < min(4, len(text)) && isDecimal(text[size]) {
		n = n*10 + int(text[size]-'0')
		size++
	}
	if n > 255 {
		return value, size, "invalid decimal escape"
	}
	return append(value, byte(n)), size, ""
}

func appendRuneEscape(value []byte, text string) ([]byte, int, string) {
	if !strings.HasPrefix(text[2:], "{") {
		return value, 2, invalidEscape
	}
	digits := countDigits(text[3:], isHex)
	size := 3 + digits
	if digits == 0 || !strings.HasPrefix(text[size:], "}") {
		return value, size, invalidEscape
	}
	size++
	n := 0
	for i := 3; i < 3+digits && n <= maxRune; i++ {
		n = n<<4 | int(hexValue(text[i]))
	}
	if n > maxRune {
		return value, size, fmt.Sprintf("utf8 value too large: %s", shown(text[:size]))
	}
	return appendRune(value, uint32(n)), size, ""
}

// appendRune appends n as UTF-8 was before it was cut to four bytes and robbed
// of surrogates.
func appendRune(value []byte, n uint32) []byte {
	if n < 0x80 {
		return append(value, byte(n))
	}
	size := 2
	for size < 6 && n >= 1<<(5*size+1) {
		size++
	}
	lead := ^byte(0) << (8 - size)
	value = append(value, lead|byte(n>>(6*(size-1))))
	for shift := 6 * (size - 2); shift >= 0; shift -= 6 {
		value = append(value, 0x80|byte(n>>shift)&0x3f)
	}
	return value
}

func hexValue(b byte) byte {
	if isDecimal(b) {
		return b - '0'
	}
	return b | 0x20 - 'a' + 10
}
