package engine

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"quire/cmd/quire-temporal/internal/conn"
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

// runs reports whether a worker may have the job of an activity.
func runs(s enumspb.PendingActivityState) bool {
	return s == enumspb.PENDING_ACTIVITY_STATE_STARTED || s == enumspb.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
}
