package exec_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quire/exec"
	"quire/exec/exectest"
)

// engines has quire find the engine for tests, and returns the value of
// [exec.Options].On that has two workers run the jobs.
func (f *fixture) engines() string {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	bin := filepath.Join(f.Base, "bin")
	if err := errors.Join(os.MkdirAll(bin, 0o777), os.Symlink(self, filepath.Join(bin, exectest.EngineName))); err != nil {
		f.t.Fatal(err)
	}
	f.Env = append(f.Env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return exectest.EngineURL + f.Base + "/workers"
}

const spread = `(local {: job} (require :quire.ci))
(job :build [:quire/push] (fn [{: sh}] (sh "echo building; echo warned >&2") {:n 1}))
(job :test [:build] (fn [{: sh : jobs : log}] (log (.. "got " (. (jobs :build) :n))) (sh "exit 3") nil))
(job :lint [:build] (fn [{: sh}] (sh ["sh" "-c" "echo bad; exit 4"]) (error "no lint")))
(job :idle [:build] (fn [] nil))
(job :odd [:build] (fn [{: sh : log}] (sh "true") (log (tostring (pcall #(sh ["no-such-program"])))) (sh "true") nil))
(job :ship [:test :lint] (fn [{: sh}] (sh "true")))
`

// TestElsewhere runs a pipeline here and on two workers. What is told and what is
// recorded is the same.
func TestElsewhere(t *testing.T) {
	f := pipelineFixture(t, spread)
	on := f.engines()
	for _, o := range []exec.Options{{KeepGoing: true}, {}, {Except: []string{"lint"}}, {Only: []string{"idle", "build"}}} {
		f.sameElsewhere(o, on)
	}
}

func (f *fixture) sameElsewhere(o exec.Options, on string) {
	f.t.Helper()
	here, want, err := f.run(o)
	if err != nil {
		f.t.Fatal(err)
	}
	o.On, o.Parallel = on, 1
	there, got, err := f.run(o)
	if err != nil {
		f.t.Fatal(err)
	}
	same := func(what, ours, theirs string) {
		f.t.Helper()
		if diff := cmp.Diff(f.Scrub(here.Dir, here.ID, ours), f.Scrub(there.Dir, there.ID, theirs)); diff != "" {
			f.t.Errorf("%s, -here +there\n%s", what, diff)
		}
	}
	same("events", exectest.EventsText(want), exectest.EventsText(got))
	same("report", f.reportText(here), f.reportText(there))
	same("files", filesOf(f.t, here.Dir), filesOf(f.t, there.Dir))
	same("calls", strings.Join(places(want), "\n"), strings.Join(places(got), "\n"))
	runs, err := exec.OpenRuns(f.Root, exec.Options{Environ: f.Env})
	if err != nil {
		f.t.Fatal(err)
	}
	stored, err := runs.Find(there.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	var replayed []exec.Event
	if err := stored.Replay(f.t.Context(), false, func(e exec.Event) { replayed = append(replayed, e) }); err != nil {
		f.t.Fatal(err)
	}
	if diff := cmp.Diff(exectest.EventsText(got), exectest.EventsText(replayed)); diff != "" {
		f.t.Errorf("-told +replayed\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(there.Dir, "parcel")); !errors.Is(err, os.ErrNotExist) {
		f.t.Error("the parcel is left: ", err)
	}
}

// filesOf returns the names of the files of the jobs of a run.
func filesOf(t testing.TB, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "jobs", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(files, "\n")
}

// places returns where the commands of a run are called, in the text of the file.
func places(events []exec.Event) (calls []string) {
	for _, e := range events {
		if e.Type == exec.ShStarted {
			calls = append(calls, e.Place.File.Name()+": "+e.Place.File.Slice(e.Place.Span))
		}
	}
	return calls
}

// TestRunsElsewhere runs the pipelines of the suite on two workers.
func TestRunsElsewhere(t *testing.T) {
	var spread atomic.Int32
	t.Cleanup(func() {
		if spread.Load() < 10 {
			t.Errorf("only %d pipelines ran on both workers", spread.Load())
		}
	})
	exectest.CompareRuns(t, "../testdata/run", func(t *testing.T, r *exectest.Repository, o exec.Options) exec.Options {
		t.Cleanup(func() {
			if used, err := filepath.Glob(filepath.Join(r.Base, "workers/w*")); err == nil && len(used) == 2 {
				spread.Add(1)
			}
		})
		o.On = (&fixture{Repository: r, t: t}).engines()
		return o
	}, apart)
}

// TestOutputsFromElsewhere runs a job alone after the job that it needs ran on
// another machine.
func TestOutputsFromElsewhere(t *testing.T) {
	f := pipelineFixture(t, spread)
	f.succeed(exec.Options{On: f.engines(), Except: []string{"lint"}})
	if _, events := f.succeed(exec.Options{Only: []string{"test"}}); !strings.Contains(exectest.EventsText(events), "got 1") {
		t.Error(exectest.EventsText(events))
	}
}

// TestWithheldElsewhere reads the outputs of a job by another one alone, where
// they hold a secret and so are not stored.
func TestWithheldElsewhere(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :gives [:quire/push] (fn [{: sh : secret}] (sh "true") {:token (secret :token)}))
(job :reads [:gives] (fn [{: jobs}] (jobs :gives)))
`)
	f.WriteOwn(filepath.Join(f.Base, "config", "quire", "config.fnl"), `{:secrets {:token "a-secret-value"}}`)
	on := f.engines()
	for _, o := range []exec.Options{{Only: []string{"gives"}}, {Only: []string{"gives"}, On: on}} {
		f.succeed(o)
		report, _, err := f.run(exec.Options{Only: []string{"reads"}})
		if err != nil || report.Outcome != exec.Failed || !strings.Contains(report.Jobs[0].Failure.Diagnostic.Message, "was not run") {
			t.Errorf("on %q: %v %v", o.On, report.Jobs, err)
		}
	}
}

// TestLostWorker loses the machine of a job in the middle of it. The job runs on
// another one, and nothing that was recorded is lost.
func TestLostWorker(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :long [:quire/push] (fn [{: sh}]
  (sh "echo once")
  (sh (.. "test -e $BASE/again || { touch $BASE/again; echo begun; exec sleep 600; }; echo ended"))
  {:n 2}))
(job :next [:long] (fn [{: jobs : log}] (log (.. "n " (. (jobs :long) :n)))))
(job :fails [:next] (fn [{: sh}]
  (sh (.. "test -e $BASE/more || { touch $BASE/more; echo begun; exec sleep 600; }; exit 7"))
  (error "no")))
`)
	report, events, err := f.run(exec.Options{On: f.engines() + "?lose=begun&workers=3"})
	if err != nil || report.Outcome != exec.Failed {
		t.Fatal(report.Outcome, err)
	}
	failure := report.Jobs[2].Failure
	if failure == nil || failure.Exit != 7 || filepath.Base(failure.Log) != "sh-2.log" {
		t.Errorf("the failure is %+v", failure)
	}
	text := exectest.EventsText(events)
	for _, want := range []string{"the machine w1 was lost; the job runs again on the machine w2", `"once\n"`, `"ended\n"`, "n 2"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	var numbers []int
	for _, e := range events {
		if e.Type == exec.ShStarted && e.JobID == "long" {
			numbers = append(numbers, e.Sh)
		}
	}
	for i, n := range numbers {
		if n != i+1 {
			t.Errorf("the commands have the numbers %v", numbers)
		}
		if _, err := os.Stat(filepath.Join(report.Dir, "jobs", "long", fmt.Sprintf("sh-%d.log", n))); err != nil && i != 1 {
			t.Error(err)
		}
	}
	if n := strings.Count(text, "job_started long"); n != 1 || len(numbers) < 3 {
		t.Errorf("%d starts, commands %v\n%s", n, numbers, text)
	}
}

// TestCancelElsewhere cancels a run while two jobs run on workers. Their commands
// end, and the run says so.
func TestCancelElsewhere(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "echo $$ >$BASE/a; echo up; exec sleep 600")))
(job :b [:quire/push] (fn [{: sh}] (sh "echo $$ >$BASE/b; echo up; exec sleep 600")))
(job :c [:a] (fn [{: sh}] (sh "true")))
`)
	ctx, cancel := context.WithCancel(t.Context())
	up := 0
	report, _, err := f.runContext(ctx, exec.Options{On: f.engines(), Kill: make(chan struct{}), Observe: func(e exec.Event) {
		if e.Type == exec.Output {
			if up++; up == 2 {
				cancel()
			}
		}
	}})
	if err != nil || report.Outcome != exec.Cancelled {
		t.Errorf("%s, %v", report.Outcome, err)
	}
	for job, want := range map[string]exec.Outcome{"a": exec.Cancelled, "b": exec.Cancelled, "c": exec.NotRun} {
		if one, _ := report.Result(job); one.Outcome != want {
			t.Errorf("%s: %s, want %s", job, one.Outcome, want)
		}
	}
	for _, job := range []string{"a", "b"} {
		wantGone(t, filepath.Join(f.Base, job))
	}
}

// wantGone wants no process with the number in a file, or soon none.
func wantGone(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for {
		stat, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(text)), "stat"))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("process %s is left", text)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestKillElsewhere has an engine that does not end when it is cancelled.
func TestKillElsewhere(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "true")))
`)
	ctx, cancel := context.WithCancel(t.Context())
	kill := make(chan struct{})
	report, _, err := f.runContext(ctx, exec.Options{On: f.broken(`echo $$ >$BASE/engine; sleep 600 & echo $! >$BASE/child; echo '{"version":1,"notice":"up"}'; wait`), Kill: kill,
		Observe: func(e exec.Event) {
			if e.Message == "up" {
				cancel()
				close(kill)
			}
		}})
	if err != nil || report.Outcome != exec.Cancelled {
		t.Errorf("%s, %v", report.Outcome, err)
	}
	wantGone(t, filepath.Join(f.Base, "engine"))
	wantGone(t, filepath.Join(f.Base, "child"))
}

