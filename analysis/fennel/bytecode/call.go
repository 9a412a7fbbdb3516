package bytecode

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// open reports whether an expression gives any number of values.
func open(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}

// allResults is the number that stands for as many values as there are.
const allResults = -1

// results compiles a call or "..." so that n values of it start in register
// base, which is the top one in use and stays so.
func (f *function) results(base, n int, e ast.Expr) {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		args := f.callee(base, e)
		f.emitCall(base, args, n, e.Line())
	case *ast.Comma3Expr:
		if !f.vararg {
			f.fail(e.Line(), "cannot use '...' outside of a vararg function")
		}
		f.emitABC(lua.OP_VARARG, base, n+1, 0, e.Line())
	}
	f.free = base + 1
}

// emitCall emits the call of the function in register base with the arguments
// behind it.
func (f *function) emitCall(base, args, results, line int) {
	f.emitABC(lua.OP_CALL, base, args+1, results+1, line)
}

// callee loads a function and its arguments into registers from base on. It
// returns the number of arguments, or allResults. The call is the next
// instruction.
func (f *function) callee(base int, e *ast.FuncCallExpr) int {
	line := e.Line()
	name := ""
	if e.Func != nil {
		f.expr(base, e.Func)
		name = calledName(e.Func)
	} else {
		object := f.registerIn(base, e.Receiver)
		self := f.reserve(1, line)
		f.emitABC(lua.OP_MOVE, self, object, 0, line)
		key := f.constantOperand(textConstant(e.Method), line)
		f.emitABC(lua.OP_GETTABLE, base, object, key, line)
		f.free = self + 1
		name = e.Method
	}
	args := f.pushAll(e.Args)
	if e.Func == nil && args != allResults {
		args++
	}
	if name != "" {
		f.calls = append(f.calls, lua.DbgCall{Name: name, Pc: f.pc()})
	}
	return args
}

// pushAll pushes the values of expressions and returns how many they are, which
// is allResults if the last of them is open.
func (f *function) pushAll(exprs []ast.Expr) int {
	for i, e := range exprs {
		if i == len(exprs)-1 && open(e) {
			f.results(f.reserve(1, e.Line()), allResults, e)
			return allResults
		}
		f.push(e)
	}
	return len(exprs)
}

// calledName returns the name that tracebacks and messages of Go functions
// show for a function, or "".
func calledName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.IdentExpr:
		return e.Value
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return key.Value
		}
	}
	return ""
}

// list compiles expressions so that exactly n values of them are pushed, and
// returns the first register.
func (f *function) list(exprs []ast.Expr, n, line int) int {
	base := f.free
	for i, e := range exprs {
		switch {
		case i == len(exprs)-1 && open(e):
			f.spread(e, max(n-i, 0))
			return base
		case i < n:
			f.push(e)
		default:
			f.discard(e)
		}
	}
	if missing := n - len(exprs); missing > 0 {
		r := f.reserve(missing, line)
		f.emitABC(lua.OP_LOADNIL, r, r+missing-1, 0, line)
	}
	return base
}

// spread pushes exactly n values of a call or "...".
func (f *function) spread(e ast.Expr, n int) {
	base := f.reserve(1, e.Line())
	f.results(base, n, e)
	f.free = base
	f.reserve(n, e.Line())
}

// discard compiles e for what it does, not for its value.
func (f *function) discard(e ast.Expr) {
	if _, ok := f.constantOf(e); !ok {
		f.push(e)
		f.free--
	}
}

// returnStmt compiles a return. That of a single call is a tail call, but not in
// the chunk's own function: nothing calls that again and again, and its frame
// tells which form of the program is running.
func (f *function) returnStmt(s *ast.ReturnStmt) {
	line := s.Line()
	switch len(s.Exprs) {
	case 0:
		f.emitABC(lua.OP_RETURN, 0, 1, 0, line)
		return
	case 1:
		if call, ok := s.Exprs[0].(*ast.FuncCallExpr); ok && !call.AdjustRet && f.outer != nil {
			base := f.reserve(1, line)
			args := f.callee(base, call)
			f.emitABC(lua.OP_TAILCALL, base, args+1, 0, call.Line())
			f.free = base
			return
		}
		if !open(s.Exprs[0]) {
			top := f.free
			f.emitABC(lua.OP_RETURN, f.register(s.Exprs[0]), 2, 0, line)
			f.free = top
			return
		}
	}
	base := f.free
	count := f.pushAll(s.Exprs)
	f.emitABC(lua.OP_RETURN, base, count+1, 0, line)
	f.free = base
}
