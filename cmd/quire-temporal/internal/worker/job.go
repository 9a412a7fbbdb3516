package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"quire/cmd/quire-temporal/internal/blob"
	"quire/cmd/quire-temporal/internal/conn"
	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
)

const (
	// mostLost is how many machines a job may take with it.
	mostLost = 10
	// mostFaults is how often a job is tried whose machine cannot begin it.
	mostFaults = 3
)

// A job is one attempt to run a job.
type job struct {
	*Worker
	run  *run
	task flow.Task

	mu   sync.Mutex
	beat flow.Beat
}

// job is the activity of a job. Its error says why the job did not run here: then
// it is tried again, unless it was tried often enough.
func (w *Worker) job(ctx context.Context, t flow.Task) (ended flow.Ended, err error) {
	j := &job{Worker: w, task: t}
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &j.beat); err != nil {
			return ended, err
		}
	}
	if j.beat.Attempt >= mostLost {
		return ended, temporal.NewNonRetryableApplicationError(fmt.Sprintf("%d workers were lost while they ran the job, the last was %s", j.beat.Attempt, j.beat.Worker), "lost", nil)
	}
	if !w.slots.enter(ctx) {
		return ended, elsewhere("the worker has no place for it", time.Second)
	}
	defer w.slots.leave()
	j.beat.Worker, j.beat.Queue, j.beat.Record = w.Name, w.queue, ""
	asked := ctx
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(w.hurry, stop)()
	var beside sync.WaitGroup
	done, end := context.WithCancel(ctx)
	beside.Go(func() { j.live(done) })
	beside.Go(func() { j.obey(asked, done, stop) })
	defer beside.Wait()
	defer end()
	var leave func()
	j.run, leave = w.join(t.Run)
	defer leave()
	ended, err = j.perform(ctx)
	if err != nil && w.hurry.Err() != nil {
		return ended, elsewhere(fmt.Sprintf("the worker %s was stopped", w.Name), time.Millisecond)
	}
	return ended, err
}

// elsewhere is the error that makes the server give the job to whoever asks next.
func elsewhere(why string, wait time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(why, "elsewhere", temporal.ApplicationErrorOptions{NextRetryDelay: wait})
}

// fault is the error of what this machine could not do before the job began.
func (j *job) fault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	j.mu.Lock()
	j.beat.Faults++
	faults := j.beat.Faults
	j.mu.Unlock()
	j.tell(ctx)
	text := fmt.Sprintf("worker %s: %v", j.Name, err)
	j.Say("%s: %s could not begin: %v", j.task.Repository, j.task.Job.ID, err)
	if faults >= mostFaults || errors.As(err, new(*exec.UsageError)) {
		return temporal.NewNonRetryableApplicationError(text, "fault", nil)
	}
	return temporal.NewApplicationError(text, "fault")
}

// perform runs the job.
func (j *job) perform(ctx context.Context) (flow.Ended, error) {
	request, err := j.order(ctx)
	if err != nil {
		return flow.Ended{}, j.fault(ctx, err)
	}
	rec := j.begin(request)
	j.Say("%s: %s began", j.task.Repository, j.task.Job.ID)
	began := time.Now()
	report, err := exec.Run(ctx, request)
	one, ran := report.Result(j.task.Job.ID)
	if !ran || one.Started.IsZero() {
		j.forget()
		if err == nil {
			_, err = report.Done(j.task.Job.ID)
		}
		return flow.Ended{}, j.fault(ctx, err)
	}
	if one.Outcome == exec.Cancelled && j.hurry.Err() != nil {
		return flow.Ended{}, errors.New("stopped")
	}
	ended, err := j.ended(report, rec)
	j.Say("%s: %s %s in %.1f s", j.task.Repository, j.task.Job.ID, one.Outcome, time.Since(began).Seconds())
	if err != nil {
		// It is not run again, but nobody can be told how it went.
		return ended, temporal.NewNonRetryableApplicationError(fmt.Sprintf("worker %s: the job %s, but what it left cannot be stored: %v",
			j.Name, one.Outcome, err), "fault", nil)
	}
	return ended, nil
}

