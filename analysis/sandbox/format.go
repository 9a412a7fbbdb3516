package sandbox

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A directive is one conversion of string.format, as C's printf has them.
type directive struct {
	minus, plus, space, alternate, zero bool

	width     int
	precision int // -1 without one
	verb      byte
}

func stringFormat(a args) int {
	format := a.str(1)
	var b strings.Builder
	write := func(s string) {
		a.meter.charge(len(s))
		b.WriteString(s)
	}
	for arg := 1; ; {
		text, rest, more := strings.Cut(format, "%")
		write(text)
		if !more {
			break
		}
		if strings.HasPrefix(rest, "%") {
			write("%")
			format = rest[1:]
			continue
		}
		arg++
		if arg > a.count() {
			a.bad(arg, "no value")
		}
		var d directive
		d, format = a.directive(rest)
		write(a.convert(d, arg))
	}
	return a.retString(b.String())
}

// directive reads a conversion after its "%" and returns what follows it.
func (a args) directive(s string) (directive, string) {
	d := directive{precision: -1}
	i := 0
	for ; i < len(s) && d.flag(s[i]); i++ {
		if i == 5 {
			a.raise("invalid format (repeated flags)")
		}
	}
	var digits string
	digits, s = leadingDigits(s[i:])
	d.width = a.twoDigits(digits)
	if strings.HasPrefix(s, ".") {
		digits, s = leadingDigits(s[1:])
		d.precision = a.twoDigits(digits)
	}
	if s == "" {
		a.raise("invalid option '%s' to 'format'", "%")
	}
	d.verb = s[0]
	return d, s[1:]
}

// flag sets a flag, and reports whether the byte is one.
func (d *directive) flag(c byte) bool {
	switch c {
	case '-':
		d.minus = true
	case '+':
		d.plus = true
	case ' ':
		d.space = true
	case '#':
		d.alternate = true
	case '0':
		d.zero = true
	default:
		return false
	}
	return true
}

func leadingDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// twoDigits reads a width or a precision.
func (a args) twoDigits(digits string) int {
	if len(digits) > 2 {
		a.raise("invalid format (width or precision too long)")
	}
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

// convert returns the n-th argument as a conversion shows it.
func (a args) convert(d directive, n int) string {
	switch d.verb {
	case 'c':
		return d.pad("", string([]byte{byte(a.int(n))}), false)
	case 'd', 'i':
		return d.signed(int64(a.int(n)))
	case 'u', 'o', 'x', 'X':
		return d.unsigned(toUnsigned(a.num(n)))
	case 'e', 'E', 'f', 'F', 'g', 'G', 'a', 'A':
		return d.float(a.num(n))
	case 'q':
		s := a.str(n)
		a.chargeText(len(s))
		return quote(s)
	case 's':
		s := a.formatted(n)
		if d.precision >= 0 && d.precision < len(s) {
			s = s[:d.precision]
		}
		return d.pad("", s, false)
	}
	a.raise("invalid option '%%%c' to 'format'", d.verb)
	return ""
}

// formatted returns the text of an argument of %s.
func (a args) formatted(n int) string {
	v := a.get(n)
	if fn := a.L.GetMetaField(v, "__tostring"); fn != lua.LNil && v.Type() != lua.LTString {
		v = a.call1(fn, v)
		if !isText(v) {
			a.raise("'__tostring' must return a string")
		}
	}
	return display(v)
}

// toUnsigned converts as C does where it is defined, and a negative number to
// its two's complement.
func toUnsigned(x float64) uint64 {
	if x < 0 || x != x {
		return uint64(toInt(x))
	}
	if x >= math.MaxUint64 {
		return math.MaxUint64
	}
	return uint64(x)
}

func (d directive) signed(n int64) string {
	digits := strconv.FormatUint(uint64(max(n, -n)), 10)
	if n == math.MinInt64 {
		digits = strconv.FormatUint(1<<63, 10)
	}
	return d.integer(d.sign(n < 0), digits)
}

func (d directive) unsigned(n uint64) string {
	prefix, base := "", 10
	switch d.verb {
	case 'o':
		base = 8
	case 'x', 'X':
		base = 16
		if d.alternate && n != 0 {
			prefix = "0" + string(d.verb)
		}
	}
	digits := strconv.FormatUint(n, base)
	switch {
	case d.verb == 'X':
		digits = strings.ToUpper(digits)
	case d.verb == 'o' && d.alternate && digits != "0":
		digits = "0" + digits
	}
	return d.integer(prefix, digits)
}

// integer pads the digits to the precision and the whole to the width.
func (d directive) integer(prefix, digits string) string {
	if d.precision == 0 && digits == "0" {
		digits = ""
		if d.verb == 'o' && d.alternate {
			digits = "0"
		}
	}
	if missing := d.precision - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	return d.pad(prefix, digits, d.precision < 0)
}

// sign returns what stands before a number.
func (d directive) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case d.plus:
		return "+"
	case d.space:
		return " "
	}
	return ""
}

