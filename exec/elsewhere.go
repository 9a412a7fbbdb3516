package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// An elsewhere has an engine run the jobs on other machines, and records what it
// tells as if they ran here.
type elsewhere struct {
	*execution
	program string // path of the engine's
	name    string
	work    *Work
	space   *workspace
	queue   *queue
	told    map[string]*toldJob // of the work, by id
	stopped bool                // what ended keeps other jobs from starting
	errs    []error             // what kept jobs from being run
}

func (x *elsewhere) ready(context.Context) (err error) {
	switch o := x.request.options; {
	case o.Container:
		x.report.Isolation = InContainer
	case o.Sandbox:
		x.report.Isolation = InSandbox
	}
	if x.name, err = engineName(x.request.options.On); err == nil {
		x.program, err = x.request.env.engine(x.name, x.request.source.Root)
	}
	return err
}

func (x *elsewhere) usesWorkspace() bool { return false }

// carryOut gives the engine the work, and follows what it tells.
func (x *elsewhere) carryOut(ctx context.Context, w *workspace, _ *secrets) (err error) {
	x.space, x.queue, x.told = w, newQueue(x.plan), map[string]*toldJob{}
	defer func() { _ = os.Remove(x.run.File(parcelName)) }()
	if x.work, err = x.makeWork(ctx, w, *x.report.Push); err != nil {
		if ctx.Err() != nil {
			return x.conclude(ctx, nil)
		}
		return fmt.Errorf("what other machines need cannot be packed: %w", err)
	}
	for _, job := range x.work.Jobs {
		x.told[job.ID] = &toldJob{id: job.ID}
	}
	x.skipReady()
	if len(x.work.Jobs) == 0 {
		return x.conclude(ctx, nil)
	}
	e, err := startEngine(x.request.env, x.program, x.request.options.On)
	if err != nil {
		return x.conclude(ctx, fmt.Errorf("%s cannot be started: %w", x.program, osError(err)))
	}
	err = e.follow(ctx, x.work, x.request.options.Kill, func(line []byte) error { return x.take(ctx, line) })
	return x.conclude(ctx, err)
}

// take records a line that the engine wrote. The error says what no engine should
// tell, or what it said that went wrong with the run.
func (x *elsewhere) take(ctx context.Context, line []byte) error {
	t, err := ParseTold(line)
	if err != nil {
		return x.odd("%.200q: %w", line, err)
	}
	if t.Notice != "" {
		x.say(t.Notice)
	}
	switch {
	case t.Job == "" && t.Error != "":
		return fmt.Errorf("%s: %s", x.name, t.Error)
	case t.Job == "" && (t.Page != nil || t.Done != nil):
		return x.odd("it does not say which job it is about")
	case t.Job == "":
		return nil
	}
	j := x.told[t.Job]
	switch {
	case j == nil:
		return x.odd("it tells of job '%s', which it was not given", t.Job)
	case j.ended:
		return x.odd("it tells more of job '%s' than how that ended", t.Job)
	case t.Attempt < j.attempt:
		return x.odd("it tells of attempt %d of job '%s' after attempt %d", t.Attempt, t.Job, j.attempt)
	}
	x.begin(j, t)
	if t.Page != nil {
		for _, e := range t.Page.Events {
			if err := x.event(j, e); err != nil {
				return err
			}
		}
	}
	switch {
	case t.Done != nil:
		return x.done(ctx, j, *t.Done)
	case t.Error != "":
		x.errs = append(x.errs, fmt.Errorf("job '%s': %s", j.id, t.Error))
		x.end(j, JobReport{ID: j.id, Outcome: Internal})
	}
	return nil
}

// odd is the error of something that no engine should tell.
func (x *elsewhere) odd(format string, args ...any) error {
	return fmt.Errorf("%s does not tell what it should: %w", x.name, fmt.Errorf(format, args...))
}

// end records how a job ended.
func (x *elsewhere) end(j *toldJob, r JobReport) {
	j.closeLog(x.execution)
	j.ended = true
	x.queue.end(j.id, r.Outcome)
	x.report.Jobs = append(x.report.Jobs, r)
	x.stopped = x.stopped || x.stops(r)
	e := Event{Type: JobFinished, JobID: j.id, Outcome: string(r.Outcome), Message: r.message()}
	if r.Finished.IsZero() {
		x.record.emit(e)
	} else {
		e.AtMS = r.Finished.UnixMilli()
		x.record.tell(e)
	}
	x.skipReady()
}

// skipReady records jobs that take no part when it is their turn.
func (x *elsewhere) skipReady() {
	for !x.stopped {
		i := slices.IndexFunc(x.queue.waiting, x.queue.ready)
		if i < 0 {
			return
		}
		job := x.queue.waiting[i]
		notice, ok := x.plan.skip[job.ID]
		if !ok {
			return
		}
		x.skip(job, notice)
		x.queue.end(job.ID, Skipped)
	}
}

// conclude makes the report of what the engine told until it ended. Failed is
// what it did wrong, if anything.
func (x *elsewhere) conclude(ctx context.Context, failed error) error {
	cancelled := ctx.Err() != nil
	if failed != nil && !cancelled {
		x.errs = append(x.errs, failed)
	}
	broken := len(x.errs) > 0
	var silent []string
	for _, job := range x.plan.jobs {
		j := x.told[job.ID]
		if j == nil || !j.begun || j.ended {
			continue
		}
		r := JobReport{ID: j.id, Outcome: Cancelled, Started: j.started}
		if !cancelled {
			r.Outcome = Internal
			silent = append(silent, j.id)
		}
		x.end(j, r)
	}
	if job := x.left(); job != "" && !cancelled {
		silent = append(silent, job)
	}
	if len(silent) > 0 && !broken {
		x.errs = append(x.errs, x.odd("it ended and never said how job '%s' went", strings.Join(silent, "', '")))
	}
	x.report.Jobs = append(x.report.Jobs, x.queue.notRun()...)
	x.report.Outcome = outcome(x.report.Jobs, cancelled)
	return errors.Join(x.errs...)
}

// left returns a job that could have run and did not, or nothing.
func (x *elsewhere) left() string {
	if x.stopped {
		return ""
	}
	if i := slices.IndexFunc(x.queue.waiting, x.queue.ready); i >= 0 {
		return x.queue.waiting[i].ID
	}
	return ""
}
