package analysis

import (
	"slices"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A checker finds what run-fns would do wrong without running them.
type checker struct {
	*flow
	module   *fennel.Module
	file     *source.File
	tree     *syntax.Tree
	graph    *pipeline.Graph
	surround surround
	found    []finding
	// certain holds the functions that some job cannot end well without
	// calling.
	certain map[*fennel.Func]bool
	callers map[*fennel.Func][]*fennel.Call
	types   map[*fennel.Func]string // what functions return, as far as it was asked for
	errors  []source.Span           // where compiling found something wrong
	stored
}

// A stored is what the text stores in tables; written is nil before it was
// looked at.
type stored struct {
	written map[string]bool // keys that something is stored under
	lua     bool            // there is Lua code, which may do anything
}

// A surround is what the checks know of the world outside of the file.
type surround struct {
	secrets []string // nil: not known
	server  dsl.State
}

// check runs all checks on ci.fnl.
func (c *checker) check() {
	c.runs()
	for missing := range c.module.MissingGlobals() {
		c.report(missing.Fn, missing.Conditional, diag.Diagnostic{Span: missing.Span, Code: diag.UnknownGlobal,
			Message: missing.Message, Help: missing.Help})
	}
	c.names()
	if c.surround.server != 0 {
		c.onServer()
	}
}

// runs checks what functions do when jobs run them.
func (c *checker) runs() {
	for _, call := range c.calls {
		c.call(call)
	}
	for a := range c.module.Accesses() {
		c.access(a)
	}
	for fn := range c.module.Functions() {
		c.runFn(fn)
	}
	c.ignoredExits()
}

func newChecker(m *fennel.Module, g *pipeline.Graph, s surround) *checker {
	c := &checker{
		flow:     newFlow(m, g),
		module:   m,
		file:     m.Tree.File,
		tree:     m.Tree,
		graph:    g,
		surround: s,
		certain:  map[*fennel.Func]bool{},
		callers:  map[*fennel.Func][]*fennel.Call{},
		types:    map[*fennel.Func]string{},
	}
	for _, d := range m.Diagnostics {
		if d.File == c.file && d.Severity() == diag.Error {
			c.errors = append(c.errors, d.Span)
		}
	}
	for _, call := range c.calls {
		if t := c.meaning(call.Callee); t.kind == function {
			c.callers[t.fn] = append(c.callers[t.fn], call)
		}
	}
	for fn := range m.Functions() {
		c.certain[fn] = c.isCertain(fn, map[*fennel.Func]bool{})
	}
	return c
}

// isCertain reports whether a function is a run-fn, or called on every way
// through one that is certain.
func (c *checker) isCertain(fn *fennel.Func, busy map[*fennel.Func]bool) bool {
	if len(c.jobs[fn]) > 0 {
		return true
	}
	if busy[fn] {
		return false
	}
	busy[fn] = true
	return slices.ContainsFunc(c.callers[fn], func(call *fennel.Call) bool {
		return call.Fn != nil && !call.Conditional && c.isCertain(call.Fn, busy)
	})
}

// call checks one call.
func (c *checker) call(call *fennel.Call) {
	switch t := c.meaning(call.Callee); {
	case t.kind == primitive && call.Fn != nil:
		c.primitive(call, t.name)
	case t.kind == member:
		c.member(call, t)
	}
}

// report adds a finding about something in fn. It is an error when no job can
// end well without meeting it, else a warning.
func (c *checker) report(fn *fennel.Func, conditional bool, d diag.Diagnostic) {
	if conditional || !c.certain[fn] {
		d.As = diag.Warning
	}
	c.note(d)
}

// note adds a finding with the severity that it has.
func (c *checker) note(d diag.Diagnostic) {
	d.File = c.file
	c.found = append(c.found, finding{Diagnostic: d})
}

// jobsOf returns the ids of the jobs that run a function: those that it, or a
// function around it, is the run-fn of, and those of its callers.
func (c *checker) jobsOf(fn *fennel.Func) []string {
	ids, _ := c.runners(fn)
	return ids
}

// runners returns the ids of the jobs that run a function, and whether there
// may be others.
func (c *checker) runners(fn *fennel.Func) (ids []string, others bool) {
	seen := map[*fennel.Func]bool{nil: true}
	for todo := []*fennel.Func{fn}; len(todo) > 0; {
		fn, todo = todo[0], todo[1:]
		if seen[fn] {
			continue
		}
		seen[fn] = true
		if own := c.jobs[fn]; len(own) > 0 {
			ids = append(ids, own...)
			continue
		}
		others = others || c.leaked[fn]
		todo = append(todo, fn.Outer)
		for _, call := range c.callers[fn] {
			todo = append(todo, call.Fn)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), others || slices.Contains(ids, "")
}

// broken reports whether compiling found something wrong in a region, where
// names may be used in ways that nothing is known of.
func (c *checker) broken(s source.Span) bool {
	return slices.ContainsFunc(c.errors, func(e source.Span) bool { return e.Start < s.End && s.Start <= e.End })
}
