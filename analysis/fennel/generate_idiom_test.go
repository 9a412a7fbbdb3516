package fennel_test

import "fmt"

// idiom writes a small construction around an expression of any kind. Names
// that end with # are unique where a macro makes them, and names like others
// elsewhere.
func (g *generator) idiom(k kind) string {
	e := func() string { return g.expr(k) }
	closed := func() string { return g.inFunction(false, false, e) }
	switch g.below(18) {
	case 15, 16:
		return g.construct(k)
	case 0:
		return fmt.Sprintf("((fn [] (tail! (t %s))))", closed())
	case 1:
		return fmt.Sprintf("(select 2 (xpcall (fn [] %s) (fn [_#] :handled)))", closed())
	case 2:
		return fmt.Sprintf("(assert %s :message)", e())
	case 3:
		return fmt.Sprintf("(?. {:a {:b %s}} :a %s)", e(), pick(g, ":b", ":c :d", ":b :c"))
	case 4:
		return fmt.Sprintf("(. {:a {:b %s}} :a :b)", e())
	case 5:
		return fmt.Sprintf("(let [o# {:v %s}] (fn o#.m [self# ...] (values self#.v ...)) (o#:m %s))", e(), g.arguments(0, 2))
	case 6:
		return fmt.Sprintf("(let [o# {:x {:y 1}}] (set o#.x.y %s) (tset o# :x :z %s) (t o#) o#.x.y)", e(), e())
	case 7:
		return fmt.Sprintf("(do (macro inner# [a#] `(do (t ,a#) ,a#)) (inner# %s))", g.leaf(k))
	case 8:
		return fmt.Sprintf("(if (let [c# %s] c#) %s %s)", g.expr(boolean), e(), e())
	case 9:
		return fmt.Sprintf("(do (var r# %s) (while (do (local old# r#) (set r# nil) old#) (t :turn)) %s)", g.expr(boolean), e())
	case 10:
		return fmt.Sprintf("(let [(_# a# b#) (values %s %s)] (or a# b#))", e(), e())
	case 11:
		return fmt.Sprintf("(match (values %s %s) (nil err#) err# (a# b#) b# _# %s)", e(), e(), e())
	case 12:
		return fmt.Sprintf("(let [f# (fn [x# {:a y# :b [z#]} & [w#]] (or w# z# y# x#))] (f# %s {:a %s :b [%s]} %s))", e(), e(), e(), e())
	case 13:
		return fmt.Sprintf("((lambda [x# ?y# [z#]] x#) %s)", pick(g, e()+" nil [1]", "1", "nil 1", ""))
	case 14:
		return fmt.Sprintf("(do (local {: floor :max most#} math) (t (most# 1 (floor %s))) %s)", g.leaf(number), e())
	}
	return fmt.Sprintf("(doto %s (t) t)", e())
}

// sum writes a number that a loop or a function of any number of arguments
// makes.
func (g *generator) sum() string {
	n := func() string { return g.expr(number) }
	switch g.below(9) {
	case 0:
		return fmt.Sprintf("((fn [...] (accumulate [s# 0 _# v# (ipairs [...])] (+ s# v#))) %s)", g.arguments(0, 3))
	case 1:
		if !g.hash {
			return fmt.Sprintf("(#(select :# $...) %s)", g.arguments(0, 3))
		}
	case 2:
		if !g.hash {
			return fmt.Sprintf("(#(- (or $1 1) (or $3 2)) %s)", g.arguments(0, 3))
		}
	case 3:
		return fmt.Sprintf("(select %s %s)", pick(g, "-1", "1", "2"), g.arguments(1, 3))
	case 4:
		return fmt.Sprintf("(do (var i# 0) (while (do (set i# (+ i# 1)) (< i# 3)) %s) i#)", g.body(anything))
	case 5:
		return fmt.Sprintf("(or (table.remove %s) %s)", g.expr(sequence), n())
	case 6:
		return fmt.Sprintf("(let [s# %s] (var last# %s) (each [i# v# (ipairs s#) &until (< 2 i#)] (set last# (+ last# v#))) last#)", g.expr(sequence), n())
	case 7:
		return fmt.Sprintf("(let [(a# b#) (string.find %s :b)] (or b# %s))", g.expr(text), n())
	}
	return fmt.Sprintf("(length [%s])", g.arguments(0, 2))
}

// ordered writes a sequence that a function of the library made.
func (g *generator) ordered() string {
	switch g.below(4) {
	case 0:
		return fmt.Sprintf("(doto [%s %s %s] (table.sort))", g.leaf(number), g.leaf(number), g.leaf(number))
	case 1:
		return fmt.Sprintf("(doto [1 3 2] (table.sort (fn [a# b#] (> a# b#))) (table.insert %s %s))", pick(g, "1", "2", "4"), g.expr(number))
	case 2:
		return fmt.Sprintf("[(select %s %s)]", pick(g, "2", "1", "-1"), g.arguments(1, 3))
	}
	return fmt.Sprintf("[(string.find %s %s)]", g.leaf(text), pick(g, ":a", `"."`, `"(%a)(.)"`, `"^%s*"`, `"%f[%w]%w"`))
}