// begin makes the record known.
func (j *job) begin(r exec.Request) *record {
	rec := &record{path: r.Record()}
	j.Worker.mu.Lock()
	j.run.records[r.ID()] = rec
	j.Worker.mu.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.beat.Attempt++
	j.beat.Record = r.ID()
	return rec
}

// forget takes back that the job began.
func (j *job) forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.Worker.mu.Lock()
	defer j.Worker.mu.Unlock()
	delete(j.run.records, j.beat.Record)
	j.beat.Attempt--
	j.beat.Record = ""
}

// order makes the request for the job.
func (j *job) order(ctx context.Context) (r exec.Request, err error) {
	work, err := j.run.prepare(ctx, j.pieces, j.task)
	if err != nil {
		return r, err
	}
	given := j.task.Given
	if j.task.Ask {
		if given, err = j.earlier(ctx); err != nil {
			return r, err
		}
	}
	o := j.Jobs
	o.State = j.run.state()
	var dones []exec.JobDone
	for _, g := range given {
		done, err := j.given(ctx, g)
		if err != nil {
			return r, err
		}
		dones = append(dones, done)
	}
	o.Leave = filepath.Join(j.run.files(), fmt.Sprintf("left-%s-%d", hash([]byte(j.task.Job.ID)), activity.GetInfo(ctx).Attempt))
	return exec.Order(j.run.repository(), work, j.task.Job.ID, dones, o)
}

// given returns what another job left, with its files on this machine.
func (j *job) given(ctx context.Context, l flow.Left) (done exec.JobDone, err error) {
	if done.Results, err = l.Results.Bytes(ctx, j.pieces); err != nil || l.Files.Empty() {
		return done, err
	}
	done.Files, err = j.run.arrive(ctx, j.pieces, l.Files)
	return done, err
}

// earlier asks the run for what earlier jobs left.
func (j *job) earlier(ctx context.Context) (list []flow.Left, err error) {
	err = conn.Retry(ctx, func() error {
		value, err := j.server.QueryWorkflow(ctx, conn.RunID(j.task.Run), "", flow.Earlier, j.task.Job.ID)
		if err != nil {
			return err
		}
		return value.Get(&list)
	})
	return list, err
}

// ended stores what is to be known of a job that has ended. It does so also when
// the run was cancelled meanwhile.
func (j *job) ended(report *exec.Report, rec *record) (e flow.Ended, err error) {
	ctx := context.Background()
	done, err := report.Done(j.task.Job.ID)
	if err != nil {
		return e, err
	}
	one, _ := report.Result(j.task.Job.ID)
	e = flow.Ended{Beat: j.beat, Outcome: one.Outcome, Notices: done.Notices}
	e.Left = flow.Left{Job: j.task.Job.ID}
	room := j.task.Room
	if e.Report, err = blob.Put(ctx, j.pieces, done.Report, room); err != nil {
		return e, err
	}
	if e.Results, err = blob.Put(ctx, j.pieces, done.Results, room); err != nil {
		return e, err
	}
	if e.Files, err = j.leave(ctx, done.Files); err != nil {
		return e, err
	}
	e.Rest = j.rest(rec, room)
	return e, nil
}

// leave stores the file with what the job left, if there is one.
func (j *job) leave(ctx context.Context, path string) (ref blob.Ref, err error) {
	if path == "" {
		return ref, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return ref, err
	}
	if info.Size() <= int64(j.task.Room)/4 {
		text, err := os.ReadFile(path)
		if err != nil {
			return ref, err
		}
		ref = blob.Ref{Inline: text}
	} else if ref, err = blob.PutFile(ctx, j.pieces, path); err != nil {
		return ref, err
	}
	return ref, j.run.keep(path, ref)
}
