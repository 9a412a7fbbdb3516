package syntax

import (
	"math"
	"strconv"
)

// ParseNumber returns the value of a number as the text of a [Number] node
// writes it, and false when the text is no number. It takes what Lua 5.1 takes,
// decimal and hexadecimal with optional fraction and exponent, and Fennel's
// .inf and .nan, each with an optional sign. What is too large is infinite.
func ParseNumber(text string) (float64, bool) {
	switch text {
	case ".inf", "+.inf":
		return math.Inf(1), true
	case "-.inf":
		return math.Inf(-1), true
	case ".nan", "+.nan", "-.nan":
		return math.NaN(), true
	}
	hex, exponent, ok := numeral(text)
	if !ok {
		return 0, false
	}
	if hex && !exponent {
		text += "p0"
	}
	// The only error left is the range, and then the value is right.
	value, _ := strconv.ParseFloat(text, 64)
	return value, true
}

// numeral reports whether text is a decimal or hexadecimal numeral, whether it
// is hexadecimal, and whether it has an exponent.
func numeral(text string) (hex, exponent, ok bool) {
	s := text
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	digits, mark := isDecimal, byte('e')
	if len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' {
		s, hex, digits, mark = s[2:], true, isHex, 'p'
	}
	whole := countDigits(s, digits)
	s = s[whole:]
	fraction := 0
	if s != "" && s[0] == '.' {
		fraction = countDigits(s[1:], digits)
		s = s[1+fraction:]
	}
	if whole+fraction == 0 {
		return hex, false, false
	}
	if s == "" {
		return hex, false, true
	}
	if s[0]|0x20 != mark {
		return hex, false, false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return hex, true, s != "" && countDigits(s, isDecimal) == len(s)
}

func countDigits(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}

func isDecimal(b byte) bool { return '0' <= b && b <= '9' }

func isHex(b byte) bool { return isDecimal(b) || 'a' <= b|0x20 && b|0x20 <= 'f' }
