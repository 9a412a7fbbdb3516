package analysis

import (
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// find runs the checks on a loaded file and takes away what comments silence.
func find(m *fennel.Module, l loaded, s surround) found {
	c := newChecker(m, l.graph, s)
	loaded, findings := reconcile(l.diagnostics, c.check())
	c.renameEverywhere(loaded)
	quiet := newSilencer(m.Tree)
	out := found{quiet.filter(loaded, true), quiet.filter(findings, false)}
	if !loaded.HasErrors() {
		out.findings = append(out.findings, quiet.unused(m.Tree.File, s.checks)...)
		out.findings.Sort()
	}
	return out
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
func reconcile(loaded, findings diag.List) (diag.List, diag.List) {
	loaded = slices.Clone(loaded)
	findings = slices.DeleteFunc(findings, func(f diag.Diagnostic) bool {
		for i, d := range loaded {
			if d.File != f.File {
				continue
			}
			if d.Code == f.Code && d.Span == f.Span {
				return true
			}
			isCall := d.Code == diag.Runtime && f.Code == diag.UnknownPrimitive && d.Span.Encloses(f.Span) &&
				strings.HasPrefix(d.Message, "attempt to call a nil value") &&
				strings.Contains(d.Message, "'"+f.File.Slice(f.Span)+"'")
			if isCall && d.Help == "" {
				loaded[i].Help, loaded[i].Fixes = f.Message+". "+f.Help, f.Fixes
				return true
			}
			if d.Code == diag.UnknownPrimitive && f.Code == diag.UnknownPrimitive && d.Span.Encloses(f.Span) && d.Severity() == diag.Error {
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
	for _, call := range c.calls {
		t := c.meaning(call.Callee)
		if t.kind == primitive && t.name == "jobs" && len(call.Args) > 0 && literalID(call.Args[0]) == id {
			places = append(places, source.Place{File: c.file, Span: call.Args[0].Span})
		}
	}
	return slices.DeleteFunc(places, func(p source.Place) bool {
		return strings.Trim(p.File.Slice(p.Span), `:"`) != id
	})
}
