package fennel_test

import "fmt"

// statement writes a form that is there for what it does.
func (g *generator) statement() string {
	if g.size--; g.size <= 0 || g.depth > maxDepth {
		return g.form("t", g.leaf(number))
	}
	g.depth++
	defer func() { g.depth-- }()
	switch g.below(22) {
	case 0, 1, 2:
		return "(local " + g.binding(false) + ")"
	case 3, 4:
		return "(var " + g.binding(true) + ")"
	case 5, 6:
		return g.assignment()
	case 7:
		return g.form("t", g.expr(g.anyKind()))
	case 8, 9, 10:
		return g.loop()
	case 11:
		return g.form("when", g.expr(boolean), g.body(anything))
	case 12, 13:
		return g.named()
	case 14:
		return g.form("do", g.body(anything))
	case 15:
		return g.match(anything)
	case 16:
		return g.tableChange()
	case 17:
		name := g.label("global-")
		value := g.expr(number)
		if g.quote {
			return g.form("t", value)
		}
		g.names = append(g.names, variable{name, number, false})
		return fmt.Sprintf("(global %s %s)", name, value)
	case 18:
		return g.form("comment", ":remark", g.leaf(number))
	case 19:
		return g.form("if", g.expr(boolean), g.in(g.statement), g.in(g.statement))
	case 20:
		return g.form("let", brackets(g.binding(false)), g.form("t", g.expr(anything)))
	}
	if m, ok := g.macroCall(g.anyKind()); ok {
		return m
	}
	return g.expr(anything)
}

func (g *generator) assignment() string {
	k := g.anyKind()
	name, ok := g.variable(k, true)
	if !ok {
		return "(var " + g.binding(true) + ")"
	}
	if g.oneIn(3) {
		other := g.anyKind()
		if second, ok := g.variable(other, true); ok && second != name {
			if g.oneIn(2) {
				return fmt.Sprintf("(set (%s %s) (values %s %s))", name, second, g.expr(k), g.expr(other))
			}
			return fmt.Sprintf("(set [%s %s] [%s %s])", name, second, g.expr(k), g.expr(other))
		}
	}
	return g.effect(g.form("set", name, g.expr(k)))
}

func (g *generator) tableChange() string {
	name, ok := g.variable(record, false)
	if !ok {
		return g.form("t", g.expr(record))
	}
	switch g.below(4) {
	case 0:
		return fmt.Sprintf("(tset %s %s %s)", name, g.expr(text), g.expr(number))
	case 1:
		return fmt.Sprintf("(set (. %s %s) %s)", name, g.expr(text), g.expr(number))
	case 2:
		if !g.quote {
			return fmt.Sprintf("(set %s.b %s)", name, g.expr(number))
		}
	}
	return fmt.Sprintf("(tset %s :a %s)", name, g.expr(number))
}

func (g *generator) loop() string {
	switch g.below(7) {
	case 0, 1:
		steps := g.steps()
		return g.in(func() string {
			i := g.define(number, false)
			return fmt.Sprintf("(for [%s %s%s] %s)", i, steps, g.until(), g.body(anything))
		})
	case 2, 3:
		items := g.expr(sequence)
		return g.in(func() string {
			i, v := g.define(number, false), g.define(number, false)
			return fmt.Sprintf("(each [%s %s (ipairs %s)%s] %s)", i, v, items, g.until(), g.body(anything))
		})
	case 4:
		s := g.shape(1)
		items := brackets(g.some(1, 3, func() string { return g.value(s) })...)
		return g.in(func() string {
			i := g.define(number, false)
			return fmt.Sprintf("(each [%s %s (ipairs %s)] %s)", i, g.pattern(s, false), items, g.body(anything))
		})
	case 5:
		return g.in(func() string {
			i := g.label("i")
			g.names = append(g.names, variable{i, number, false})
			return fmt.Sprintf("(do (var %s 0) (while (%s %s %s) (set %s (+ %s 1)) %s))", i, pick(g, "<", "not="), i, pick(g, "3", "1", "2"), i, i, g.body(anything))
		})
	}
	value := g.expr(number)
	return g.in(func() string {
		k, v := g.label("k"), g.define(number, false)
		g.names = append(g.names, variable{k, text, false})
		return fmt.Sprintf("(each [%s %s (pairs {:one %s})] %s)", k, v, value, g.body(anything))
	})
}

// named defines a function.
func (g *generator) named() string {
	head := pick(g, "fn", "lambda")
	name := pick(g, localNames...)
	if g.quote {
		name = g.label("f")
	}
	f := g.inFunction(g.oneIn(4), false, func() string {
		g.names = append(g.names, variable{name, kinds, false}) // endless when it calls itself
		doc := pick(g, "", `"what it does" `)
		return fmt.Sprintf("(%s %s %s %s%s)", head, name, g.params(), doc, g.body(number))
	})
	g.names = append(g.names, variable{name, function, false})
	return f
}

// macroDefinition defines a macro for the forms that follow.
func (g *generator) macroDefinition() string {
	m := userMacro{name: fmt.Sprintf("m%d", len(g.macros)), params: 1 + g.below(3), rest: g.oneIn(4), kind: pick(g, number, text, boolean)}
	outer := g.names
	params := []string{}
	g.names = []variable{}
	for i := range m.params {
		params = append(params, string(rune('p'+i)))
		g.names = append(g.names, variable{"," + params[i], m.kind, false})
	}
	g.quote = true
	template := "`" + g.body1(m.kind)
	if m.rest {
		params = append(params, "&", "more")
		template = fmt.Sprintf("`(do ,(unpack more) %s)", template[1:])
	}
	g.quote = false
	switch g.below(6) {
	case 1:
		template = fmt.Sprintf("(let [form %s] form)", template)
	case 2:
		template = fmt.Sprintf("(if (list? p) %s p)", template)
	case 3:
		template = fmt.Sprintf("(do (assert-compile (not= p nil) \"no argument\") %s)", template)
	case 4:
		template = fmt.Sprintf("(let [out `(do)] (each [_ form (ipairs [p %s])] (table.insert out form)) out)", template)
	}
	g.names = outer
	g.macros = append(g.macros, m)
	return fmt.Sprintf("(macro %s %s %s)", m.name, brackets(params...), template)
}

// body1 is a form in which several can stand.
func (g *generator) body1(k kind) string { return g.form("do", g.body(k)) }

// macroCall calls a macro that was defined.
func (g *generator) macroCall(k kind) (string, bool) {
	var fitting []userMacro
	for _, m := range g.macros {
		if m.kind == k {
			fitting = append(fitting, m)
		}
	}
	if len(fitting) == 0 || g.quote {
		return "", false
	}
	m := pick(g, fitting...)
	args := []string{}
	for range m.params {
		args = append(args, g.expr(k))
	}
	if m.rest {
		args = append(args, g.some(0, 2, func() string { return g.form("t", g.leaf(number)) })...)
	}
	return g.form(m.name, args...), true
}
