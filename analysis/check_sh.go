package analysis

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
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

// An exits follows the results of commands, and reports those of one file.
type exits struct {
	*checker
	// abroad is what forms do with the results of calls in others.
	abroad  map[*fennel.Call]*usage
	outputs func() outputs
	giving  map[*fennel.Func]bool // functions that give such a result, as far as it was asked for
}

// A usage is what is done with the result of a call.
type usage struct {
	returns []returning
	names   []*fennel.Symbol // the locals that hold it
	read    bool             // a key of it is read
}

// A returning is a value that a function returns.
type returning struct {
	at source.Span
	fn *fennel.Func
}

// from returns the function that returns the value at a place, or nil.
func (u *usage) from(at source.Span) *fennel.Func {
	for _, r := range slices.Backward(u.returns) {
		if r.at == at {
			return r.fn
		}
	}
	return nil
}

// exitDigest is what following the results of commands needs of a part.
type exitDigest struct {
	// usages are what the part does with the results of calls.
	usages map[*fennel.Call]*usage
	// abroad are those of the calls that are not in the part.
	abroad []*fennel.Call
	// commands are the calls whose results may be ignored.
	commands []*fennel.Call
	// escaping are the values that may carry the outputs of jobs to where nobody
	// sees who reads them: those that are given to what may not be a function of
	// the file, those in tables, and those that are returned.
	escaping []escape
}

// An escape is a value and the call that it is given to, if any.
type escape struct {
	value *fennel.Value
	to    *fennel.Call
}

func newExitDigest(p *fennel.Part) exitDigest {
	d := exitDigest{usages: map[*fennel.Call]*usage{}}
	for _, fn := range p.Functions {
		for _, v := range fn.Returns {
			if v.Kind == fennel.Result {
				u := d.usage(v.Call)
				u.returns = append(u.returns, returning{v.Span, fn})
			}
		}
	}
	for _, s := range p.Symbols {
		if s.Value != nil && s.Value.Kind == fennel.Result {
			u := d.usage(s.Value.Call)
			u.names = append(u.names, s)
		}
	}
	for _, a := range p.Accesses {
		if a.Value.Root.Kind == fennel.CallRoot {
			d.usage(a.Value.Root.Call).read = true
		}
	}
	for _, c := range p.Calls {
		u := d.usages[c]
		isLookedAt := !c.Dropped && u != nil && (u.read || len(u.names) > 1)
		if c.Fn != nil && !isLookedAt && (mayBeFunction(c.Callee) || mayBe(c.Callee, "sh")) {
			d.commands = append(d.commands, c)
		}
	}
	for c := range d.usages {
		if !p.Holds(c.Span) {
			d.abroad = append(d.abroad, c)
		}
	}
	d.escaping = escapes(p)
	return d
}

func (d *exitDigest) usage(c *fennel.Call) *usage {
	u := d.usages[c]
	if u == nil {
		u = &usage{}
		d.usages[c] = u
	}
	return u
}

// escapes returns the values of a part that may be the runtime, or what is
// followed of it, and may go where nothing is known of them.
func escapes(p *fennel.Part) []escape {
	var all []escape
	inside := holding{is: func(v *fennel.Value) bool {
		if mayCarry(v) {
			all = append(all, escape{value: v})
		}
		return false
	}}
	for _, c := range p.Calls {
		for _, arg := range c.Args {
			if mayCarry(arg) {
				all = append(all, escape{arg, c})
			}
			inside.holds(arg)
		}
	}
	for _, fn := range p.Functions {
		for _, v := range fn.Returns {
			inside.is(v)
			inside.holds(v)
		}
	}
	for _, s := range p.Symbols {
		if s.Value != nil {
			inside.holds(s.Value)
		}
	}
	return all
}

// mayCarry reports whether a value may be the runtime, or the jobs or secret in
// it.
func mayCarry(v *fennel.Value) bool {
	switch {
	case isOpen(v):
		return true
	case v.Kind != fennel.Path:
		return false
	case v.Root.Kind == fennel.ModuleRoot:
		t := moduleSense(v.Root.Name)
		for _, k := range v.Keys {
			t = t.key(k.Name)
		}
		return carries(t, "jobs") || carries(t, "secret")
	}
	return lastKey(v) == "jobs" || lastKey(v) == "secret" || isModuleField(lastKey(v))
}

// carries reports whether something gives a primitive.
func carries(t sense, name string) bool {
	return t.kind == runtime || t.kind == primitive && t.name == name
}

// isModuleField reports whether a module of the product has something other than
// a function under a name, which is the runtime.
func isModuleField(name string) bool {
	return slices.ContainsFunc(dsl.Modules(), func(m dsl.Module) bool {
		return slices.ContainsFunc(m.Fields, func(k dsl.Key) bool { return k.Name == name })
	})
}

// ignoredExits reports commands whose exit nobody looks at, in all files.
func (c *checker) ignoredExits() {
	e := exits{
		abroad:  map[*fennel.Call]*usage{},
		outputs: sync.OnceValue(c.outputs),
		giving:  map[*fennel.Func]bool{},
	}
	for _, u := range c.units {
		e.addAbroad(u)
	}
	for _, file := range c.all {
		e.checker = file
		e.ofFile()
	}
}

// addAbroad adds what the forms of a unit do with the results of calls in
// others.
func (e *exits) addAbroad(u *unit) {
	for _, d := range u.digests {
		for _, call := range d.abroad {
			all, more := e.abroad[call], d.usages[call]
			if all == nil {
				all = &usage{}
				e.abroad[call] = all
			}
			all.returns = append(all.returns, more.returns...)
			all.names = append(all.names, more.names...)
			all.read = all.read || more.read
		}
	}
}

