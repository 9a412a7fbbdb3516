package analysis

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// find loads a file, runs the checks on it and takes away what comments silence.
func find(m *fennel.Module, load func() loaded, s surround) found {
	early := checkAhead(m, s)
	l := load()
	c := early()
	if c == nil || len(l.modules) > 0 || !c.confirm(l.graph) {
		s.loaded = l.modules
		c = newChecker(m, l.graph, s)
		c.check()
	}
	findings := c.attributed()
	for _, required := range c.all[1:] {
		findings = append(findings, required.reached()...)
	}
	for _, required := range l.modules {
		if !slices.ContainsFunc(c.units, func(u *unit) bool { return u.module == required }) {
			findings = append(findings, checkModule(required, l.graph, s)...)
		}
	}
	loaded, findings := reconcile(l.diagnostics, findings)
	c.renameEverywhere(loaded)
	quiet := newSilencer(m.Tree)
	out := found{loaded: quiet.filter(loaded, true), flow: func() *flow { return c.flow }}
	for _, f := range findings {
		for _, d := range quiet.filter(diag.List{f.Diagnostic}, false) {
			f.Diagnostic = d
			out.findings = append(out.findings, f)
		}
	}
	if !loaded.HasErrors() {
		for _, d := range quiet.unused(m.Tree.File, s.checks) {
			out.findings = append(out.findings, finding{Diagnostic: d, anyJob: true})
		}
	}
	slices.SortStableFunc(out.findings, func(a, b finding) int { return diag.Compare(a.Diagnostic, b.Diagnostic) })
	return out
}

// checkAhead begins to check a file while it is evaluated, and returns what waits for
// that, which gives nil where it is of no use: the file needs modules of the
// repository, or checking it fails, as it will again.
func checkAhead(m *fennel.Module, s surround) func() *checker {
	go gather(m)
	if slices.ContainsFunc(m.Uses, func(u fennel.Use) bool { return u.Kind == fennel.Code && isForeignName(u.Name) }) {
		return func() *checker { return nil }
	}
	s.repository = repository{}
	checked := make(chan *checker, 1)
	go func() {
		var c *checker
		defer func() {
			if recover() != nil {
				c = nil
			}
			checked <- c
		}()
		c = newChecker(m, nil, s)
		c.check()
	}()
	return func() *checker { return <-checked }
}

// gather finds out what the checks need of the code of a module alone, from the
// last form back, since the checks come from the first one. Whoever asks for it
// meets a panic again.
func gather(m *fennel.Module) {
	defer func() { _ = recover() }()
	for _, p := range slices.Backward(m.Parts()) {
		digestOf(m, p)
	}
}

// withinBound returns as many diagnostics of each file as are shown.
func withinBound(found diag.List) diag.List {
	var bound diag.Bound
	kept := slices.DeleteFunc(found, func(d diag.Diagnostic) bool { return !bound.Admit(d) })
	return append(kept, bound.Rest()...)
}

// A finding is a diagnostic of the static checks.
type finding struct {
	diag.Diagnostic
	jobs   []string // that run what it is about
	anyJob bool     // others may run it too
}

// matters reports whether a finding is about something that one of the jobs may
// run.
func (f finding) matters(jobs []string) bool {
	return f.anyJob || slices.ContainsFunc(f.jobs, func(id string) bool { return slices.Contains(jobs, id) })
}

// attributed returns what was found, each once, in the order of places, with
// the jobs that it matters to. What stands outside of functions matters to all.
func (c *checker) attributed() []finding {
	slices.SortStableFunc(c.found, func(a, b finding) int { return diag.Compare(a.Diagnostic, b.Diagnostic) })
	c.found = slices.CompactFunc(c.found, func(a, b finding) bool {
		return a.Code == b.Code && a.Span == b.Span && a.Message == b.Message
	})
	nestings := map[*fennel.Part]nesting{}
	for i, f := range c.found {
		p, at := c.module.PartAt(f.Span)
		if _, ok := nestings[p]; !ok && p != nil {
			nestings[p] = newNesting(p.Functions)
		}
		if fn := nestings[p].around(at); fn == nil {
			c.found[i].anyJob = true
		} else {
			r := c.runners(fn)
			c.found[i].jobs, c.found[i].anyJob = r.ids, r.others
		}
	}
	return c.found
}

// checkModule checks the functions of a module by itself that jobs run, where it
// is not known what it gives to whom.
func checkModule(m *fennel.Module, g *pipeline.Graph, s surround) []finding {
	registered := func(j *pipeline.Job) bool { return j.Run.File == m.Tree.File }
	if !slices.ContainsFunc(g.Jobs, registered) {
		return nil
	}
	s.repository = repository{}
	c := newChecker(m, g, s)
	c.runs()
	c.ignoredExits()
	c.settle()
	return c.reached()
}

// reached returns what was found in the functions of a module that jobs run, with
// how they come to it. What calls the others is not known, and what is wrong with
// the rest of the module is said where it is open.
func (c *checker) reached() []finding {
	findings := slices.DeleteFunc(c.attributed(), func(f finding) bool { return len(f.jobs) == 0 })
	for i, f := range findings {
		if r, ok := c.entry(f); ok {
			findings[i].Related = append(slices.Clip(f.Related), r)
		}
	}
	return findings
}

