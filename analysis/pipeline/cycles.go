package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
)

// maxCycleSteps bounds the search for short cycles; beyond it the shortest one
// found so far is shown.
const maxCycleSteps = 5_000_000

// cycles reports one cycle for each group of jobs that need each other, and
// returns which jobs are part of such a group.
func (p *problems) cycles() []bool {
	cyclic := make([]bool, len(p.links.jobs))
	steps := maxCycleSteps
	for _, c := range p.links.groups {
		for _, i := range c {
			cyclic[i] = true
		}
		p.cycle(p.links.shortestCycle(c, &steps), c)
	}
	return cyclic
}

// shortestCycle returns the shortest cycle among the members of a component,
// each feeding the next and the last the first. It starts with the member that
// was registered first.
func (l *links) shortestCycle(component []int, steps *int) []int {
	inside := map[int]bool{}
	for _, i := range component {
		inside[i] = true
	}
	var best []int
	for _, start := range component {
		if *steps <= 0 && best != nil {
			break
		}
		if c := l.cycleThrough(start, inside, len(best), steps); c != nil {
			best = c
		}
		if len(best) == 1 {
			break
		}
	}
	return best
}

// cycleThrough returns the shortest cycle through a node, or nil when it is not
// shorter than bound, if that is not 0.
func (l *links) cycleThrough(start int, inside map[int]bool, bound int, steps *int) []int {
	from := map[int]int{}
	layer := []int{start}
	for length := 1; len(layer) > 0 && (bound == 0 || length < bound); length++ {
		var next []int
		for _, i := range layer {
			for _, to := range l.feeds[i] {
				*steps--
				if to == start {
					return pathTo(i, start, from)
				}
				if _, seen := from[to]; !seen && inside[to] {
					from[to] = i
					next = append(next, to)
				}
			}
		}
		layer = next
	}
	return nil
}

func pathTo(i, start int, from map[int]int) []int {
	path := []int{i}
	for i != start {
		i = from[i]
		path = append(path, i)
	}
	slices.Reverse(path)
	return path
}

// cycle reports a cycle, on the input that closes it: where the first job
// lists the last.
func (p *problems) cycle(path, component []int) {
	ids := make([]string, len(path))
	for i, n := range path {
		ids[i] = p.links.jobs[n].ID
	}
	d := diag.Diagnostic{Code: diag.Cycle,
		Message: "Cycle detected among jobs: " + strings.Join(ids, ", "),
		Help:    "Remove one of these inputs."}
	for i, n := range path {
		j := p.links.jobs[n]
		need := ids[(i+len(ids)-1)%len(ids)]
		in := j.Inputs[slices.IndexFunc(j.Inputs, func(in Input) bool { return in.Name == need })]
		if i == 0 {
			d.File, d.Span = in.Place.File, in.Place.Span
		} else {
			d.Related = append(d.Related, diag.Related{File: in.Place.File, Span: in.Place.Span,
				Message: fmt.Sprintf("'%s' needs '%s'", j.ID, need)})
		}
		d.Fixes = append(d.Fixes, p.dropInput(j, in)...)
	}
	if len(component) > len(path) {
		var more []string
		for _, n := range component {
			if !slices.Contains(path, n) {
				more = append(more, "'"+p.links.jobs[n].ID+"'")
			}
		}
		d.Help += " Other cycles hold " + strings.Join(more, ", ") + " too."
	}
	p.report(d)
}
