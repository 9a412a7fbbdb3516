package analysis

import (
	"fmt"
	"strings"
	"sync"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/source"
)

// The exit of a command is looked at when its result is: when a key of it is
// read, when it is given to a function, stored, compared or kept in a name
// that anything but a return mentions. What is left is a result that is
// dropped, and one that is only returned. Returned from a helper, it goes where
// the helper's calls go; returned from a run-fn, it is the job's outputs, and
// whoever reads these looks at it.

// A fate is where the result of a call goes.
type fate int

const (
	lookedAt fate = iota
	dropped
	returned
)

// An exits follows the results of commands.
type exits struct {
	*checker
	returns map[*fennel.Call]map[source.Span]*fennel.Func // the functions that return a result, by the place of the value
	names   map[*fennel.Call][]*fennel.Symbol             // the locals that hold a result
	read    map[*fennel.Call]bool                         // a key of the result is read
	outputs func() outputs
	giving  map[*fennel.Func]bool // functions that give such a result, as far as it was asked for
}

// ignoredExits reports commands whose exit nobody looks at.
func (c *checker) ignoredExits() {
	e := &exits{
		checker: c,
		returns: map[*fennel.Call]map[source.Span]*fennel.Func{},
		names:   map[*fennel.Call][]*fennel.Symbol{},
		read:    map[*fennel.Call]bool{},
		outputs: sync.OnceValue(c.outputs),
		giving:  map[*fennel.Func]bool{},
	}
	for fn := range c.module.Functions() {
		for _, v := range fn.Returns {
			if v.Kind == fennel.Result {
				if e.returns[v.Call] == nil {
					e.returns[v.Call] = map[source.Span]*fennel.Func{}
				}
				e.returns[v.Call][v.Span] = fn
			}
		}
	}
	for s := range c.module.Index.Symbols() {
		if s.Value != nil && s.Value.Kind == fennel.Result {
			e.names[s.Value.Call] = append(e.names[s.Value.Call], s)
		}
	}
	for a := range c.module.Accesses() {
		if a.Value.Root.Kind == fennel.CallRoot {
			e.read[a.Value.Root.Call] = true
		}
	}
	raising := c.raising()
	for _, call := range c.calls {
		if call.Fn != nil && e.gives(call) && !raising.within(call.Span) && !c.inBroken(call.Span) {
			e.ignored(call)
		}
	}
}

// gives reports whether a call gives the result of a command that nobody has
// looked at so far: it runs one, or calls a helper that only returns such.
func (e *exits) gives(call *fennel.Call) bool {
	t := e.sense(call.Callee)
	if t.kind == primitive {
		return t.name == "sh"
	}
	if t.kind != function {
		return false
	}
	gives, ok := e.giving[t.fn]
	if !ok {
		e.giving[t.fn] = false // while it is looked at: it may call itself
		gives = e.passesOn(t.fn)
		e.giving[t.fn] = gives
	}
	return gives
}

// passesOn reports whether a function only returns results that nobody has
// looked at.
func (e *exits) passesOn(fn *fennel.Func) bool {
	for _, v := range fn.Returns {
		if v.Kind != fennel.Result || !e.gives(v.Call) {
			return false
		}
		if f, from := e.fate(v.Call); f != returned || from != fn {
			return false
		}
	}
	return len(fn.Returns) > 0
}

// fate returns where the result of a call goes, and for one that is returned
// from which function.
func (e *exits) fate(call *fennel.Call) (fate, *fennel.Func) {
	at := e.returns[call]
	switch names := e.names[call]; {
	case call.Dropped:
		return dropped, nil
	case e.read[call] || len(names) > 1:
		return lookedAt, nil
	case len(names) == 1:
		return e.named(names[0], at)
	}
	if fn := at[call.Span]; fn != nil && fn == call.Fn {
		return returned, fn
	}
	return lookedAt, nil
}

// named returns the fate of a result that a local holds.
func (e *exits) named(s *fennel.Symbol, returns map[source.Span]*fennel.Func) (fate, *fennel.Func) {
	if s.Expanded || s.UsedByMacro || s.Written || strings.HasPrefix(s.Name, "_") || e.broken(s.Scope) || e.hasLua() {
		return lookedAt, nil
	}
	var from *fennel.Func
	for _, u := range s.Uses {
		fn := returns[u]
		if fn == nil || fn != s.Value.Call.Fn {
			return lookedAt, nil
		}
		from = fn
	}
	if from == nil {
		return dropped, nil
	}
	return returned, from
}

