package exec

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// schedule runs the jobs of the plan: of those that are ready, the one
// registered first, and so many at once as the options say. After a failure
// nothing new starts, or, when the run is to keep going, nothing that needs
// what failed.
func (x *execution) schedule(ctx context.Context) error {
	type result struct {
		report JobReport
		err    error
	}
	q := newQueue(x.plan)
	results := make(chan result)
	errs := x.reuseJobs(q)
	for running, stop := 0, false; ; {
		for running < max(x.request.options.Parallel, 1) && !stop && ctx.Err() == nil {
			job := q.next()
			if job == nil {
				break
			}
			if notice, ok := x.plan.skip[job.ID]; ok {
				x.skip(job, notice)
				q.ended[job.ID] = Skipped
				continue
			}
			running++
			st := x.begin(job)
			go func() {
				report, err := x.job(ctx, job, st)
				results <- result{report, err}
			}()
		}
		if running == 0 {
			break
		}
		r := <-results
		running--
		errs = append(errs, r.err)
		x.report.Jobs = append(x.report.Jobs, r.report)
		q.ended[r.report.ID] = r.report.Outcome
		stop = stop || x.stops(r.report)
	}
	x.report.Jobs = append(x.report.Jobs, q.notRun()...)
	x.report.Outcome = outcome(x.report.Jobs, ctx.Err() != nil)
	return errors.Join(errs...)
}

// stops reports whether nothing starts any more after a job ended like this.
func (x *execution) stops(r JobReport) bool {
	return !r.Outcome.done() && !(r.Outcome == Failed && x.request.options.KeepGoing)
}

// skip records a job that does not take part.
func (x *execution) skip(job *pipeline.Job, notice string) {
	x.host.enter(job.ID)
	x.host.leave(job.ID, nil)
	x.report.Jobs = append(x.report.Jobs, JobReport{ID: job.ID, Outcome: Skipped, Notice: notice})
	x.record.emit(Event{Type: JobFinished, JobID: job.ID, Outcome: string(Skipped), Message: notice})
}

// outcome returns the outcome of a run from those of its jobs.
func outcome(jobs []JobReport, cancelled bool) Outcome {
	has := func(o Outcome) bool {
		return slices.ContainsFunc(jobs, func(r JobReport) bool { return r.Outcome == o })
	}
	switch {
	case has(Internal):
		return Internal
	case has(Failed):
		return Failed
	case has(Cancelled), cancelled && has(NotRun):
		return Cancelled
	}
	return Succeeded
}

// begin records that a job starts.
func (x *execution) begin(job *pipeline.Job) *jobState {
	st := x.host.enter(job.ID)
	x.record.emit(Event{Type: JobStarted, JobID: job.ID})
	return st
}

// job runs one job that began. The error is what quire or the machine could not
// do.
func (x *execution) job(ctx context.Context, job *pipeline.Job, st *jobState) (r JobReport, err error) {
	r = JobReport{ID: job.ID, Started: time.Now()}
	var outputs *pipeline.Data
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job '%s': internal error: %v\n%s", job.ID, p, debug.Stack())
			r.Outcome = Internal
		}
		r.Finished = time.Now()
		r.Secrets = slices.Compact(slices.Sorted(slices.Values(st.secrets)))
		x.host.leave(job.ID, outputs)
		x.record.emit(Event{Type: JobFinished, JobID: job.ID, Outcome: string(r.Outcome), Message: r.message()})
	}()
	limited, cancel := limit(ctx, job)
	defer cancel()
	result, err := x.pipe.Run(limited, job.ID, x.host)
	raised := (*pipeline.JobError)(nil)
	switch late := ctx.Err() == nil && limited.Err() != nil; {
	case late && (err != nil || st.cut):
		r.Outcome = Failed
		r.Failure = x.failure(job, st, lateness(job))
		return r, nil
	case err == nil && st.cut:
		// It caught that its command was cut short, which hides nothing.
		r.Outcome = Cancelled
		return r, nil
	case err == nil:
		outputs = result.Outputs
		x.succeed(&r, st, result)
		if outputs != nil {
			r.Outputs, r.Withheld = x.host.store(job.ID, outputs)
		}
		return r, nil
	case ctx.Err() != nil:
		r.Outcome = Cancelled
		return r, nil
	case errors.As(err, &raised):
		r.Outcome = Failed
		r.Failure = x.failure(job, st, raised.Diagnostic)
		return r, nil
	}
	r.Outcome = Internal
	return r, fmt.Errorf("job '%s': %w", job.ID, err)
}

