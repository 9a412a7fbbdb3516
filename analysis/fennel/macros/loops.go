package macros

import (
	"slices"

	"quire/analysis/fennel/syntax"
)

func collect(e *expansion) *syntax.Node {
	e.require(isSequence(e.arg(0)) && len(forms(e.args[0])) >= 2, "expected iterator binding table")
	e.require(len(e.args) > 1, "expected key and value expression")
	e.require(len(e.args) <= 3, "expected 1 or 2 body expressions; wrap multiple expressions with do")
	e.require(isTrue(e.arg(2)) || isList(e.args[1]), "need key and value")
	step := e.args[1]
	if len(e.args) == 3 {
		step = e.list("values", e.rest(1))
	}
	into, iterator := e.into(e.args[0])
	if into == nil {
		into = e.table()
	}
	made, key, value := e.gensym("tbl"), e.gensym("k"), e.gensym("v")
	both := e.list("and", e.list("not=", key, "nil"), e.list("not=", value, "nil"))
	return e.list("let", e.seq(made, into),
		e.list("each", iterator,
			e.list("let", e.seq(e.list(key, value), step),
				e.list("if", both, e.list("tset", made, key, value)))),
		made)
}

func icollect(e *expansion) *syntax.Node {
	e.require(isSequence(e.arg(0)) && len(forms(e.args[0])) >= 2, "expected iterator binding table")
	return e.sequential("each")
}

func fcollect(e *expansion) *syntax.Node {
	e.require(isSequence(e.arg(0)) && len(forms(e.args[0])) >= 3, "expected range binding table")
	return e.sequential("for")
}

// sequential makes a sequence in a loop. A new one counts for itself, which
// leaves out nils; one that came from outside may hold anything already, and
// table.insert finds its end.
func (e *expansion) sequential(loop string) *syntax.Node {
	e.require(len(e.args) > 1, "expected table value expression")
	e.require(len(e.args) == 2, "expected exactly one body expression. Wrap multiple expressions in do")
	into, iterator := e.into(e.args[0])
	made, value := e.gensym("tbl"), e.gensym("val")
	if into != nil {
		return e.list("let", e.seq(made, into),
			e.list(loop, iterator,
				e.list("let", e.seq(value, e.args[1]), e.list("table.insert", made, value))),
			made)
	}
	i := e.gensym("i")
	return e.list("let", e.seq(made, e.table()),
		e.list("var", i, e.num(0)),
		e.list(loop, e.args[0],
			e.list("let", e.seq(value, e.args[1]),
				e.list("when", e.list("not=", "nil", value),
					e.list("set", i, e.list("+", i, e.num(1))),
					e.list("tset", made, i, value)))),
		made)
}

// into takes the &into clause out of the bindings of a loop.
func (e *expansion) into(bindings *syntax.Node) (into, rest *syntax.Node) {
	items := forms(bindings)
	isInto := func(n *syntax.Node) bool {
		return isNamed(n, "&into") || n.Kind == syntax.String && n.Text == "into"
	}
	at := -1
	for i := 1; i < len(items); i++ {
		if isInto(items[i]) {
			e.require(at < 0, "expected only one &into clause")
			at = i
		}
	}
	if at < 0 {
		return nil, bindings
	}
	if at+1 < len(items) {
		into = items[at+1]
	}
	e.require(isSym(into) || isTable(into) || isList(into), "expected table, function call, or symbol in &into clause")
	return into, &syntax.Node{
		Kind:     bindings.Kind,
		Span:     bindings.Span,
		Children: slices.Concat(items[:at], items[at+2:]),
	}
}

func accumulate(e *expansion) *syntax.Node { return e.accumulate("each") }

func faccumulate(e *expansion) *syntax.Node { return e.accumulate("for") }

func (e *expansion) accumulate(loop string) *syntax.Node {
	e.require(isSequence(e.arg(0)) && len(forms(e.args[0])) >= 4, "expected initial value and iterator binding table")
	e.require(len(e.args) > 1, "expected body expression")
	e.require(len(e.args) == 2, "expected exactly one body expression. Wrap multiple expressions with do")
	items := forms(e.args[0])
	e.require(!items[1].IsHole(), "expected name and value")
	accumulator := items[0]
	result := accumulator
	if isList(accumulator) {
		result = e.list("values", e.items(accumulator))
	}
	return e.list("do",
		e.list("var", accumulator, items[1]),
		e.list(loop, e.seq(items[2:]), e.list("set", accumulator, e.args[1])),
		result)
}
