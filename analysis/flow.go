package analysis

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A sense is what a value is to a pipeline, as far as that is known without
// running anything.
//
// The compiler says what every expression is in terms of the language: a path
// from a module, from a parameter, from the result of a call. This file gives
// those roots their sense: a module of the product, the runtime table that a
// run-fn is given, a primitive in it. Parameters of ordinary functions mean
// what all their calls in the file agree on, so a helper that is passed sh is
// followed too, whatever it calls its parameter.
type sense struct {
	kind   senseKind
	name   string       // of a module, member or primitive
	module string       // of a member, or of an absent key that is not the runtime's
	fn     *fennel.Func // of a function
	call   *fennel.Call // of a result: the call, where that is known
}

type senseKind int

const (
	unknown   senseKind = iota
	module              // (require :quire.ci): name
	member              // a function of a module that is no primitive: name
	runtime             // the table of primitives
	primitive           // one of them: name
	absent              // a key that the runtime or a module does not have: name
	function            // a function of the file, or of a module that it requires
	result              // what a primitive gives: its name, and the call
	macros              // what (import-macros … name) takes its macros from: name
)

// A param is one parameter of one function, or what the function returns.
type param struct {
	fn    *fennel.Func
	index int // from 0, or returns
}

// returns stands for what a function returns.
const returns = -1

// A flow knows what flows where in one file, and in the modules of the
// repository that it requires.
type flow struct {
	*unit         // the file
	units []*unit // the file first
	owners
	exporting
	// passed holds the values that the calls of the file pass for a parameter.
	passed map[param][]*fennel.Value
	// leaked holds the functions that code may call which the flow does not see.
	leaked map[*fennel.Func]bool
	registering
	resolving
}

// A registering is what is known of which functions are run-fns.
type registering struct {
	// jobs holds the ids of the jobs that a function is the run-fn of. An empty
	// id stands for a job whose id is not known.
	jobs map[*fennel.Func][]string
	// written are the functions that the text registers, in the order of the
	// calls.
	written []writtenJob
	// settled reports that looking again would find no other run-fns.
	settled bool
}

// A writtenJob is a function that the text registers.
type writtenJob struct {
	fn *fennel.Func
	id string // empty: not known
}

// A resolving remembers what was found out, since functions may call each
// other in a circle, or in so many ways that following each takes for ever.
type resolving struct {
	known map[param]sense
	busy  map[param]bool // what is being resolved
	cut   bool           // a circle was met since the present resolution began
	steps int
}

func newResolving() resolving { return resolving{known: map[param]sense{}, busy: map[param]bool{}} }

// maxSteps bounds what resolving a module may take. Beyond it nothing more is
// known.
const maxSteps = 1_000_000

// resolve returns what a key means, which is computed unless it is known.
func (r *resolving) resolve(key param, compute func() sense) sense {
	if t, ok := r.known[key]; ok {
		return t
	}
	if r.busy[key] || r.steps >= maxSteps {
		r.cut = true
		return sense{}
	}
	r.steps++
	r.busy[key] = true
	outer := r.cut
	r.cut = false
	t := compute()
	delete(r.busy, key)
	if !r.cut {
		r.known[key] = t
	}
	r.cut = r.cut && len(r.busy) > 0 || outer
	return t
}

// newFlow returns the flow of a module, and of those of the repository that it
// requires. The graph tells which functions evaluation saw registered; those that
// the text registers as well are added, so that a file that cannot be evaluated
// is still understood.
//
// Where the graph is not known yet, it may be nil: evaluation is supposed to
// register what the text does, until [flow.confirm] tells.
func newFlow(m *fennel.Module, g *pipeline.Graph, r repository) *flow {
	f := &flow{
		unit:      newUnit(m),
		passed:    map[param][]*fennel.Value{},
		resolving: newResolving(),
	}
	f.units = []*unit{f.unit}
	f.require(r)
	if f.jobs = make(map[*fennel.Func][]string, len(m.Parts())); g == nil {
		f.readJobs()
	} else {
		f.takeJobs(g)
	}
	// A run-fn may reach job through a helper's parameter, whose calls are
	// known only once their callees are: two rounds see through a helper, and
	// each further round through one more. A round that finds no run-fn ends as
	// the next one would.
	for rounds := 3; !f.settled && rounds > 0; rounds-- {
		clear(f.passed)
		clear(f.known)
		for c := range f.flowing() {
			f.pass(c)
		}
		clear(f.known)
		f.settled = !f.readJobs()
	}
	f.leaked = leaks(f)
	clear(f.known)
	return f
}

