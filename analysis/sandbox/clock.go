package sandbox

import (
	"fmt"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// osFunctions are the harmless functions of the os library.
func osFunctions() []builtin {
	return []builtin{
		{"clock", osClock},
		{"date", osDate},
		{"difftime", osDifftime},
		{"time", osTime},
	}
}

// osClock returns the seconds that the state has existed: Go does not know the
// processor time of a part of the process.
func osClock(a args) int { return a.retNumber(time.Since(a.state.born).Seconds()) }

func osDifftime(a args) int { return a.retNumber(a.num(1) - a.optNum(2, 0)) }

func osTime(a args) int {
	if !a.given(1) {
		return a.retNumber(float64(time.Now().Unix()))
	}
	t := a.table(1)
	second, minute, hour := a.field(t, "sec", 0), a.field(t, "min", 0), a.field(t, "hour", 12)
	day, month, year := a.field(t, "day", -1), a.field(t, "month", -1), a.field(t, "year", -1)
	at := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.Local)
	return a.retNumber(float64(at.Unix()))
}

// field returns a field of a date table. Without a default it must be there.
func (a args) field(t *lua.LTable, name string, missing int) int {
	v := a.index(t, lua.LString(name))
	x, ok := v.(lua.LNumber)
	if s, isString := v.(lua.LString); isString {
		var parsed float64
		parsed, ok = parseNumber(string(s))
		x = lua.LNumber(parsed)
	}
	switch {
	case !ok && missing < 0:
		a.raise("field '%s' missing in date table", name)
	case !ok:
		return missing
	case math.Abs(float64(x)) > math.MaxInt32:
		a.raise("field '%s' is out-of-bound", name)
	}
	return int(x)
}

func osDate(a args) int {
	format := a.optStr(1, "%c")
	at := time.Now()
	if a.given(2) {
		seconds := a.num(2)
		if !(math.Abs(seconds) <= maxSeconds) {
			a.bad(2, "time out-of-bounds")
		}
		at = time.Unix(int64(seconds), 0)
	}
	format, utc := strings.CutPrefix(format, "!")
	if utc {
		at = at.UTC()
	}
	if strings.HasPrefix(format, "*t") {
		return a.ret(dateTable(a.L, at))
	}
	a.meter.step(len(format) / 8)
	var b strings.Builder
	for {
		text, rest, more := strings.Cut(format, "%")
		a.meter.charge(len(text))
		b.WriteString(text)
		if !more {
			return a.retString(b.String())
		}
		if rest == "" {
			a.raise("invalid conversion specifier '%%'")
		}
		a.meter.step(4)
		part, ok := datePart(at, rest[0])
		if !ok {
			a.raise("invalid conversion specifier '%%%c'", rest[0])
		}
		a.meter.charge(len(part))
		b.WriteString(part)
		format = rest[1:]
	}
}

// maxSeconds bounds a time to years that dates can show.
const maxSeconds = 1 << 45

func dateTable(L *lua.LState, at time.Time) *lua.LTable {
	t := L.CreateTable(0, 9)
	for _, f := range []struct {
		name  string
		value int
	}{
		{"year", at.Year()},
		{"month", int(at.Month())},
		{"day", at.Day()},
		{"hour", at.Hour()},
		{"min", at.Minute()},
		{"sec", at.Second()},
		{"wday", int(at.Weekday()) + 1},
		{"yday", at.YearDay()},
	} {
		t.RawSetString(f.name, lua.LNumber(f.value))
	}
	t.RawSetString("isdst", lua.LBool(at.IsDST()))
	return t
}

// datePart returns what a conversion of C's strftime shows in the C locale.
func datePart(at time.Time, verb byte) (string, bool) {
	if layout, ok := dateLayout(verb); ok {
		return at.Format(layout), true
	}
	year, week := at.ISOWeek()
	sunday := int(at.Weekday())
	monday := (sunday + 6) % 7
	number := func(format string, n int) (string, bool) { return fmt.Sprintf(format, n), true }
	switch verb {
	case 'C':
		return number("%02d", at.Year()/100)
	case 'g':
		return number("%02d", year%100)
	case 'G':
		return number("%d", year)
	case 'j':
		return number("%03d", at.YearDay())
	case 'n':
		return "\n", true
	case 's':
		return number("%d", int(at.Unix()))
	case 't':
		return "\t", true
	case 'u':
		return number("%d", monday+1)
	case 'U':
		return number("%02d", (at.YearDay()+6-sunday)/7)
	case 'V':
		return number("%02d", week)
	case 'w':
		return number("%d", sunday)
	case 'W':
		return number("%02d", (at.YearDay()+6-monday)/7)
	case 'Y':
		return number("%d", at.Year())
	case '%':
		return "%", true
	}
	return "", false
}

// dateLayout returns the conversions that Go's layouts have too.
func dateLayout(verb byte) (string, bool) {
	switch verb {
	case 'a':
		return "Mon", true
	case 'A':
		return "Monday", true
	case 'b', 'h':
		return "Jan", true
	case 'B':
		return "January", true
	case 'c':
		return "Mon Jan _2 15:04:05 2006", true
	case 'd':
		return "02", true
	case 'D', 'x':
		return "01/02/06", true
	case 'e':
		return "_2", true
	case 'F':
		return "2006-01-02", true
	case 'H':
		return "15", true
	case 'I':
		return "03", true
	case 'm':
		return "01", true
	case 'M':
		return "04", true
	case 'p':
		return "PM", true
	case 'r':
		return "03:04:05 PM", true
	case 'R':
		return "15:04", true
	case 'S':
		return "05", true
	case 'T', 'X':
		return "15:04:05", true
	case 'y':
		return "06", true
	case 'z':
		return "-0700", true
	case 'Z':
		return "MST", true
	}
	return "", false
}
