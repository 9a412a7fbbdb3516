package fennel

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// mangled returns, for the Lua names that the reference gives to the locals
// that a scope can see, the names they have in the generated code.
func (c *compiler) mangled(s *scope) map[string]string {
	var chain []*binding
	for ; s != nil; s = s.outer {
		for i := len(s.bindings) - 1; i >= 0; i-- {
			if b := s.bindings[i]; b.macro == nil {
				chain = append(chain, b)
			}
		}
		if s.hash != nil {
			for i := range s.hash.params {
				chain = append(chain, c.hashParam(s.hash, "$"+strconv.Itoa(i+1)))
			}
		}
	}
	c.unit.lookedAt = c.around.names
	names := map[string]string{}
	for name, d := range c.around.locals {
		if d.class != nothing {
			names[mangle(name)] = cellName(name)
		}
	}
	for i := len(chain) - 1; i >= 0; i-- {
		name := mangle(chain[i].name)
		for n, base := 0, name; ; n++ {
			if _, taken := names[name]; !taken {
				break
			}
			name = base + strconv.Itoa(n)
		}
		names[name] = chain[i].lua
	}
	return names
}

// mangle returns the Lua name that the reference gives to a local.
func mangle(name string) string {
	if isLuaKeyword(name) || name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return escapeBytes(name, "_")
}

// A grafter makes parsed Lua code part of a form.
type grafter struct {
	line  func(line int) int // the number that stands for a line of the code
	names map[string]string
	ask   func(name string) // is told the locals of other units that are used
	sugar map[localName]bool
}

func (g *grafter) mark(x ast.PositionHolder) {
	n := g.line(x.Line())
	x.SetLine(n)
	x.SetLastLine(n)
}

func (g *grafter) stmts(stmts []ast.Stmt) {
	for _, s := range stmts {
		g.stmt(s)
	}
}

func (g *grafter) stmt(s ast.Stmt) {
	line := s.Line()
	g.mark(s)
	switch s := s.(type) {
	case *ast.AssignStmt:
		g.exprs(s.Lhs)
		g.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		g.local(s, line)
	case *ast.FuncCallStmt:
		g.expr(s.Expr)
	case *ast.DoBlockStmt:
		g.block(s.Stmts)
	case *ast.WhileStmt:
		g.expr(s.Condition)
		g.block(s.Stmts)
	case *ast.RepeatStmt:
		g.inner(func() {
			g.stmts(s.Stmts)
			g.expr(s.Condition)
		})
	case *ast.IfStmt:
		g.expr(s.Condition)
		g.block(s.Then)
		g.block(s.Else)
	case *ast.NumberForStmt:
		g.exprs([]ast.Expr{s.Init, s.Limit, s.Step})
		g.block(s.Stmts, s.Name)
	case *ast.GenericForStmt:
		g.exprs(s.Exprs)
		g.block(s.Stmts, s.Names...)
	case *ast.FuncDefStmt:
		if s.Name.Func != nil {
			g.expr(s.Name.Func)
		}
		if s.Name.Receiver != nil {
			g.expr(s.Name.Receiver)
		}
		g.expr(s.Func)
	case *ast.ReturnStmt:
		g.exprs(s.Exprs)
	}
}

// local walks the definition of locals that begins on a line. The back end takes
// one name with one function for "local function", where the function sees the
// name; a second value tells it that this is "local f = function".
func (g *grafter) local(s *ast.LocalAssignStmt, line int) {
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
			if g.sugar[localName{line, s.Names[0]}] {
				g.hide(s.Names...)
			} else {
				s.Exprs = append(s.Exprs, &ast.NilExpr{})
			}
		}
	}
	g.exprs(s.Exprs)
	g.hide(s.Names...)
}

// inner walks a block whose locals end with it.
func (g *grafter) inner(walk func()) {
	outer := g.names
	g.names = make(map[string]string, len(outer))
	for k, v := range outer {
		g.names[k] = v
	}
	walk()
	g.names = outer
}

func (g *grafter) block(stmts []ast.Stmt, locals ...string) {
	g.inner(func() {
		g.hide(locals...)
		g.stmts(stmts)
	})
}

// hide makes names mean locals of the Lua code.
func (g *grafter) hide(names ...string) {
	for _, n := range names {
		delete(g.names, n)
	}
}

func (g *grafter) exprs(xs []ast.Expr) {
	for _, x := range xs {
		if x != nil {
			g.expr(x)
		}
	}
}

func (g *grafter) expr(x ast.Expr) {
	g.mark(x)
	switch x := x.(type) {
	case *ast.IdentExpr:
		if name, ok := g.names[x.Value]; ok {
			x.Value = name
			if outside, ok := outsideName(name); ok {
				g.ask(outside)
			}
		}
	case *ast.AttrGetExpr:
		g.exprs([]ast.Expr{x.Object, x.Key})
	case *ast.TableExpr:
		for _, f := range x.Fields {
			g.exprs([]ast.Expr{f.Key, f.Value})
		}
	case *ast.FuncCallExpr:
		g.exprs([]ast.Expr{x.Func, x.Receiver})
		g.exprs(x.Args)
	case *ast.LogicalOpExpr:
		g.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.RelationalOpExpr:
		g.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.StringConcatOpExpr:
		g.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.ArithmeticOpExpr:
		g.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.UnaryMinusOpExpr:
		g.expr(x.Expr)
	case *ast.UnaryNotOpExpr:
		g.expr(x.Expr)
	case *ast.UnaryLenOpExpr:
		g.expr(x.Expr)
	case *ast.FunctionExpr:
		g.inner(func() {
			g.hide(x.ParList.Names...)
			g.stmts(x.Stmts)
		})
	}
}
