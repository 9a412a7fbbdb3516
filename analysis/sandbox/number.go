package sandbox

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// formatNumber returns a number as Lua 5.1 prints it: "%.14g".
func formatNumber(x float64) string {
	if i := int64(x); float64(i) == x && i > -1e14 && i < 1e14 && (i != 0 || !math.Signbit(x)) {
		return strconv.FormatInt(i, 10)
	}
	switch {
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	case math.IsNaN(x):
		// The x86 makes negative NaNs of operations without a result, and what
		// people know from Lua there is -nan for 0/0.
		if math.Signbit(x) {
			return "-nan"
		}
		return "nan"
	}
	return strconv.FormatFloat(x, 'g', 14, 64)
}

// display returns a value as tostring shows it, without metamethods.
func display(v lua.LValue) string {
	switch x := v.(type) {
	case lua.LNumber:
		return formatNumber(float64(x))
	case lua.LString:
		return string(x)
	}
	text := v.String()
	if kind, address, ok := strings.Cut(text, ": 0x"); ok && len(address) < addressDigits {
		return kind + ": 0x" + strings.Repeat("0", addressDigits-len(address)) + address
	}
	return text
}

// addressDigits is how many digits the addresses of most processes have in Lua:
// texts with one in them are as long here.
const addressDigits = 12

// space is what C's isspace takes for white space.
const space = " \t\n\v\f\r"

// parseNumber reads a number as Lua's tonumber does: as C's strtod, with white
// space around it.
func parseNumber(s string) (float64, bool) {
	s = strings.Trim(s, space)
	if x, ok := namedNumber(s); ok {
		return x, true
	}
	hex := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '.', c == '+', c == '-':
		case c == 'x' || c == 'X':
			hex = true
		case c == 'p' || c == 'P', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return 0, false
		}
	}
	if hex && !strings.ContainsAny(s, "pP") {
		s += "p0"
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(x, 0) {
		return 0, false
	}
	return x, true
}

// namedNumber reads infinity and NaN, with a sign or without.
func namedNumber(s string) (float64, bool) {
	sign := 1.0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	switch {
	case strings.EqualFold(s, "inf"), strings.EqualFold(s, "infinity"):
		return math.Copysign(math.Inf(1), sign), true
	case strings.EqualFold(s, "nan"):
		return math.Copysign(math.NaN(), sign), true
	}
	return 0, false
}

// parseInteger reads an integer in a base from 2 to 36, as strtoul does: a
// negative number wraps around, a number that does not fit is the largest.
func parseInteger(s string, base int) (float64, bool) {
	s = strings.Trim(s, space)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 16 && len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		s = s[2:]
	}
	if s == "" {
		return 0, false
	}
	var n uint64
	overflow := false
	for i := 0; i < len(s); i++ {
		d := digitValue(s[i])
		if d >= base {
			return 0, false
		}
		high := n > (math.MaxUint64-uint64(d))/uint64(base)
		overflow = overflow || high
		n = n*uint64(base) + uint64(d)
	}
	if overflow {
		return math.MaxUint64, true
	}
	if negative {
		n = -n
	}
	return float64(n), true
}

// digitValue returns the value of a digit, at least 36 for any other byte.
func digitValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return 36
}
