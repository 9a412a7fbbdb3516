package flow

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"quire/cmd/quire-temporal/internal/conn"
	"quire/exec"
)

const (
	// mostPending is how many activities are asked for at once, of which the server
	// takes 2,000.
	mostPending = 1000
	// noLimit is longer than any job takes. That a job takes too long is seen where
	// it runs, and that this is no longer so, by its silence.
	noLimit = 365 * 24 * time.Hour
)

// JobFailed is the type of the error of a run in which a job failed.
const JobFailed = "quire-job-failed"

// A run is one call of [Run].
type run struct {
	Input
	schedule *schedule
	running  workflow.Selector
	count    int // of those that run
	stop     bool
	withdraw workflow.CancelFunc // of those that no worker took
	failed   string              // what is to be said of the first job that did not succeed
}

// Run is the workflow of a run. It ends when no job runs. Its error says, in lists
// of workflows, that the run did not succeed; how jobs ended is in the results of
// their activities.
func Run(ctx workflow.Context, in Input) error {
	r := &run{Input: in, schedule: newSchedule(in.Jobs), running: workflow.NewSelector(ctx)}
	if err := workflow.SetQueryHandler(ctx, Earlier, r.earlier); err != nil {
		return err
	}
	taken, withdraw := workflow.WithCancel(ctx)
	r.withdraw = withdraw
	for {
		for r.count < r.most() && !r.stop && ctx.Err() == nil {
			i, ok := r.schedule.next()
			if !ok {
				break
			}
			r.start(taken, i)
		}
		if r.count == 0 {
			break
		}
		r.running.Select(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case r.failed != "":
		return temporal.NewNonRetryableApplicationError(r.failed, JobFailed, nil)
	}
	return nil
}

// most returns how many jobs may run at once.
func (r *run) most() int {
	if r.Parallel == 0 {
		return mostPending
	}
	return min(r.Parallel, mostPending)
}

// start starts the activity of a job.
func (r *run) start(ctx workflow.Context, i int) {
	job := r.Jobs[i]
	task := Task{Run: r.Run, Repository: r.Repository, Job: job, Work: r.Work, Parcel: r.Parcel, Room: room(len(r.Jobs))}
	task.Given, task.Ask = r.given(i)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ActivityID:          job.ID,
		Summary:             job.ID,
		TaskQueue:           conn.QueueFor(r.Queue, job.Labels),
		StartToCloseTimeout: noLimit,
		HeartbeatTimeout:    r.Lost,
		WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second,
		},
	})
	r.count++
	r.running.AddFuture(workflow.ExecuteActivity(ctx, Activity, task), func(f workflow.Future) {
		r.count--
		var e Ended
		err := f.Get(ctx, &e)
		r.end(i, e, err)
	})
}

// end records how a job ended. The error is what the machines could not do.
func (r *run) end(i int, e Ended, err error) {
	job := r.Jobs[i].ID
	switch {
	case err == nil && (e.Outcome == exec.Succeeded || e.Outcome == exec.Skipped):
		r.schedule.done(i, e.Left)
		return
	case err == nil && e.Outcome == exec.Failed && r.KeepGoing:
	case errors.As(err, new(*temporal.CanceledError)):
		return
	case err != nil:
		r.halt()
		if a := (*temporal.ApplicationError)(nil); errors.As(err, &a) && r.failed == "" {
			r.failed = fmt.Sprintf("job '%s' could not run: %s", job, a.Message())
		}
	default:
		r.halt()
	}
	if r.failed == "" {
		r.failed = fmt.Sprintf("job '%s' did not succeed", job)
	}
}

// halt keeps jobs from starting. The server takes back those that no worker has;
// a worker that has one learns that the run was not cancelled, and goes on.
func (r *run) halt() {
	r.stop = true
	r.withdraw()
}

// given returns what a job is given of others, unless it is too much.
func (r *run) given(i int) (list []Left, ask bool) {
	list = r.schedule.earlier(i)
	size := 0
	for _, l := range list {
		size += l.size()
	}
	if size > room(len(r.Jobs)) {
		return nil, true
	}
	return list, false
}

// earlier answers the query of a worker.
func (r *run) earlier(job string) ([]Left, error) {
	i, ok := r.schedule.number[job]
	if !ok {
		return nil, fmt.Errorf("the run has no job '%s'", job)
	}
	return r.schedule.earlier(i), nil
}
