package exec

import (
	"context"
	"path/filepath"
	"slices"

	"quire/analysis/pipeline"
)

// parcelName is the name of the parcel in the directory of its run.
const parcelName = "parcel"

// makeWork returns the run as an engine is given it, and packs its parcel.
func (x *execution) makeWork(ctx context.Context, w *workspace, p Push) (*Work, error) {
	o := x.request.options
	p.GitDir = ""
	work := &Work{Version: WorkVersion, RunID: x.run.ID(), Repository: filepath.Base(x.request.source.Root), Jobs: []WorkJob{},
		KeepGoing: o.KeepGoing, Parallel: o.Parallel, Timeout: o.Timeout.Seconds(), Container: o.Container, ContainerArgs: o.ContainerArgs,
		Sandbox: o.Sandbox, Net: o.Net, Push: p, Files: map[string]string{}, Parcel: x.run.File(parcelName), Get: len(o.Get) > 0}
	for _, f := range x.pipe.Files {
		if f == x.request.source.File {
			work.Pipeline = f.Name()
			work.Files[pipeline.Path] = f.Text()
		} else {
			work.Files[f.Name()] = f.Text()
		}
	}
	for _, job := range x.plan.jobs {
		if x.plan.skip[job.ID] == "" {
			work.Jobs = append(work.Jobs, WorkJob{ID: job.ID, Needs: x.needs(job), Labels: job.Labels, Timeout: job.Timeout.Seconds()})
		}
	}
	var err error
	if work.Given, err = x.giveAway().JSON(); err != nil {
		return nil, err
	}
	return work, w.pack(ctx, x.request.source.repo, []string{p.PreviousSHA}, work.Parcel)
}

// needs returns the jobs of the run that a job waits for. One that does not run
// is waited for no more than what it needs itself.
func (x *execution) needs(job *pipeline.Job) []string {
	needs := []string{}
	seen := map[string]bool{}
	var add func(job *pipeline.Job)
	add = func(job *pipeline.Job) {
		for _, in := range job.Inputs {
			need, ok := x.pipe.Graph.Job(in.Name)
			if !ok || seen[in.Name] {
				continue
			}
			seen[in.Name] = true
			if _, runs := x.plan.in[in.Name]; runs && x.plan.skip[in.Name] == "" {
				needs = append(needs, in.Name)
			} else {
				add(need)
			}
		}
	}
	add(job)
	return needs
}

// giveAway returns the results of the jobs that do not run and that those which
// do may read. Where there is none, the job that reads it fails.
func (x *execution) giveAway() *Results {
	all := &Results{Jobs: map[string]JobResult{}}
	for _, job := range x.plan.jobs {
		for _, id := range x.pipe.Graph.Needs(job.ID) {
			_, runs := x.plan.in[id]
			if _, known := all.Jobs[id]; known || runs && x.plan.skip[id] == "" {
				continue
			}
			if one, ok := x.resultOf(id); ok {
				all.Jobs[id] = one
			}
		}
	}
	return all
}

// resultOf returns the result of a job that does not run, if there is one.
func (x *execution) resultOf(id string) (JobResult, bool) {
	if x.plan.skip[id] != "" {
		return JobResult{Outcome: Skipped}, true
	}
	if given := x.request.given; given != nil {
		if one, ok := given.Jobs[id]; ok {
			return one, true
		}
	}
	data, err := x.earlier(id, nil)
	return JobResult{Outcome: Succeeded, Outputs: data}, err == nil
}

// Ancestors returns the jobs of the work that a job needs, directly or not, in
// the order of the work: those whose results [Order] is given for it.
func (w *Work) Ancestors(job string) []string {
	needs := map[string][]string{}
	for _, j := range w.Jobs {
		needs[j.ID] = j.Needs
	}
	found := map[string]bool{}
	for next := slices.Clone(needs[job]); len(next) > 0; {
		id := next[0]
		next = next[1:]
		if !found[id] {
			found[id] = true
			next = append(next, needs[id]...)
		}
	}
	var ids []string
	for _, j := range w.Jobs {
		if found[j.ID] {
			ids = append(ids, j.ID)
		}
	}
	return ids
}
