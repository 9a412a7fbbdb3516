// Package engine has the jobs of a run carried out by the workers of a Temporal
// server, and tells what happens in them.
//
// That jobs end is read from the history of the run's workflow, which is complete
// and in order. Where they run meanwhile is looked up again and again, and what
// happens in them is asked of the workers. A server or a worker that does not
// answer is asked again: all that was told stays true.
package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"quire/cmd/quire-temporal/internal/blob"
	"quire/cmd/quire-temporal/internal/conn"
	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
)

// An Engine carries out one run.
type Engine struct {
	address conn.Address
	server  *conn.Server
	pieces  blob.Pieces
	work    *exec.Work
	id      string // of the workflow
	dir     string // of files that jobs left
	out     func(exec.Told)

	mu      sync.Mutex
	jobs    map[string]*job
	readers map[string]*reader // by the queue of the worker
	over    bool               // the workflow has ended
	closed  int                // jobs of which it was told how they ended
	settled chan struct{}      // closed when it has, and all is told
	finish  sync.WaitGroup

	cancelled atomic.Bool
}

// Run carries out a work, and calls tell with what happens, never twice at once.
// It returns when nothing of the run is left on any worker. When ctx ends, it
// cancels the run and waits for that.
func Run(ctx context.Context, address conn.Address, work *exec.Work, tell func(exec.Told)) error {
	e := &Engine{address: address, work: work, id: conn.RunID(work.RunID),
		jobs: map[string]*job{}, readers: map[string]*reader{}, settled: make(chan struct{})}
	var teller teller
	defer teller.start(tell)()
	e.out = teller.tell
	reachable, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var err error
	if e.server, err = conn.Dial(reachable, address, "quire "+work.RunID, func(error) {}); err != nil {
		return err
	}
	defer e.server.Close()
	e.pieces = blob.Of(e.server, address.Queue)
	if e.dir, err = os.MkdirTemp("", "quire-temporal-*"); err != nil {
		return err
	}
	defer os.RemoveAll(e.dir)
	return e.run(ctx)
}

// run does everything that needs the server.
func (e *Engine) run(ctx context.Context) error {
	going, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go e.server.Watch(going, func(text string) { e.out(exec.Told{Notice: text}) })
	started, err := e.start(ctx)
	if err != nil || !started {
		return err
	}
	defer context.AfterFunc(ctx, func() {
		e.cancelled.Store(true)
		go e.abandon(going, stop)
		e.cancel(going)
	})()
	go e.look(going)
	err = e.follow(going)
	e.mu.Lock()
	e.over = true
	e.settle()
	e.mu.Unlock()
	if err != nil {
		return unlessCancelled(ctx, err)
	}
	<-e.settled
	e.finish.Wait()
	return nil
}

// start starts the workflow, and reports whether there is one: the run may be
// cancelled before that.
func (e *Engine) start(ctx context.Context) (bool, error) {
	in, err := e.input(ctx)
	if err != nil {
		return false, unlessCancelled(ctx, err)
	}
	o := client.StartWorkflowOptions{
		ID: e.id, TaskQueue: e.address.Queue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            e.work.Repository,
		// A decision takes no time. Of a worker that was killed while it made one,
		// another takes over after this.
		WorkflowTaskTimeout: 5 * time.Second,
	}
	tried := false
	err = conn.Retry(ctx, func() error {
		_, err := e.server.ExecuteWorkflow(ctx, o, flow.Workflow, in)
		if tried && isStarted(err) {
			err = nil // only the answer was lost
		}
		tried = true
		return err
	})
	if err != nil && ctx.Err() != nil {
		// Nobody knows whether it was started.
		e.cancel(context.WithoutCancel(ctx))
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("the run cannot be started: %w", conn.Plain(err))
	}
	return true, nil
}

func isStarted(err error) bool {
	there := (*serviceerror.WorkflowExecutionAlreadyStarted)(nil)
	return errors.As(err, &there)
}

func unlessCancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// input returns what the workflow is given, when it is on the server.
func (e *Engine) input(ctx context.Context) (in flow.Input, err error) {
	const room = 32 << 10
	about := *e.work
	about.Jobs, about.Parcel = nil, ""
	text, err := json.Marshal(about)
	if err != nil {
		return in, err
	}
	in = flow.Input{Run: e.work.RunID, Repository: e.work.Repository, Queue: e.address.Queue, Jobs: e.work.Jobs, KeepGoing: e.work.KeepGoing,
		Parallel: e.work.Parallel, Lost: e.address.Lost}
	if in.Work, err = blob.Put(ctx, e.pieces, text, room); err != nil {
		return in, sent(err)
	}
	if e.work.Parcel == "" {
		return in, errors.New("the work has no parcel")
	}
	in.Parcel, err = blob.PutFile(ctx, e.pieces, e.work.Parcel)
	return in, sent(err)
}

func sent(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the files of the run cannot be sent to the Temporal server: %w", conn.Plain(err))
}
