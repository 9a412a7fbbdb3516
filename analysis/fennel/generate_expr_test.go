package fennel_test

import (
	"fmt"
	"strings"
)

// expr writes an expression of the kind.
func (g *generator) expr(k kind) string {
	if g.size--; g.size <= 0 || g.depth > maxDepth || g.oneIn(4) {
		return g.leaf(k)
	}
	g.depth++
	defer func() { g.depth-- }()
	if k == anything {
		k = kind(g.below(int(anything)))
	}
	if g.oneIn(60) {
		k = g.anyKind() // a mistake that shows when the program runs
	}
	if g.below(5) < 2 {
		return g.wrapped(k)
	}
	switch k {
	case number:
		return g.number()
	case text:
		return g.text()
	case boolean:
		return g.boolean()
	case sequence:
		return g.sequence()
	case record:
		return g.record()
	case function:
		return g.function()
	}
	return g.leaf(k)
}

func (g *generator) leaf(k kind) string {
	if name, ok := g.variable(k, false); ok && !g.oneIn(3) {
		return name
	}
	switch k {
	case number:
		if g.quote {
			return pick(g, "1", "2", "0", "-1", "0.5") // the reference cannot quote infinity
		}
		return pick(g, "1", "2", "0", "-1", "3", "10", "0.5", "-2.5", "1e3", "1_000", "0xff", "-0x10", ".5", "1e15", "1e16",
			"123456789012", "3.14159", "1e100", "2e-7", ".inf", "-.inf", "9007199254740993", "0.1")
	case text:
		return pick(g, `:a`, `""`, `"x y"`, `:key`, `"\n\t"`, `"\"q\""`, `"\\"`, `"\065\x42"`, `"\u{e9}é"`, `"%d"`, `"1e2"`, `"0x1F"`,
			`"a,b"`, `"\u{1F600}"`, `"\r"`, `" 12 "`, `:x-y`, `"\127\200"`)
	case boolean:
		return pick(g, "true", "false")
	case sequence:
		return pick(g, "[1 2 3]", "[]", "[4]", "[5 6]")
	case record:
		return pick(g, "{:a 1 :b 2}", "{:b 3 :a 4 :c :d}", "{:a 5 :b 6 1 7}")
	case function:
		if g.hash {
			return "math.abs"
		}
		return pick(g, "#$", "#(+ $ 1)", "math.abs", "(fn [x] x)")
	}
	return pick(g, "nil", "1", ":s", "true", "[1]", "{}", "{:k nil}", "[1 nil 3]", "[[]]")
}

func (g *generator) number() string {
	n := func() string { return g.expr(number) }
	switch g.below(20) {
	case 0, 1:
		return g.form(pick(g, "+", "-", "*"), g.some(1, 4, n)...)
	case 2:
		switch g.below(3) {
		case 0:
			return g.form("/", g.some(1, 3, n)...)
		case 1:
			// The remainders of infinities and large numbers are exact here.
			return fmt.Sprintf("(%% %s %s)", g.form("length", g.expr(sequence)), pick(g, "2", "3", "-2", "2.5", "-0.5"))
		}
		// The reference forgets that ^ comes before - and length.
		return fmt.Sprintf("(^ %s %s)", pick(g, "2", "0", "0.5", "1", "(t 4)"), n())
	case 3:
		return g.form(pick(g, "math.max", "math.min"), g.some(1, 3, n)...)
	case 4:
		return g.form("length", g.expr(pick(g, sequence, text)))
	case 5:
		return g.form("select", `:#`, g.arguments(0, 3))
	case 6:
		return g.form(g.callee(), g.some(1, 2, n)...)
	case 7:
		return g.form("or", g.form("tonumber", g.leaf(text)), n())
	case 8:
		return g.accumulate()
	case 9:
		return fmt.Sprintf("(. %s %s)", g.expr(record), pick(g, ":a", ":b"))
	case 10:
		return fmt.Sprintf("(or (. %s %s) %s)", g.expr(sequence), n(), n())
	case 11:
		return fmt.Sprintf("(or (?. %s :c :d) %s)", g.expr(pick(g, record, anything)), n())
	case 12:
		return g.thread(number)
	case 13:
		return g.recursion()
	case 14:
		if m, ok := g.macroCall(number); ok {
			return m
		}
		return g.form("math.floor", n())
	case 15:
		if name, ok := g.variable(record, false); ok && !strings.ContainsAny(name, "#,.") {
			return name + pick(g, ".a", ".b")
		}
		return n()
	case 16:
		start := n()
		return fmt.Sprintf("(faccumulate [%s %s %s 1 3] %s)", g.define(number, false), start, g.define(number, false), g.pop(2, number))
	}
	if !g.oneIn(3) {
		return g.sum()
	}
	return fmt.Sprintf("(string.byte %s %s)", pick(g, `"abc"`, `"\0z"`, `"a\z  b"`), pick(g, "1", "2", "-1"))
}

// pop writes an expression of the kind that sees the last n names, which end there.
func (g *generator) pop(n int, k kind) string {
	out := g.expr(k)
	g.names = g.names[:len(g.names)-n]
	return out
}

