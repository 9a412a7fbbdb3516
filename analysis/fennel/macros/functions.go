package macros

import (
	"fmt"
	"slices"

	"quire/analysis/fennel/syntax"
)

func when(e *expansion) *syntax.Node {
	e.require(isTrue(e.arg(1)), "expected body")
	return e.list("if", e.args[0], e.list("do", e.rest(1)))
}

// withOpen runs the body in a protected call whose results go through a
// function that closes what was opened, the last first, and then returns them
// or raises the error again, as it was.
func withOpen(e *expansion) *syntax.Node {
	opened := e.arg(0)
	text := opened != nil && opened.Kind == syntax.String && opened.Text != ""
	e.require(!isSym(opened) && !isVararg(opened) && !text, "with-open only allows symbols in bindings")
	e.require(isTable(opened) || isList(opened), "with-open expects a binding table")
	names := e.positions(opened)
	var closing []*syntax.Node
	for i := 0; i < len(names); i += 2 {
		e.require(isSym(names[i]), "with-open only allows symbols in bindings")
		closing = append(closing, e.list(":", names[i], e.str("close")))
	}
	slices.Reverse(closing)

	closer, ok := e.gensym("close-handlers"), e.gensym("ok")
	finish := e.list("fn", closer, e.seq(ok, "..."), closing,
		e.list("if", ok, "...", e.list("_G.error", "...", e.num(0))))
	params := e.seq()
	run := []any{"_G.pcall"}
	if e.x.Vararg() {
		params = e.seq("...")
		run = append(run, e.list("fn", params, e.rest(1)), "...")
	} else {
		run = append(run, e.list("fn", params, e.rest(1)))
	}
	return e.list("let", opened, finish, e.list(closer, e.list(run...)))
}

func partial(e *expansion) *syntax.Node {
	e.require(isTrue(e.arg(0)), "expected a function to partially apply")
	call := []*syntax.Node{e.args[0]}
	var bound []*syntax.Node
	for _, arg := range e.rest(1) {
		if !isIdempotent(arg) {
			name := e.gensym("partial")
			bound = append(bound, name, arg)
			arg = name
		}
		call = append(call, arg)
	}
	made := e.list("fn", e.seq("..."), e.list(call, "..."))
	if bound == nil {
		return made
	}
	return e.list("let", e.seq(bound), made)
}

// A function has at most 199 parameters. More are made up to maxPicked, which
// bounds the work: what else is wrong comes first when the function is compiled.
const (
	maxParameters = 199
	maxPicked     = 1000
)

func pickArgs(e *expansion) *syntax.Node {
	count := e.arg(0)
	e.require(count != nil && count.Kind == syntax.Number, "expected a literal number of arguments")
	n, ok := syntax.ParseNumber(count.Text)
	e.require(ok && n <= maxPicked, fmt.Sprintf("expected at most %d arguments", maxParameters))
	var params []*syntax.Node
	for range int(max(n, 0)) {
		params = append(params, e.gensym("pick"))
	}
	call := e.list() // no function and no arguments leave nothing, which is no call of nil
	if e.arg(1) != nil || len(params) > 0 {
		call = e.list(e.or(e.arg(1)), params)
	}
	return e.list("fn", e.seq(params), call)
}

// lambda puts a test of each parameter in front of the body. As in the
// reference, the last parameter is tested first.
func lambda(e *expansion) *syntax.Node {
	at := 0
	if isSym(e.arg(0)) {
		at = 1
	}
	params := e.arg(at)
	e.require(isTable(params) || isList(params) || isSym(params) || isVararg(params), "expected arg list")
	body := e.afterMetadata(at + 1)
	var checks []*syntax.Node
	if isTable(params) {
		for _, param := range e.positions(params) {
			checks = e.checks(checks, param)
		}
	}
	slices.Reverse(checks)
	args := slices.Insert(slices.Clone(e.args), body, checks...)
	if body == len(e.args) {
		args = append(args, e.sym("nil"))
	}
	return e.list("fn", args)
}

// afterMetadata returns the index of the first argument of the body, which
// starts at i unless a docstring and a table of metadata come first.
func (e *expansion) afterMetadata(i int) int {
	if i+1 < len(e.args) && e.args[i].Kind == syntax.String {
		i++
	}
	if i+1 < len(e.args) && e.args[i].Kind == syntax.Table && len(e.pairs(e.args[i])) > len(e.positions(e.args[i])) {
		i++
	}
	return i
}

// checks appends the tests of a parameter and of what it is made of.
func (e *expansion) checks(checks []*syntax.Node, param *syntax.Node) []*syntax.Node {
	if isTable(param) {
		for _, p := range e.pairs(param) {
			checks = e.checks(checks, p.value)
		}
		return checks
	}
	if !isSym(param) || mayBeNil(param.Text) {
		return checks
	}
	message := fmt.Sprintf("Missing argument %s on %s", param.Text, e.x.Where(param))
	return append(checks, e.list("when", e.list("=", "nil", param), e.list("_G.error", e.str(message), e.num(2))))
}

func mayBeNil(param string) bool {
	return param[0] == '_' || param[0] == '?' || param == "&" || param == "&as"
}

func defineMacro(e *expansion) *syntax.Node {
	e.require(isSym(e.arg(0)), "expected symbol for macro name")
	name := &syntax.Node{Kind: syntax.String, Span: e.args[0].Span, Text: e.args[0].Text}
	return e.list("macros", e.table(name, e.list("fn", e.rest(1))))
}

func assertRepl(e *expansion) *syntax.Node { return e.list("_G.assert", e.args) }
