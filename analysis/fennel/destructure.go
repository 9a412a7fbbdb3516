package fennel

import (
	"slices"

	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A pattern says what is done with the names on the left of a binding.
type pattern struct {
	kind     SymbolKind
	declares bool // the names are new locals
	mutable  bool // they may be set
	global   bool // they are globals
	single   bool // multi-symbols are refused
	known    bool // the names must exist
	force    bool // names that are no var may be set
}

// A destructuring is one binding on its way through the compiler.
type destructuring struct {
	pattern
	form     form // what holds the binding; its scope and block are the target's
	top      *syntax.Node
	value    *syntax.Node
	bindings []*binding // declared so far, not yet visible
}

// bind compiles the value and takes it apart into the names on the left.
func (c *compiler) bind(left, value *syntax.Node, f form, p pattern) {
	d := &destructuring{pattern: p, form: f, top: left, value: value}
	c.top(d, left)
	if p.declares {
		c.checkAliases(d.bindings, f.scope)
	}
	f.scope.add(d.bindings...)
}

// unpack takes apart a value that is in a local already.
func (c *compiler) unpack(left *syntax.Node, from expr, f form, p pattern) {
	d := &destructuring{pattern: p, form: f, top: left}
	if isListed(left) && !isDot(left) {
		c.firstOf(d, left, from)
	} else {
		c.part(d, left, from)
	}
	f.scope.add(d.bindings...)
}

// firstOf binds a value to the first of several patterns; for the others there
// is none.
func (c *compiler) firstOf(d *destructuring, left *syntax.Node, from expr) {
	items := listed(left)
	c.requireValue(left, items)
	for i, item := range items {
		if i > 0 {
			from = c.none(item)
		}
		c.part(d, item, from)
	}
}

// top compiles the value of a binding and assigns it to the outermost pattern.
func (c *compiler) top(d *destructuring, left *syntax.Node) {
	switch {
	case isName(left):
		target, b := c.target(d, left)
		c.checkTarget(d, left)
		fact := c.assign(d, c.oneOf(target))
		c.note(b, d, fact)
	case isSequenceOrTable(left):
		if d.spreads(left) {
			d.value = &syntax.Node{Kind: syntax.List, Span: d.value.Span, Children: append([]*syntax.Node{valuesSymbol(d.value)}, c.positions(d.value)...)}
			c.multiple(d, left, c.positions(left))
			return
		}
		from := c.whatever(d.value, d.form)
		c.require(!isAtom(d.value), left, "could not destructure literal")
		c.parts(d, left, from)
	case isDot(left):
		table, keys := c.dotted(left, d.form.n)
		c.store(d.form, table, keys, d.value)
		c.require(!d.declares, left, "cannot declare a field of a table")
	case isListed(left):
		c.multiple(d, left, listed(left))
	default:
		c.fail(left, "unable to bind %s %s", astType(left), shown(left))
	}
}

// whatever compiles a node of which only the first value is used, and whose other
// values are made after it.
func (c *compiler) whatever(n *syntax.Node, f form) expr {
	xs := c.compile(n, f.scope, f.block, want{n: anyNumber})
	switch len(xs.list) {
	case 0:
		return c.none(n)
	case 1:
		return first(xs.list[0])
	}
	all := c.temporary()
	c.emitLocal(f.block, n, all, c.luas(xs))
	return expr{lua: c.ident(n, all), kind: name, fact: xs.list[0].fact}
}

// isListed reports whether a node is a list, which a prefixed form is too.
func isListed(n *syntax.Node) bool { return n.Kind == syntax.List || n.Kind == syntax.Prefix }

// listed returns the forms of a list.
func listed(n *syntax.Node) []*syntax.Node {
	if n.Kind == syntax.Prefix {
		n = n.Unprefixed()
	}
	return forms(n)
}

func isSequence(n *syntax.Node) bool { return n.Kind == syntax.Sequence && !n.Raw }

func isSequenceOrTable(n *syntax.Node) bool {
	return n.Kind == syntax.Sequence || n.Kind == syntax.Table
}

// spreads reports whether a sequence that is taken apart by names is never
// made, where that can be told. It can of what is set: a name that is set twice
// has the first value at the end, and the value can use the globals it makes. Of
// new locals it can where the name nil is taken, a field is evaluated first or
// an item is missing.
func (d *destructuring) spreads(left *syntax.Node) bool {
	if !isSequence(left) || !isSequence(d.value) {
		return false
	}
	items := forms(left)
	telling := !d.declares || slices.ContainsFunc(d.value.Children, (*syntax.Node).IsHole)
	for _, n := range items {
		if !isDot(n) && (!isBindable(n) || n.Text[0] == '&') {
			return false
		}
		telling = telling || isDot(n) || isNamed(n, "nil")
	}
	return telling && len(items) > 0
}

func valuesSymbol(at *syntax.Node) *syntax.Node {
	return &syntax.Node{Kind: syntax.Symbol, Span: at.Span, Text: "values"}
}

// isName reports whether a symbol can be a name.
func isName(n *syntax.Node) bool {
	return n.Kind == syntax.Symbol && n.Text != "nil" && n.Text != "true" && n.Text != "false" && n.Text != "..."
}

// isBindable reports whether a symbol can be a name among several, which nil
// can too, though nothing can refer to it.
func isBindable(n *syntax.Node) bool { return isName(n) || isNamed(n, "nil") }

// isAtom reports whether a node is a constant.
func isAtom(n *syntax.Node) bool {
	return n.Kind == syntax.String || n.Kind == syntax.Number ||
		n.Kind == syntax.Symbol && (n.Text == "nil" || n.Text == "true" || n.Text == "false")
}

// requireValue fails for a list of no patterns, which one that starts with false
// is to the reference.
func (c *compiler) requireValue(left *syntax.Node, items []*syntax.Node) {
	none := len(items) == 0 || isListed(left) && isNamed(items[0], "false")
	c.require(!none, left, "must provide at least one value")
}

// multiple assigns several values to a list of patterns.
func (c *compiler) multiple(d *destructuring, left *syntax.Node, items []*syntax.Node) {
	c.requireValue(left, items)
	targets := c.work.lists.Take(len(items))
	bound := make([]*binding, len(items))
	type later struct {
		pattern *syntax.Node
		from    expr
	}
	var nested []later
	for i, item := range items {
		if isBindable(item) {
			targets[i], bound[i] = c.target(d, item)
			continue
		}
		if isDot(item) {
			targets[i] = c.dottedTarget(d, item)
			continue
		}
		temp := &ast.IdentExpr{Value: c.marked(temporaryName, tempMark)}
		targets[i] = at(c, item, temp)
		nested = append(nested, later{item, expr{lua: temp, kind: name}})
	}
	fact := c.assign(d, targets)
	for i, b := range bound {
		if b != nil && i > 0 {
			c.note(b, d, nil)
		} else if b != nil {
			c.note(b, d, fact)
		}
	}
	for _, l := range nested {
		c.part(d, l.pattern, l.from)
	}
}

// assign compiles the value of a binding into variables, and declares those
// that are new. A value that needs no statements of its own is their
// declaration.
func (c *compiler) assign(d *destructuring, targets []ast.Expr) *Value {
	b := d.form.block
	mark := len(b.stmts)
	fact := c.compile(d.value, d.form.scope, b, want{n: anyNumber, target: targets}).fact
	names := c.undeclared(d, targets)
	if len(names) == 0 {
		return fact
	}
	if len(b.stmts) == mark+1 && len(names) == len(targets) {
		if a, ok := b.stmts[mark].(*ast.AssignStmt); ok && &a.Lhs[0] == &targets[0] {
			b.stmts[mark] = c.localStmt(d.value, names, a.Rhs)
			return fact
		}
	}
	b.stmts = append(b.stmts, nil)
	copy(b.stmts[mark+1:], b.stmts[mark:])
	b.stmts[mark] = c.localStmt(d.value, names, nil)
	return fact
}

// undeclared returns those targets that are locals of the generated code and
// come to exist by the binding.
func (c *compiler) undeclared(d *destructuring, targets []ast.Expr) []string {
	names := c.work.names.Take(len(targets))[:0]
	for _, t := range targets {
		id, ok := t.(*ast.IdentExpr)
		if !ok || hasMark(id.Value, cellMark) {
			continue
		}
		if d.declares || hasMark(id.Value, tempMark) {
			names = append(names, id.Value)
		}
	}
	return names
}

// part assigns a value to a pattern that is not the outermost one.
func (c *compiler) part(d *destructuring, left *syntax.Node, from expr) {
	switch {
	case isName(left), isNamed(left, "nil") && isListed(d.top) && slices.Contains(listed(d.top), left):
		c.named(d, left, from)
	case isSequenceOrTable(left):
		c.parts(d, left, from)
	case isDot(left):
		c.put(d, left, c.dottedTarget(d, left), from.lua)
	case left.Kind == syntax.List || left.Kind == syntax.Prefix:
		c.fail(left, "can't nest multi-value destructuring")
	default:
		c.fail(left, "unable to bind %s %s", astType(left), shown(left))
	}
}

// named assigns a value to a name.
func (c *compiler) named(d *destructuring, left *syntax.Node, from expr) {
	target, b := c.target(d, left)
	c.checkTarget(d, left)
	c.put(d, left, target, from.lua)
	c.note(b, d, from.fact)
}

// checkTarget fails for a name that must not be set. Those of new locals were
// looked at when they were declared.
func (c *compiler) checkTarget(d *destructuring, left *syntax.Node) {
	if !d.declares {
		c.checkBindable(left, d.form.scope)
	}
}

// whole binds what stands behind &as to the table that is taken apart. The
// reference breaks at a pattern there.
func (c *compiler) whole(d *destructuring, left *syntax.Node, from expr) {
	switch {
	case isBindable(left):
		c.named(d, left, from)
	case isAtom(left):
		c.part(d, left, from)
	default:
		c.fail(left, "expected a symbol behind &as")
	}
}

// put assigns or declares one variable.
func (c *compiler) put(d *destructuring, n *syntax.Node, target, value ast.Expr) {
	if names := c.undeclared(d, c.oneOf(target)); len(names) > 0 {
		d.form.block.emit(c.localStmt(n, names, c.oneOf(value)))
		return
	}
	c.emitAssignment(d.form.block, n, c.oneOf(target), c.oneOf(value))
}

// note remembers what is known of the value of a local that never changes.
func (c *compiler) note(b *binding, d *destructuring, fact *Value) {
	if b != nil && d.declares && !d.mutable {
		b.value, b.symbol.Value = fact, fact
	}
}

// astType names the type that the reference gives a node.
func astType(n *syntax.Node) string {
	switch {
	case n.Kind == syntax.String:
		return "string"
	case n.Kind == syntax.Number:
		return "number"
	case isNamed(n, "true"), isNamed(n, "false"):
		return "boolean"
	}
	return "table"
}

// parts takes a table apart.
func (c *compiler) parts(d *destructuring, left *syntax.Node, from expr) {
	lua := c.temporary()
	c.emitLocal(d.form.block, left, lua, c.oneOf(from.lua))
	whole := expr{lua: c.ident(left, lua), kind: name, fact: from.fact}
	if left.Kind == syntax.Sequence {
		c.sequenceParts(d, left, whole)
		return
	}
	c.tableParts(d, left, whole, from)
}

// sequenceParts binds the items of a sequence pattern.
func (c *compiler) sequenceParts(d *destructuring, left *syntax.Node, whole expr) {
	items := forms(left)
	for i := 0; i < len(items); i++ {
		item := items[i]
		switch {
		case item.IsHole():
		case isNamed(item, "&"):
			last := (i+2 >= len(items) || isNamed(items[i+2], "&as")) && !left.Raw
			c.require(last, item, "expected rest argument before last parameter")
			c.require(i+1 < len(items), item, "unable to bind nil nil")
			c.part(d, items[i+1], c.rest(item, whole, i))
			i++
		case isNamed(item, "&as") && !left.Raw:
			c.require(i+2 == len(items), item, "expected &as argument before last parameter")
			c.whole(d, items[i+1], whole)
			return
		default:
			key := c.numeral(item, decimal(i+1))
			x := c.get(item, whole.lua, key)
			c.part(d, item, expr{lua: x, kind: plain, fact: itemOf(whole.fact, i)})
		}
	}
}

// rest is the items of a table from index i on, counted from 0.
func (c *compiler) rest(n *syntax.Node, whole expr, i int) expr {
	start := c.numeral(n, decimal(i+1))
	x := at(c, n, &ast.FuncCallExpr{Func: runtimeFunc(restItems), Args: []ast.Expr{whole.lua, start}})
	return expr{lua: x, kind: plain}
}

// tableParts binds the values of a table pattern.
func (c *compiler) tableParts(d *destructuring, left *syntax.Node, whole, from expr) {
	var taken []ast.Expr // the keys so far, which are not part of a rest
	for _, e := range c.entries(left) {
		switch {
		case isNamed(e.key, "&"):
			x := &ast.FuncCallExpr{Func: runtimeFunc(restPairs), Args: append([]ast.Expr{whole.lua}, taken...)}
			c.part(d, e.value, expr{lua: at(c, e.key, x), kind: plain})
		case isNamed(e.value, "&"):
			c.fail(e.value, "expected rest argument before last parameter")
		case isNamed(e.key, "&as"):
			c.whole(d, e.value, whole)
		default:
			if e.key.Kind == syntax.String {
				taken = append(taken, c.stringExpr(e.key, e.key.Text))
			}
			c.part(d, e.value, c.entry(d, e, whole, from))
		}
	}
}

// entry reads the value of one key of a table pattern.
func (c *compiler) entry(d *destructuring, e tableEntry, whole, from expr) expr {
	switch {
	case e.key.Kind == syntax.String:
		x := c.get(e.value, whole.lua, c.stringExpr(e.key, e.key.Text))
		out := expr{lua: x, kind: plain, fact: c.step(e.value, whole.fact, Key{e.key.Text, c.span(e.key)})}
		if isSequenceOrTable(e.value) {
			return out
		}
		return c.access(out, from)
	case isAtom(e.key) && !isNamed(e.key, "nil"):
		key := c.one(e.key, d.form.scope, d.form.block)
		x := c.get(e.value, whole.lua, key.lua)
		return expr{lua: x, kind: plain}
	}
	c.fail(e.key, "expected key to be a literal")
	return expr{}
}

// target returns what a name on the left is assigned through, and the binding
// it comes from when it is a new local.
func (c *compiler) target(d *destructuring, n *syntax.Node) (ast.Expr, *binding) {
	w := c.word(n.Text)
	keys, method := w.keys, w.method
	if d.single && keys != nil {
		c.fail(n, "unexpected multi symbol %s", n.Text)
	}
	if d.declares {
		from := d.top.Span.End
		if d.value != nil && !c.made(d.value) {
			from = d.value.Span.End
		}
		b := c.declare(declaration{n, d.kind, d.mutable, from}, d.form.scope)
		d.bindings = append(d.bindings, b)
		return c.ident(n, b.lua), b
	}
	c.require(!method && n.Text != ":", n, "cannot set method sym")
	s, root := d.form.scope, w.root.text
	b := c.local(root, s)
	if d.global {
		c.require(b == nil && c.mangled(s)[n.Text] == "", n, "global %s conflicts with local", n.Text)
		c.nameGlobal(n.Text, s)
	}
	if keys == nil && !d.force && b != nil && !b.mutable && !b.poisoned {
		c.fail(n, "expected var %s", root)
	}
	referred := c.referred(w.root, s)
	param := referred != w.root
	if b == nil && d.known && !param && !c.isGlobal(root, root) {
		c.fail(n, "expected local %s", root)
	}
	c.checkValue(n, referred, s)
	switch {
	case param:
		b = c.referent(root, s)
	case d.global:
		return c.global(n), nil
	}
	return c.assignable(n, keys, b), nil
}

// dottedTarget compiles a target (. table key …) within a pattern of set.
func (c *compiler) dottedTarget(d *destructuring, n *syntax.Node) ast.Expr {
	table, keys := c.dotted(n, n)
	if d.declares {
		c.report(n, "cannot declare a field of a table")
	}
	return c.storeTarget(d.form, table, keys)
}

// assignable compiles a variable or field on the left of an assignment.
func (c *compiler) assignable(n *syntax.Node, keys []string, b *binding) ast.Expr {
	var x ast.Expr
	if b == nil {
		x = at(c, n, &ast.IdentExpr{Value: globalName(rootName(n.Text))})
	} else {
		c.use(n, b, keys == nil)
		x = c.ident(n, b.lua)
	}
	if keys == nil {
		return x
	}
	if b == nil {
		c.makeGlobal(n.Text)
	} else {
		c.forget(b)
	}
	for _, key := range keys[1:] {
		x = c.get(n, x, c.stringExpr(n, key))
	}
	return x
}

// global defines a global and returns what it is assigned through.
func (c *compiler) global(n *syntax.Node) ast.Expr {
	c.unit.symbols = append(c.unit.symbols, c.newSymbol(Symbol{
		Name: n.Text, Kind: Global, Def: c.span(n), Expanded: c.made(n),
		Scope: source.Span{Start: c.span(n).End, End: fileEnd},
	}))
	return c.ident(n, globalName(n.Text))
}
