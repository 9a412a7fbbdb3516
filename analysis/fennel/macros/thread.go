package macros

import "quire/analysis/fennel/syntax"

func threadFirst(e *expansion) *syntax.Node { return e.thread(1) }

func threadLast(e *expansion) *syntax.Node { return e.thread(-1) }

// thread puts the value into each step in turn, as item i or as the last.
func (e *expansion) thread(i int) *syntax.Node {
	value := e.or(e.arg(0))
	for _, step := range e.rest(1) {
		value = e.insert(step, i, value)
	}
	return value
}

func maybeFirst(e *expansion) *syntax.Node {
	return e.maybe(1, e.or(e.arg(0)), e.rest(1))
}

func maybeLast(e *expansion) *syntax.Node {
	return e.maybe(-1, e.or(e.arg(0)), e.rest(1))
}

// maybe threads the value through the steps as long as it is not nil. A value
// that costs something is bound before it is compared.
func (e *expansion) maybe(i int, value *syntax.Node, steps []*syntax.Node) *syntax.Node {
	if len(steps) == 0 {
		return value
	}
	if !isIdempotent(value) {
		name := e.gensym("tmp")
		return e.list("let", e.seq(name, value), e.maybe(i, name, steps))
	}
	test := e.list("not=", "nil", value)
	if i < 0 {
		test = e.list("not=", value, "nil")
	}
	return e.list("if", test, e.maybe(i, e.insert(steps[0], i, value), steps[1:]))
}

func maybeDot(e *expansion) *syntax.Node {
	at := e.gensym("t")
	body := []*syntax.Node{e.list("var", at, e.args[:min(1, len(e.args))])}
	for _, key := range e.rest(1) {
		next := e.list("set", at, e.list(".", at, key))
		body = append(body, e.list("if", e.list("not=", "nil", at), next))
	}
	return e.list("do", body, at)
}

func doto(e *expansion) *syntax.Node {
	e.require(len(e.args) > 0, "missing subject")
	subject := e.args[0]
	if !isIdempotent(subject) {
		subject = e.gensym("tmp")
	}
	var body []*syntax.Node
	for _, step := range e.rest(1) {
		body = append(body, e.insert(step, 1, subject))
	}
	form := e.list("do", body, subject)
	if subject != e.args[0] {
		return e.list("let", e.seq(subject, e.args[0]), form)
	}
	return form
}
