package exec_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/exec"
	"quire/exec/exectest"
)

// TestRunsInParallel runs the pipelines of testdata/run with one slot and with
// four, and wants the same of each job. Where a run fails, which other jobs had
// started by then depends on time; those that did in both are compared.
func TestRunsInParallel(t *testing.T) {
	exectest.EachCase(t, "../testdata/run/*.txtar", func(t *testing.T, _ string, archive *txtar.Archive) {
		one, one1 := runSlots(t, archive, 1)
		four, four1 := runSlots(t, archive, 4)
		if one1 != four1 {
			t.Errorf("outcome with one slot %q, with four %q", one1, four1)
		}
		for job, want := range one {
			if got, ok := four[job]; ok || one1 == exec.Succeeded {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-one slot +four):\n%s", job, diff)
				}
			}
		}
		if len(four) < len(one) && one1 == exec.Succeeded {
			t.Errorf("%d jobs with one slot, %d with four", len(one), len(four))
		}
	})
}

// runSlots runs a case with so many slots and returns the events of each job
// as text, and the outcome.
func runSlots(t *testing.T, archive *txtar.Archive, slots int) (map[string]string, exec.Outcome) {
	t.Helper()
	f := newFixture(t, archive)
	o := exectest.Options(t, exectest.Args(archive))
	if o.Parallel >= 0 {
		o.Parallel = slots
	}
	report, events, _ := f.run(o)
	of := map[string][]exec.Event{}
	for _, e := range events {
		if e.JobID != "" {
			of[e.JobID] = append(of[e.JobID], e)
		}
	}
	texts := map[string]string{}
	for job, events := range of {
		texts[job] = f.scrub(report, exectest.EventsText(events))
	}
	return texts, report.Outcome
}

// meet is a command that ends when n commands with that text run at once.
func meet(id string, n int) string {
	return fmt.Sprintf("touch met-%s; while [ $(ls met-* | wc -l) -lt %d ]; do sleep 0.01; done", id, n)
}

// TestParallel has four jobs wait for each other, which they can only when all
// run at once.
func TestParallel(t *testing.T) {
	text := "(local {: job} (require :quire.ci))\n"
	var ids []string
	for i := range 4 {
		id := fmt.Sprint("j", i)
		ids = append(ids, id)
		text += fmt.Sprintf("(job %q [:quire/push] (fn [{: sh}] (assert (= 0 (. (sh %q {:timeout 60}) :exit)))))\n", id, meet(id, 4))
	}
	f := pipelineFixture(t, text)
	report, events := f.succeed(exec.Options{Parallel: 4})
	if len(report.Jobs) != 4 {
		t.Errorf("report %s", f.reportText(report))
	}
	var started []string
	for _, e := range events {
		if e.Type == exec.JobStarted {
			started = append(started, e.JobID)
		}
	}
	if diff := cmp.Diff(ids, started); diff != "" {
		t.Errorf("started (-want +got):\n%s", diff)
	}
}

// TestSlots counts the jobs under way.
func TestSlots(t *testing.T) {
	text := "(local {: job} (require :quire.ci))\n"
	for i := range 9 {
		text += fmt.Sprintf("(job :j%d [:quire/push] (fn [{: sh}] (sh \"sleep 0.01\") nil))\n", i)
	}
	_, events := pipelineFixture(t, text).succeed(exec.Options{Parallel: 3})
	running, most := 0, 0
	for _, e := range events {
		switch e.Type {
		case exec.JobStarted:
			running++
		case exec.JobFinished:
			running--
		}
		most = max(most, running)
	}
	if most != 3 || running != 0 {
		t.Errorf("%d jobs at once, want 3; %d without an end", most, running)
	}
}

// signalOn returns an observer that makes a file when a job finished.
func signalOn(t *testing.T, f *fixture, job, name string) func(exec.Event) {
	return func(e exec.Event) {
		if e.Type == exec.JobFinished && e.JobID == job {
			if err := os.WriteFile(filepath.Join(f.Base, name), nil, 0o666); err != nil {
				t.Error(err)
			}
		}
	}
}