// entry returns where jobs enter a module to come to a finding: the nearest call
// in the pipeline's own file, or registration of a job.
func (c *checker) entry(f finding) (diag.Related, bool) {
	p, at := c.module.PartAt(f.Span)
	seen := map[*fennel.Func]bool{nil: true}
	for todo := []*fennel.Func{newNesting(p.Functions).around(at)}; len(todo) > 0; todo = todo[1:] {
		fn := todo[0]
		if seen[fn] {
			continue
		}
		seen[fn] = true
		if ids := slices.Sorted(slices.Values(c.jobs[fn])); len(ids) > 0 {
			if j, ok := c.graph.Job(ids[0]); ok {
				return diag.Related{File: j.Call.File, Span: j.Call.Span,
					Message: fmt.Sprintf("job '%s', which runs this, is registered here", j.ID)}, true
			}
		}
		for _, call := range c.callers()[fn] {
			if file := c.of(call); file == c.all[0] {
				return diag.Related{File: file.file, Span: file.at(call.Span), Message: "called from here"}, true
			}
			todo = append(todo, call.Fn)
		}
		todo = append(todo, fn.Outer)
	}
	return diag.Related{}, false
}

// checks reports whether findings of a code are looked for.
func (s surround) checks(c diag.Code) bool {
	switch c {
	case diag.UnknownSecret:
		return s.secrets != nil
	case diag.NotOnServer:
		return s.server != 0
	}
	return true
}

// reconcile takes away findings that say what loading said already. Where a
// call failed because its module has no such name, the finding knows better
// what would be right.
func reconcile(loaded diag.List, findings []finding) (diag.List, []finding) {
	loaded = slices.Clone(loaded)
	type saying struct {
		code diag.Code
		at   source.Place
	}
	said := map[saying]bool{}
	for _, d := range loaded {
		said[saying{d.Code, source.Place{File: d.File, Span: d.Span}}] = true
	}
	findings = slices.DeleteFunc(findings, func(f finding) bool {
		if said[saying{f.Code, source.Place{File: f.File, Span: f.Span}}] {
			return true
		}
		if f.Code != diag.UnknownPrimitive {
			return false
		}
		for i, d := range loaded {
			if d.File != f.File || !d.Span.Encloses(f.Span) {
				continue
			}
			isCall := d.Code == diag.Runtime &&
				strings.HasPrefix(d.Message, "attempt to call a nil value") &&
				strings.Contains(d.Message, "'"+f.File.Slice(f.Span)+"'")
			if isCall && d.Help == "" {
				loaded[i].Help, loaded[i].Fixes = f.Message+". "+f.Help, f.Fixes
				return true
			}
			if d.Code == diag.UnknownPrimitive && d.Severity() == diag.Error {
				loaded[i].Span, loaded[i].Help, loaded[i].Fixes = f.Span, f.Help, f.Fixes
				return true
			}
		}
		return false
	})
	return loaded, findings
}

// renameEverywhere extends the fixes that rename a job by its mentions as an
// input and in (jobs id).
func (c *checker) renameEverywhere(loaded diag.List) {
	for i, d := range loaded {
		if d.Code != diag.ReservedSlash || len(d.Fixes) == 0 {
			continue
		}
		job := slices.IndexFunc(c.graph.Jobs, func(j *pipeline.Job) bool { return j.Name == source.Place{File: d.File, Span: d.Span} })
		if job < 0 {
			continue
		}
		fix := d.Fixes[0]
		fix.Edits = slices.Clone(fix.Edits)
		for _, p := range c.mentions(c.graph.Jobs[job].ID) {
			isNew := !slices.ContainsFunc(fix.Edits, func(e diag.Edit) bool { return e.File == p.File && e.Span == p.Span })
			if isNew {
				fix.Edits = append(fix.Edits, diag.Edit{File: p.File, Span: p.Span,
					Text: strings.ReplaceAll(p.File.Slice(p.Span), "/", "-")})
			}
		}
		loaded[i].Fixes = append([]diag.Fix{fix}, d.Fixes[1:]...)
	}
}

// readings iterates over the calls of jobs, in the order of their places.
func (c *checker) readings() iter.Seq[*fennel.Call] {
	return func(yield func(*fennel.Call) bool) {
		for _, d := range c.digests {
			for _, call := range d.reading {
				if c.isReading(call) && !yield(call) {
					return
				}
			}
		}
		for _, call := range c.inside {
			if c.isReading(call) && !yield(call) {
				return
			}
		}
	}
}

// isReading reports whether a call is one of jobs.
func (c *checker) isReading(call *fennel.Call) bool {
	t := c.sense(call.Callee)
	return t.kind == primitive && t.name == "jobs"
}

// mentions returns the places where the id of a job is written as an input or
// in (jobs id).
func (c *checker) mentions(id string) []source.Place {
	var places []source.Place
	for _, j := range c.graph.Jobs {
		for _, in := range j.Inputs {
			if in.Name == id {
				places = append(places, in.Place)
			}
		}
	}
	for call := range c.readings() {
		if len(call.Args) > 0 && literalID(call.Args[0]) == id {
			places = append(places, source.Place{File: c.file, Span: c.at(call.Args[0].Span)})
		}
	}
	return slices.DeleteFunc(places, func(p source.Place) bool {
		return strings.Trim(p.File.Slice(p.Span), `:"`) != id
	})
}
