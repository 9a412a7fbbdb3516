package fennel_test

import "fmt"

// construct writes a construction that is rare in programs: the corners of the
// manual. The names follow the rule of idiom.
func (g *generator) construct(k kind) string {
	e := func() string { return g.expr(k) }
	n := func() string { return g.expr(number) }
	closed := func() string { return g.inFunction(false, false, e) }
	switch g.below(30) {
	case 0:
		return fmt.Sprintf("(with-open [f# {:close #(t :first)} g# {:close #(t :second)}] (values %s %s))", closed(), closed())
	case 1:
		return fmt.Sprintf("((fn [...] (with-open [f# {:close #(t :closed)}] (values ...))) %s)", g.arguments(0, 2))
	case 2:
		return fmt.Sprintf("(let [(a# b# c#) (pick-values %s %s)] (or c# b# a#))", pick(g, "2", "3", "1"), g.arguments(0, 3))
	case 3:
		return fmt.Sprintf("(let [f# (fn [x#] \"what it does\" {:fnl/arglist [x]} x#)] (f# %s))", e())
	case 4:
		return fmt.Sprintf("(let [o# {:a {}}] (set (. o# :a %s) %s) (set o#.b %s) (t o#) o#.b)", g.leaf(text), e(), e())
	case 5:
		return fmt.Sprintf("(let [[a# & r# &as all#] [%s %s]] (t r#) (t all#) a#)", e(), n())
	case 6:
		return fmt.Sprintf("(let [{:a a# & r# &as all#} {:a %s :b %s}] (t r#) (t all#) a#)", e(), n())
	case 7:
		return fmt.Sprintf("(do (var (a# [b# {:c c#}]) (values %s [%s {:c %s}])) (set (a# [b# {:c c#}]) (values b# [c# {:c a#}])) (t c#) a#)", e(), e(), e())
	case 8:
		return fmt.Sprintf("(do (var [a# b#] [%s %s]) (set [a# b#] [b# a#]) (t a#) b#)", e(), e())
	case 9:
		return fmt.Sprintf("(do (lua %s) %s)", pick(g, `"local q_ = 1"`, `"do local q_ = 2 end"`, `"for i_ = 1, 2 do end"`), e())
	case 10:
		return fmt.Sprintf("(or (lua nil %s) %s)", pick(g, `"nil"`, `"false"`, `"(1 == 2)"`), e())
	case 11:
		return fmt.Sprintf("(do (each [(k# v#) (pairs {:a %s})] (t v#)) %s)", e(), e())
	case 12:
		return fmt.Sprintf("(do (for [i# %s %s %s &until %s] (t i#)) %s)", pick(g, "1", "3", "(t 2)"), pick(g, "3", "1", "(t 2)"), pick(g, "1", "-1", "(t 2)"), g.expr(boolean), e())
	case 13:
		return fmt.Sprintf("(accumulate [{:v v#} {:v %s} _# x# (ipairs %s)] {:v x#})", n(), g.expr(sequence))
	case 14:
		return fmt.Sprintf("(faccumulate [(a# b#) (values %s 1) i# 1 3] (values b# a#))", e())
	case 15:
		return fmt.Sprintf("(case [%s %s] (where [a# b#] (= a# b#)) a# (where (or [a# 1] [_# a#])) a# [a# & r#] r#)", e(), e())
	case 16:
		return fmt.Sprintf("(case {:a %s :b [%s]} {:a nil} :none {:a a# :b [b# &as c#] &as d#} (do (t c#) (t d#) a#))", e(), e())
	case 17:
		return fmt.Sprintf("(match %s {:a {:b x#}} x# [[x#]] x# (where x# (t true)) x#)", e())
	case 18:
		return fmt.Sprintf("(case-try (values %s %s) (a# b#) (values b# a#) (where [x#] (t x#)) x# (catch (nil m#) m# (a# nil) a# _# %s))", e(), e(), e())
	case 19:
		return fmt.Sprintf("(do (global (%s %s) (values %s %s)) %s)", "g-one", "g-two", e(), n(), e())
	case 20:
		return fmt.Sprintf("(-?>> %s (t 1) (select %s))", e(), pick(g, "1", "2", "-1"))
	case 21:
		return fmt.Sprintf("(-?> {:a {:b %s}} (. %s) (. :b))", e(), pick(g, ":a", ":x", "(t :a)"))
	case 22:
		return fmt.Sprintf("(?. {:a [%s]} %s 1)", e(), pick(g, ":a", "(t :a)", "(t :x)"))
	case 23:
		return fmt.Sprintf("(: {:m-n (fn [_# x#] x#)} %s %s)", pick(g, ":m-n", "(t :m-n)"), e())
	case 24:
		return fmt.Sprintf("((partial (t select) %s) %s)", pick(g, "1", "2", "(t 1)"), g.arguments(2, 3))
	case 25:
		if !g.hash {
			return fmt.Sprintf("(#(values $... %s) %s)", pick(g, "$...", "[$...]", "(t 1)"), g.arguments(0, 2))
		}
	case 26:
		if !g.quote {
			return g.madeByMacro(k)
		}
	case 27:
		return fmt.Sprintf("((fn [a# {:b [c#]} & [d# & f#]] (t f#) (or d# c# a#)) %s {:b [%s]} %s)", e(), e(), g.arguments(0, 3))
	case 28:
		return fmt.Sprintf("(let [o# (setmetatable {} {:__index #(t $2) :__newindex #(t $3)})] (set o#.a %s) (set (. o# :b) 1) (or o#.c o#.d))", e())
	}
	return fmt.Sprintf("(if (t false) 1 (do (local x# %s) (= x# %s)) x# (case x# nil %s y# y#))", e(), e(), e())
}

