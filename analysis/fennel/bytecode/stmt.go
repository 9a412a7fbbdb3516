package bytecode

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// statements compiles the statements of a block. With until they are followed
// by the condition of a repeat, which sees their locals.
func (f *function) statements(list []ast.Stmt, until bool) {
	for i, s := range list {
		if l, ok := s.(*ast.LabelStmt); ok {
			f.labelStmt(l, !until && onlyLabels(list[i+1:]))
			continue
		}
		f.statement(s)
	}
}

func onlyLabels(list []ast.Stmt) bool {
	for _, s := range list {
		if _, ok := s.(*ast.LabelStmt); !ok {
			return false
		}
	}
	return true
}

func (f *function) statement(s ast.Stmt) {
	if !f.enter(s.Line()) {
		return
	}
	defer f.leave()
	switch s := s.(type) {
	case *ast.AssignStmt:
		f.assignStmt(s)
	case *ast.LocalAssignStmt:
		f.localStmt(s)
	case *ast.FuncCallStmt:
		f.callStmt(s)
	case *ast.FuncDefStmt:
		f.functionStmt(s)
	case *ast.DoBlockStmt:
		f.block(s.Stmts, s.LastLine())
	case *ast.IfStmt:
		f.ifStmt(s)
	case *ast.WhileStmt:
		f.whileStmt(s)
	case *ast.RepeatStmt:
		f.repeatStmt(s)
	case *ast.NumberForStmt:
		f.numberForStmt(s)
	case *ast.GenericForStmt:
		f.genericForStmt(s)
	case *ast.ReturnStmt:
		f.returnStmt(s)
	case *ast.BreakStmt:
		f.breakStmt(s)
	case *ast.GotoStmt:
		f.gotoStmt(s)
	default:
		f.fail(s.Line(), fmt.Sprintf("unknown statement %T", s))
	}
}

func (f *function) block(list []ast.Stmt, line int) {
	f.openBlock(false)
	f.statements(list, false)
	f.closeBlock(line)
}

// localStmt compiles local declarations. One name with one function is "local
// function": the function sees the name.
func (f *function) localStmt(s *ast.LocalAssignStmt) {
	line := s.Line()
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
			r := f.reserve(1, line)
			f.declare(s.Names[0], line)
			f.expr(r, s.Exprs[0])
			return
		}
	}
	f.list(s.Exprs, len(s.Names), line)
	for _, name := range s.Names {
		f.declare(name, line)
	}
}

func (f *function) callStmt(s *ast.FuncCallStmt) {
	if !open(s.Expr) {
		f.discard(s.Expr)
		return
	}
	f.spread(s.Expr, 0)
}

func (f *function) functionStmt(s *ast.FuncDefStmt) {
	if s.Name.Func != nil {
		f.assign(s.Name.Func, s.Func)
		return
	}
	line := s.Func.Line()
	top := f.free
	object := f.register(s.Name.Receiver)
	key := f.constantOperand(textConstant(s.Name.Method), line)
	method := f.reserve(1, line)
	f.closure(method, s.Func, true)
	f.emitABC(lua.OP_SETTABLE, object, key, method, line)
	f.free = top
}

func (f *function) ifStmt(s *ast.IfStmt) {
	var done jumpList
	for {
		skip := f.branch(s.Condition, false)
		f.block(s.Then, s.Line())
		if len(s.Else) == 0 {
			f.patchHere(skip)
			break
		}
		if !endsInJump(s.Then) {
			done = f.join(done, f.jump(s.Line()))
		}
		f.patchHere(skip)
		next, chained := s.Else[0].(*ast.IfStmt)
		if !chained || len(s.Else) > 1 {
			f.block(s.Else, s.Line())
			break
		}
		s = next
	}
	f.patchHere(done)
}

func endsInReturn(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	_, ok := list[len(list)-1].(*ast.ReturnStmt)
	return ok
}

// endsInJump reports whether the end of a block is not reached.
func endsInJump(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch list[len(list)-1].(type) {
	case *ast.ReturnStmt, *ast.BreakStmt, *ast.GotoStmt:
		return true
	}
	return false
}

