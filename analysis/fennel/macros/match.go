package macros

import (
	"slices"

	"quire/analysis/fennel/syntax"
)

// Pattern matching becomes one if. Each clause gives it a condition and a body
// in a let of what the pattern binds:
//
//	(case x [1 y] (f y) _ (g))
//	(if (and (= (_G.type x) :table) (= (. x 1) 1) (not= nil (. x 2)))
//	      (let [y (. x 2)] (f y))
//	    true (let [_ x] (g)))
//
// The subject is bound first unless it costs nothing to evaluate it again, to
// as many names as the longest pattern takes values. A clause with (or …) that
// binds names has to try its alternatives before the condition is known: it
// ends the if with an else that binds the outcome, and a new if goes on there.

func caseOf(e *expansion) *syntax.Node { return e.match(rules{multi: true}) }

func match(e *expansion) *syntax.Node {
	return e.match(rules{multi: true, pins: true, legacyGuards: true})
}

func (e *expansion) match(r rules) *syntax.Node {
	e.require(len(e.args) > 0, "missing subject")
	e.require(len(e.args)%2 == 1, "expected even number of pattern/body pairs")
	e.require(len(e.args) > 1, "expected at least one pattern/body pair")
	subject, clauses := e.spread(e.args[0], e.rest(1))
	m := &matcher{expansion: e, literal: isTable(e.args[0])}
	count := 0
	for i := 0; i < len(clauses); i += 2 {
		count = max(count, e.width(clauses[i]))
	}
	if count == 1 && isIdempotent(subject) {
		return m.clauses([]*syntax.Node{subject}, clauses, r)
	}
	var values []*syntax.Node
	for range count {
		values = append(values, e.gensym("case"))
	}
	return e.list("let", e.seq(e.list(values), subject), m.clauses(values, clauses, r))
}

// spread turns a subject that is a sequence literal into several values, and
// the patterns too, when all of them are sequences without a rest: then nobody
// needs the table.
func (e *expansion) spread(subject *syntax.Node, clauses []*syntax.Node) (*syntax.Node, []*syntax.Node) {
	spreads := func(pattern *syntax.Node) bool {
		items := forms(pattern)
		return isSequence(pattern) && len(items) > 0 && !slices.ContainsFunc(items, func(item *syntax.Node) bool {
			return isSym(item) && item.Text[0] == '&'
		})
	}
	if !isSequence(subject) {
		return subject, clauses
	}
	spread := slices.Clone(clauses)
	for i := 0; i < len(clauses); i += 2 {
		if !spreads(clauses[i]) {
			return subject, clauses
		}
		spread[i] = &syntax.Node{Kind: syntax.List, Span: clauses[i].Span, Children: e.positions(clauses[i])}
	}
	return e.list("values", forms(subject)), spread
}

// width returns how many values a pattern looks at.
func (e *expansion) width(pattern *syntax.Node) int {
	if !isList(pattern) {
		return 1
	}
	items := e.items(pattern)
	switch {
	case len(items) > 1 && isNamed(items[1], "?"):
		return e.width(items[0])
	case len(items) > 0 && isNamed(items[0], "where"):
		if len(items) == 1 {
			return 1
		}
		return e.width(items[1])
	case len(items) > 0 && isNamed(items[0], "or"):
		longest := 0
		for _, item := range items {
			longest = max(longest, e.width(item))
		}
		return longest
	}
	return len(items)
}

func (m *matcher) clauses(values, clauses []*syntax.Node, r rules) *syntax.Node {
	type branch struct{ test, body *syntax.Node }
	type level struct {
		outcome  []*syntax.Node // what the let around this if binds
		branches []branch
	}
	levels := []level{{}}
	for i := 0; i < len(clauses); i += 2 {
		t := m.top(values, clauses[i], r)
		if t.outcome != nil {
			levels = append(levels, level{outcome: t.outcome})
		}
		last := &levels[len(levels)-1]
		last.branches = append(last.branches, branch{t.condition, m.list("let", m.bindings(t.bound), clauses[i+1])})
	}
	var inner *syntax.Node
	for _, l := range slices.Backward(levels) {
		form := []any{"if"}
		for _, b := range l.branches {
			form = append(form, b.test, b.body)
		}
		if inner != nil {
			form = append(form, "true", inner)
		}
		inner = m.list(form...)
		if l.outcome != nil {
			inner = m.list("let", m.seq(l.outcome), inner)
		}
	}
	return inner
}

func caseTry(e *expansion) *syntax.Node { return e.try("case") }

func matchTry(e *expansion) *syntax.Node { return e.try("match") }

func (e *expansion) try(how string) *syntax.Node {
	if len(e.args) == 0 {
		return e.sym("nil")
	}
	steps := e.rest(1)
	otherwise := []*syntax.Node{e.sym("_"), e.sym("...")}
	if n := len(steps); n > 0 && isList(steps[n-1]) {
		if items := e.items(steps[n-1]); len(items) > 0 && isNamed(items[0], "catch") {
			steps, otherwise = steps[:n-1], items[1:]
		}
	}
	e.require(len(steps)%2 == 0, "expected every pattern to have a body")
	e.require(len(otherwise)%2 == 0, "expected every catch pattern to have a body")
	return e.tryStep(how, e.args[0], steps, otherwise)
}

// tryStep matches all values of a form with the next pattern. Nobody knows how
// many there are, so they become the arguments of a function.
func (e *expansion) tryStep(how string, value *syntax.Node, steps, otherwise []*syntax.Node) *syntax.Node {
	if len(steps) == 0 {
		return value
	}
	next := e.tryStep(how, steps[1], steps[2:], otherwise)
	return e.list(e.list("fn", e.seq("..."), e.list(how, "...", steps[0], next, otherwise)), value)
}
