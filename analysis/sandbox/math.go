package sandbox

import (
	"math"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// The bounds of Lua 5.4's integers, as near as a float comes to them.
const (
	maxInteger = float64(math.MaxInt64)
	minInteger = float64(math.MinInt64)
)

func mathValues() map[string]lua.LValue {
	return map[string]lua.LValue{
		"huge":       lua.LNumber(math.Inf(1)),
		"maxinteger": lua.LNumber(maxInteger),
		"mininteger": lua.LNumber(minInteger),
		"pi":         lua.LNumber(math.Pi),
	}
}

func mathFunctions() []builtin {
	return []builtin{
		ofOne("abs", math.Abs),
		ofOne("acos", math.Acos),
		ofOne("asin", math.Asin),
		{"atan", mathAtan},
		ofTwo("atan2", math.Atan2),
		ofOne("ceil", math.Ceil),
		ofOne("cos", math.Cos),
		ofOne("cosh", math.Cosh),
		ofOne("deg", func(x float64) float64 { return x / (math.Pi / 180) }),
		ofOne("exp", math.Exp),
		ofOne("floor", math.Floor),
		ofTwo("fmod", math.Mod),
		{"frexp", mathFrexp},
		{"ldexp", mathLdexp},
		{"log", mathLog},
		ofOne("log10", math.Log10),
		{"max", mathMax},
		{"min", mathMin},
		{"modf", mathModf},
		ofTwo("pow", math.Pow),
		ofOne("rad", func(x float64) float64 { return x * (math.Pi / 180) }),
		{"random", mathRandom},
		{"randomseed", mathRandomSeed},
		ofOne("sin", math.Sin),
		ofOne("sinh", math.Sinh),
		ofOne("sqrt", math.Sqrt),
		ofOne("tan", math.Tan),
		ofOne("tanh", math.Tanh),
		{"tointeger", mathToInteger},
		{"type", mathType},
		{"ult", mathUlt},
	}
}

func ofOne(name string, f func(float64) float64) builtin {
	return builtin{name, func(a args) int { return a.retNumber(f(a.num(1))) }}
}

func ofTwo(name string, f func(x, y float64) float64) builtin {
	return builtin{name, func(a args) int { return a.retNumber(f(a.num(1), a.num(2))) }}
}

// mathAtan takes a second argument as in Lua 5.4.
func mathAtan(a args) int { return a.retNumber(math.Atan2(a.num(1), a.optNum(2, 1))) }

func mathFrexp(a args) int {
	mantissa, exponent := math.Frexp(a.num(1))
	return a.ret(lua.LNumber(mantissa), lua.LNumber(exponent))
}

func mathLdexp(a args) int { return a.retNumber(math.Ldexp(a.num(1), a.int(2))) }

// mathLog takes a base as in Lua 5.4.
func mathLog(a args) int {
	x := a.num(1)
	if !a.given(2) {
		return a.retNumber(math.Log(x))
	}
	switch base := a.num(2); base {
	case 2:
		return a.retNumber(math.Log2(x))
	case 10:
		return a.retNumber(math.Log10(x))
	default:
		return a.retNumber(math.Log(x) / math.Log(base))
	}
}

func mathMax(a args) int {
	most := a.num(1)
	for i := 2; i <= a.count(); i++ {
		if x := a.num(i); x > most {
			most = x
		}
	}
	return a.retNumber(most)
}

func mathMin(a args) int {
	least := a.num(1)
	for i := 2; i <= a.count(); i++ {
		if x := a.num(i); x < least {
			least = x
		}
	}
	return a.retNumber(least)
}

func mathModf(a args) int {
	x := a.num(1)
	whole := math.Trunc(x)
	part := x - whole
	if math.IsInf(x, 0) {
		part = 0
	}
	return a.ret(lua.LNumber(whole), lua.LNumber(math.Copysign(part, x)))
}

// randomSeed starts the random numbers of every state: a program that nobody
// seeds does the same each time it runs.
const randomSeed = 0x5eed

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, randomSeed)) }

func mathRandom(a args) int {
	r := a.state.random
	low, high := 1.0, 0.0
	switch a.count() {
	case 0:
		return a.retNumber(r.Float64())
	case 1:
		high = math.Floor(a.num(1))
		if high < low {
			a.bad(1, "interval is empty")
		}
	case 2:
		low, high = math.Floor(a.num(1)), math.Floor(a.num(2))
		if high < low {
			a.bad(2, "interval is empty")
		}
	default:
		a.raise("wrong number of arguments")
	}
	return a.retNumber(low + math.Floor(r.Float64()*(high-low+1)))
}

func mathRandomSeed(a args) int {
	seed := 0.0
	if a.count() > 0 {
		seed = a.num(1)
	}
	a.state.random = newRandom(math.Float64bits(seed))
	return 0
}

// isIntegral reports whether Lua 5.4 has an integer of that value.
func isIntegral(x float64) bool {
	return x == math.Floor(x) && x >= minInteger && x <= maxInteger
}

func mathToInteger(a args) int {
	if x, ok := a.any(1).(lua.LNumber); ok && isIntegral(float64(x)) {
		return a.ret(x)
	}
	return a.ret(lua.LNil)
}

func mathType(a args) int {
	x, ok := a.any(1).(lua.LNumber)
	switch {
	case !ok:
		return a.ret(lua.LNil)
	case isIntegral(float64(x)):
		return a.retString("integer")
	}
	return a.retString("float")
}

func mathUlt(a args) int {
	x, y := a.num(1), a.num(2)
	for i, v := range []float64{x, y} {
		if !isIntegral(v) {
			a.bad(i+1, "number has no integer representation")
		}
	}
	return a.retBool(uint64(toInt(x)) < uint64(toInt(y)))
}
