package bytecode

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// expr compiles e so that its value ends up in register dst. If dst is a
// local, it is written only after the last read of any local.
func (f *function) expr(dst int, e ast.Expr) {
	line := e.Line()
	if !f.enter(line) {
		return
	}
	defer f.leave()
	if c, ok := f.constantOf(e); ok {
		f.loadConstant(dst, c, line)
		return
	}
	switch e := e.(type) {
	case *ast.IdentExpr:
		f.ident(dst, e)
	case *ast.AttrGetExpr:
		f.index(dst, e)
	case *ast.FunctionExpr:
		f.closure(dst, e, false)
	case *ast.ArithmeticOpExpr:
		f.arithmetic(dst, e)
	case *ast.LogicalOpExpr:
		f.logical(dst, e)
	case *ast.RelationalOpExpr, *ast.UnaryNotOpExpr:
		f.boolean(dst, e)
	case *ast.UnaryMinusOpExpr:
		f.unary(lua.OP_UNM, dst, e.Expr, line)
	case *ast.UnaryLenOpExpr:
		f.unary(lua.OP_LEN, dst, e.Expr, line)
	case *ast.Comma3Expr, *ast.FuncCallExpr, *ast.TableExpr, *ast.StringConcatOpExpr:
		f.onTop(dst, e)
	default:
		f.fail(line, fmt.Sprintf("unknown expression %T", e))
	}
}

// onTop compiles an expression that needs the top of the stack for itself.
func (f *function) onTop(dst int, e ast.Expr) {
	r := dst
	if !f.temporary(dst) {
		r = f.reserve(1, e.Line())
	}
	switch e := e.(type) {
	case *ast.TableExpr:
		f.table(r, e)
	case *ast.StringConcatOpExpr:
		f.concat(r, e)
	default:
		f.results(r, 1, e)
	}
	if r != dst {
		f.emitABC(lua.OP_MOVE, dst, r, 0, e.Line())
		f.free = r
	}
}

// temporary reports whether a register is a temporary on the top of the stack,
// so that it may hold anything until its value is there.
func (f *function) temporary(r int) bool { return r == f.free-1 && r >= f.active() }

// push compiles e into a new register.
func (f *function) push(e ast.Expr) int {
	r := f.reserve(1, e.Line())
	f.expr(r, e)
	return r
}

// operand returns an operand that reads the value of e: the register of a
// local, a constant, or a new register.
func (f *function) operand(e ast.Expr) int { return f.operandIn(-1, e) }

// operandIn is operand that rather uses dst than a new register, if dst is a
// temporary.
func (f *function) operandIn(dst int, e ast.Expr) int {
	if c, ok := f.constantOf(e); ok {
		return f.constantOperand(c, e.Line())
	}
	return f.registerIn(dst, e)
}

// register returns the register of a local, or a new one with the value of e.
func (f *function) register(e ast.Expr) int { return f.registerIn(-1, e) }

// registerIn is register that rather uses dst than a new one, if dst is a
// temporary.
func (f *function) registerIn(dst int, e ast.Expr) int {
	if r := f.localOf(e); r >= 0 {
		return r
	}
	if !f.temporary(dst) {
		return f.push(e)
	}
	f.expr(dst, e)
	return dst
}

// localOf returns the register of the local that e names, or -1.
func (f *function) localOf(e ast.Expr) int {
	if id, ok := e.(*ast.IdentExpr); ok {
		return f.local(id.Value)
	}
	return -1
}

func (f *function) ident(dst int, e *ast.IdentExpr) {
	line := e.Line()
	if r := f.local(e.Value); r >= 0 {
		if r != dst {
			f.emitABC(lua.OP_MOVE, dst, r, 0, line)
		}
		return
	}
	if u := f.capture(e.Value, false, line); u >= 0 {
		f.emitABC(lua.OP_GETUPVAL, dst, u, 0, line)
		return
	}
	top := f.free
	env := dst
	if !f.temporary(dst) {
		env = f.reserve(1, line)
	}
	f.implicit(env, Env, line)
	f.emitABC(lua.OP_GETTABLE, dst, env, f.constantOperand(textConstant(e.Value), line), line)
	f.free = top
}

func (f *function) index(dst int, e *ast.AttrGetExpr) {
	top := f.free
	object := f.registerIn(dst, e.Object)
	key := f.operand(e.Key)
	f.emitABC(lua.OP_GETTABLE, dst, object, key, e.Line())
	f.free = top
}

func (f *function) unary(op, dst int, e ast.Expr, line int) {
	top := f.free
	f.emitABC(op, dst, f.registerIn(dst, e), 0, line)
	f.free = top
}

func (f *function) arithmetic(dst int, e *ast.ArithmeticOpExpr) {
	op := lua.OP_ADD
	switch e.Operator {
	case "+":
	case "-":
		op = lua.OP_SUB
	case "*":
		op = lua.OP_MUL
	case "/":
		op = lua.OP_DIV
	case "%":
		op = lua.OP_MOD
	case "^":
		op = lua.OP_POW
	default:
		f.fail(e.Line(), "unknown operator '"+e.Operator+"'")
	}
	top := f.free
	left := f.operandIn(dst, e.Lhs)
	right := f.operand(e.Rhs)
	f.emitABC(op, dst, left, right, e.Line())
	f.free = top
}

// maxOperands is the number of operands that Concat takes at once. A longer
// chain is concatenated from the left, a group at a time; only metamethods
// could tell.
const maxOperands = 100

// concat compiles a chain of .. into register dst, which is on the top.
func (f *function) concat(dst int, e *ast.StringConcatOpExpr) {
	line := e.Line()
	f.implicit(dst, Concat, line)
	for count := 1; ; count++ {
		f.push(e.Lhs)
		rest, more := e.Rhs.(*ast.StringConcatOpExpr)
		if !more {
			f.push(e.Rhs)
			f.emitCall(dst, count+1, 1, line)
			f.free = dst + 1
			return
		}
		e = rest
		if count == maxOperands-1 {
			f.emitCall(dst, count, 1, line)
			f.free = dst + 2
			f.emitABC(lua.OP_MOVE, dst+1, dst, 0, line)
			f.implicit(dst, Concat, line)
			count = 1
		}
	}
}

// closure compiles a function. What it captures follows the instruction that
// makes it, as instructions that are not run.
func (f *function) closure(dst int, e *ast.FunctionExpr, self bool) {
	line := e.Line()
	d := definition{line: line, last: max(line, e.LastLine()), self: self, body: e.Stmts}
	if e.ParList != nil {
		d.params, d.vararg = e.ParList.Names, e.ParList.HasVargs
	}
	inner := f.function(f)
	f.protos = append(f.protos, inner.compile(d))
	f.emitABx(lua.OP_CLOSURE, dst, len(f.protos)-f.start.protos-1, line)
	for _, u := range inner.upvalues {
		op := lua.OP_GETUPVAL
		if u.local {
			op = lua.OP_MOVE
		}
		f.emitABC(op, 0, u.index, 0, line)
	}
}