func (g *generator) text() string {
	s := func() string { return g.expr(text) }
	small := func() string { return pick(g, "1", "2", "-1", "0", "3") }
	switch g.below(13) {
	case 0, 1:
		return g.form("..", g.some(1, 4, func() string { return g.expr(pick(g, text, number)) })...)
	case 2:
		return g.form("tostring", g.expr(pick(g, number, boolean, text)))
	case 3:
		return fmt.Sprintf("(: %s %s)", s(), pick(g, ":upper", ":lower", ":reverse", ":sub 2", ":rep 2", ":gsub :a :b"))
	case 4:
		return fmt.Sprintf("(string.sub %s %s %s)", s(), small(), small())
	case 5:
		return fmt.Sprintf("(string.format %s %s %s)", pick(g, `"%s-%s"`, `"%s|%q"`, `"%5s%%%-4s|"`, `"%s"`), s(), s())
	case 6:
		return fmt.Sprintf("(string.format %s %s)", pick(g, `"%.3f"`, `"%g"`, `"%5.1f"`, `"%e"`, `"%.14g"`), g.expr(number))
	case 7:
		return fmt.Sprintf("(table.concat %s %s)", g.expr(sequence), s())
	case 8:
		if name, ok := g.variable(text, false); ok && !strings.ContainsAny(name, "#,.") {
			return fmt.Sprintf("(%s:%s)", name, pick(g, "upper", "lower", "rep 2", `gsub "%w" "<%0>"`, `find :a`, `match "(%a)(.)"`))
		}
		return s()
	case 9:
		return g.form("type", g.expr(anything))
	case 10:
		subject := g.leaf(text)
		return fmt.Sprintf("(accumulate [%s :a %s (string.gmatch %s %s) %s] %s)", g.define(text, false), g.define(text, false),
			subject, pick(g, `"%a"`, `"[^,]+"`, `"."`), pick(g, "", "&until false", "&until true"), g.pop(2, text))
	case 11:
		return g.form("view", g.expr(pick(g, sequence, record, number, text)), pick(g, "", "{:one-line? true}"))
	}
	if m, ok := g.macroCall(text); ok {
		return m
	}
	return g.thread(text)
}

func (g *generator) boolean() string {
	b := func() string { return g.expr(boolean) }
	switch g.below(8) {
	case 0, 1:
		return g.form(pick(g, "<", "<=", ">", ">="), g.some(2, 4, func() string { return g.expr(number) })...)
	case 2:
		k := pick(g, number, text, boolean)
		return g.form(pick(g, "=", "not="), g.some(2, 4, func() string { return g.expr(k) })...)
	case 3:
		return g.form("not", g.expr(pick(g, boolean, anything)))
	case 4, 5:
		return g.form(pick(g, "and", "or"), g.some(1, 4, b)...)
	case 6:
		return fmt.Sprintf("(case %s %s true %s false)", g.expr(anything), pick(g, "nil", "1", ":s", "[a]", "{:a 1}"), pick(g, "_", "_x"))
	}
	if m, ok := g.macroCall(boolean); ok {
		return m
	}
	return g.form("=", g.expr(number), g.expr(number))
}

func (g *generator) sequence() string {
	switch g.below(10) {
	case 0, 1:
		return brackets(g.some(0, 4, func() string { return g.expr(number) })...)
	case 2:
		return brackets(g.arguments(0, 3))
	case 3, 4:
		return g.collection()
	case 5:
		return fmt.Sprintf("(doto %s (table.insert (pick-values 1 %s)))", g.expr(sequence), g.expr(number))
	case 6:
		return g.in(func() string {
			p := g.bind(sequence, false)
			return fmt.Sprintf("(let [[_ & %s] %s] %s)", p, g.expr(sequence), g.body(sequence))
		})
	case 7:
		return brackets(g.unpacked())
	case 8:
		return g.ordered()
	}
	return g.closures()
}

func (g *generator) record() string {
	n := func() string { return g.expr(number) }
	switch g.below(6) {
	case 0, 1:
		extra := ""
		if key := pick(g, "", ":c", "1", "(t :k)", `"x y"`); key != "" {
			extra = " " + key + " " + g.expr(anything)
		}
		return fmt.Sprintf("{:a %s :b %s%s}", n(), n(), extra)
	case 2:
		return g.in(func() string {
			return fmt.Sprintf("(let [a# %s] {:a a# :b %s})", n(), n())
		})
	case 3:
		return fmt.Sprintf("(doto %s (tset :a %s) (tset %s %s))", g.expr(record), n(), g.expr(text), n())
	case 4:
		return fmt.Sprintf("(collect [_ k# (ipairs [:a :b])] (values k# %s))", n())
	}
	return fmt.Sprintf("(collect [k# v# (pairs %s) &into %s] %s)", g.expr(record), g.leaf(record),
		pick(g, "k# v#", "(values k# v#)", "(if (= k# :a) (values k# v#))", "(values k# (.. k# :v))"))
}

// unpacked writes the items of a sequence, which itself may come with more
// values.
func (g *generator) unpacked() string {
	return fmt.Sprintf("(unpack (pick-values 1 %s))", g.expr(sequence))
}
