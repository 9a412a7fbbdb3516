package fennel

import (
	"slices"
	"strconv"

	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
)

func decimal(i int) string { return strconv.Itoa(i) }

// An operator is how the form of one name combines its operands.
type operator struct {
	symbol string // Lua's
	zero   string // the number that no operands give, or empty when they are an error
	unary  string // the number that stands before a single operand, or empty
}

func arithmetic(op operator) func(*compiler, form) exprs {
	return func(c *compiler, f form) exprs {
		xs := c.operands(f)
		switch {
		case len(xs) == 0:
			c.require(op.zero != "", f.n, "Expected more than 0 arguments")
			return c.single(expr{lua: at(c, f.n, &ast.NumberExpr{Value: op.zero}), kind: literal, fact: c.literal(f.n, "number", op.zero)})
		case len(xs) == 1 && op.symbol == "-":
			return c.operation(f, at(c, f.n, &ast.UnaryMinusOpExpr{Expr: xs[0]}))
		case len(xs) == 1 && op.unary != "":
			xs = append([]ast.Expr{at(c, f.n, &ast.NumberExpr{Value: op.unary})}, xs...)
		case len(xs) == 1:
			return c.operation(f, xs[0])
		}
		return c.operation(f, fold(xs, false, func(l, r ast.Expr) ast.Expr {
			return at(c, f.n, &ast.ArithmeticOpExpr{Operator: op.symbol, Lhs: l, Rhs: r})
		}))
	}
}

// compilePower compiles (^ a b …). As in the reference the minus of a literal
// that is raised is that of the power, (^ -2 2) is -4, if it has digits.
func compilePower(c *compiler, f form) exprs {
	items := c.operandForms(f)
	c.require(len(items) > 0, f.n, "Expected more than 0 arguments")
	xs := make([]expr, len(items))
	for i, n := range items {
		xs[i] = c.one(n, f.scope, f.block)
	}
	power := xs[len(xs)-1].lua
	for _, x := range slices.Backward(xs[:len(xs)-1]) {
		digits := digitsBehindMinus(x)
		if digits == nil {
			power = at(c, f.n, &ast.ArithmeticOpExpr{Operator: "^", Lhs: x.lua, Rhs: power})
			continue
		}
		power = at(c, f.n, &ast.ArithmeticOpExpr{Operator: "^", Lhs: digits, Rhs: power})
		power = at(c, f.n, &ast.UnaryMinusOpExpr{Expr: power})
	}
	return c.operation(f, power)
}

// digitsBehindMinus returns the number behind the minus of a negative literal, or
// nil. The infinite ones, which Lua cannot write as numbers, have none.
func digitsBehindMinus(x expr) *ast.NumberExpr {
	minus, ok := x.lua.(*ast.UnaryMinusOpExpr)
	if !ok || x.kind != literal {
		return nil
	}
	if digits, ok := minus.Expr.(*ast.NumberExpr); ok && digits.Value != "+Inf" {
		return digits
	}
	return nil
}

func (c *compiler) operation(f form, x ast.Expr) exprs {
	return c.single(expr{lua: x, kind: plain})
}

// fold combines expressions by a binary operator.
func fold(xs []ast.Expr, right bool, combine func(l, r ast.Expr) ast.Expr) ast.Expr {
	if right {
		out := xs[len(xs)-1]
		for i := len(xs) - 2; i >= 0; i-- {
			out = combine(xs[i], out)
		}
		return out
	}
	out := xs[0]
	for _, x := range xs[1:] {
		out = combine(out, x)
	}
	return out
}

// operands compiles the operands of an operator: the first value of each.
func (c *compiler) operands(f form) []ast.Expr {
	items := c.operandForms(f)
	xs := c.work.lists.Take(len(items))
	for i, n := range items {
		xs[i] = c.one(n, f.scope, f.block).lua
	}
	return xs
}

// operandForms returns the operands of an operator. What a literal (values …)
// in the last place holds are operands themselves.
func (c *compiler) operandForms(f form) []*syntax.Node {
	items := f.items[1:]
	if len(items) == 1 {
		c.require(!isNamed(items[0], "..."), f.n, "tried to use vararg with operator")
	}
	for n := len(items); n > 0 && isCallOf(items[n-1], "values"); n = len(items) {
		items = slices.Concat(items[:n-1], forms(items[n-1])[1:])
	}
	return items
}

func isCallOf(n *syntax.Node, head string) bool {
	if n.Kind != syntax.List {
		return false
	}
	items := forms(n)
	return len(items) > 0 && isNamed(items[0], head)
}

