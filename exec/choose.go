package exec

import (
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
)

// A plan is the jobs of a run.
type plan struct {
	jobs []*pipeline.Job   // in the order they run one at a time
	in   map[string]bool   // their ids
	skip map[string]string // those that do not run, and why
}

// choose returns the jobs that the options select. The error is a
// [*UsageError] when they name jobs that do not exist.
func choose(g *pipeline.Graph, o Options) (plan, error) {
	named := slices.Concat(o.Jobs, o.Only)
	if err := known(g, named); err != nil {
		return plan{}, err
	}
	wanted := map[string]bool{}
	for _, id := range named {
		wanted[id] = true
	}
	for _, id := range o.Jobs {
		for _, need := range g.Needs(id) {
			wanted[need] = true
		}
	}
	p := plan{in: map[string]bool{}, skip: map[string]string{}}
	for _, job := range g.Order() {
		if len(named) > 0 && !wanted[job.ID] {
			continue
		}
		p.jobs = append(p.jobs, job)
		p.in[job.ID] = true
		if job.Mirror && !o.Mirror && !slices.Contains(named, job.ID) {
			p.skip[job.ID] = "it pushes to another repository and runs only when it is named or with --mirror"
		}
	}
	return p, nil
}

func known(g *pipeline.Graph, named []string) error {
	var unknown []string
	for _, id := range named {
		if _, ok := g.Job(id); ok {
			continue
		}
		text := fmt.Sprintf("unknown job: %q", id)
		near, ok := diag.Nearest(id, func(yield func(string) bool) {
			for _, job := range g.Jobs {
				if !yield(job.ID) {
					return
				}
			}
		})
		if ok {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		unknown = append(unknown, text)
	}
	if unknown == nil {
		return nil
	}
	return &UsageError{strings.Join(unknown, "\n")}
}

// ids returns the ids of the jobs of the plan.
func (p plan) ids() []string {
	ids := make([]string, len(p.jobs))
	for i, job := range p.jobs {
		ids[i] = job.ID
	}
	return ids
}

// ready returns the first of the waiting jobs whose inputs in this run are
// done, or −1.
func (p plan) ready(waiting []*pipeline.Job, done map[string]bool) int {
	return slices.IndexFunc(waiting, func(job *pipeline.Job) bool {
		return !slices.ContainsFunc(job.Inputs, func(in pipeline.Input) bool { return p.in[in.Name] && !done[in.Name] })
	})
}
