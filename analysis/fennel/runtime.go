package fennel

import (
	"math"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// The generated code reaches operations that Lua has no notation for through
// cells whose names start with NUL.
const (
	runtimeMark = "\x00"
	passOn      = "\x00pass"      // function (…): …
	restItems   = "\x00rest"      // function (t, i): the items of t from i on
	restPairs   = "\x00restpairs" // function (t, k…): a copy of t without the keys
	floorDivide = "\x00idiv"
	bitAnd      = "\x00band"
	bitOr       = "\x00bor"
	bitXor      = "\x00bxor"
	bitNot      = "\x00bnot"
	shiftLeft   = "\x00lshift"
	shiftRight  = "\x00rshift"
	// describeFunction is function (f, k, v…): f, whose metadata it adds.
	describeFunction = "\x00describe"
)

func runtimeFunc(name string) ast.Expr { return &ast.IdentExpr{Value: name} }

// runtimeCells returns the cells of the operations, for one program.
func (p *Program) runtimeCells() map[string]*lua.Upvalue {
	cells := map[string]*lua.Upvalue{}
	add := func(name string, fn lua.LGFunction) {
		cells[name] = newCell(p.State.L.NewFunction(fn))
	}
	add(passOn, func(L *lua.LState) int { return L.GetTop() })
	add(restItems, p.restItems)
	add(restPairs, p.restPairs)
	add(describeFunction, p.setAllMetadata)
	add(floorDivide, func(L *lua.LState) int {
		L.Push(lua.LNumber(math.Floor(float64(L.CheckNumber(1)) / float64(L.CheckNumber(2)))))
		return 1
	})
	binary := func(op func(a, b int64) int64) lua.LGFunction {
		return func(L *lua.LState) int {
			L.Push(lua.LNumber(op(checkInteger(L, 1), checkInteger(L, 2))))
			return 1
		}
	}
	add(bitAnd, binary(func(a, b int64) int64 { return a & b }))
	add(bitOr, binary(func(a, b int64) int64 { return a | b }))
	add(bitXor, binary(func(a, b int64) int64 { return a ^ b }))
	add(shiftLeft, binary(shift))
	add(shiftRight, binary(func(a, n int64) int64 { return shift(a, -n) }))
	add(bitNot, func(L *lua.LState) int {
		L.Push(lua.LNumber(^checkInteger(L, 1)))
		return 1
	})
	return cells
}

func newCell(v lua.LValue) *lua.Upvalue {
	cell := new(lua.Upvalue)
	cell.SetValue(v)
	return cell
}

// shift moves bits to the left, or for a negative n to the right, as Lua 5.4
// does: zeros come in, and more than 63 bits leave nothing.
func shift(a, n int64) int64 {
	switch {
	case n <= -64 || n >= 64:
		return 0
	case n < 0:
		return int64(uint64(a) >> uint64(-n))
	}
	return a << uint64(n)
}

func checkInteger(L *lua.LState, i int) int64 {
	v := float64(L.CheckNumber(i))
	if v != math.Floor(v) || math.Abs(v) >= 1<<63 {
		L.RaiseError("number has no integer representation")
	}
	return int64(v)
}

func (p *Program) restItems(L *lua.LState) int {
	from, start := L.Get(1), L.CheckInt(2)
	if fn := L.GetMetaField(from, "__fennelrest"); fn != lua.LNil {
		L.Push(fn)
		L.Push(from)
		L.Push(lua.LNumber(start))
		L.Call(2, 1)
		return 1
	}
	t := L.CheckTable(1)
	n := t.Len()
	p.State.Step(L, max(n-start+1, 0))
	out := L.NewTable()
	for i := start; i <= n; i++ {
		out.RawSetInt(i-start+1, t.RawGetInt(i))
	}
	L.Push(out)
	return 1
}

func (p *Program) restPairs(L *lua.LState) int {
	t := L.CheckTable(1)
	out := L.NewTable()
	for key, value := t.Next(lua.LNil); key != lua.LNil; key, value = t.Next(key) {
		p.State.Step(L, 1)
		out.RawSet(key, value)
	}
	for i := 2; i <= L.GetTop(); i++ {
		out.RawSet(L.Get(i), lua.LNil)
	}
	L.Push(out)
	return 1
}
