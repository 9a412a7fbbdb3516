package macros

import (
	"maps"
	"slices"
	"strings"

	"quire/analysis/fennel/syntax"
)

// Rules say what a pattern may be where it stands.
type rules struct {
	multi        bool // (a b) takes several values
	pins         bool // a symbol in scope compares with its local
	where        bool // it stands in (where …), so that (= x) compares with a local
	legacyGuards bool // (pattern ? guard …) is a guard
}

func (r rules) nested() rules {
	r.multi = false
	return r
}

func (r rules) inWhere() rules {
	r.where = true
	return r
}

// A matcher makes the conditions and bindings of the clauses of one call.
type matcher struct {
	*expansion
	// literal reports that the subject is a table literal: nobody needs to ask
	// for its type.
	literal bool
}

// A test is what a pattern amounts to.
type test struct {
	condition *syntax.Node
	// bound holds names and their values in turn, as let takes them.
	bound []*syntax.Node
	// outcome, of (or …) that binds names, holds what is to be bound before
	// the condition can be evaluated.
	outcome []*syntax.Node
}

// seen holds, by name, the value that a pattern has already bound.
type seen map[string]*syntax.Node

// top returns the test of the pattern of a clause.
func (m *matcher) top(values []*syntax.Node, pattern *syntax.Node, r rules) test {
	if isTable(pattern) {
		return m.tableTest(first(values), pattern, seen{}, r, !m.literal)
	}
	if !isList(pattern) {
		return m.test(values, pattern, seen{}, r)
	}
	items := m.items(pattern)
	switch {
	case len(items) == 0 || !isSym(items[0]):
	case items[0].Text == "where":
		if len(items) == 1 {
			return test{condition: m.list("=", m.or(first(values)))}
		}
		if alternatives := items[1]; isList(alternatives) {
			if choices := m.items(alternatives); len(choices) > 0 && isNamed(choices[0], "or") {
				return m.anyOf(values, choices[1:], items[2:], r.inWhere())
			}
		}
		return m.guarded(values, items[1], items[2:], seen{}, r.inWhere())
	case items[0].Text == "or":
		m.x.Fail(pattern, "(or) must be used in (where) patterns")
	}
	return m.test(values, pattern, seen{}, r)
}

func first(values []*syntax.Node) *syntax.Node {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}

// test returns the test of a pattern. Only one in a place that takes several
// values looks at more than the first.
func (m *matcher) test(values []*syntax.Node, pattern *syntax.Node, s seen, r rules) test {
	value := m.or(first(values))
	switch {
	case isSym(pattern):
		return m.symbolTest(value, pattern, s, r)
	case isTable(pattern):
		return m.tableTest(value, pattern, s, r, true)
	case isVararg(pattern):
		// To the reference it is a table that no value is equal to.
		return test{condition: m.list("and", value, "false")}
	case !isList(pattern):
		return test{condition: m.list("=", value, pattern)}
	}
	items := m.items(pattern)
	head, second := at(items, 0), at(items, 1)
	switch {
	case isNamed(head, "=") && isSym(second):
		return m.pinTest(value, pattern, items, r)
	case isNamed(head, "where"):
		m.x.Fail(pattern, "can't nest (where) pattern")
	case isNamed(head, "or"):
		m.x.Fail(pattern, "can't nest (or) pattern")
	case isNamed(second, "?"):
		if !r.legacyGuards {
			m.x.Fail(pattern, "legacy guard clause not supported in case")
		}
		return m.guarded(values, head, items[2:], s, r)
	case !r.multi:
		m.x.Fail(pattern, "can't nest multi-value destructuring")
	}
	return m.valuesTest(values, items, s, r)
}

func at(items []*syntax.Node, i int) *syntax.Node {
	if i < len(items) {
		return items[i]
	}
	return nil
}

func (m *matcher) symbolTest(value, pattern *syntax.Node, s seen, r rules) test {
	name := pattern.Text
	if name == "nil" || r.pins && m.pinned(name) {
		return test{condition: m.list("=", value, pattern)}
	}
	if earlier, ok := s[name]; ok {
		return test{condition: m.list("=", earlier, value)}
	}
	bound := []*syntax.Node{pattern, value}
	if name[0] == '_' {
		return test{condition: m.sym("true"), bound: bound}
	}
	s[name] = value
	if name[0] == '?' {
		return test{condition: m.sym("true"), bound: bound}
	}
	return test{condition: m.list("not=", "nil", value), bound: bound}
}

// pinned reports whether a symbol means a local that is already there.
func (m *matcher) pinned(name string) bool {
	if r := root(name); r != "" {
		return m.x.InScope(r)
	}
	return name != "_" && m.x.InScope(name)
}

func (m *matcher) pinTest(value, pattern *syntax.Node, items []*syntax.Node, r rules) test {
	switch {
	case len(items) != 2:
		m.x.Fail(pattern, "(=) should take only one argument")
	case r.pins:
		m.x.Fail(pattern, "(=) cannot be used inside of match")
	case !r.where:
		m.x.Fail(pattern, "(=) must be used in (where) patterns")
	case items[1].Text == "nil":
		m.x.Fail(items[1], "= has to bind to a symbol")
	}
	return test{condition: m.list("=", value, items[1])}
}

func (m *matcher) valuesTest(values, items []*syntax.Node, s seen, r rules) test {
	conditions := make([]*syntax.Node, 0, len(items))
	var bound []*syntax.Node
	for i, item := range items {
		t := m.test(values[min(i, len(values)):min(i+1, len(values))], item, s, r.nested())
		conditions = append(conditions, t.condition)
		bound = append(bound, t.bound...)
	}
	return test{condition: m.list("and", conditions), bound: bound}
}