// compileConcat compiles (.. a b …).
func compileConcat(c *compiler, f form) exprs {
	xs := c.operands(f)
	switch len(xs) {
	case 0:
		return c.single(c.text(f.n, ""))
	case 1:
		return c.operation(f, xs[0])
	}
	return c.operation(f, fold(xs, true, func(l, r ast.Expr) ast.Expr {
		return at(c, f.n, &ast.StringConcatOpExpr{Lhs: l, Rhs: r})
	}))
}

// compileNot compiles (not x).
func compileNot(c *compiler, f form) exprs {
	return c.operation(f, at(c, f.n, &ast.UnaryNotOpExpr{Expr: c.operand(f)}))
}

// compileLength compiles (length x).
func compileLength(c *compiler, f form) exprs {
	return c.operation(f, at(c, f.n, &ast.UnaryLenOpExpr{Expr: c.operand(f)}))
}

func (c *compiler) operand(f form) ast.Expr {
	c.require(len(f.items) == 2, f.n, "expected one argument")
	return c.one(f.items[1], f.scope, f.block).lua
}

// throughFunction compiles an operator that the virtual machine lacks to
// calls of a function of the runtime. Of one operand it is the operator with
// before in front of it.
func throughFunction(fn, zero, before string) func(*compiler, form) exprs {
	return func(c *compiler, f form) exprs {
		xs := c.operands(f)
		if len(xs) == 0 {
			c.require(zero != "", f.n, "Expected more than 0 arguments.")
			v, _ := syntax.ParseNumber(zero)
			return c.single(expr{lua: c.numberExpr(f.n, v), kind: literal, fact: c.literal(f.n, "number", zero)})
		}
		if len(xs) == 1 && before != "" {
			v, _ := syntax.ParseNumber(before)
			xs = append([]ast.Expr{c.numberExpr(f.n, v)}, xs...)
		}
		return c.operation(f, fold(xs, false, func(l, r ast.Expr) ast.Expr {
			return at(c, f.n, &ast.FuncCallExpr{Func: runtimeFunc(fn), Args: []ast.Expr{l, r}, AdjustRet: true})
		}))
	}
}

// compileBnot compiles (bnot x).
func compileBnot(c *compiler, f form) exprs {
	x := &ast.FuncCallExpr{Func: runtimeFunc(bitNot), Args: []ast.Expr{c.operand(f)}, AdjustRet: true}
	return c.operation(f, at(c, f.n, x))
}

// comparison compiles (< a b …). With more than two operands all but the
// first and last are evaluated before anything is compared, unless they are
// names and constants. Statements that operands need run before that.
func comparison(symbol, join string) func(*compiler, form) exprs {
	return func(c *compiler, f form) exprs {
		c.require(len(f.items) > 2, f.n, "expected at least two arguments")
		xs := make([]ast.Expr, 0, len(f.items)-1)
		if isNativeComparison(f.items) {
			for _, n := range f.items[1:] {
				xs = append(xs, c.one(n, f.scope, f.block).lua)
			}
		} else {
			xs = c.evaluatedMiddle(f)
		}
		pairs := make([]ast.Expr, 0, len(xs)-1)
		for i := range len(xs) - 1 {
			pairs = append(pairs, at(c, f.n, &ast.RelationalOpExpr{Operator: symbol, Lhs: xs[i], Rhs: xs[i+1]}))
		}
		return c.operation(f, fold(pairs, false, func(l, r ast.Expr) ast.Expr {
			return at(c, f.n, &ast.LogicalOpExpr{Operator: join, Lhs: l, Rhs: r})
		}))
	}
}

// evaluatedMiddle compiles operands of which those between the first and the
// last are evaluated into locals.
func (c *compiler) evaluatedMiddle(f form) []ast.Expr {
	last := len(f.items) - 1
	middle := &ast.LocalAssignStmt{}
	xs := make([]ast.Expr, 0, last)
	for i, n := range f.items[1:] {
		x := c.one(n, f.scope, f.block).lua
		if i > 0 && i+1 < last && !isIdempotent(n) {
			lua := c.temporary()
			middle.Names, middle.Exprs = append(middle.Names, lua), append(middle.Exprs, x)
			x = c.ident(n, lua)
		}
		xs = append(xs, x)
	}
	f.block.emit(at(c, f.n, middle))
	return xs
}

// isNativeComparison reports whether the operands between the first and the
// last may be written twice.
func isNativeComparison(items []*syntax.Node) bool {
	for _, n := range items[2 : len(items)-1] {
		if !isIdempotent(n) {
			return false
		}
	}
	return true
}

