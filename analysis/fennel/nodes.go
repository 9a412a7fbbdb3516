package fennel

import (
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/slab"
	"quire/analysis/fennel/syntax"
)

// A workspace holds what the compiler makes on the way to the prototype of a
// unit: the generated tree, of which these are the commonest nodes, and what
// knows where in it the compiler is. The next unit of a session uses the same
// memory again.
type workspace struct {
	idents      slab.Arena[ast.IdentExpr]
	strings     slab.Arena[ast.StringExpr]
	numbers     slab.Arena[ast.NumberExpr]
	nils        slab.Arena[ast.NilExpr]
	gets        slab.Arena[ast.AttrGetExpr]
	calls       slab.Arena[ast.FuncCallExpr]
	tables      slab.Arena[ast.TableExpr]
	fields      slab.Arena[ast.Field]
	locals      slab.Arena[ast.LocalAssignStmt]
	assignments slab.Arena[ast.AssignStmt]
	returns     slab.Arena[ast.ReturnStmt]
	does        slab.Arena[ast.DoBlockStmt]
	ifs         slab.Arena[ast.IfStmt]
	callStmts   slab.Arena[ast.FuncCallStmt]

	lists      slab.Arena[ast.Expr]
	names      slab.Arena[string]
	fieldLists slab.Arena[*ast.Field]

	values    slab.Arena[expr]
	entries   slab.Arena[tableEntry]
	blocks    slab.Arena[block]
	scopes    slab.Arena[scope]
	bindings  slab.Arena[binding]
	functions slab.Arena[function]
}

// clear takes back everything.
func (w *workspace) clear() {
	var start slab.Mark
	w.idents.Rewind(start)
	w.strings.Rewind(start)
	w.numbers.Rewind(start)
	w.nils.Rewind(start)
	w.gets.Rewind(start)
	w.calls.Rewind(start)
	w.tables.Rewind(start)
	w.fields.Rewind(start)
	w.locals.Rewind(start)
	w.assignments.Rewind(start)
	w.returns.Rewind(start)
	w.does.Rewind(start)
	w.ifs.Rewind(start)
	w.callStmts.Rewind(start)
	w.lists.Rewind(start)
	w.names.Rewind(start)
	w.fieldLists.Rewind(start)
	w.values.Rewind(start)
	w.entries.Rewind(start)
	w.blocks.Rewind(start)
	w.scopes.Rewind(start)
	w.bindings.Rewind(start)
	w.functions.Rewind(start)
}

// block returns an empty block.
func (c *compiler) block() *block {
	b := c.work.blocks.One()
	b.stmts = b.stmts[:0]
	return b
}

// scope returns a scope, which is given without bindings.
func (c *compiler) scope(v scope) *scope {
	s := c.work.scopes.One()
	v.bindings, v.referred = s.bindings[:0], s.referred[:0]
	*s = v
	return s
}

// single returns one value.
func (c *compiler) single(x expr) exprs {
	list := c.work.values.Take(1)
	list[0] = x
	return exprs{list: list, fact: x.fact}
}

// luas returns the Lua expressions of values.
func (c *compiler) luas(xs exprs) []ast.Expr {
	out := c.work.lists.Take(len(xs.list))
	for i, x := range xs.list {
		out[i] = x.lua
	}
	return out
}

// oneOf returns a list of one expression.
func (c *compiler) oneOf(x ast.Expr) []ast.Expr {
	list := c.work.lists.Take(1)
	list[0] = x
	return list
}

func (c *compiler) oneName(name string) []string {
	list := c.work.names.Take(1)
	list[0] = name
	return list
}

func (c *compiler) ident(n *syntax.Node, lua string) *ast.IdentExpr {
	return at(c, n, c.work.idents.New(ast.IdentExpr{Value: lua}))
}

func (c *compiler) stringExpr(n *syntax.Node, text string) *ast.StringExpr {
	return at(c, n, c.work.strings.New(ast.StringExpr{Value: text}))
}

// numeral returns a number as Lua writes it, without a sign.
func (c *compiler) numeral(n *syntax.Node, text string) *ast.NumberExpr {
	return at(c, n, c.work.numbers.New(ast.NumberExpr{Value: text}))
}

// get returns the read of a key.
func (c *compiler) get(n *syntax.Node, object, key ast.Expr) *ast.AttrGetExpr {
	return at(c, n, c.work.gets.New(ast.AttrGetExpr{Object: object, Key: key}))
}

func (c *compiler) tableExpr(n *syntax.Node, fields []*ast.Field) *ast.TableExpr {
	return at(c, n, c.work.tables.New(ast.TableExpr{Fields: fields}))
}

func (c *compiler) callExpr(n *syntax.Node, fn ast.Expr, args []ast.Expr) *ast.FuncCallExpr {
	return at(c, n, c.work.calls.New(ast.FuncCallExpr{Func: fn, Args: args}))
}

// emitLocal emits the declaration of a local.
func (c *compiler) emitLocal(b *block, n *syntax.Node, name string, values []ast.Expr) {
	b.emit(c.localStmt(n, c.oneName(name), values))
}

func (c *compiler) localStmt(n *syntax.Node, names []string, values []ast.Expr) *ast.LocalAssignStmt {
	return at(c, n, c.work.locals.New(ast.LocalAssignStmt{Names: names, Exprs: values}))
}

func (c *compiler) emitAssignment(b *block, n *syntax.Node, targets, values []ast.Expr) {
	b.emit(at(c, n, c.work.assignments.New(ast.AssignStmt{Lhs: targets, Rhs: values})))
}

func (c *compiler) ifStmt(n *syntax.Node, condition ast.Expr, then []ast.Stmt) *ast.IfStmt {
	return at(c, n, c.work.ifs.New(ast.IfStmt{Condition: condition, Then: then}))
}

// emitDo emits a block of statements.
func (c *compiler) emitDo(b *block, n *syntax.Node, stmts []ast.Stmt) {
	b.emit(at(c, n, c.work.does.New(ast.DoBlockStmt{Stmts: stmts})))
}
