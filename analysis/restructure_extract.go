package analysis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// extractLocal gives the value of the form a name, right before the statement
// that it is part of. It is offered where that is evaluated at the same time:
// through calls and tables only, and behind nothing that could do something.
func (r *restructurer) extractLocal() {
	value, i := r.unit(len(r.path) - 1)
	if i == 0 || value.Kind == syntax.Symbol || value.Kind == syntax.Prefix {
		return
	}
	if !r.isSingle(value) && r.spreads(i) {
		return // a local holds only the first of its values
	}
	at := i
	for !r.isStatement(at) {
		items, own := r.siblings(at)
		if own < 0 || !r.evaluatesAll(r.path[at-1], own) || slices.ContainsFunc(items[:own], acts) {
			return
		}
		if at--; at == 0 {
			break
		}
	}
	if at == i {
		return // it is a statement itself
	}
	name := r.fresh("value", r.path[0])
	start := r.path[at].Span.Start
	r.offer("Extract a local", true,
		r.replace(start, start, "(local "+name+" "+r.text(value)+")\n"+strings.Repeat(" ", r.column(start))),
		r.replace(value.Span.Start, value.Span.End, name))
}

// spreads reports whether all the values of the form at an index of the path
// count where it stands: last in a call or sequence.
func (r *restructurer) spreads(i int) bool {
	items, at := r.siblings(i)
	return r.path[i-1].Kind != syntax.Table && at == len(items)-1
}

// isSingle reports whether a form is known to have one value.
func (r *restructurer) isSingle(n *syntax.Node) bool {
	if n.Kind != syntax.List {
		return true
	}
	items := n.Items()
	if len(items) == 0 || items[0].Kind != syntax.Symbol {
		return false
	}
	if m, ok := r.MeaningAt(items[0].Span.End); ok && m.Kind == PrimitiveName {
		return true
	}
	f, ok := findForm(items[0].Text)
	return ok && isOperator(f) && f.Name != ":" // which calls a method
}

// isOperator reports whether a form computes one value from the values of all
// that is in it, but for the short cuts of and and or.
func isOperator(f fennel.Form) bool {
	return f.Special && (!strings.ContainsFunc(f.Name, unicode.IsLetter) || f.Name == "not" || f.Name == "length" || f.Name == "not=")
}

// isStatement reports whether the form at an index of the path stands at top
// level or in the body of something, where locals can be bound.
func (r *restructurer) isStatement(i int) bool {
	if i == 0 {
		return true
	}
	items, at := r.siblings(i)
	switch head(r.path[i-1]) {
	case "do":
		return at >= 1
	case "let", "when", "unless", "each", "for", "while":
		return at >= 2
	case "fn", "lambda", "λ", "defrun":
		params := slices.IndexFunc(items, func(n *syntax.Node) bool { return n.Kind == syntax.Sequence })
		return params > 0 && at > params
	}
	return false
}

// evaluatesAll reports whether a form evaluates the one at an index of its
// items whenever it is evaluated, in its own scope.
func (r *restructurer) evaluatesAll(n *syntax.Node, at int) bool {
	switch n.Kind {
	case syntax.Sequence, syntax.Table:
		return true
	case syntax.List:
		items := n.Items()
		if at == 0 || items[0].Kind != syntax.Symbol || r.isMacro(items[0]) {
			return false
		}
		f, ok := findForm(items[0].Text)
		return !ok || isOperator(f)
	}
	return false
}

// isMacro reports whether a symbol names a macro that the file defines or
// imports.
func (r *restructurer) isMacro(n *syntax.Node) bool {
	w, ok := r.lexicon().at(n.Span.Start)
	return ok && w.Symbol != nil && w.Symbol.Kind == fennel.Macro
}

// acts reports whether evaluating a form could do something.
func acts(n *syntax.Node) bool {
	for x := range n.All() {
		if x.Kind == syntax.List {
			return true
		}
	}
	return false
}

// fresh returns a name that nothing in the file has.
func (r *restructurer) fresh(base string, in *syntax.Node) string {
	name := base
	for n := 2; r.taken(name, in) || r.named(name); n++ {
		name = base + strconv.Itoa(n)
	}
	return name
}

func (r *restructurer) named(name string) bool {
	for sym := range r.Module().Index.Symbols() {
		if sym.Name == name {
			return true
		}
	}
	return false
}

// column returns how far a place is from the start of its line.
func (r *restructurer) column(offset int) int { return r.File.Position(offset).Column - 1 }

// registration returns the form of top level at the place if it registers one
// job with an id that is written.
func (r *restructurer) registration() (id *syntax.Node, form []*syntax.Node, ok bool) {
	items := r.path[0].Items()
	if r.path[0].Kind != syntax.List || len(items) < 4 || !r.names(items[0], MemberName, "job") || items[1].Kind != syntax.String {
		return nil, nil, false
	}
	return items[1], items, true
}

// addDependent writes a job that needs the one at the place.
func (r *restructurer) addDependent() {
	id, form, ok := r.registration()
	if !ok {
		return
	}
	name := "after-" + id.Text
	for n := 2; r.registered(name) != nil; n++ {
		name = fmt.Sprintf("after-%s-%d", id.Text, n)
	}
	end := r.path[0].Span.End
	r.offer(fmt.Sprintf("Add a job that needs '%s'", id.Text), true, r.replace(end, end,
		fmt.Sprintf("\n\n(%s %s [%s]\n  (fn [{: sh}]\n    (sh \"true\")))", r.text(form[0]), quoted(name), quoted(id.Text))))
}

// quoted returns a string as Fennel, with a colon if it can have one.
func quoted(text string) string {
	if isKeyword(text) {
		return ":" + text
	}
	return `"` + text + `"`
}

// extractRunFn gives the run-fn of the job at the place a name, before the job.
func (r *restructurer) extractRunFn() {
	id, form, ok := r.registration()
	if !ok || len(form) != 4 || strings.ContainsAny(id.Text, "\"\\") {
		return
	}
	fn := form[3]
	items := fn.Items()
	if head(fn) != "fn" && head(fn) != "lambda" && head(fn) != "λ" || len(items) < 2 || items[1].Kind != syntax.Sequence {
		return
	}
	base := "run-" + id.Text
	if n := onlyForm(base); n == nil || n.Kind != syntax.Symbol || strings.ContainsAny(base, ".:") {
		base = "run-job"
	}
	name := r.fresh(base, r.path[0])
	text := "(" + r.text(items[0]) + " " + name + " " + r.outdented(source.Span{Start: items[1].Span.Start, End: fn.Span.End}, r.column(fn.Span.Start))
	start := r.path[0].Span.Start
	r.offer("Extract the run-fn", true, r.replace(start, start, text+"\n\n"), r.replace(fn.Span.Start, fn.Span.End, name))
}

// outdented returns text with up to n columns less before its lines, those that
// begin in strings left as they are.
func (r *restructurer) outdented(at source.Span, n int) string {
	var out strings.Builder
	lines := strings.SplitAfter(r.File.Slice(at), "\n")
	offset := at.Start
	for i, line := range lines {
		next := offset + len(line)
		if i > 0 && !r.inString(offset) {
			blanks := len(line) - len(strings.TrimLeft(line, " "))
			line = line[min(blanks, n):]
		}
		out.WriteString(line)
		offset = next
	}
	return out.String()
}

func (r *restructurer) inString(offset int) bool {
	path := r.Module().Tree.Path(offset)
	last := path[len(path)-1]
	return last.Kind == syntax.String && last.Span.Start < offset && offset < last.Span.End
}