// ignored reports a call whose result nobody looks at.
func (e *exits) ignored(call *fennel.Call) {
	d := diag.Diagnostic{Span: call.Span, Code: diag.IgnoredExit,
		Message: "The exit status of this command is never looked at: it may fail and the job goes on.",
		Help:    "Raise when :exit is not 0, or bind the result to a name like _ignored to say that it does not matter."}
	switch f, fn := e.fate(call); f {
	case dropped:
		d.Fixes = e.checkedFix(call)
	case returned:
		ids := e.jobs[fn]
		if len(ids) == 0 || len(e.errors.spans) > 0 || e.outputs().readable(ids) {
			return
		}
		d.As = diag.Hint
		d.Message = "The exit status of this command is only returned, and no job reads it: it may fail and the job succeeds."
		d.Fixes = e.checkedFix(call)
	default:
		return
	}
	e.note(d)
}

// raising returns the places of the findings that say that the call around them
// raises, so that it has no exit to ignore.
func (c *checker) raising() regions {
	var spans []source.Span
	for _, d := range c.found {
		switch d.Code {
		case diag.BadCommand, diag.BadArgument, diag.BadOption, diag.UnknownOption, diag.UnknownPrimitive:
			spans = append(spans, d.Span)
		}
	}
	return newRegions(spans)
}

// checkedFix returns the fix that raises when a command fails, and gives its
// result as before.
func (c *checker) checkedFix(call *fennel.Call) []diag.Fix {
	text := c.file.Slice(call.Span)
	isWritten := strings.HasPrefix(text, "(") && call.Callee.Span.Start == call.Span.Start+1
	if !isWritten || c.shadowed("assert", call.Span.Start) {
		return nil
	}
	message := "the command failed"
	if len(call.Args) > 0 {
		if words := commandText(call.Args[0]); words != "" {
			message = words + " failed"
		}
	}
	var edits []diag.Edit
	before, after := `(assert (= 0 (. `, fmt.Sprintf(` :exit)) %q)`, message)
	if !call.Dropped {
		before, after = `(let [result `, fmt.Sprintf(`] (assert (= 0 result.exit) %q) result)`, message)
	}
	for _, e := range []struct {
		at   int
		text string
	}{{call.Span.Start, before}, {call.Span.End, after}} {
		edits = append(edits, diag.Edit{File: c.file, Span: source.Span{Start: e.at, End: e.at}, Text: e.text})
	}
	return []diag.Fix{{Title: "Raise when the command fails", Edits: edits}}
}

// commandText names a command that is written as text, or gives nothing.
func commandText(v *fennel.Value) string {
	const longest = 40
	var words []string
	switch v.Kind {
	case fennel.Literal:
		words = append(words, v.Text)
	case fennel.ArrayOf:
		for _, item := range v.Items {
			if item.Kind != fennel.Literal {
				break
			}
			words = append(words, item.Text)
		}
	}
	text := strings.Join(words, " ")
	if len(text) > longest || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '\\' || r == '"' }) {
		return ""
	}
	return text
}

// outputs is what is known of who reads the outputs of jobs.
type outputs struct {
	all   bool // any job's may be read
	names map[string]bool
}

// readable reports whether somebody may read the outputs of one of the jobs.
func (o outputs) readable(ids []string) bool {
	for _, id := range ids {
		if o.all || o.names[id] || id == "" && len(o.names) > 0 {
			return true
		}
	}
	return false
}

// outputs returns what the jobs of the file read.
func (c *checker) outputs() outputs {
	o := outputs{names: map[string]bool{}}
	for _, j := range c.graph.Jobs {
		o.all = o.all || j.Run.File != c.file && !j.Mirror
	}
	escapes := func(v *fennel.Value) bool {
		t := c.sense(v)
		return t.kind == runtime || t.kind == primitive && t.name == "jobs"
	}
	inside := holding{escapes, map[*fennel.Value]bool{}}
	for _, call := range c.calls {
		t := c.sense(call.Callee)
		if t.kind == primitive && t.name == "jobs" && len(call.Args) > 0 {
			if id := literalID(call.Args[0]); id != "" {
				o.names[id] = true
				continue
			}
			o.all = true
		}
		for _, arg := range call.Args {
			o.all = o.all || t.kind != function && escapes(arg) || inside.holds(arg)
		}
	}
	for fn := range c.module.Functions() {
		for _, v := range fn.Returns {
			o.all = o.all || escapes(v) || inside.holds(v)
		}
	}
	for s := range c.module.Index.Symbols() {
		o.all = o.all || s.Value != nil && inside.holds(s.Value)
	}
	return o
}

// A holding looks for something in tables, into each of which it looks once.
type holding struct {
	is   func(*fennel.Value) bool
	seen map[*fennel.Value]bool
}

// holds reports whether something is found in a table for the first time.
func (h holding) holds(v *fennel.Value) bool {
	if len(v.Items) == 0 && len(v.Fields) == 0 || h.seen[v] {
		return false
	}
	h.seen[v] = true
	for _, item := range v.Items {
		if h.is(item) || h.holds(item) {
			return true
		}
	}
	for _, field := range v.Fields {
		if h.is(field.Value) || h.holds(field.Value) {
			return true
		}
	}
	return false
}
