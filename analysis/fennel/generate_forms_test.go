package fennel_test

import (
	"fmt"
	"strings"
)

// wrapped writes a form that can stand for any kind of value.
func (g *generator) wrapped(k kind) string {
	e := func() string { return g.expr(k) }
	switch g.below(24) {
	case 0, 1, 2:
		return g.form("t", e())
	case 3:
		return g.form("if", g.expr(boolean), g.branch(k), e())
	case 4:
		return g.form("if", g.expr(boolean), e(), g.expr(pick(g, boolean, anything)), g.branch(k), pick(g, "", e()))
	case 5, 6:
		return g.let(k)
	case 7:
		return g.form("do", g.body(k))
	case 8, 9:
		return g.match(k)
	case 10:
		return g.attempt(k)
	case 11:
		return g.form(pick(g, "or", "and"), g.some(1, 3, e)...)
	case 12:
		return g.form(pick(g, "when", "if"), g.expr(boolean), e())
	case 13:
		return g.called(k)
	case 14:
		return fmt.Sprintf("(safe (fn [] %s))", g.inFunction(false, false, func() string { return g.body(k) }))
	case 15:
		return fmt.Sprintf("(safe #(error %s%s))", g.leaf(pick(g, text, boolean, record)), pick(g, "", " 0", " 1", " 2"))
	case 16:
		return fmt.Sprintf("(pick-values %s (values %s %s))", pick(g, "1", "2", "0"), e(), e())
	case 17:
		return g.form(pick(g, "values", "do"), e(), e())
	case 18:
		return g.written(k)
	case 19:
		return fmt.Sprintf("(. %s %s)", brackets(e(), e()), pick(g, "1", "2"))
	}
	if g.oneIn(2) {
		return g.idiom(k)
	}
	return g.object(k)
}

func (g *generator) branch(k kind) string {
	if g.oneIn(3) {
		return g.form("do", g.body(k))
	}
	return g.expr(k)
}

func (g *generator) let(k kind) string {
	return g.in(func() string {
		bindings := g.some(1, 3, func() string { return g.binding(false) })
		return fmt.Sprintf("(let %s %s)", brackets(bindings...), g.body(k))
	})
}

// called writes a function and its call in one.
func (g *generator) called(k kind) string {
	args := g.some(0, 2, func() string { return g.expr(number) })
	f := g.inFunction(g.oneIn(2), false, func() string {
		params := make([]string, len(args))
		for i := range params {
			params[i] = g.define(number, false)
		}
		if g.vararg {
			params = append(params, "...")
		}
		return fmt.Sprintf("(fn %s %s)", brackets(params...), g.body(k))
	})
	if g.oneIn(4) {
		args = append(args, g.arguments(0, 2))
	}
	return g.form(f, args...)
}

// written declares a var, changes it and returns it.
func (g *generator) written(k kind) string {
	value := g.expr(k)
	return g.in(func() string {
		name := g.define(k, true)
		change := g.form("set", name, g.expr(k))
		if g.oneIn(3) {
			change = fmt.Sprintf("((fn [] %s))", change)
		}
		return fmt.Sprintf("(do (var %s %s) %s %s)", name, value, g.effect(change), g.expr(k))
	})
}

// effect puts a form where it may or may not be reached.
func (g *generator) effect(form string) string {
	switch g.below(4) {
	case 1:
		return g.form("when", g.expr(boolean), form)
	case 2:
		return g.form("or", g.expr(boolean), form)
	case 3:
		return fmt.Sprintf("(for [%s 1 2] %s)", g.label("_"), form)
	}
	return form
}

// object uses metatables, methods, coroutines or with-open.
func (g *generator) object(k kind) string {
	e := func() string { return g.expr(k) }
	switch g.below(6) {
	case 0:
		self := g.label("self")
		return fmt.Sprintf("(: {:m (fn [%s ...] (values ...))} :m %s)", self, e())
	case 1:
		return fmt.Sprintf("(. (setmetatable {} {:__index (fn [_# k#] %s)}) :key)", g.inFunction(false, false, e))
	case 2:
		return fmt.Sprintf("((setmetatable {} {:__call (fn [_# x#] %s)}) 1)", g.inFunction(false, false, e))
	case 3:
		return fmt.Sprintf("(let [co# (coroutine.wrap (fn [a#] (coroutine.yield (t a#)) %s))] (co# :first) (co# :second))", g.inFunction(false, false, e))
	case 4:
		return fmt.Sprintf("(with-open [f# {:close #(t :closed)}] %s)", g.inFunction(false, false, e))
	}
	name := g.label("o")
	return fmt.Sprintf("(let [%s {}] (fn %s.get [] %s) (%s.get))", name, name, g.inFunction(false, false, e), name)
}

// arguments writes expressions of which the last may be several values.
func (g *generator) arguments(low, high int) string {
	args := g.some(low, high, func() string { return g.expr(number) })
	switch g.below(5) {
	case 0:
		if g.vararg {
			args = append(args, "...")
		}
	case 1:
		args = append(args, g.form("values", g.some(0, 3, func() string { return g.expr(number) })...))
	case 2:
		args = append(args, g.unpacked())
	case 3:
		args = append(args, g.wrapped(number))
	}
	return strings.Join(args, " ")
}

