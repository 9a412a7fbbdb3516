package bytecode

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// A constant is a Lua constant in a form that can be compared: 0 and -0 differ,
// NaN equals itself.
type constant struct {
	kind lua.LValueType
	text string
	bits uint64 // of the number, or 1 for true
}

// indexFrom is the number of constants from which looking through all of them
// is slower than a map, the making of the map included: most functions have
// fewer.
const indexFrom = 64

// constantOf returns the constant that an expression is, if it is one.
func (f *function) constantOf(e ast.Expr) (constant, bool) {
	switch e := e.(type) {
	case *ast.NilExpr:
		return constant{kind: lua.LTNil}, true
	case *ast.TrueExpr:
		return constant{kind: lua.LTBool, bits: 1}, true
	case *ast.FalseExpr:
		return constant{kind: lua.LTBool}, true
	case *ast.StringExpr:
		return textConstant(e.Value), true
	case *ast.NumberExpr:
		return numberConstant(f.number(e)), true
	case *ast.UnaryMinusOpExpr:
		if n, ok := e.Expr.(*ast.NumberExpr); ok {
			return numberConstant(-f.number(n)), true
		}
	}
	return constant{}, false
}

func textConstant(s string) constant { return constant{kind: lua.LTString, text: s} }

func numberConstant(n float64) constant {
	return constant{kind: lua.LTNumber, bits: math.Float64bits(n)}
}

func (c constant) truthy() bool {
	return c.kind != lua.LTNil && (c.kind != lua.LTBool || c.bits != 0)
}

func (c constant) value() lua.LValue {
	switch c.kind {
	case lua.LTBool:
		return lua.LBool(c.bits != 0)
	case lua.LTNumber:
		return lua.LNumber(math.Float64frombits(c.bits))
	case lua.LTString:
		return lua.LString(c.text)
	}
	return lua.LNil
}

// number returns the value of a number literal: decimal, hexadecimal, or inf
// or nan with an optional sign. Too large ones are infinite, as C's strtod has
// it.
func (f *function) number(e *ast.NumberExpr) float64 {
	text := e.Value
	if digits := strings.TrimLeft(text, "+-"); len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' &&
		!strings.ContainsAny(digits, "pP") {
		text += "p0"
	}
	n, err := strconv.ParseFloat(text, 64)
	if strings.Contains(text, "_") || err != nil && !math.IsInf(n, 0) {
		f.fail(e.Line(), "malformed number "+strconv.Quote(e.Value))
	}
	return n
}

// constantIndex returns the place of a constant in the function's constants.
func (f *function) constantIndex(c constant) int {
	known := f.pool[f.start.pool:]
	if f.pooled != nil {
		if i, ok := f.pooled[c]; ok {
			return i
		}
	} else {
		for i := range known {
			if known[i] == c {
				return i
			}
		}
	}
	i := len(known)
	f.pool = append(f.pool, c)
	if f.pooled != nil {
		f.pooled[c] = i
	} else if i+1 >= indexFrom {
		f.pooled = make(map[constant]int, 2*indexFrom)
		for i, c := range f.pool[f.start.pool:] {
			f.pooled[c] = i
		}
	}
	return i
}

func (f *function) constantValues() []lua.LValue {
	known := f.pool[f.start.pool:]
	values := f.made.constants.Take(len(known))
	for i, c := range known {
		if c.kind == lua.LTString {
			values[i] = f.boxed(c.text)
		} else {
			values[i] = c.value()
		}
	}
	return values
}

// maxTexts is how many string constants are kept for other chunks.
const maxTexts = 1000

// boxed returns a string as a value. Chunks of one program have many strings in
// common, and share them.
func (e *emitter) boxed(text string) lua.LValue {
	v, ok := e.texts[text]
	if !ok {
		if e.texts == nil || len(e.texts) >= maxTexts {
			e.texts = map[string]lua.LValue{}
		}
		v = lua.LString(text)
		e.texts[text] = v
	}
	return v
}

// loadConstant emits the load of a constant into a register.
func (f *function) loadConstant(dst int, c constant, line int) {
	switch c.kind {
	case lua.LTNil:
		f.emitABC(lua.OP_LOADNIL, dst, dst, 0, line)
	case lua.LTBool:
		f.emitABC(lua.OP_LOADBOOL, dst, int(c.bits), 0, line)
	default:
		f.emitABx(lua.OP_LOADK, dst, f.constantIndex(c), line)
	}
}

// constantOperand returns an operand that reads a constant; it takes a register
// when the function has too many for the instruction to name it.
func (f *function) constantOperand(c constant, line int) int {
	if i := f.constantIndex(c); i <= maxRK {
		return i | constantBit
	}
	r := f.reserve(1, line)
	f.loadConstant(r, c, line)
	return r
}