// tableTest returns the test of [a b & rest &as all] and {:k a &as all}.
func (m *matcher) tableTest(value, pattern *syntax.Node, s seen, r rules, typed bool) test {
	var t test
	conditions := []any{"and"}
	if typed {
		conditions = append(conditions, m.list("=", m.list("_G.type", value), m.str("table")))
	}
	ps := m.pairs(pattern)
	for i, p := range ps {
		indexed := p.key.Kind == syntax.Number
		switch {
		case isNamed(p.key, "&as"):
			t.bound = append(t.bound, p.value, value)
		case indexed && isNamed(p.value, "&as"):
			m.require(i+2 >= len(ps), "expected &as argument before last parameter")
			if i+1 < len(ps) {
				t.bound = append(t.bound, ps[i+1].value)
			}
			t.bound = append(t.bound, value)
		case indexed && isNamed(p.value, "&"):
			m.requireLastRest(ps[i+1:])
			rest, condition := m.restTest(value, p.key, ps[i+1].value, s, r)
			if condition != nil {
				conditions = append(conditions, condition)
			}
			t.bound = append(t.bound, ps[i+1].value, rest)
		case indexed && i > 0 && (isNamed(ps[i-1].value, "&") || isNamed(ps[i-1].value, "&as")):
			// bound with the marker in front of it
		default:
			sub := m.test([]*syntax.Node{m.list(".", value, p.key)}, p.value, s, r.nested())
			conditions = append(conditions, sub.condition)
			t.bound = append(t.bound, sub.bound...)
		}
	}
	t.condition = m.list(conditions...)
	return t
}

func (m *matcher) requireLastRest(behind []pair) {
	m.require(len(behind) == 1, "expected & rest argument before last parameter")
}

// restTest returns the sequence of the items from an index on, and the
// condition of a rest that is a pattern.
func (m *matcher) restTest(value, from, pattern *syntax.Node, s seen, r rules) (rest, condition *syntax.Node) {
	unpack := m.list("or", "table.unpack", "_G.unpack")
	items := m.list("select", from, m.list(unpack, value))
	if isTable(pattern) || isList(pattern) {
		t := m.tableTest(m.list("pick-values", m.num(1), items), pattern, s, r.nested(), true)
		condition = t.condition
	}
	return m.seq(items), condition
}

// guarded returns the test of a pattern with conditions that see its names.
func (m *matcher) guarded(values []*syntax.Node, pattern *syntax.Node, guards []*syntax.Node, s seen, r rules) test {
	t := m.test(values, pattern, s, r)
	if isGuarded(guards) {
		t.condition = m.list("and", t.condition, m.list("let", m.bindings(t.bound), m.list("and", guards)))
	}
	return t
}

// isGuarded reports whether there are conditions. As in the reference, false
// as the first of them counts as none.
func isGuarded(guards []*syntax.Node) bool { return len(guards) > 0 && isTrue(guards[0]) }

// anyOf returns the test of (where (or …) guard …). The body sees the names
// that all alternatives bind.
func (m *matcher) anyOf(values, alternatives, guards []*syntax.Node, r rules) test {
	names := m.common(alternatives, r)
	if len(names) == 0 {
		conditions := []any{"or"}
		for _, a := range alternatives {
			conditions = append(conditions, m.test(values, a, seen{}, r).condition)
		}
		condition := m.list(conditions...)
		if isGuarded(guards) {
			condition = m.list("and", condition, guards)
		}
		return test{condition: condition}
	}
	matched := m.gensym("matched?")
	var kept []*syntax.Node
	for _, name := range names {
		kept = append(kept, m.gensym(name.Text))
	}
	tries := []any{"if"}
	for _, a := range alternatives {
		t := m.guarded(values, a, guards, seen{}, r)
		tries = append(tries, t.condition, m.list("let", m.bindings(t.bound), m.list("values", "true", names)))
	}
	return test{
		condition: matched,
		bound:     []*syntax.Node{m.list(names), m.list("values", kept)},
		outcome:   []*syntax.Node{m.list(matched, kept), m.list(tries...)},
	}
}

// common returns the symbols that every alternative binds, by name.
func (m *matcher) common(alternatives []*syntax.Node, r rules) []*syntax.Node {
	var names map[string]*syntax.Node
	for i, a := range alternatives {
		in := map[string]*syntax.Node{}
		m.collectNames(in, a)
		if i == 0 {
			names = in
			continue
		}
		maps.DeleteFunc(names, func(name string, _ *syntax.Node) bool { return in[name] == nil })
	}
	var common []*syntax.Node
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !r.pins || root(name) != "" || !m.x.InScope(name) {
			common = append(common, names[name])
		}
	}
	return common
}

// collectNames adds the symbols of a pattern that can be bound.
func (m *matcher) collectNames(names map[string]*syntax.Node, pattern *syntax.Node) {
	switch {
	case pattern == nil:
	case isSym(pattern):
		if name := pattern.Text; name != "or" && name != "nil" && !strings.HasPrefix(name, "&") {
			names[name] = pattern
		}
	case isTable(pattern):
		for _, p := range m.pairs(pattern) {
			m.collectNames(names, p.key)
			m.collectNames(names, p.value)
		}
	case isList(pattern):
		items := m.items(pattern)
		switch {
		case isNamed(at(items, 0), "where") || isNamed(at(items, 0), "="):
			m.collectNames(names, at(items, 1))
		case isNamed(at(items, 1), "?"):
			m.collectNames(names, items[0])
		default:
			for _, item := range items {
				m.collectNames(names, item)
			}
		}
	}
}
