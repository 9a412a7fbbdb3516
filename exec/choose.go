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
	in   map[string]int    // their places in the order of registration, by id
	skip map[string]string // those that do not run, and why
	// reused are those whose results in the run that is resumed still hold.
	reused map[string]reuse
}

// choose returns the jobs that the options select. The error is a
// [*UsageError] when they name jobs that do not exist, or leave out what they
// name.
func choose(g *pipeline.Graph, o Options) (plan, error) {
	named := slices.Concat(o.Jobs, o.Only)
	if err := known(g, slices.Concat(named, o.Except)); err != nil {
		return plan{}, err
	}
	dropped := excluded(g, o.Except)
	for _, id := range named {
		if by, ok := dropped[id]; ok {
			return plan{}, leftOut(id, by)
		}
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
	registered := map[string]int{}
	for i, job := range g.Jobs {
		registered[job.ID] = i
	}
	p := plan{in: map[string]int{}, skip: map[string]string{}}
	for _, job := range g.Order() {
		if _, out := dropped[job.ID]; out || len(named) > 0 && !wanted[job.ID] {
			continue
		}
		p.jobs = append(p.jobs, job)
		p.in[job.ID] = registered[job.ID]
		if job.Mirror && !o.Mirror && !slices.Contains(named, job.ID) {
			p.skip[job.ID] = "it pushes to another repository and runs only when it is named or with --mirror"
		}
	}
	if len(p.jobs) == 0 && len(dropped) > 0 {
		return plan{}, &UsageError{"--except leaves no job to run"}
	}
	return p, nil
}

// excluded returns the jobs that are not to run, each with the one of ids that
// it is or needs.
func excluded(g *pipeline.Graph, ids []string) map[string]string {
	dropped := map[string]string{}
	for _, id := range ids {
		dropped[id] = id
	}
	for _, id := range ids {
		for _, dependent := range g.Dependents(id) {
			if _, ok := dropped[dependent]; !ok {
				dropped[dependent] = id
			}
		}
	}
	return dropped
}

func leftOut(job, by string) error {
	if job == by {
		return &UsageError{fmt.Sprintf("job '%s' is to run and given with --except: name it only once", job)}
	}
	return &UsageError{fmt.Sprintf("job '%s' needs '%s', which --except leaves out", job, by)}
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
