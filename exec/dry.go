package exec

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quire/analysis/pipeline"
)

// A PlannedCommand is a command that a run would execute. A secret in it is its
// name in braces.
type PlannedCommand struct {
	pipeline.Command
	// Certain reports that it was reached before the job, or one that it needs,
	// looked at how a command went.
	Certain bool
}

// dryRun calls the run-fns of the plan, one at a time, in a world that only
// stands in for one. It starts no command and stores nothing.
func (x *execution) dryRun(ctx context.Context, vault *secrets) error {
	for name, s := range vault.sources {
		if s.Value != "" {
			x.values.add(name, s.Value)
		}
	}
	push, err := x.dryPush(ctx)
	if err != nil {
		if ctx.Err() != nil {
			x.report.Jobs, x.report.Outcome = newQueue(x.plan).notRun(), Cancelled
			return nil
		}
		return err
	}
	h := newDryHost(x, vault, push)
	q := newQueue(x.plan)
	for ctx.Err() == nil {
		job := q.next()
		if job == nil {
			break
		}
		report, err := x.dryReport(ctx, job, h)
		if err != nil {
			return err
		}
		x.report.Jobs = append(x.report.Jobs, report)
		q.ended[job.ID] = report.Outcome
		if report.Assumed {
			q.ended[job.ID] = Succeeded // what needs it may well run
		}
	}
	x.report.Jobs = append(x.report.Jobs, q.notRun()...)
	x.report.Outcome = Succeeded
	for _, report := range x.report.Jobs {
		if report.Outcome == Failed && !report.Assumed {
			x.report.Outcome = Failed
		}
	}
	if ctx.Err() != nil {
		x.report.Outcome = Cancelled
	}
	return nil
}

// dryPush returns what quire/push tells without a workspace: of a working tree
// with changes, what it tells of the commit that they are changes of.
func (x *execution) dryPush(ctx context.Context) (*pipeline.Data, error) {
	r := x.request
	c := x.checkout()
	c.inPlace = true
	if r.resumed != nil {
		p := r.resumed.Push
		p.PushedAt = pushedAt(c.at)
		return p.data()
	}
	w := &workspace{dir: c.repo.root}
	if c.repo.vcs != nil {
		w.gitDir = c.repo.vcs.gitDir
		if err := w.describe(ctx, c); err != nil {
			return nil, err
		}
	}
	p, err := w.push(ctx, c, r.ref, r.previous)
	if err != nil {
		return nil, err
	}
	if given := r.given; given != nil && given.Push != nil {
		p = r.overridden(*given.Push, p)
	}
	return p.data()
}

// dryReport returns what would become of a job.
func (x *execution) dryReport(ctx context.Context, job *pipeline.Job, h *dryHost) (JobReport, error) {
	if notice, ok := x.plan.skip[job.ID]; ok {
		return JobReport{ID: job.ID, Outcome: Skipped, Notice: notice}, nil
	}
	if one, ok := x.plan.reused[job.ID]; ok {
		h.enter(job).outputs = one.outputs
		return one.report, nil
	}
	return x.dryJob(ctx, job, h)
}

// dryJob calls the run-fn of a job. The error is what quire could not do.
func (x *execution) dryJob(ctx context.Context, job *pipeline.Job, h *dryHost) (JobReport, error) {
	r := JobReport{ID: job.ID, Started: time.Now()}
	d := h.enter(job)
	result, err := x.pipe.Run(ctx, job.ID, h)
	raised := (*pipeline.JobError)(nil)
	switch {
	case err == nil:
		d.outputs = result.Outputs
		x.succeed(&r, &jobState{shs: d.shs, wrote: d.wrote}, result)
	case ctx.Err() != nil:
		r.Outcome = Cancelled
	case errors.As(err, &raised):
		r.Outcome = Failed
		r.Failure = x.failure(job, &jobState{}, raised.Diagnostic)
		d.assumed = d.assumed || raised.Limit // which is smaller than that of a run
	default:
		return r, fmt.Errorf("job '%s': %w", job.ID, err)
	}
	r.Finished = time.Now()
	r.Commands, r.Assumed = d.commands, d.assumed
	if d.notice != "" {
		r.Notice = d.notice
	}
	return r, nil
}
