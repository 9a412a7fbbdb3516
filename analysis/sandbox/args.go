package sandbox

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// A builtin is one function of the library.
type builtin struct {
	name string // its last name, for messages
	run  func(a args) int
}

// lua returns the function as gopher-lua calls it.
func (b builtin) lua() lua.LGFunction {
	return func(L *lua.LState) int { return b.run(args{fiberOf(L), b.name}) }
}

// args are the arguments of a builtin now running: a view of its fiber's stack.
type args struct {
	*fiber
	name string
}

func (a args) get(n int) lua.LValue { return a.L.Get(n) }

// given reports whether there is an n-th argument other than nil.
func (a args) given(n int) bool { return a.L.Get(n) != lua.LNil }

// count returns how many arguments there are, trailing nils included.
func (a args) count() int { return a.L.GetTop() }

// ret leaves results on the stack.
func (a args) ret(values ...lua.LValue) int {
	for _, v := range values {
		a.L.Push(v)
	}
	return len(values)
}

func (a args) retString(s string) int { return a.ret(lua.LString(s)) }

func (a args) retNumber(x float64) int { return a.ret(lua.LNumber(x)) }

func (a args) retBool(b bool) int { return a.ret(lua.LBool(b)) }

// bad raises the error for an argument that is not as it should be.
func (a args) bad(n int, format string, values ...any) {
	a.raise("bad argument #%d to '%s' (%s)", n, a.name, fmt.Sprintf(format, values...))
}

// wrongType raises the error for an argument of the wrong type.
func (a args) wrongType(n int, want string) {
	got := "no value"
	if n <= a.count() {
		got = typeName(a.get(n))
	}
	a.bad(n, "%s expected, got %s", want, got)
}

// any returns an argument that may be nil but not absent.
func (a args) any(n int) lua.LValue {
	if n > a.count() {
		a.bad(n, "value expected")
	}
	return a.get(n)
}

func (a args) table(n int) *lua.LTable {
	t, ok := a.get(n).(*lua.LTable)
	if !ok {
		a.wrongType(n, "table")
	}
	return t
}

func (a args) function(n int) *lua.LFunction {
	fn, ok := a.get(n).(*lua.LFunction)
	if !ok {
		a.wrongType(n, "function")
	}
	return fn
}

// str returns a string argument, or the text of a number.
func (a args) str(n int) string {
	switch v := a.get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return formatNumber(float64(v))
	}
	a.wrongType(n, "string")
	return ""
}

func (a args) optStr(n int, missing string) string {
	if !a.given(n) {
		return missing
	}
	return a.str(n)
}

// num returns a number argument, or the number that a string stands for.
func (a args) num(n int) float64 {
	if x, ok := a.toNumber(a.get(n)); ok {
		return x
	}
	a.wrongType(n, "number")
	return 0
}

func (a args) optNum(n int, missing float64) float64 {
	if !a.given(n) {
		return missing
	}
	return a.num(n)
}

// int returns a number argument without its fraction. Numbers that no int
// holds come back as the nearest that one does.
func (a args) int(n int) int { return toInt(a.num(n)) }

func (a args) optInt(n, missing int) int {
	if !a.given(n) {
		return missing
	}
	return a.int(n)
}

// toInt converts as C does within the range of an int. What is outside, infinity
// too, becomes the least int, as on the machines that Lua 5.1 mostly runs on.
func toInt(x float64) int {
	if x > math.MinInt && x < math.MaxInt {
		return int(x)
	}
	return math.MinInt
}

// typeName returns the name of a value's type as Lua gives it.
func typeName(v lua.LValue) string { return v.Type().String() }