// TestOnRefuses has options that cannot be meant for other machines.
func TestOnRefuses(t *testing.T) {
	f := pipelineFixture(t, spread)
	on := f.engines()
	for _, test := range []struct {
		o    exec.Options
		want string
	}{
		{exec.Options{On: on, InPlace: true}, "--in-place"},
		{exec.Options{On: on, Reuse: true}, "--reuse"},
		{exec.Options{On: on, Resume: "last"}, "--resume"},
		{exec.Options{On: on, Secrets: map[string]exec.Secret{"a": {Env: "A"}}}, "--secret"},
		{exec.Options{On: on, Container: true, ContainerRuntime: "podman"}, "--container-runtime"},
		{exec.Options{On: "temporal"}, "expected a URL"},
		{exec.Options{On: "../evil://x"}, "expected a URL"},
		{exec.Options{On: "temporal:x"}, "expected a URL"},
	} {
		_, _, err := f.run(test.o)
		if !errors.As(err, new(*exec.UsageError)) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v; want %q", err, test.want)
		}
	}
	report, _, err := f.run(exec.Options{On: "nothere://x"})
	if err == nil || !strings.Contains(err.Error(), "quire-nothere is neither beside quire nor in a directory of PATH") || report.Outcome != exec.Internal {
		t.Errorf("%s, %v", report.Outcome, err)
	}
	// A program of the repository is none.
	evil := filepath.Join(f.Root, "quire-evil")
	f.Write(evil, "#!/bin/sh\n")
	if err := os.Chmod(evil, 0o777); err != nil {
		t.Fatal(err)
	}
	f.Env = append(f.Env, "PATH="+f.Root+":"+os.Getenv("PATH"))
	if _, _, err := f.run(exec.Options{On: "evil://x"}); err == nil || !strings.Contains(err.Error(), "quire-evil is neither") {
		t.Error(err)
	}
}
