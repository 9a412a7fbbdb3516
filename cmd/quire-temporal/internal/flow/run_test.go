package flow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"quire/cmd/quire-temporal/internal/blob"
	"quire/cmd/quire-temporal/internal/conn"
	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
)

// A world runs the workflow of a run without a server, and jobs as a test says.
type world struct {
	*testsuite.TestWorkflowEnvironment
	job func(context.Context, flow.Task) (flow.Ended, error)

	mu     sync.Mutex
	began  []string // ids of jobs
	tasks  map[string]flow.Task
	queues map[string]string
	now    int // jobs that run
	most   int // that ran at once
}

func newWorld(t *testing.T) *world {
	var suite testsuite.WorkflowTestSuite
	w := &world{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), tasks: map[string]flow.Task{}, queues: map[string]string{}}
	w.SetDataConverter(conn.Converter())
	w.SetTestTimeout(time.Minute)
	w.RegisterWorkflowWithOptions(flow.Run, workflow.RegisterOptions{Name: flow.Workflow})
	w.RegisterActivityWithOptions(func(ctx context.Context, task flow.Task) (flow.Ended, error) {
		w.mu.Lock()
		w.began = append(w.began, task.Job.ID)
		w.tasks[task.Job.ID] = task
		w.now++
		w.most = max(w.most, w.now)
		w.mu.Unlock()
		defer func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.now--
		}()
		return w.job(ctx, task)
	}, activity.RegisterOptions{Name: flow.Activity})
	w.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.queues[info.ActivityID] = info.TaskQueue
	})
	w.job = func(_ context.Context, task flow.Task) (flow.Ended, error) { return ends(task, exec.Succeeded), nil }
	return w
}

// ends is how a job ends that leaves its name.
func ends(t flow.Task, o exec.Outcome) flow.Ended {
	return flow.Ended{Outcome: o, Left: flow.Left{Job: t.Job.ID, Results: blob.Ref{Inline: []byte(t.Job.ID)}}}
}

func (w *world) run(in flow.Input) error {
	in.Queue, in.Lost = "q", 10*time.Second
	w.ExecuteWorkflow(flow.Workflow, in)
	return w.GetWorkflowError()
}

// jobs reads jobs, one a word: "id", "id<need,need", "id:label+label".
func jobs(text string) []exec.WorkJob {
	var list []exec.WorkJob
	for _, word := range strings.Fields(text) {
		word, labels, _ := strings.Cut(word, ":")
		id, needs, _ := strings.Cut(word, "<")
		j := exec.WorkJob{ID: id}
		if needs != "" {
			j.Needs = strings.Split(needs, ",")
		}
		if labels != "" {
			j.Labels = strings.Split(labels, "+")
		}
		list = append(list, j)
	}
	return list
}

func TestRun(t *testing.T) {
	tests := []struct {
		name      string
		jobs      string
		fail      string // ids
		keepGoing bool
		parallel  int
		began     string // ids, in this order with one at a time, else in any
		most      int    // 0: any number
	}{
		{name: "chain", jobs: "a b<a c<b", began: "a b c", most: 1},
		{name: "order of the jobs, not of their needs", jobs: "c<a b<a a", parallel: 1, began: "a c b", most: 1},
		{name: "diamond", jobs: "a b<a c<a d<b,c", began: "a b c d"},
		{name: "one at a time", jobs: "a b c d", parallel: 1, began: "a b c d", most: 1},
		{name: "nothing", jobs: "", began: ""},
		{name: "needs of other runs", jobs: "a<elsewhere", began: "a"},
		{name: "a failure stops the rest", jobs: "a b c<a d", fail: "a", parallel: 1, began: "a", most: 1},
		{name: "a failure is that of what needs it", jobs: "a b<a c<b", fail: "b", began: "a b", most: 1},
		{name: "keep going", jobs: "a b<a c d<c e<a,c", fail: "a", keepGoing: true, parallel: 1, began: "a c d", most: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.job = func(_ context.Context, task flow.Task) (flow.Ended, error) {
				if slices.Contains(strings.Fields(tt.fail), task.Job.ID) {
					return ends(task, exec.Failed), nil
				}
				return ends(task, exec.Succeeded), nil
			}
			err := w.run(flow.Input{Jobs: jobs(tt.jobs), KeepGoing: tt.keepGoing, Parallel: tt.parallel})
			if failed := (*temporal.ApplicationError)(nil); errors.As(err, &failed) != (tt.fail != "") || failed != nil && failed.Type() != flow.JobFailed {
				t.Errorf("it ended with %v", err)
			}
			began := strings.Join(w.began, " ")
			if tt.most != 1 {
				began = strings.Join(slices.Sorted(slices.Values(w.began)), " ")
			}
			if began != tt.began {
				t.Errorf("jobs began: %s, want %s", began, tt.began)
			}
			if tt.most > 0 && w.most > tt.most {
				t.Errorf("%d jobs ran at once, want %d", w.most, tt.most)
			}
		})
	}
}