// limit returns a context that ends with ctx, or when the job has taken the time
// that it declares.
func limit(ctx context.Context, job *pipeline.Job) (context.Context, context.CancelFunc) {
	if job.Timeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, job.Timeout)
}

// lateness is why a job failed that took longer than it declares.
func lateness(job *pipeline.Job) diag.Diagnostic {
	return diag.Diagnostic{File: job.TimeoutAt.File, Span: job.TimeoutAt.Span, Code: diag.Runtime,
		Message: fmt.Sprintf("the job timed out after %s, the :timeout that it declares", seconds(job.Timeout))}
}

// message returns what a job's last event says beside its outcome.
func (r JobReport) message() string {
	if r.Failure != nil {
		return r.Failure.Diagnostic.Message
	}
	return r.Notice
}

// succeed records a job whose run-fn returned.
func (x *execution) succeed(r *JobReport, st *jobState, result pipeline.Result) {
	r.Outcome = Succeeded
	r.IgnoredExits = st.exits
	switch {
	case result.Discarded != "":
		r.Notice = fmt.Sprintf("its result, a %s, was discarded: outputs are a table", result.Discarded)
	case result.Outputs == nil && st.shs == 0 && !st.wrote:
		r.Outcome = Skipped
		r.Notice = "it ran no command and returned nothing"
	}
}

// failure returns why a job failed: the form that raised, and the last command
// that did not end well. Where no code of a file was running, as in
// ci.mirror's run-fn, the form is the one that registered the job.
func (x *execution) failure(job *pipeline.Job, st *jobState, d diag.Diagnostic) *Failure {
	if job.Run.File == nil && d.Span == (source.Span{}) {
		d.File, d.Span = job.Call.File, job.Call.Span
	}
	d.Message = x.values.text(d.Message)
	d.Help = x.values.text(d.Help)
	d.Related = slices.Clone(d.Related)
	for i := range d.Related {
		d.Related[i].Message = x.values.text(d.Related[i].Message)
	}
	f := &Failure{Diagnostic: d}
	bad := st.failed
	if bad == nil {
		return f
	}
	f.Command, f.Exit, f.Signal, f.Log = bad.cmd, bad.exit, bad.signal, bad.log
	f.Tail = logTail(bad.log)
	how := fmt.Sprintf("this command exited with %d", bad.exit)
	if bad.signal != "" {
		how = "this command was ended by " + bad.signal
	}
	if place := bad.command.Place; place.File != nil && job.Run.File != nil {
		f.Diagnostic.Related = append(f.Diagnostic.Related, diag.Related{File: place.File, Span: place.Span, Message: how})
	}
	return f
}

// earlier returns the outputs of a job that is not in this run, from the inputs
// that were given, or else from the run that is resumed, or else from the last
// run that succeeded with the same text of the job.
func (x *execution) earlier(id string, ask revealer) (*pipeline.Data, error) {
	if given := x.request.given; given != nil {
		if one, ok := given.Jobs[id]; ok {
			return one.outputs(id, ask)
		}
	}
	if one, ok := x.reusable[id]; ok {
		return one.outputs, nil
	}
	job, ok := x.pipe.Graph.Job(id)
	if ok && x.store != nil && x.request.order == nil { // which is given all there is
		data, found, err := lastOutputs(x.store, id, JobText(job))
		if found || err != nil {
			return data, err
		}
	}
	return nil, fmt.Errorf("job '%s' was not run; run it too or pass --inputs", id)
}
