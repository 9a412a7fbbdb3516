package drawing

import (
	"cmp"
	"slices"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// blame finds the diagnostics about each job by place: those in the call that
// registered it, in its run-fn, or on its id or an input where they are written
// elsewhere.
//
// Cycles and jobs that nothing starts are facts of the graph, and not of a
// place that several jobs may share.
func (b *builder) blame(found diag.List) {
	unreachable := map[source.Place]bool{}
	var rest diag.List
	for _, d := range found {
		switch d.Code {
		case diag.Cycle:
		case diag.Unreachable:
			unreachable[source.Place{File: d.File, Span: d.Span}] = true
		default:
			rest = append(rest, d)
		}
	}
	unstarted := b.unstarted()
	in := blamed{sorted: byStart(rest), at: map[source.Place][]int{}}
	for i := range b.Nodes {
		n := &b.Nodes[i]
		var of []int
		for _, j := range b.jobs[i] {
			n.Unreachable = n.Unreachable || unstarted[i] && unreachable[j.Name]
			of = in.job(of, j)
		}
		slices.Sort(of)
		for _, k := range slices.Compact(of) {
			n.Findings = append(n.Findings, in.sorted[k])
		}
	}
}

// byStart returns the diagnostics of files in the order of places.
func byStart(found diag.List) diag.List {
	found = slices.DeleteFunc(found, func(d diag.Diagnostic) bool { return d.File == nil })
	slices.SortStableFunc(found, func(a, b diag.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File.Name(), b.File.Name()), cmp.Compare(a.Span.Start, b.Span.Start))
	})
	return found
}

// blamed are diagnostics in the order of places, and those found at places
// that were asked for.
type blamed struct {
	sorted diag.List
	at     map[source.Place][]int
}

// job adds the diagnostics about a job.
func (b *blamed) job(of []int, j *pipeline.Job) []int {
	of = append(of, b.within(j.Call)...)
	places := []source.Place{j.Name, j.Run}
	for _, in := range j.Inputs {
		places = append(places, in.Place)
	}
	for _, p := range places {
		if p.File != j.Call.File || !j.Call.Span.Encloses(p.Span) {
			of = append(of, b.within(p)...)
		}
	}
	return of
}

// within returns the diagnostics in a place.
func (b *blamed) within(p source.Place) []int {
	if p.File == nil {
		return nil
	}
	if found, ok := b.at[p]; ok {
		return found
	}
	first, _ := slices.BinarySearchFunc(b.sorted, p, func(d diag.Diagnostic, p source.Place) int {
		return cmp.Or(cmp.Compare(d.File.Name(), p.File.Name()), cmp.Compare(d.Span.Start, p.Span.Start))
	})
	var found []int
	for i := first; i < len(b.sorted); i++ {
		d := b.sorted[i]
		if d.File.Name() != p.File.Name() || d.Span.Start > p.Span.End {
			break
		}
		if d.File == p.File && p.Span.Encloses(d.Span) {
			found = append(found, i)
		}
	}
	b.at[p] = found
	return found
}
