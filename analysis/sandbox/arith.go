package sandbox

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// The VM reads numbers in strings like numbers in a Go program: "010" would be
// 8 and "1_0" be 10. It asks metatables before it reads them, so strings have
// the operators as metamethods.
var stringOperators = map[string]func(x, y float64) float64{
	"__add": func(x, y float64) float64 { return x + y },
	"__sub": func(x, y float64) float64 { return x - y },
	"__mul": func(x, y float64) float64 { return x * y },
	"__div": func(x, y float64) float64 { return x / y },
	"__mod": modulo,
	"__pow": math.Pow,
	"__unm": func(x, _ float64) float64 { return -x },
}

// modulo returns the remainder with the sign of the divisor, as the VM does.
func modulo(x, y float64) float64 {
	r := math.Mod(x, y)
	if y > 0 && r < 0 || y < 0 && r > 0 {
		r += y
	}
	return r
}

// openStringOperators gives the metatable of strings the operators.
func openStringOperators(L *lua.LState, mt *lua.LTable) {
	for event, op := range stringOperators {
		call := func(a args) int { return a.ret(a.operate(event, op)) }
		mt.RawSetString(event, L.NewFunction(builtin{event, call}.lua()))
	}
}

// operate applies an operator to operands of which one is a string at least.
// Another one's metamethod is next when they are no numbers.
func (a args) operate(event string, op func(x, y float64) float64) lua.LValue {
	left, right := a.get(1), a.get(2)
	if event == "__unm" {
		right = left
	}
	x, isNumber := a.toNumber(left)
	y, areNumbers := a.toNumber(right)
	if isNumber && areNumbers {
		return lua.LNumber(op(x, y))
	}
	if right.Type() != lua.LTString {
		if fn := a.L.GetMetaField(right, event); fn != lua.LNil {
			return a.call1(fn, left, right)
		}
	}
	bad := left
	if isNumber {
		bad = right
	}
	text := typeName(bad) + " value"
	if in, ok := a.instruction(1); ok {
		text = in.describe(in.notNumber())
	}
	a.raise("attempt to perform arithmetic on a %s", text)
	return lua.LNil
}

// numberOperand is what the bounds of a loop go through: strings that stand for
// numbers become these.
func numberOperand(a args) int {
	v := a.get(1)
	if s, ok := v.(lua.LString); ok {
		if x, ok := a.toNumber(s); ok {
			return a.retNumber(x)
		}
	}
	return a.ret(v)
}

// toNumber returns the number that a value is, or stands for as a string.
func (f *fiber) toNumber(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		f.meter.step(len(v) / 4)
		return parseNumber(string(v))
	}
	return 0, false
}
