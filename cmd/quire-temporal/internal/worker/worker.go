// Package worker runs jobs of runs that others started, on this machine.
//
// What a run consists of here is in one directory below that of the worker, and
// goes when the run is over and its client has read it. A worker that was killed
// leaves its directory behind, without the lock on it; those that live remove
// that, and what its jobs left running.
package worker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"quire/cmd/quire-temporal/internal/blob"
	"quire/cmd/quire-temporal/internal/conn"
	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
	"quire/exec/rundir"
)

// Options say what a worker is.
type Options struct {
	Address conn.Address
	Labels  []string
	Slots   int    // so many jobs at once, at least 1
	Name    string // for people
	// Jobs are the options of their runs: Config, Environ, and what they say of
	// isolation. State is where the worker keeps what it needs of runs.
	Jobs exec.Options
	// Say tells people something, in one line.
	Say func(format string, args ...any)
}

// A Worker is a process that runs jobs.
type Worker struct {
	Options
	server *conn.Server
	pieces blob.Pieces
	queue  string // of its own
	dir    string
	slots  *slots
	hurry  context.Context // ends when jobs are to end

	mu     sync.Mutex
	runs   map[string]*run
	joined int // how many there were
}

// Stops are how a worker ends, each faster than the one before: when Finish ends
// it takes no more jobs, when Cancel ends those that it has are ended, and when
// Kill is closed they get no time for it.
type Stops struct {
	Finish context.Context
	Cancel context.Context
	Kill   <-chan struct{}
}

// Serve runs jobs until it is stopped. What it stored is gone then.
func Serve(stops Stops, o Options) error {
	unique := make([]byte, 4)
	_, _ = rand.Read(unique) // never fails
	own := o.Name + "-" + hex.EncodeToString(unique)
	server, err := conn.Dial(stops.Finish, o.Address, own, func(err error) { o.Say("%v; waiting for it", err) })
	if err != nil && stops.Finish.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer server.Close()
	o.Jobs.Kill = stops.Kill
	w := &Worker{Options: o, server: server, queue: conn.OwnQueue(o.Address.Queue, own), slots: newSlots(o.Slots),
		hurry: stops.Cancel, runs: map[string]*run{}}
	w.pieces = blob.Of(server, o.Address.Queue)
	unlock, err := w.home(own)
	if err != nil {
		return err
	}
	defer unlock()
	return w.serve(stops.Finish)
}

// home makes the directory of the worker, which it holds until it unlocks it.
func (w *Worker) home(own string) (unlock func(), err error) {
	base := w.Jobs.State
	w.dir = filepath.Join(base, own)
	if err := os.MkdirAll(base, 0o700); err != nil {
		return nil, err
	}
	// The lock is beside the directory: who holds it may remove both.
	lock := flock.New(w.dir + lockSuffix)
	if _, err := lock.TryLock(); err != nil {
		return nil, err
	}
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return func() {
		if err := errors.Join(rundir.RemoveAll(w.dir), lock.Unlock(), os.Remove(lock.Path())); err != nil {
			w.Say("what the worker stored could not be removed: %v", err)
		}
	}, nil
}

// serve takes jobs until ctx ends, and returns when it has none and all of what
// happened in them was read.
func (w *Worker) serve(ctx context.Context) error {
	fatal := make(chan error, 1)
	failed := func(err error) {
		select {
		case fatal <- err:
		default:
		}
	}
	pages, err := w.startPages(ctx, failed)
	if err != nil {
		return err
	}
	defer pages.Stop()
	var queues []worker.Worker
	defer func() {
		var all sync.WaitGroup
		for _, q := range queues {
			all.Go(q.Stop)
		}
		all.Wait()
		w.linger()
	}()
	for i, name := range conn.QueuesFor(w.Address.Queue, w.Labels) {
		q, err := w.take(name, i == 0, failed)
		if err != nil {
			return err
		}
		queues = append(queues, q)
	}
	w.Say("worker %s takes jobs of queue %s at %s, %s%s", w.Name, w.Address.Queue, w.server.Host, places(w.Slots), also(w.Labels))
	going, stop := context.WithCancel(w.hurry)
	defer stop()
	go w.server.Watch(going, func(text string) { w.Say("%s", text) })
	go w.sweep(going)
	select {
	case <-ctx.Done():
		if n := w.busy(); n > 0 {
			w.Say("worker %s finishes %s; interrupt it again to end them", w.Name, counted(n, "job"))
		}
		return nil
	case err := <-fatal:
		return conn.Plain(err)
	}
}

func places(n int) string {
	if n == 1 {
		return "one at a time"
	}
	return fmt.Sprintf("up to %d at once", n)
}

// also says which jobs a worker takes beside those without labels.
func also(labels []string) string {
	if len(labels) == 0 {
		return ""
	}
	return ", also those for " + strings.Join(labels, ", ")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// take begins to take jobs from a queue, and decisions of runs as well from the
// first.
func (w *Worker) take(queue string, first bool, failed func(error)) (worker.Worker, error) {
	tuner, err := w.slots.tuner()
	if err != nil {
		return nil, err
	}
	q := worker.New(w.server.Client, queue, worker.Options{
		Tuner:                            tuner,
		MaxConcurrentActivityTaskPollers: 1,
		DisableWorkflowWorker:            !first,
		DisableEagerActivities:           true,
		MaxHeartbeatThrottleInterval:     beat,
		WorkerStopTimeout:                noLimit,
		OnFatalError:                     failed,
	})
	if first {
		q.RegisterWorkflowWithOptions(flow.Run, workflow.RegisterOptions{Name: flow.Workflow})
		q.RegisterWorkflowWithOptions(blob.Keep, workflow.RegisterOptions{Name: blob.Workflow})
	}
	q.RegisterActivityWithOptions(w.job, activity.RegisterOptions{Name: flow.Activity})
	return q, q.Start()
}

const (
	// beat is how often a job that runs tells that it does.
	beat = time.Second
	// noLimit is longer than any job takes.
	noLimit = 365 * 24 * time.Hour
)

// startPages makes the worker answer what happens in its jobs. The workflow that
// is asked has nothing to do, and ends at once.
func (w *Worker) startPages(ctx context.Context, failed func(error)) (worker.Worker, error) {
	q := worker.New(w.server.Client, w.queue, worker.Options{
		LocalActivityWorkerOnly:  true,
		DeadlockDetectionTimeout: time.Minute, // it reads files
		OnFatalError:             failed,
	})
	q.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		return workflow.SetQueryHandler(ctx, flow.Pages, w.pages)
	}, workflow.RegisterOptions{Name: flow.PagesWorkflow})
	if err := q.Start(); err != nil {
		return nil, conn.Plain(err)
	}
	err := conn.Retry(ctx, func() error {
		_, err := w.server.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID: w.queue, TaskQueue: w.queue, WorkflowExecutionTimeout: time.Hour,
		}, flow.PagesWorkflow)
		return err
	})
	if err != nil {
		q.Stop()
		return nil, conn.Plain(err)
	}
	return q, nil
}
