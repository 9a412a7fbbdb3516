package bytecode

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// branch compiles e as a condition. It returns the jumps that are taken when
// the truth of e is want; otherwise the code falls through.
func (f *function) branch(e ast.Expr, want bool) jumpList {
	line := e.Line()
	if !f.enter(line) {
		return 0
	}
	defer f.leave()
	if c, ok := f.constantOf(e); ok {
		if c.truthy() == want {
			return f.jump(line)
		}
		return 0
	}
	switch e := e.(type) {
	case *ast.UnaryNotOpExpr:
		return f.branch(e.Expr, !want)
	case *ast.LogicalOpExpr:
		if decides := f.decides(e); decides != want {
			skip := f.branch(e.Lhs, decides)
			jumps := f.branch(e.Rhs, want)
			f.patchHere(skip)
			return jumps
		}
		left := f.branch(e.Lhs, want)
		return f.join(left, f.branch(e.Rhs, want))
	case *ast.RelationalOpExpr:
		return f.compare(e, want)
	}
	top := f.free
	f.emitABC(lua.OP_TEST, f.register(e), 0, flag(want), line)
	f.free = top
	return f.jump(line)
}

// decides returns the truth of the left side that makes it the result of an
// and or or, without a look at the right.
func (f *function) decides(e *ast.LogicalOpExpr) bool {
	switch e.Operator {
	case "and":
		return false
	case "or":
		return true
	}
	f.fail(e.Line(), "unknown operator '"+e.Operator+"'")
	return false
}

// compare returns the jumps that are taken when a comparison is want.
func (f *function) compare(e *ast.RelationalOpExpr, want bool) jumpList {
	top := f.free
	left := f.operand(e.Lhs)
	right := f.operand(e.Rhs)
	op := lua.OP_EQ
	switch e.Operator {
	case "==":
	case "~=":
		want = !want
	case "<":
		op = lua.OP_LT
	case ">":
		op, left, right = lua.OP_LT, right, left
	case "<=":
		op = lua.OP_LE
	case ">=":
		op, left, right = lua.OP_LE, right, left
	default:
		f.fail(e.Line(), "unknown operator '"+e.Operator+"'")
	}
	f.emitABC(op, flag(want), left, right, e.Line())
	f.free = top
	return f.jump(e.Line())
}

// boolean compiles a comparison or a not into register dst.
func (f *function) boolean(dst int, e ast.Expr) {
	line := e.Line()
	if not, ok := e.(*ast.UnaryNotOpExpr); ok && !jumps(not.Expr) {
		f.unary(lua.OP_NOT, dst, not.Expr, line)
		return
	}
	yes := f.branch(e, true)
	f.emitABC(lua.OP_LOADBOOL, dst, 0, 1, line)
	f.patchHere(yes)
	f.emitABC(lua.OP_LOADBOOL, dst, 1, 0, line)
}

// jumps reports whether an expression is compiled with jumps.
func jumps(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.LogicalOpExpr, *ast.RelationalOpExpr:
		return true
	case *ast.UnaryNotOpExpr:
		return jumps(e.Expr)
	}
	return false
}

// logical compiles an and or or into register dst.
func (f *function) logical(dst int, e *ast.LogicalOpExpr) {
	done := f.valueIf(dst, e.Lhs, f.decides(e))
	f.expr(dst, e.Rhs)
	f.patchHere(done)
}

// valueIf compiles e as the left side of an and or or. It returns the jumps
// that are taken when the truth of e is want, with the value of e in register
// dst; otherwise the code falls through.
func (f *function) valueIf(dst int, e ast.Expr, want bool) jumpList {
	line := e.Line()
	if !f.enter(line) {
		return 0
	}
	defer f.leave()
	if c, ok := f.constantOf(e); ok {
		if c.truthy() != want {
			return 0
		}
		f.loadConstant(dst, c, line)
		return f.jump(line)
	}
	switch e := e.(type) {
	case *ast.LogicalOpExpr:
		if decides := f.decides(e); decides != want {
			skip := f.branch(e.Lhs, decides)
			jumps := f.valueIf(dst, e.Rhs, want)
			f.patchHere(skip)
			return jumps
		}
		left := f.valueIf(dst, e.Lhs, want)
		return f.join(left, f.valueIf(dst, e.Rhs, want))
	case *ast.RelationalOpExpr, *ast.UnaryNotOpExpr:
		other := f.branch(e, !want)
		f.emitABC(lua.OP_LOADBOOL, dst, flag(want), 0, line)
		jumps := f.jump(line)
		f.patchHere(other)
		return jumps
	}
	top := f.free
	r := f.registerIn(dst, e)
	f.free = top
	if r == dst {
		f.emitABC(lua.OP_TEST, dst, 0, flag(want), line)
	} else {
		f.emitABC(lua.OP_TESTSET, dst, r, flag(want), line)
	}
	return f.jump(line)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
