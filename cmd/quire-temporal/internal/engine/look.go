package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"quire/cmd/quire-temporal/internal/conn"
	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
)

const (
	lookEvery = 200 * time.Millisecond
	// waited is how long a job waits for a worker before it is asked whether there
	// is one.
	waited = 2 * time.Second
	// asking is how long a worker asks for a job at most before it asks again.
	asking = 70 * time.Second
)

// look looks up where jobs run, and why those do not that could, until ctx ends.
func (e *Engine) look(ctx context.Context) {
	l := looker{Engine: e, labels: map[string][]string{}, noticed: map[string]bool{}}
	for _, j := range e.work.Jobs {
		l.labels[j.ID] = j.Labels
	}
	l.check(ctx, nil, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	for wait := lookEvery; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		began := time.Now()
		about, err := e.server.Describe(ctx, e.id)
		if err != nil {
			continue
		}
		l.pending(ctx, about)
		wait = max(lookEvery, 4*time.Since(began))
	}
}

// A looker looks for what the history does not have.
type looker struct {
	*Engine
	labels  map[string][]string // of jobs
	noticed map[string]bool     // queues without workers
	checked time.Time
}

// pending takes in what the server says of jobs that have not ended.
func (l *looker) pending(ctx context.Context, about *workflowservice.DescribeWorkflowExecutionResponse) {
	served := map[string]bool{} // queues of which a job runs
	var waiting [][]string      // labels of jobs that wait
	for _, a := range about.GetPendingActivities() {
		labels := l.labels[a.GetActivityId()]
		if runs(a.GetState()) {
			served[conn.QueueFor(l.address.Queue, labels)] = true
			var b flow.Beat
			if a.GetHeartbeatDetails() != nil && conn.Converter().FromPayloads(a.GetHeartbeatDetails(), &b) == nil {
				l.beat(a.GetActivityId(), b)
			}
		} else if time.Since(a.GetScheduledTime().AsTime()) > waited {
			waiting = append(waiting, labels)
		}
	}
	if time.Since(l.checked) < waited {
		return
	}
	l.checked = time.Now()
	if about.GetPendingWorkflowTask() != nil && time.Since(about.GetPendingWorkflowTask().GetScheduledTime().AsTime()) > waited {
		l.check(ctx, nil, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	}
	for _, labels := range waiting {
		if !served[conn.QueueFor(l.address.Queue, labels)] {
			l.check(ctx, labels, enumspb.TASK_QUEUE_TYPE_ACTIVITY)
		}
	}
}

// check tells, once, that no worker asks for the jobs with these labels.
func (l *looker) check(ctx context.Context, labels []string, kind enumspb.TaskQueueType) {
	queue := conn.QueueFor(l.address.Queue, labels)
	if l.noticed[queue] {
		return
	}
	if len(labels) == 0 {
		kind = enumspb.TASK_QUEUE_TYPE_WORKFLOW // for which busy workers ask too
	}
	about, err := l.server.DescribeTaskQueue(ctx, queue, kind)
	if err != nil {
		return
	}
	for _, p := range about.GetPollers() {
		if time.Since(p.GetLastAccessTime().AsTime()) < asking {
			return
		}
	}
	l.noticed[queue] = true
	l.out(exec.Told{Notice: fmt.Sprintf("no worker takes jobs of queue %s: start one with %s", queue, l.command(labels))})
}

// command returns the command that starts a worker for jobs with these labels.
func (l *looker) command(labels []string) string {
	words := []string{"quire ci worker --temporal", l.server.Host}
	if l.server.Namespace != client.DefaultNamespace {
		words = append(words, "--namespace", l.server.Namespace)
	}
	words = append(words, "--queue", l.address.Queue)
	if len(labels) > 0 {
		words = append(words, "--labels", strings.Join(labels, ","))
	}
	return strings.Join(words, " ")
}