// callee writes what can be called with numbers.
func (g *generator) callee() string {
	if name, ok := g.variable(function, false); ok && g.oneIn(2) {
		return name
	}
	return g.expr(function)
}

func (g *generator) function() string {
	switch g.below(9) {
	case 0, 1, 2:
		if !g.hash {
			return "#" + g.inFunction(false, true, func() string {
				g.names = append(g.names, variable{pick(g, "$", "$1", "$1"), number, false})
				return g.form(pick(g, "+", "do", "t", "math.max"), g.expr(number))
			})
		}
	case 3:
		return fmt.Sprintf("(partial %s %s)", pick(g, "math.max", "math.min", "t"), g.expr(number))
	case 4:
		return fmt.Sprintf("(pick-args %s %s)", pick(g, "1", "2"), g.expr(function))
	}
	return g.inFunction(g.oneIn(3), false, func() string {
		head := pick(g, "fn", "fn", "lambda", "λ")
		name := ""
		if g.oneIn(3) {
			name = g.label("f") + " "
		}
		return fmt.Sprintf("(%s %s%s %s)", head, name, g.params(), g.body(number))
	})
}

// params writes parameters of which the first is a number.
func (g *generator) params() string {
	params := []string{g.define(number, false)}
	switch g.below(6) {
	case 1:
		name := "?" + g.label("opt")
		g.names = append(g.names, variable{name, anything, false})
		params = append(params, name)
	case 2:
		params = append(params, "_"+g.label("p"))
	case 3:
		params = append(params, fmt.Sprintf("& %s", g.define(sequence, false)))
		return brackets(params...)
	}
	if g.vararg {
		params = append(params, "...")
	}
	return brackets(params...)
}

// recursion writes a function that calls itself with smaller numbers.
func (g *generator) recursion() string {
	return g.in(func() string {
		f, n := g.label("f"), g.label("n")
		again := fmt.Sprintf("(%s (- %s 1))", f, n)
		if g.oneIn(2) {
			again = g.form(pick(g, "+", "*", "t"), again)
		} else if !g.quote {
			again = g.form("+", again, n)
		}
		return fmt.Sprintf("((fn %s [%s] (if (< %s 1) %s %s)) %s)", f, n, n, g.inFunction(false, false, func() string { return g.expr(number) }), again, pick(g, "3", "1", "0"))
	})
}

// accumulate writes an accumulate of one or two values.
func (g *generator) accumulate() string {
	first, items := g.expr(number), g.expr(sequence)
	return g.in(func() string {
		if g.oneIn(4) {
			second := g.expr(number)
			a, b, v := g.define(number, false), g.label("b"), g.define(number, false)
			return fmt.Sprintf("(accumulate [(%s %s) (values %s %s) _ %s (ipairs %s)] (values %s %s))", a, b, first, second, v, items, g.expr(number), b)
		}
		a, v := g.define(number, false), g.define(number, false)
		return fmt.Sprintf("(accumulate [%s %s _ %s (ipairs %s)%s] %s)", a, first, v, items, g.until(), g.expr(number))
	})
}

func (g *generator) until() string {
	if g.oneIn(4) {
		return pick(g, " &until ", " :until ") + g.expr(boolean)
	}
	return ""
}

// collection writes icollect and fcollect.
func (g *generator) collection() string {
	items, into := g.expr(sequence), ""
	if g.oneIn(4) {
		into = pick(g, " &into ", " :into ") + g.expr(sequence)
	}
	return g.in(func() string {
		if g.oneIn(3) {
			v := g.define(number, false)
			return fmt.Sprintf("(fcollect [%s %s%s%s] %s)", v, g.steps(), into, g.until(), g.expr(number))
		}
		i, v := g.define(number, false), g.define(number, false)
		item := g.expr(number)
		if g.oneIn(3) {
			item = g.form("if", g.expr(boolean), item)
		}
		return fmt.Sprintf("(icollect [%s %s (ipairs %s)%s%s] %s)", i, v, items, g.until(), into, item)
	})
}

func (g *generator) steps() string {
	return pick(g, "1 3", "1 2", "3 1", "3 1 -1", "1 5 2", "0 1 0.5", "1 0")
}

// closures keeps functions of the turns of a loop.
func (g *generator) closures() string {
	return g.in(func() string {
		fs, i := g.label("fs"), g.label("i")
		g.names = append(g.names, variable{i, number, false})
		made := g.inFunction(false, false, func() string { return g.body(number) })
		if !g.quote && g.oneIn(2) {
			made = fmt.Sprintf("(let [v# %s] v#)", made)
		}
		return fmt.Sprintf("(let [%s []] (for [%s 1 3] (table.insert %s (fn [] %s))) (icollect [_ f# (ipairs %s)] (f#)))", fs, i, fs, made, fs)
	})
}

// thread writes a threading macro.
func (g *generator) thread(k kind) string {
	steps := []string{g.expr(number)}
	for range 1 + g.below(3) {
		steps = append(steps, pick(g, "(+ 1)", "(* 2)", "math.abs", "(t)", "t", "(math.max 3)", "(- 1)", "(#(+ $ 1))"))
	}
	head := pick(g, "->", "->>", "-?>", "-?>>")
	if g.hash {
		steps = steps[:2]
		steps[1] = "(+ 1)"
	}
	if k == text {
		steps = append(steps, "tostring")
	}
	return g.form(head, steps...)
}
