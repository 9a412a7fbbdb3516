package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"quire/cmd/quire-temporal/internal/conn"
	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
)

// A job is one whose activity was asked for.
type job struct {
	id    string
	now   *attempt // the last that is known, or nil
	told  int      // number of the attempt that was told of last
	ended *flow.Ended
	done  bool // nothing more is told of it
}

// An attempt is what is known of one attempt at a job.
type attempt struct {
	job    *job
	number int
	beat   flow.Beat
	next   string // where the next page begins
	read   bool   // there are no more pages
}

// job returns what is known of a job.
func (e *Engine) job(id string) *job {
	j := e.jobs[id]
	if j == nil {
		j = &job{id: id}
		e.jobs[id] = j
	}
	return j
}

// asked takes in that a job is to run.
func (e *Engine) asked(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.job(id)
}

// never takes in that a job will not run any more. It may have begun, and lost its
// worker.
func (e *Engine) never(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j := e.job(id)
	if !j.done && j.told > 0 && !e.cancelled.Load() {
		e.tell(j.now, exec.Told{Error: "its worker was lost, and it is not run again since another job did not succeed"})
	}
	j.done = true
	e.settle()
}

// attempt takes in where a job runs, or ran.
func (e *Engine) attempt(j *job, b flow.Beat) *attempt {
	if j.now != nil && j.now.beat.Record == b.Record {
		return j.now
	}
	j.now = &attempt{job: j, number: j.told + 1, beat: b}
	return j.now
}

// tell tells of an attempt. What was told last of a job is of its last attempt.
func (e *Engine) tell(a *attempt, t exec.Told) {
	a.job.told = a.number
	t.Job, t.Attempt, t.Worker = a.job.id, a.number, a.beat.Worker
	e.out(t)
}

// beat takes in that a job runs.
func (e *Engine) beat(id string, b flow.Beat) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if j := e.job(id); !j.done && j.ended == nil && b.Record != "" {
		e.readFrom(e.attempt(j, b))
	}
}

// ended takes in that a job has ended.
func (e *Engine) ended(id string, end *flow.Ended) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j := e.job(id)
	if j.done || j.ended != nil {
		return
	}
	j.ended = end
	a := e.attempt(j, end.Beat)
	if end.Rest != nil && end.Rest.From == a.next && !a.read {
		for _, p := range end.Rest.Pages {
			e.page(a, p)
		}
	}
	if a.read {
		e.close(a)
		return
	}
	e.readFrom(a)
}

// page takes in a page of an attempt.
func (e *Engine) page(a *attempt, p exec.Page) {
	if a.read || a.job.now != a || a.job.done {
		return
	}
	a.next, a.read = p.Next, p.Ended
	if len(p.Events) > 0 || p.Ended {
		e.tell(a, exec.Told{Page: &p})
	}
}

// close tells how a job ended, all pages of which were told.
func (e *Engine) close(a *attempt) {
	j := a.job
	if j.done {
		return
	}
	j.done = true
	e.closed++
	files := filepath.Join(e.dir, strconv.Itoa(e.closed))
	e.finish.Go(func() {
		done, err := e.fetch(context.Background(), j.ended, files)
		e.mu.Lock()
		defer e.mu.Unlock()
		if err != nil {
			e.tell(a, exec.Told{Error: fmt.Sprintf("how it ended cannot be read: %v", conn.Plain(err))})
			return
		}
		e.tell(a, exec.Told{Done: &done})
	})
	e.settle()
}

// fetch gets what a job left. Its files go to the path.
func (e *Engine) fetch(ctx context.Context, end *flow.Ended, path string) (done exec.JobDone, err error) {
	done.Notices = end.Notices
	if done.Report, err = end.Report.Bytes(ctx, e.pieces); err != nil {
		return done, err
	}
	if done.Results, err = end.Results.Bytes(ctx, e.pieces); err != nil {
		return done, err
	}
	if !e.work.Get || end.Files.Empty() {
		return done, nil
	}
	done.Files = path
	return done, end.Files.File(ctx, e.pieces, path)
}

// settle lets the run end when the workflow has, and all is told.
func (e *Engine) settle() {
	if !e.over {
		return
	}
	for _, j := range e.jobs {
		if j.ended != nil && !j.done {
			return
		}
	}
	select {
	case <-e.settled:
	default:
		close(e.settled)
	}
}