func (f *function) whileStmt(s *ast.WhileStmt) {
	exits := len(f.scopes.exits)
	top := f.pc()
	done := f.branch(s.Condition, false)
	f.openBlock(true)
	f.statements(s.Stmts, false)
	f.closeBlock(s.LastLine())
	f.jumpTo(top, s.Line())
	f.patchHere(done)
	f.breaksHere(exits)
}

func (f *function) repeatStmt(s *ast.RepeatStmt) {
	exits := len(f.scopes.exits)
	line := s.Line()
	top := f.pc()
	f.openBlock(true)
	f.statements(s.Stmts, true)
	again := f.branch(s.Condition, false)
	if b := *f.innermost(); b.captured {
		f.emitABC(lua.OP_CLOSE, b.locals, 0, 0, line)
		done := f.jump(line)
		f.patchHere(again)
		f.emitABC(lua.OP_CLOSE, b.locals, 0, 0, line)
		f.jumpTo(top, line)
		f.patchHere(done)
	} else {
		f.patch(again, top)
	}
	f.dropBlock()
	f.breaksHere(exits)
}

func (f *function) numberForStmt(s *ast.NumberForStmt) {
	exits := len(f.scopes.exits)
	line := s.Line()
	f.openBlock(true)
	base := f.bound(s.Init)
	f.bound(s.Limit)
	if s.Step != nil {
		f.bound(s.Step)
	} else {
		f.loadConstant(f.reserve(1, line), numberConstant(1), line)
	}
	f.hidden(3, line)
	start := f.emitABx(lua.OP_FORPREP, base, 0, line)
	f.openBlock(false)
	f.reserve(1, line)
	f.declare(s.Name, line)
	f.statements(s.Stmts, false)
	f.closeBlock(s.LastLine())
	f.patchHere(jumpList(start + 1))
	loop := f.emitABx(lua.OP_FORLOOP, base, 0, line)
	f.patch(jumpList(loop+1), start+1)
	f.dropBlock()
	f.breaksHere(exits)
}

// bound pushes a bound of a loop. The VM takes no strings that stand for numbers.
func (f *function) bound(e ast.Expr) int {
	if c, ok := f.constantOf(e); ok && c.kind == lua.LTNumber {
		return f.push(e)
	}
	line := e.Line()
	r := f.reserve(1, line)
	f.implicit(r, Number, line)
	f.push(e)
	f.emitCall(r, 1, 1, line)
	f.free = r + 1
	return r
}

// genericForStmt calls the iterator with OP_CALL. The VM's OP_TFORLOOP is no
// faster, and crashes when the iterator yields.
func (f *function) genericForStmt(s *ast.GenericForStmt) {
	exits := len(f.scopes.exits)
	line := s.Line()
	f.openBlock(true)
	base := f.list(s.Exprs, 3, line)
	f.hidden(3, line)
	f.openBlock(false)
	top := f.pc()
	f.require(3, line)
	first := f.reserve(len(s.Names), line)
	f.emitABC(lua.OP_MOVEN, first, base, 2, line)
	f.emitABC(lua.OP_MOVE, first+1, base+1, 0, line)
	f.emitABC(lua.OP_MOVE, first+2, base+2, 0, line)
	f.emitCall(first, 2, len(s.Names), line)
	f.emitABC(lua.OP_EQ, 1, first, f.constantOperand(constant{kind: lua.LTNil}, line), line)
	done := f.jump(line)
	f.emitABC(lua.OP_MOVE, base+2, first, 0, line)
	for _, name := range s.Names {
		f.declare(name, line)
	}
	f.free = f.active()
	f.statements(s.Stmts, false)
	f.closeBlock(s.LastLine())
	f.jumpTo(top, line)
	f.patchHere(done)
	f.dropBlock()
	f.breaksHere(exits)
}

// hidden makes registers locals that no program can name.
func (f *function) hidden(n, line int) {
	for range n {
		f.declare("\x00for", line)
	}
}
