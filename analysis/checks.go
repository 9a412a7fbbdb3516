package analysis

import (
	"slices"
	"sync"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A checker finds what run-fns would do wrong in one file without running them.
type checker struct {
	*flow
	*unit
	all      []*checker // those of all files of the flow, in the order of its units
	file     *source.File
	tree     *syntax.Tree
	surround surround
	found    []finding
	pending
	// certain returns the functions that some job cannot end well without
	// calling.
	certain func() map[*fennel.Func]bool
	callers func() map[*fennel.Func][]*fennel.Call
	types   map[*fennel.Func]string // what functions return, as far as it was asked for
	errors  regions                 // where compiling found something wrong
	scopes  func() map[string]regions
	given   func() map[*fennel.Call]bool
	written func() map[string]bool // keys that the file stores something under
	lua     bool                   // the file holds Lua code, which may use any name
	*evaluation
	*walking
}

// An evaluation is what became of evaluating the files. It may still be under way.
type evaluation struct {
	graph *pipeline.Graph // nil: not known yet
}

// A pending is what is checked when the files have been evaluated.
type pending struct {
	checks []func()
	beside *checker // that checked a part of the file; nil: none
}

// whenEvaluated makes a check that needs to know the jobs, or which of them a
// function is the run-fn of.
func (p *pending) whenEvaluated(check func()) { p.checks = append(p.checks, check) }

// settle makes the checks that waited for the graph.
func (c *checker) settle() {
	for _, check := range c.checks {
		check()
	}
	if c.beside != nil {
		c.beside.settle()
		c.takeFound(c.beside)
	}
}

// settleAll does so in all files.
func (c *checker) settleAll() {
	for _, file := range c.all {
		file.settle()
	}
}

// takeFound takes over what another checker of the file has found.
func (c *checker) takeFound(other *checker) {
	c.found = append(c.found, other.found...)
	other.found = nil
}

// confirm ends the checks of a checker that was made without the graph, and
// reports whether they found what they would have found with it.
func (c *checker) confirm(g *pipeline.Graph) bool {
	if !c.flow.confirm(g) {
		return false
	}
	c.graph = g
	c.settleAll()
	return true
}

// A walking remembers which jobs run which functions.
type walking struct {
	running map[*fennel.Func]runners
	walked  int // steps that it took
}

func newWalking() *walking { return &walking{running: map[*fennel.Func]runners{}} }

// A runners is the ids of the jobs that run a function, and whether others may
// run it.
type runners struct {
	ids    []string
	others bool
}

// A surround is what the checks know of the world outside of the file.
type surround struct {
	secrets []string // nil: not known
	server  dsl.State
	repository
}

// check runs all checks on ci.fnl, and on the modules that it requires those of
// what their functions do.
func (c *checker) check() {
	for _, file := range c.all {
		file.runs()
	}
	c.ignoredExits()
	for _, d := range c.digests {
		for _, missing := range d.part.Missing {
			c.report(missing.Fn, missing.Conditional, diag.Diagnostic{Span: c.at(missing.Span), Code: diag.UnknownGlobal,
				Message: missing.Message, Help: missing.Help})
		}
	}
	c.names()
	if c.surround.server != 0 {
		c.whenEvaluated(c.onServer)
	}
	if c.graph != nil {
		c.settleAll()
	}
}

// runs checks what functions do when jobs run them.
func (c *checker) runs() {
	if len(c.digests) >= worthSharing && len(c.units) == 1 {
		c.share()
	} else {
		c.runsIn(c.digests)
	}
	for _, call := range c.inside {
		c.call(call)
	}
}

// worthSharing is how many forms are checked by two goroutines.
const worthSharing = 100

// share checks the forms of the file, half of them on another goroutine.
func (c *checker) share() {
	other := c.fork()
	half := len(c.digests) / 2
	var failed any
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() { failed = recover() }()
		other.runsIn(c.digests[half:])
	})
	c.runsIn(c.digests[:half])
	if wg.Wait(); failed != nil {
		panic(failed)
	}
	c.beside = other
	c.takeFound(other)
}

// fork returns a checker of the same file that has found nothing yet and works
// beside this one. The file requires no modules.
func (c *checker) fork() *checker {
	f, k := *c.flow, *c
	f.resolving = newResolving()
	k.flow, k.found, k.pending = &f, nil, pending{}
	k.types, k.walking = map[*fennel.Func]string{}, newWalking()
	return &k
}

// runsIn checks what functions do that are in some forms.
func (c *checker) runsIn(digests []*digest) {
	for _, d := range digests {
		for _, call := range d.calls {
			c.call(call)
		}
		for _, r := range d.roots {
			c.reading(r)
		}
		for _, fn := range d.part.Functions {
			c.runFn(fn)
		}
	}
}