const untilGo = `while ! [ -e $BASE/go ]; do sleep 0.01; done`

// TestFailureInParallel checks that what runs beside a failing job finishes,
// and that nothing else starts.
func TestFailureInParallel(t *testing.T) {
	f := pipelineFixture(t, fmt.Sprintf(`(local {: job} (require :quire.ci))
(job :bad [:quire/push] (fn [{: sh}] (sh "while ! [ -e started ]; do sleep 0.01; done") (error "no")))
(job :good [:quire/push] (fn [{: sh}] (sh "touch started; %s; echo still here") nil))
(job :other [:quire/push] (fn [{: sh}] (sh "echo never") nil))
(job :after [:bad] (fn [{: sh}] (sh "echo never") nil))`, untilGo))
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprint("keep going ", keep), func(t *testing.T) {
			os.Remove(filepath.Join(f.Base, "go"))
			report, events, err := f.run(exec.Options{Parallel: 2, KeepGoing: keep, Observe: signalOn(t, f, "bad", "go")})
			if err != nil {
				t.Fatal(err)
			}
			var outcomes []string
			for _, j := range report.Jobs {
				outcomes = append(outcomes, j.ID+" "+string(j.Outcome))
			}
			got := strings.Join(outcomes, "\n")
			want := "bad failed\ngood succeeded\nother not-run\nafter not-run"
			if keep {
				got, want = sorted(got), sorted("bad failed\ngood succeeded\nother succeeded\nafter not-run")
			}
			if got != want {
				t.Errorf("outcomes:\n%s\nwant:\n%s", got, want)
			}
			if !strings.Contains(output(events), "still here") || strings.Contains(output(events), "never") != keep {
				t.Errorf("output %q", output(events))
			}
		})
	}
}

// TestRegistrationOrder has two jobs become ready at once, the one registered
// second of which would run first if jobs ran one at a time.
func TestRegistrationOrder(t *testing.T) {
	f := pipelineFixture(t, fmt.Sprintf(`(local {: job} (require :quire.ci))
(job :x [:quire/push] (fn [{: sh}] (sh %q) nil))
(job :a [:x :c] (fn [{: sh}] (sh "true") nil))
(job :b [:x] (fn [{: sh}] (sh "true") nil))
(job :c [:quire/push] (fn [{: sh}] (sh "true") nil))`, untilGo))
	_, events := f.succeed(exec.Options{Parallel: 2, Observe: signalOn(t, f, "c", "go")})
	started := ""
	for _, e := range events {
		if e.Type == exec.JobStarted {
			started += e.JobID
		}
	}
	if started != "xcab" {
		t.Errorf("started in the order %s, want xcab", started)
	}
}

// TestCancelInParallel ends a run with four jobs under way.
func TestCancelInParallel(t *testing.T) {
	text := "(local {: job} (require :quire.ci))\n"
	for i := range 5 {
		text += fmt.Sprintf("(job :j%d [:quire/push] (fn [{: sh}] (pcall sh \"echo started; sleep 1000\") nil))\n", i)
	}
	f := pipelineFixture(t, text)
	ctx, cancel := context.WithCancel(context.Background())
	var once sync.Once
	begun := map[string]bool{}
	report, _, err := f.runContext(ctx, exec.Options{Parallel: 4, Observe: func(e exec.Event) {
		if e.Type == exec.Output {
			begun[e.JobID] = true
		}
		if len(begun) == 4 {
			once.Do(cancel)
		}
	}})
	if err != nil || report.Outcome != exec.Cancelled {
		t.Fatalf("%s, %v", report.Outcome, err)
	}
	for i, j := range report.Jobs {
		if want := map[bool]exec.Outcome{true: exec.Cancelled, false: exec.NotRun}[i < 4]; j.Outcome != want {
			t.Errorf("%s %s, want %s", j.ID, j.Outcome, want)
		}
	}
	if left := marked(t, report.ID); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// sorted returns a text with its lines in order.
func sorted(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
