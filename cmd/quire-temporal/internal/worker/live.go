package worker

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"

	"quire/cmd/quire-temporal/internal/conn"
)

// live tells the server that the job is under way, and where.
func (j *job) live(ctx context.Context) {
	// Jobs that are done in no time do not need it.
	for wait := beat / 5; ; wait = beat / 2 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		j.tell(ctx)
	}
}

// obey ends the job when the server wants it to, as it says at the end of asked.
// That it does not want jobs to begin any more, since another has failed, is no
// reason: it says so in the same way.
func (j *job) obey(asked, done context.Context, stop func()) {
	select {
	case <-done.Done():
		return
	case <-asked.Done():
	}
	for {
		wanted, err := j.wanted(done)
		if err == nil && !wanted {
			stop()
			return
		}
		select {
		case <-done.Done():
			return
		case <-time.After(beat):
		}
	}
}

// wanted reports whether the server still waits for this attempt.
func (j *job) wanted(ctx context.Context) (bool, error) {
	about, err := j.server.Describe(ctx, conn.RunID(j.task.Run))
	if gone := (*serviceerror.NotFound)(nil); errors.As(err, &gone) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if about.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING ||
		about.GetWorkflowExtendedInfo().GetCancelRequested() {
		return false, nil
	}
	info := activity.GetInfo(ctx)
	for _, a := range about.GetPendingActivities() {
		if a.GetActivityId() == info.ActivityID {
			return a.GetAttempt() == info.Attempt && a.GetState() == enumspb.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED, nil
		}
	}
	return false, nil
}

func (j *job) tell(ctx context.Context) {
	j.mu.Lock()
	b := j.beat
	j.mu.Unlock()
	activity.RecordHeartbeat(ctx, b)
}