// newChecker returns the checker of a file, with those of the modules that it
// requires. Where the graph is not known yet, it may be nil: what is found
// counts when [checker.confirm] says so.
func newChecker(m *fennel.Module, g *pipeline.Graph, s surround) *checker {
	shared := checker{
		flow:       newFlow(m, g, s.repository),
		surround:   s,
		types:      map[*fennel.Func]string{},
		evaluation: &evaluation{graph: g},
		walking:    newWalking(),
	}
	shared.given, shared.written = sync.OnceValue(shared.resultsGiven), sync.OnceValue(shared.keysWritten)
	// These two are asked by whoever works on a file, and work by themselves.
	aside := shared
	if len(shared.units) == 1 {
		aside = *shared.fork()
	}
	shared.callers = sync.OnceValue(aside.called)
	aside.callers = shared.callers
	shared.certain = sync.OnceValue(aside.certainly)
	all := make([]*checker, len(shared.units))
	for i, u := range shared.units {
		c := shared
		c.unit, c.all = u, all
		c.file, c.tree = u.module.Tree.File, u.module.Tree
		c.scopes = sync.OnceValue(c.scopesByName)
		c.errors = c.compileErrors()
		all[i] = &c
	}
	lua := slices.ContainsFunc(shared.units, (*unit).hasLua)
	for _, c := range all {
		c.lua = lua
	}
	return all[0]
}

// hasLua reports whether a unit holds Lua code.
func (u *unit) hasLua() bool {
	return slices.ContainsFunc(u.digests, func(d *digest) bool { return d.lua })
}

// compileErrors returns where compiling found something wrong.
func (c *checker) compileErrors() regions {
	var errors []source.Span
	for _, d := range c.module.Diagnostics {
		if d.File == c.file && d.Severity() == diag.Error {
			errors = append(errors, d.Span)
		}
	}
	return newRegions(errors)
}

// of returns the checker of the file that a call is in.
func (c *checker) of(call *fennel.Call) *checker {
	return c.all[slices.Index(c.units, c.unitOfCall(call))]
}

// called returns the calls of each function.
func (c *checker) called() map[*fennel.Func][]*fennel.Call {
	callers := map[*fennel.Func][]*fennel.Call{}
	for call := range c.flowing() {
		if !c.mayBeFunction(call.Callee) {
			continue
		}
		if t := c.sense(call.Callee); t.kind == function {
			callers[t.fn] = append(callers[t.fn], call)
		}
	}
	return callers
}

// at returns where a place of a part is in the file, which is what everybody
// else means by a place.
func (c *checker) at(s source.Span) source.Span { return c.module.Locate(s) }

// certainly returns the functions that are run-fns, or called on every way
// through one that is certain.
func (c *checker) certainly() map[*fennel.Func]bool {
	calls := map[*fennel.Func][]*fennel.Func{}
	for callee, callers := range c.callers() {
		for _, call := range callers {
			if call.Fn != nil && !call.Conditional {
				calls[call.Fn] = append(calls[call.Fn], callee)
			}
		}
	}
	certain := map[*fennel.Func]bool{}
	for fn, ids := range c.jobs {
		if len(ids) == 0 {
			continue
		}
		for todo := []*fennel.Func{fn}; len(todo) > 0; {
			last := len(todo) - 1
			fn, todo = todo[last], todo[:last]
			if !certain[fn] {
				certain[fn] = true
				todo = append(todo, calls[fn]...)
			}
		}
	}
	return certain
}

// call checks one call.
func (c *checker) call(call *fennel.Call) {
	switch t := c.sense(call.Callee); {
	case t.kind == primitive && call.Fn != nil:
		c.primitive(call, t.name)
	case t.kind == member:
		c.member(call, t)
	}
}

// report adds a finding about something in fn, with places in the file. It is an error when no job can
// end well without meeting it, else a warning.
func (c *checker) report(fn *fennel.Func, conditional bool, d diag.Diagnostic) {
	if conditional || !c.certain()[fn] {
		d.As = diag.Warning
	}
	c.note(d)
}

// note adds a finding with the severity that it has, with places in the file.
func (c *checker) note(d diag.Diagnostic) {
	d.File = c.file
	c.found = append(c.found, finding{Diagnostic: d})
}

// jobsOf returns the ids of the jobs that run a function: those that it, or a
// function around it, is the run-fn of, and those of its callers.
func (c *checker) jobsOf(fn *fennel.Func) []string {
	return c.runners(fn).ids
}

// runners returns which jobs run a function.
func (c *checker) runners(fn *fennel.Func) runners {
	if own := c.jobs[fn]; len(own) == 1 {
		return runners{ids: own, others: own[0] == ""}
	}
	r, ok := c.running[fn]
	if !ok {
		r = c.walk(fn)
		c.running[fn] = r
	}
	return r
}

// walk finds the runners of a function by its callers. When all walks have
// taken too long, any job may run what is left.
func (c *checker) walk(fn *fennel.Func) (r runners) {
	seen := map[*fennel.Func]bool{nil: true}
	for todo := []*fennel.Func{fn}; len(todo) > 0; {
		if c.walked++; c.walked > maxSteps {
			return runners{others: true}
		}
		fn, todo = todo[0], todo[1:]
		if seen[fn] {
			continue
		}
		seen[fn] = true
		if own := c.jobs[fn]; len(own) > 0 {
			r.ids = append(r.ids, own...)
			continue
		}
		r.others = r.others || c.leaked[fn]
		todo = append(todo, fn.Outer)
		for _, call := range c.callers()[fn] {
			todo = append(todo, call.Fn)
		}
	}
	slices.Sort(r.ids)
	r.ids = slices.Compact(r.ids)
	r.others = r.others || slices.Contains(r.ids, "")
	return r
}

// broken reports whether compiling found something wrong in a region of the
// file, where names may be used in ways that nothing is known of.
func (c *checker) broken(s source.Span) bool {
	return c.errors.meet(s.Start, s.End)
}