func (d directive) float(x float64) string {
	negative := math.Signbit(x)
	x = math.Abs(x)
	capital := d.verb < 'a'
	var text string
	number := true
	switch {
	case math.IsInf(x, 0):
		text, number = "inf", false
	case x != x:
		text, number = "nan", false
	default:
		text = d.digits(x)
	}
	prefix := d.sign(negative)
	if hex, ok := strings.CutPrefix(text, "0x"); ok {
		prefix, text = prefix+"0x", hex
	}
	if capital {
		prefix, text = strings.ToUpper(prefix), strings.ToUpper(text)
	}
	return d.pad(prefix, text, number)
}

// digits returns a finite number that is not negative, in lower case.
func (d directive) digits(x float64) string {
	precision := d.precision
	verb := d.verb | 0x20
	if precision < 0 && verb != 'a' {
		precision = 6
	}
	switch verb {
	case 'g':
		return d.general(x, max(precision, 1))
	case 'a':
		return hexFloat(strconv.FormatFloat(x, 'x', precision, 64))
	}
	text := strconv.FormatFloat(x, verb, precision, 64)
	if precision == 0 && d.alternate {
		return pointed(text)
	}
	return text
}

// general returns a number as %g does: with an exponent where that is shorter,
// and without the zeros at its end.
func (d directive) general(x float64, precision int) string {
	text := strconv.FormatFloat(x, 'e', precision-1, 64)
	mark := strings.IndexByte(text, 'e')
	exponent, _ := strconv.Atoi(text[mark+1:])
	mantissa, tail := text[:mark], text[mark:]
	if exponent >= -4 && exponent < precision {
		mantissa, tail = strconv.FormatFloat(x, 'f', precision-1-exponent, 64), ""
	}
	switch {
	case d.alternate:
		mantissa = pointed(mantissa)
	case strings.Contains(mantissa, "."):
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return mantissa + tail
}

// pointed returns a number's digits with a decimal point, and an exponent still
// at its end.
func pointed(text string) string {
	if strings.Contains(text, ".") {
		return text
	}
	if mark := strings.IndexByte(text, 'e'); mark >= 0 {
		return text[:mark] + "." + text[mark:]
	}
	return text + "."
}

// hexFloat turns Go's hexadecimal notation, whose exponents have two digits at
// least, into C's.
func hexFloat(text string) string {
	mark := strings.IndexByte(text, 'p') + 2
	if text[mark] == '0' && mark+1 < len(text) {
		return text[:mark] + text[mark+1:]
	}
	return text
}

// pad fills up to the width. Zeros stand between the prefix and the text.
func (d directive) pad(prefix, text string, zeros bool) string {
	missing := d.width - len(prefix) - len(text)
	switch {
	case missing <= 0:
		return prefix + text
	case d.minus:
		return prefix + text + strings.Repeat(" ", missing)
	case d.zero && zeros:
		return prefix + strings.Repeat("0", missing) + text
	}
	return strings.Repeat(" ", missing) + prefix + text
}

// quote returns a text as a literal that Lua reads back.
func quote(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\r':
			b.WriteString(`\r`)
		case 0:
			b.WriteString(`\000`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
