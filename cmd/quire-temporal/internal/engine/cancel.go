package engine

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"quire/cmd/quire-temporal/internal/conn"
	"quire/exec"
)

// cancel cancels the run. The workflow ends when its jobs have; it takes a worker
// to say so, and where none is left, and so nothing runs, the run is ended without.
func (e *Engine) cancel(ctx context.Context) {
	err := conn.Retry(ctx, func() error { return e.server.CancelWorkflow(ctx, e.id, "") })
	if gone := (*serviceerror.NotFound)(nil); errors.As(err, &gone) {
		return
	}
	const patience = 5 * time.Second
	for idle := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
		about, err := e.server.Describe(ctx, e.id)
		if err != nil {
			idle = time.Now()
			continue
		}
		if about.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return
		}
		for _, a := range about.GetPendingActivities() {
			if runs(a.GetState()) {
				idle = time.Now()
			}
		}
		if time.Since(idle) > patience {
			_ = conn.Retry(ctx, func() error {
				return e.server.TerminateWorkflow(ctx, e.id, "", "the run was cancelled, and there was no worker to end it")
			})
			return
		}
	}
}

// abandon gives up a run that is cancelled when the server is away for so long
// that nobody waits for it any more. What the server did not hear of goes on when it
// is back.
func (e *Engine) abandon(ctx context.Context, stop func()) {
	const patience = time.Minute
	for last := time.Now(); ctx.Err() == nil; {
		switch {
		case e.server.Ask(ctx) == nil:
			last = time.Now()
		case time.Since(last) > patience:
			e.out(exec.Told{Notice: "the Temporal server is away: the run may go on when it is back"})
			stop()
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// runs reports whether a worker may have the job of an activity.
func runs(s enumspb.PendingActivityState) bool {
	return s == enumspb.PENDING_ACTIVITY_STATE_STARTED || s == enumspb.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
}