// madeByMacro writes a macro that works on code in one of the ways that a
// template does not show, and its call.
func (g *generator) madeByMacro(k kind) string {
	e := func() string { return g.expr(k) }
	m := g.label("made")
	define := func(params, body string) string { return fmt.Sprintf("(macro %s %s %s)", m, params, body) }
	switch g.below(14) {
	case 0:
		return fmt.Sprintf("(do %s (%s %s %s))", define("[...]", "(let [out (list (sym :do))] (each [_ x (ipairs [...])] (table.insert out `(t ,x))) out)"), m, e(), e())
	case 1:
		return fmt.Sprintf("(do %s (%s %s %s))", define("[a & more]", "`(let [a# ,a r# [,(unpack more)]] (t r#) a#)"), m, e(), e())
	case 2:
		return fmt.Sprintf("(do %s (%s %s))", define("[a]", "(let [x (gensym :x)] `(let [,x ,a] ,x))"), m, e())
	case 3:
		return fmt.Sprintf("(do %s (%s [%s %s]))", define("[s]", "`(do (t ,(length s)) ,(. s 1))"), m, e(), e())
	case 4:
		return fmt.Sprintf("(do %s (%s {:a %s :b %s}))", define("[s]", "`(do (t ,(. s :b)) ,(. s :a))"), m, e(), e())
	case 5:
		return fmt.Sprintf("(do %s (%s (+ 1 %s)))", define("[s]", "(if (list? s) `(do (t ,(tostring (. s 1))) ,(. s 3)) (sym? s) :symbol s)"), m, g.expr(number))
	case 6:
		return fmt.Sprintf("(let [name %s] %s (%s name))", e(), define("[s]", "(if (in-scope? s) `(t ,s) :unknown)"), m)
	case 7:
		return fmt.Sprintf("(do %s (%s %s))", define("[a]", "(macroexpand `(when true ,a))"), m, e())
	case 8:
		return fmt.Sprintf("(do %s (%s %s 2))", define("[a ?n]", "`[,a ,?n ,(. [1 2 3] ?n)]"), m, e())
	case 9:
		return fmt.Sprintf("(do %s (%s %s))", define("[a]", "(let [inner `(fn [x# ...] (values x# ...))] `(,inner ,a))"), m, e())
	case 10:
		return fmt.Sprintf("(do (macros {:%s (fn [a] `(t ,a)) :%sb #(list `do $1)}) (%s (%sb %s)))", m, m, m, m, e())
	case 11:
		return fmt.Sprintf("(do %s (%s %s))", define("[a]", "(icollect [_ x (ipairs [`(t 1) a]) &into `(do)] x)"), m, e())
	case 12:
		return fmt.Sprintf("(do %s (%s %s x y))", define("[a ...]", "(let [names (icollect [_ s (ipairs [...])] (view s))] `(do (t ,(table.concat names)) ,a))"), m, e())
	}
	return fmt.Sprintf("(do %s (t (%s)) %s)", define("[]", "(let [t {}] (set t.a 1) (tset t :b [`(+ 1 2) nil 3]) t)"), m, e())
}