// readJobs takes over the run-fns that the text registers, and reports whether
// there are others than before.
func (f *flow) readJobs() (news bool) {
	f.written = f.written[:0]
	for c := range f.flowing() {
		if f.registers(c) {
			news = f.register(c.Args[2], literalID(c.Args[0])) || news
		}
	}
	return news
}

// confirm takes over the graph of a flow that was made without one. It reports
// whether the flow is the same that would have been made with the graph: then
// evaluation registered the functions that the text registers. If it did not, the
// flow is of no use.
func (f *flow) confirm(g *pipeline.Graph) bool {
	supposed := maps.Clone(f.jobs)
	clear(f.jobs) // which others have, too
	f.takeJobs(g)
	if !f.settled || len(f.jobs) != len(supposed) {
		return false
	}
	for fn := range f.jobs {
		if _, ok := supposed[fn]; !ok {
			return false
		}
	}
	for _, w := range f.written {
		f.addJob(w)
	}
	return true
}

// takeJobs takes over the run-fns that evaluation found.
func (f *flow) takeJobs(g *pipeline.Graph) {
	for _, u := range f.units {
		f.registered(u.module, g)
	}
}

// flowing iterates over the calls that may be of a function that the flow
// knows, or register a job.
func (f *flow) flowing() iter.Seq[*fennel.Call] {
	return func(yield func(*fennel.Call) bool) {
		for _, u := range f.units {
			for c := range u.candidates() {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// registers reports whether a call is one of (ci.job id inputs run-fn).
func (f *flow) registers(c *fennel.Call) bool {
	if !mayRegister(c) {
		return false
	}
	t := f.sense(c.Callee)
	return t.kind == member && t.module == dsl.CI && t.name == "job"
}

// registered takes over the run-fns that evaluation found in a module.
func (f *flow) registered(m *fennel.Module, g *pipeline.Graph) {
	for _, j := range g.Jobs {
		if j.Run.File != m.Tree.File {
			continue
		}
		p, at := m.PartAt(j.Run.Span)
		if p == nil {
			continue
		}
		first, _ := slices.BinarySearchFunc(p.Functions, at, func(fn *fennel.Func, at source.Span) int { return comparePlaces(fn.Span, at) })
		for _, fn := range p.Functions[first:] {
			if fn.Span != at {
				break
			}
			// A macro can make several functions with the place of its call; the
			// outermost of them is what it returned.
			if fn.Outer == nil || fn.Outer.Span != at {
				f.jobs[fn] = append(f.jobs[fn], j.ID)
			}
		}
	}
}

// comparePlaces orders places as the lists of a part are: what begins first,
// and of these the longest.
func comparePlaces(a, b source.Span) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
}

func literalID(v *fennel.Value) string {
	if v.Kind == fennel.Literal && v.Type == "string" {
		return v.Text
	}
	return ""
}

// register notes that v is the run-fn of a job, and reports whether that is
// news.
func (f *flow) register(v *fennel.Value, id string) (news bool) {
	if !isParam(v) {
		return f.registerFunc(f.sense(v), id)
	}
	for _, arg := range f.passed[param{v.Root.Fn, int(v.Root.Index)}] {
		if arg != v {
			news = f.registerFunc(f.sense(arg), "") || news
		}
	}
	return news
}

func (f *flow) registerFunc(t sense, id string) (news bool) {
	if t.kind != function {
		return false
	}
	w := writtenJob{t.fn, id}
	f.written = append(f.written, w)
	return f.addJob(w)
}

// addJob adds a job that is written, unless it is known.
func (r *registering) addJob(w writtenJob) (news bool) {
	known := r.jobs[w.fn]
	if len(known) > 0 && (w.id == "" || slices.Contains(known, w.id)) {
		return false
	}
	r.jobs[w.fn] = append(known, w.id)
	return true
}

// pass notes what a call of a function of the file passes for its parameters.
func (f *flow) pass(c *fennel.Call) {
	if !f.mayBeFunction(c.Callee) {
		return
	}
	t := f.sense(c.Callee)
	if t.kind != function {
		return
	}
	for i, arg := range c.Args {
		p := param{t.fn, i}
		f.passed[p] = append(f.passed[p], arg)
	}
}

// sense returns what a value is.
func (f *flow) sense(v *fennel.Value) sense {
	if v == nil {
		return sense{}
	}
	switch v.Kind {
	case fennel.Lambda:
		return sense{kind: function, fn: v.Fn.Lasting()}
	case fennel.Result:
		return f.result(v.Call)
	case fennel.Path:
		t := f.root(v.Root)
		for _, k := range v.Keys {
			t = f.key(t, k.Name)
		}
		return t
	case fennel.Unknown:
		return f.ownMember(v)
	}
	return sense{}
}

func (f *flow) root(r fennel.Root) sense {
	switch r.Kind {
	case fennel.ModuleRoot:
		return f.required(r.Name)
	case fennel.ParamRoot:
		return f.param(param{r.Fn.Lasting(), int(r.Index)})
	case fennel.CallRoot:
		return f.result(r.Call)
	}
	return sense{}
}

// moduleSense returns what (require name) gives.
func moduleSense(name string) sense {
	if name == dsl.RuntimeOf {
		return sense{kind: runtime}
	}
	return sense{kind: module, name: name}
}

// param returns what a parameter is: the runtime, for the first one of a
// run-fn, or else what all calls agree on.
func (f *flow) param(p param) sense {
	if p.index == 0 && len(f.jobs[p.fn]) > 0 {
		return sense{kind: runtime}
	}
	passed := f.passed[p]
	if len(passed) == 0 || f.leaked[p.fn] {
		return sense{}
	}
	return f.resolve(p, func() sense { return f.common(passed) })
}

// result returns what the first result of a call is.
func (f *flow) result(c *fennel.Call) sense {
	if c == nil {
		return sense{}
	}
	switch t := f.sense(c.Callee); t.kind {
	case primitive:
		return sense{kind: result, name: t.name, call: c}
	case function:
		return f.resolve(param{t.fn, returns}, func() sense { return f.common(t.fn.Returns) })
	}
	return sense{}
}

// common returns the sense that all values share.
func (f *flow) common(values []*fennel.Value) sense {
	var all sense
	for i, v := range values {
		t := f.sense(v)
		if i > 0 && t != all {
			return sense{}
		}
		all = t
	}
	return all
}

// key returns what stands under a key of a value.
func (t sense) key(name string) sense {
	switch t.kind {
	case module:
		return moduleKey(t.name, name)
	case runtime:
		if isPrimitive(name) {
			return sense{kind: primitive, name: name}
		}
		return sense{kind: absent, name: name, module: dsl.RuntimeOf}
	}
	return sense{}
}

func isPrimitive(name string) bool { return primitiveNames()[name] }

// primitiveNames holds the names of the primitives, and members what each module
// of the product holds: every value that the flow follows is looked up in them.
var (
	primitiveNames = sync.OnceValue(func() map[string]bool {
		names := map[string]bool{}
		for name := range dsl.PrimitiveNames() {
			names[name] = true
		}
		return names
	})
	members = sync.OnceValue(func() map[string]map[string]sense {
		modules := map[string]map[string]sense{}
		for _, m := range dsl.Modules() {
			held := map[string]sense{}
			for _, k := range m.Fields {
				held[k.Name] = sense{kind: runtime}
			}
			for _, f := range m.Funcs {
				if held[f.Name] = (sense{kind: member, name: f.Name, module: m.Name}); isPrimitive(f.Name) {
					held[f.Name] = sense{kind: primitive, name: f.Name}
				}
			}
			modules[m.Name] = held
		}
		return modules
	})
)

// moduleKey returns what a module of the product holds under a name.
func moduleKey(mod, name string) sense {
	held, ok := members()[mod]
	if !ok {
		return sense{}
	}
	if t, ok := held[name]; ok {
		return t
	}
	return sense{kind: absent, name: name, module: mod}
}

// fieldsOf returns the fields of what a primitive gave and what that is, or
// nothing when they are not known.
func fieldsOf(of sense) (what string, fields []dsl.Key) {
	if of.name == "jobs" {
		if len(of.call.Args) == 0 {
			return "", nil
		}
		s, _ := dsl.FindSource(literalID(of.call.Args[0]))
		return s.Name, s.Fields
	}
	f, _ := dsl.Primitive(of.name)
	return "the result of " + of.name, f.Result
}