// ofFile reports the commands of the file.
func (e *exits) ofFile() {
	raising := e.raising()
	check := func(call *fennel.Call) {
		if at := e.at(call.Span); e.gives(call) && !raising.within(at) && !e.inBroken(at) {
			e.ignored(call)
		}
	}
	for _, d := range e.digests {
		for _, call := range d.commands {
			check(call)
		}
	}
	for _, call := range e.inside {
		if call.Fn != nil {
			check(call)
		}
	}
}

// usage returns what is done with the result of a call.
func (e *exits) usage(call *fennel.Call) usage {
	var all usage
	if u := e.unitOfCall(call).digestAt(call.Span).usages[call]; u != nil {
		all = *u
	}
	if u := e.abroad[call]; u != nil {
		all.returns = slices.Concat(all.returns, u.returns)
		all.names = slices.Concat(all.names, u.names)
		all.read = all.read || u.read
	}
	return all
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
	u := e.usage(call)
	switch {
	case call.Dropped:
		return dropped, nil
	case u.read || len(u.names) > 1:
		return lookedAt, nil
	case len(u.names) == 1:
		return e.named(u.names[0], u)
	}
	if fn := u.from(call.Span); fn != nil && fn == call.Fn {
		return returned, fn
	}
	return lookedAt, nil
}

// named returns the fate of a result that a local holds.
func (e *exits) named(s *fennel.Symbol, u usage) (fate, *fennel.Func) {
	file := e.of(s.Value.Call)
	beyond := file.module.Beyond(s)
	if s.Expanded || s.UsedByMacro || beyond.UsedByMacro || s.Written || beyond.Written ||
		strings.HasPrefix(s.Name, "_") || file.broken(file.at(s.Scope)) || e.lua {
		return lookedAt, nil
	}
	var from *fennel.Func
	for _, at := range slices.Concat(s.Uses, beyond.Uses) {
		fn := u.from(at)
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
	d := diag.Diagnostic{Span: e.at(call.Span), Code: diag.IgnoredExit,
		Message: "The exit status of this command is never looked at: it may fail and the job goes on.",
		Help:    "Raise when :exit is not 0, or bind the result to a name like _ignored to say that it does not matter."}
	switch f, fn := e.fate(call); f {
	case dropped:
		d.Fixes = e.checkedFix(call)
		e.note(d)
	case returned:
		if len(e.jobs[fn]) == 0 || len(e.errors.spans) > 0 {
			return
		}
		d.As = diag.Hint
		d.Message = "The exit status of this command is only returned, and no job reads it: it may fail and the job succeeds."
		d.Fixes = e.checkedFix(call)
		file, read := e.checker, e.outputs()
		e.whenEvaluated(func() {
			if !read.readable(file.jobs[fn]) && !slices.ContainsFunc(file.graph.Jobs, file.runsElsewhere) {
				file.note(d)
			}
		})
	}
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
	at := c.at(call.Span)
	isWritten := strings.HasPrefix(c.file.Slice(at), "(") && call.Callee.Span.Start == call.Span.Start+1
	if !isWritten || c.shadowed("assert", at.Start) {
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
	}{{at.Start, before}, {at.End, after}} {
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

// outputs returns what the code of the files reads.
func (c *checker) outputs() outputs {
	o := outputs{names: map[string]bool{}}
	for _, file := range c.all {
		o.addRead(file)
	}
	return o
}

// runsElsewhere reports whether none of the files has the run-fn of a job, so that
// nobody knows what it does.
func (c *checker) runsElsewhere(j *pipeline.Job) bool {
	isKnown := slices.ContainsFunc(c.all, func(k *checker) bool { return k.file == j.Run.File })
	return !isKnown && !j.Mirror
}

// addRead adds what the code of a file reads.
func (o *outputs) addRead(c *checker) {
	for call := range c.readings() {
		if len(call.Args) == 0 {
			continue
		}
		if id := literalID(call.Args[0]); id != "" {
			o.names[id] = true
		} else {
			o.all = true
		}
	}
	o.all = o.all || c.leaksPrimitive("jobs")
}

// escapes reports whether a value carries a primitive to where nothing is known
// of it.
func (c *checker) escapes(x escape, name string) bool {
	t := c.sense(x.value)
	isModule := t.kind == module && c.exports[t.name] != nil
	return (isModule || carries(t, name)) && (x.to == nil || c.sense(x.to.Callee).kind != function)
}

// A holding looks for something in tables, into each of which it looks once.
type holding struct {
	is   func(*fennel.Value) bool
	seen visited
}

// A visited is values that something was done with. Most are few.
type visited struct {
	few  []*fennel.Value
	many map[*fennel.Value]bool
}

// add adds a value, and reports whether it is a new one.
func (s *visited) add(v *fennel.Value) bool {
	const limit = 16
	switch {
	case s.many[v] || slices.Contains(s.few, v):
		return false
	case len(s.few) < limit:
		s.few = append(s.few, v)
	case s.many == nil:
		s.many = map[*fennel.Value]bool{v: true}
	default:
		s.many[v] = true
	}
	return true
}

// holds reports whether something is found in a table for the first time.
func (h *holding) holds(v *fennel.Value) bool {
	if len(v.Items) == 0 && len(v.Fields) == 0 || !h.seen.add(v) {
		return false
	}
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
