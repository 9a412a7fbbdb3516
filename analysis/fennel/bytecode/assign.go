package bytecode

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

func (f *function) assignStmt(s *ast.AssignStmt) {
	if len(s.Lhs) == 1 && len(s.Rhs) == 1 {
		f.assign(s.Lhs[0], s.Rhs[0])
		return
	}
	// As PUC Lua does it: places from left to right, then values, then stores
	// from right to left.
	targets := make([]target, len(s.Lhs))
	for i, e := range s.Lhs {
		targets[i] = f.target(e, s.Lhs[i+1:])
	}
	values := f.list(s.Rhs, len(s.Lhs), s.Line())
	for i := len(targets) - 1; i >= 0; i-- {
		f.setTarget(targets[i], values+i)
	}
	f.free = f.active()
}

// assign compiles the assignment of one value.
func (f *function) assign(place, value ast.Expr) {
	line := place.Line()
	top := f.free
	switch e := place.(type) {
	case *ast.IdentExpr:
		if r := f.local(e.Value); r >= 0 {
			f.expr(r, value)
		} else if u := f.capture(e.Value, false, line); u >= 0 {
			f.emitABC(lua.OP_SETUPVAL, f.register(value), u, 0, line)
		} else {
			f.setGlobal(e, f.operand(value))
		}
	case *ast.AttrGetExpr:
		if c, ok := f.plainKey(e.Key); ok {
			object := f.register(e.Object)
			key := f.constantOperand(c, line)
			f.emitABC(lua.OP_SETTABLE, object, key, f.operand(value), line)
		} else {
			f.store(e, value)
		}
	default:
		f.fail(line, fmt.Sprintf("cannot assign to %T", place))
	}
	f.free = top
}

func (f *function) setGlobal(e *ast.IdentExpr, value int) {
	line := e.Line()
	env := f.reserve(1, line)
	f.implicit(env, Env, line)
	f.emitABC(lua.OP_SETTABLE, env, f.constantOperand(textConstant(e.Value), line), value, line)
}

// A target is one place of a multiple assignment.
type target struct {
	expr   ast.Expr
	object int  // register of the table, if the place is a field
	key    int  // operand
	store  bool // needs a call of Store
}

// target computes the table and key of a place. Locals are read when the value
// is stored, unless a place behind is that local: it is assigned earlier.
func (f *function) target(e ast.Expr, behind []ast.Expr) target {
	t := target{expr: e}
	switch e := e.(type) {
	case *ast.IdentExpr:
	case *ast.AttrGetExpr:
		t.object = f.stable(e.Object, behind)
		c, ok := f.plainKey(e.Key)
		t.store = !ok
		if ok {
			t.key = f.constantOperand(c, e.Line())
		} else {
			t.key = f.stable(e.Key, behind)
		}
	default:
		f.fail(e.Line(), fmt.Sprintf("cannot assign to %T", e))
	}
	return t
}

// stable returns a register with the value of e that is not assigned before
// the places behind it are.
func (f *function) stable(e ast.Expr, behind []ast.Expr) int {
	r := f.localOf(e)
	if r < 0 {
		return f.push(e)
	}
	for _, other := range behind {
		if f.localOf(other) == r {
			return f.push(e)
		}
	}
	return r
}

// setTarget stores the value in a register.
func (f *function) setTarget(t target, value int) {
	line := t.expr.Line()
	top := f.free
	switch e := t.expr.(type) {
	case *ast.IdentExpr:
		if r := f.local(e.Value); r >= 0 {
			f.emitABC(lua.OP_MOVE, r, value, 0, line)
		} else if u := f.capture(e.Value, false, line); u >= 0 {
			f.emitABC(lua.OP_SETUPVAL, value, u, 0, line)
		} else {
			f.setGlobal(e, value)
		}
	case *ast.AttrGetExpr:
		if t.store {
			f.callStore(t.object, t.key, value, line)
		} else {
			f.emitABC(lua.OP_SETTABLE, t.object, t.key, value, line)
		}
	}
	f.free = top
}
