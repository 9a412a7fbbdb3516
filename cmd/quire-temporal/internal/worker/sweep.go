package worker

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"quire/cmd/quire-temporal/internal/conn"
	"quire/exec"
	"quire/exec/rundir"
)

const (
	sweepEvery = 5 * time.Second
	// lately is for how long an answer may not have arrived, and be asked for again.
	lately = 15 * time.Second
	// unreadFor is how long what happened in a run that is over stays for a client
	// that has not read it.
	unreadFor = 10 * time.Minute
	// deadline is how long anything stays of a run of which no job is under way.
	deadline = 24 * time.Hour

	lockSuffix = ".lock"
)

// sweep removes what is no longer needed, again and again until ctx ends.
func (w *Worker) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		w.sweepOthers()
		for range 12 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(sweepEvery):
				w.sweepRuns(ctx)
			}
		}
	}
}

// sweepRuns removes the files of runs that are over.
func (w *Worker) sweepRuns(ctx context.Context) {
	w.mu.Lock()
	var idle []*run
	for _, r := range w.runs {
		if r.jobs == 0 {
			idle = append(idle, r)
		}
	}
	w.mu.Unlock()
	for _, r := range idle {
		if over, err := w.over(ctx, r); err == nil && over && w.forget(r) {
			w.remove(r.dir)
		}
	}
}

// over reports whether nothing of a run is needed any more.
func (w *Worker) over(ctx context.Context, r *run) (bool, error) {
	w.mu.Lock()
	idle := time.Since(r.left)
	read := true
	for _, rec := range r.records {
		read = read && rec.read
	}
	w.mu.Unlock()
	if idle > deadline {
		return true, nil
	}
	if idle < lately || !read && idle < unreadFor {
		return false, nil
	}
	about, err := w.server.Describe(ctx, conn.RunID(r.id))
	if gone := (*serviceerror.NotFound)(nil); errors.As(err, &gone) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return about.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil
}

// forget makes a run unknown, unless a job of it began.
func (w *Worker) forget(r *run) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.jobs > 0 {
		return false
	}
	delete(w.runs, r.id)
	return true
}

func (w *Worker) remove(path string) {
	if err := rundir.RemoveAll(path); err != nil {
		w.Say("what is left of a run could not be removed: %v", err)
	}
}

// sweepOthers removes what workers left that were killed, and ends what their jobs
// left running.
func (w *Worker) sweepOthers() {
	locks, err := filepath.Glob(filepath.Join(w.Jobs.State, "*"+lockSuffix))
	if err != nil {
		return
	}
	for _, path := range locks {
		dir := strings.TrimSuffix(path, lockSuffix)
		if dir == w.dir {
			continue
		}
		lock := flock.New(path)
		if got, err := lock.TryLock(); err != nil || !got {
			continue
		}
		if err := errors.Join(w.bury(dir), lock.Unlock(), os.Remove(path)); err != nil {
			w.Say("what a worker that was killed left in %s could not be removed: %v", dir, err)
		}
	}
}

// bury removes the directory of a worker that was killed.
func (w *Worker) bury(dir string) error {
	runs, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, r := range runs {
		state := (&run{dir: filepath.Join(dir, r.Name())}).state()
		stored, err := exec.OpenAllRuns(exec.Options{State: state, Environ: w.Jobs.Environ})
		if err != nil {
			return err
		}
		// It is how processes of runs that were interrupted are found and ended.
		if _, err := stored.Prune(exec.DefaultRetention(), false); err != nil {
			return err
		}
	}
	return rundir.RemoveAll(dir)
}