// TestParallel has jobs wait for each other: as many as may run at once have to.
func TestParallel(t *testing.T) {
	for _, most := range []int{0, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			w := newWorld(t)
			together := 3
			if most == 0 {
				together = 12
			}
			var here sync.WaitGroup
			here.Add(together)
			count := 0
			w.job = func(_ context.Context, task flow.Task) (flow.Ended, error) {
				w.mu.Lock()
				count++
				waits := count <= together
				w.mu.Unlock()
				if waits {
					here.Done()
					here.Wait()
				}
				return ends(task, exec.Succeeded), nil
			}
			if err := w.run(flow.Input{Jobs: jobs("a b c d e f g h i j k l"), Parallel: most}); err != nil {
				t.Fatal(err)
			}
			if w.most != together || len(w.began) != 12 {
				t.Errorf("%d jobs ran, %d at once, want 12 and %d", len(w.began), w.most, together)
			}
		})
	}
}

func TestLabels(t *testing.T) {
	w := newWorld(t)
	if err := w.run(flow.Input{Jobs: jobs("a b:gpu c:linux+gpu d:x+x e:a/b")}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "q", "b": "q/gpu", "c": "q/gpu,linux", "d": "q/x", "e": "q/a%2Fb"}
	for id, queue := range want {
		if w.queues[id] != queue {
			t.Errorf("job %s went to queue %s, want %s", id, w.queues[id], queue)
		}
	}
}

// TestGiven looks at what jobs are given of those that they need, also those that
// have too much of it.
func TestGiven(t *testing.T) {
	in := flow.Input{Jobs: jobs("a b c<a d<b,c e<d")}
	want := map[string]string{"a": "", "b": "", "c": "a", "d": "a b c", "e": "a b c d"}
	for _, size := range []int{1, 20 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			w := newWorld(t)
			w.job = func(_ context.Context, task flow.Task) (flow.Ended, error) {
				e := ends(task, exec.Succeeded)
				e.Results.Inline = bytes.Repeat([]byte(task.Job.ID), size)
				return e, nil
			}
			if err := w.run(in); err != nil {
				t.Fatal(err)
			}
			asked := 0
			for id, want := range want {
				given := w.tasks[id].Given
				if w.tasks[id].Ask {
					asked++
					value, err := w.QueryWorkflow(flow.Earlier, id)
					if err == nil {
						err = value.Get(&given)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				var got []string
				for _, l := range given {
					got = append(got, l.Job)
					if string(l.Results.Inline) != strings.Repeat(l.Job, size) {
						t.Errorf("job %s is given other results of %s than it left", id, l.Job)
					}
				}
				if strings.Join(got, " ") != want {
					t.Errorf("job %s is given those of %v, want %s", id, got, want)
				}
			}
			if asked != 2*min(size-1, 1) {
				t.Errorf("%d jobs had to ask", asked)
			}
		})
	}
}

// TestLostWorker has a worker fall silent, again and again: the job runs on others.
func TestLostWorker(t *testing.T) {
	w := newWorld(t)
	w.job = func(ctx context.Context, task flow.Task) (flow.Ended, error) {
		if task.Job.ID == "b" && activity.GetInfo(ctx).Attempt < 6 {
			return flow.Ended{}, temporal.NewHeartbeatTimeoutError()
		}
		return ends(task, exec.Succeeded), nil
	}
	if err := w.run(flow.Input{Jobs: jobs("a b<a c<b")}); err != nil {
		t.Fatal(err)
	}
	if n := len(w.began); n != 8 || w.began[n-1] != "c" {
		t.Errorf("jobs began: %v", w.began)
	}
}

// TestFault has the machines not be able to run a job.
func TestFault(t *testing.T) {
	w := newWorld(t)
	w.job = func(_ context.Context, task flow.Task) (flow.Ended, error) {
		return flow.Ended{}, temporal.NewNonRetryableApplicationError("the disk is full", "fault", nil)
	}
	err := w.run(flow.Input{Jobs: jobs("a b"), Parallel: 1, KeepGoing: true})
	if failed := (*temporal.ApplicationError)(nil); !errors.As(err, &failed) || failed.Type() != flow.JobFailed || len(w.began) != 1 {
		t.Errorf("it ended with %v after %v", err, w.began)
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	w.RegisterDelayedCallback(w.CancelWorkflow, time.Hour)
	w.OnActivity(flow.Activity, mock.Anything, mock.Anything).After(2*time.Hour).Return(flow.Ended{Outcome: exec.Cancelled}, nil)
	err := w.run(flow.Input{Jobs: jobs("a b c<a"), Parallel: 1})
	if !errors.As(err, new(*temporal.CanceledError)) {
		t.Errorf("it ended with %v", err)
	}
	if len(w.queues) != 1 {
		t.Errorf("jobs began: %v", w.queues)
	}
}
