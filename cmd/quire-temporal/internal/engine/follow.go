package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"quire/cmd/quire-temporal/internal/conn"
	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
)

// follow reads the history of the run until the workflow has ended. The error
// says why the run went no further.
func (e *Engine) follow(ctx context.Context) error {
	f := follower{Engine: e, jobs: map[int64]string{}}
	for {
		ended, err := f.read(ctx, e.server.GetWorkflowHistory(ctx, e.id, "", true, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case ended:
			return err
		}
		if gone := (*serviceerror.NotFound)(nil); errors.As(err, &gone) {
			return errors.New("the Temporal server no longer knows the run")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// A follower reads a history, which it may have to begin again.
type follower struct {
	*Engine
	last int64            // event that was read
	jobs map[int64]string // ids by the event that asked for their activity
}

// read reads events until the last one of the workflow. The error says, if that
// came, why the run went no further, and else why reading did not.
func (f *follower) read(ctx context.Context, events client.HistoryEventIterator) (ended bool, err error) {
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return false, err
		}
		if event.GetEventId() <= f.last {
			continue
		}
		f.last = event.GetEventId()
		if ended, err := f.event(event); ended {
			return true, err
		}
	}
	return false, nil
}

// event takes in one event, and reports whether it is the last.
func (f *follower) event(event *historypb.HistoryEvent) (ended bool, err error) {
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		id := event.GetActivityTaskScheduledEventAttributes().GetActivityId()
		f.jobs[event.GetEventId()] = id
		f.asked(id)
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		a := event.GetActivityTaskCompletedEventAttributes()
		var end flow.Ended
		if err := conn.Converter().FromPayloads(a.GetResult(), &end); err != nil {
			f.lost(f.jobs[a.GetScheduledEventId()], "what its worker returned cannot be read: "+err.Error())
			break
		}
		f.ended(f.jobs[a.GetScheduledEventId()], &end)
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		a := event.GetActivityTaskFailedEventAttributes()
		f.lost(f.jobs[a.GetScheduledEventId()], reason(a.GetFailure()))
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		a := event.GetActivityTaskTimedOutEventAttributes()
		f.lost(f.jobs[a.GetScheduledEventId()], "its worker was lost")
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
		f.never(f.jobs[event.GetActivityTaskCanceledEventAttributes().GetScheduledEventId()])
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
		return true, nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		failure := event.GetWorkflowExecutionFailedEventAttributes().GetFailure()
		if failure.GetApplicationFailureInfo().GetType() == flow.JobFailed {
			return true, nil
		}
		return true, fmt.Errorf("the run went no further: %s", reason(failure))
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		a := event.GetWorkflowExecutionTerminatedEventAttributes()
		return true, fmt.Errorf("the run was terminated: %s", a.GetReason())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return true, errors.New("the run took longer than the Temporal server lets it")
	}
	return false, nil
}

// reason returns the innermost message of a failure.
func reason(f *failurepb.Failure) string {
	for f.GetCause() != nil {
		f = f.GetCause()
	}
	return f.GetMessage()
}

// lost tells that a job could not be carried out.
func (e *Engine) lost(id, why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j := e.job(id)
	j.done = true
	e.out(exec.Told{Job: id, Attempt: j.told, Error: why})
	e.settle()
}