// isIdempotent reports whether a node is a plain name or a constant.
func isIdempotent(n *syntax.Node) bool {
	return isAtom(n) || n.Kind == syntax.Symbol && !isMulti(n.Text)
}

// shortCircuit compiles (and a b …) and (or a b …). An operand that may need
// statements is evaluated in an if statement behind those before it.
func shortCircuit(op, zero string) func(*compiler, form) exprs {
	return func(c *compiler, f form) exprs {
		branches := c.fn.branches
		defer func() { c.fn.branches = branches }()
		var xs []ast.Expr
		combine := func(l, r ast.Expr) ast.Expr {
			return at(c, f.n, &ast.LogicalOpExpr{Operator: op, Lhs: l, Rhs: r})
		}
		result := ""
		for i, n := range c.operandForms(f) {
			if i > 0 && !c.isSafe(n, f.scope) {
				result = c.protect(f, n, op, result, fold(xs, false, combine))
				xs = []ast.Expr{c.ident(n, result)}
			} else {
				xs = append(xs, c.one(n, f.scope, f.block).lua)
			}
			c.fn.branches = branches + 1
		}
		switch len(xs) {
		case 0:
			return c.single(c.symbol(&syntax.Node{Kind: syntax.Symbol, Span: f.n.Span, Text: zero}, f.scope))
		case 1:
			return c.operation(f, xs[0])
		}
		return c.operation(f, fold(xs, false, combine))
	}
}

// protect evaluates an operand only when those before it, whose value is so
// far, let it be evaluated. It returns the local that holds the result.
func (c *compiler) protect(f form, n *syntax.Node, op, result string, soFar ast.Expr) string {
	if result == "" {
		result = c.fresh(op)
		c.emitLocal(f.block, n, result, c.oneOf(soFar))
	} else if id, ok := soFar.(*ast.IdentExpr); !ok || id.Value != result {
		set := &ast.AssignStmt{Lhs: []ast.Expr{&ast.IdentExpr{Value: result}}, Rhs: []ast.Expr{soFar}}
		f.block.emit(at(c, n, set))
	}
	var cond ast.Expr = c.ident(n, result)
	target := cond
	if op == "or" {
		cond = at(c, n, &ast.UnaryNotOpExpr{Expr: cond})
	}
	var b block
	c.compile(n, f.scope, &b, want{n: 1, target: []ast.Expr{target}})
	f.block.emit(at(c, n, &ast.IfStmt{Condition: cond, Then: b.stmts}))
	return result
}

// isSafe reports whether compiling an operand of and/or emits no statements,
// which would run before the operands in front of it. The answer goes by the
// form's name as the reference's does, since it decides when things happen.
func (c *compiler) isSafe(n *syntax.Node, s *scope) bool {
	items := forms(n)
	switch n.Kind {
	case syntax.Prefix:
		return false
	case syntax.Sequence, syntax.Table:
		return c.allSafe(items, s)
	case syntax.List:
		if len(items) == 0 {
			return true
		}
	default:
		return true
	}
	head := items[0]
	if head.Kind != syntax.Symbol {
		return c.allSafe(items, s)
	}
	switch head.Text {
	case "fn", "hashfn", "let", "local", "var", "set", "tset", "if", "each", "for", "while", "do", "lua", "global":
		return false
	case "=", "<", ">", "<=", ">=", "not=", "~=":
		if len(items) > 3 && !isNativeComparison(items) {
			return false
		}
	case "pick-values":
		if len(items) < 2 || items[1].Kind != syntax.Number || items[1].Text != "1" {
			return false
		}
	case ":":
		if len(items) > 2 && items[1].Kind != syntax.Symbol && !(items[2].Kind == syntax.String && isLuaName(items[2].Text)) {
			return false
		}
	}
	if _, ok := c.macro(c.word(head.Text), s); ok {
		return false
	}
	return c.allSafe(items[1:], s)
}

func (c *compiler) allSafe(items []*syntax.Node, s *scope) bool {
	for _, n := range items {
		if !c.isSafe(n, s) {
			return false
		}
	}
	return true
}

// compileDot compiles (. table key …).
func compileDot(c *compiler, f form) exprs {
	c.require(len(f.items) > 1, f.n, "expected table argument")
	x := c.one(f.items[1], f.scope, f.block)
	for _, n := range f.items[2:] {
		key := c.one(n, f.scope, f.block)
		lua := c.get(f.n, x.lua, key.lua)
		next := expr{lua: lua, kind: plain, fact: c.dynamic(f.n, x, key)}
		x = c.access(next, x)
	}
	return c.single(x)
}
