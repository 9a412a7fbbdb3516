package exec_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/exec"
	"quire/exec/exectest"
	"quire/exec/rundir"
)

// runs opens the runs of the repository.
func (f *fixture) runs() *exec.Runs {
	f.t.Helper()
	runs, err := exec.OpenRuns(f.Root, exec.Options{Environ: f.Env})
	if err != nil {
		f.t.Fatal(err)
	}
	return runs
}

func (f *fixture) find(name string) *exec.StoredRun {
	f.t.Helper()
	run, err := f.runs().Find(name)
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

// sameReport compares reports by what they show: files by name and text, times by
// the instant.
var sameReport = []cmp.Option{
	cmp.Comparer(func(a, b *source.File) bool {
		return a == b || a != nil && b != nil && a.Name() == b.Name() && a.Text() == b.Text()
	}),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
	cmp.Transformer("severity", func(d diag.Diagnostic) any {
		type shown struct {
			File    *source.File
			Span    source.Span
			Code    diag.Code
			Message string
			Help    string
			As      diag.Severity
			Related []diag.Related
		}
		return shown{d.File, d.Span, d.Code, d.Message, d.Help, d.Severity(), d.Related}
	}),
}

const mixed = `(local {: job} (require :quire.ci))
(job :ok [:quire/push] (fn [{: sh}] (let [_ignored (sh "echo fine; exit 4")] {:n 1})))
(job :idle [:quire/push] (fn [] nil))
(job :bad [:ok] (fn [{: sh : log}]
  (log "careful\nhere")
  (let [_ignored (sh "printf 'one\ntwo'; echo three >&2; exit 3")] (error "no"))))
(job :after [:bad :idle] (fn [] nil))`

// TestStoredReport checks that a run reads back as it was reported, whatever
// became of the pipeline.
func TestStoredReport(t *testing.T) {
	f := pipelineFixture(t, mixed)
	report, events, err := f.run(exec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), "; nothing is left")
	run := f.find(exec.LastRun)
	if run.Finished.Before(run.Started) || run.Finished.After(report.Finished) {
		t.Errorf("finished %v, and %v when it was read", report.Finished, run.Finished)
	}
	want := *report
	want.Finished = run.Finished // Run has more to do after it is recorded
	want.Push, want.Jobs = nil, slices.Clone(report.Jobs)
	for i := range want.Jobs {
		want.Jobs[i].Outputs = nil
	}
	if diff := cmp.Diff(want, run.Report, sameReport...); diff != "" {
		t.Errorf("report (-returned +read):\n%s", diff)
	}
	if run.Root != f.Root || run.Ref != "refs/heads/main" || len(run.SHA) != 40 || run.Error != "" || !run.Ended() {
		t.Errorf("read %+v", run)
	}
	inputs := map[string][]string{"ok": {"quire/push"}, "idle": {"quire/push"}, "bad": {"ok"}, "after": {"bad", "idle"}}
	if diff := cmp.Diff(inputs, run.Inputs); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	var replayed []exec.Event
	if err := run.Replay(t.Context(), true, func(e exec.Event) { replayed = append(replayed, e) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(exectest.EventsText(events), exectest.EventsText(replayed)); diff != "" {
		t.Errorf("events (-observed +replayed):\n%s", diff)
	}
}

// TestDamagedRuns has records that a crash, another version or a person left, and
// wants each to be read as far as it goes, and none to be taken for whole.
func TestDamagedRuns(t *testing.T) {
	for _, tt := range []struct {
		name          string
		damage        func(dir string) error
		outcome       exec.Outcome
		errorHas, bad string // what the run says, and the outcome of the job bad
	}{
		{"no report", func(dir string) error { return os.Remove(filepath.Join(dir, "report.json")) },
			exec.Failed, "its record is damaged: ", "failed"},
		{"half a report", func(dir string) error { return os.Truncate(filepath.Join(dir, "report.json"), 300) },
			exec.Failed, "its record is damaged: report.json: unexpected end", "failed"},
		{"another version", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "report.json"), []byte(`{"version": 99}`), 0o600)
		}, exec.Failed, "report.json has version 99, and this quire reads 1", "failed"},
		{"empty files", func(dir string) error {
			for _, name := range []string{"meta.yml", "times.yml", "events.jsonl"} {
				if err := os.Truncate(filepath.Join(dir, name), 0); err != nil {
					return err
				}
			}
			return nil
		}, exec.Failed, "", "failed"},
		{"nothing but events", func(dir string) error {
			for _, name := range []string{"meta.yml", "times.yml", "report.json", "lock", "jobs"} {
				if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
					return err
				}
			}
			return nil
		}, exec.Failed, "its record is damaged: ", "failed"},
		{"half an event", func(dir string) error {
			path := filepath.Join(dir, "events.jsonl")
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			at := strings.Index(string(text), `"job_finished","job_id":"bad"`)
			return errors.Join(os.Truncate(path, int64(at)), os.Remove(filepath.Join(dir, "report.json")))
		}, exec.Failed, "its record is damaged: ", "cancelled"},
		{"nothing", func(dir string) error { return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)) },
			exec.Failed, "its record is damaged: ", ""},
		{"a file", func(dir string) error { return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)) },
			exec.Internal, "its record is damaged: ", ""},
		{"garbage", func(dir string) error {
			for _, name := range []string{"meta.yml", "times.yml", "report.json", "events.jsonl", "jobs/bad/sh-1.log"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("\x00\xff{{\n\t- ]\n"), 0o600); err != nil {
					return err
				}
			}
			return nil
		}, exec.Failed, "its record is damaged: ", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := pipelineFixture(t, mixed)
			report, _, err := f.run(exec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			dir, err := filepath.EvalSymlinks(report.Dir)
			if err == nil {
				err = tt.damage(dir)
			}
			if err != nil {
				t.Fatal(err)
			}
			run := f.find(report.ID)
			if run.Outcome != tt.outcome || !strings.Contains(run.Error, tt.errorHas) {
				t.Errorf("outcome %s, error %q", run.Outcome, run.Error)
			}
			bad := ""
			for _, j := range run.Jobs {
				if j.ID == "bad" {
					bad = string(j.Outcome)
				}
			}
			if bad != tt.bad {
				t.Errorf("the job is %q, want %q", bad, tt.bad)
			}
			if err := run.Replay(t.Context(), true, func(exec.Event) {}); err != nil && run.Outcome != exec.Internal {
				t.Error(err)
			}
			if list, err := f.runs().List(0); len(list) != 1 || err != nil {
				t.Errorf("listed %d runs, %v", len(list), err)
			}
			if _, err := f.runs().Prune(exec.Retention{}, false); err != nil {
				t.Error(err)
			}
			f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), script("true"))
			f.succeed(exec.Options{}) // which meets what is left
		})
	}
}

// TestFindRun names runs in every way.
func TestFindRun(t *testing.T) {
	f := pipelineFixture(t, script("test -n \"$OK\""))
	refused := func(name, want string) {
		t.Helper()
		_, err := f.runs().Find(name)
		if usage := (*exec.UsageError)(nil); !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%q): %v, want %s", name, err, want)
		}
	}
	refused(exec.LastRun, "there are no runs of this repository yet")
	if list, err := f.runs().List(0); len(list) > 0 || err != nil {
		t.Errorf("listed %v, %v", list, err)
	}
	var ids []string
	for _, ok := range []string{"1", "", "1"} {
		f.Env = append(f.Env, "OK="+ok)
		report, _, err := f.run(exec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, report.ID); len(ids) == 1 {
			refused(exec.LastFailedRun, "no run of this repository failed")
		}
	}
	for name, want := range map[string]string{exec.LastRun: ids[2], exec.LastFailedRun: ids[1], ids[0]: ids[0], ids[0][:35]: ids[0]} {
		if run := f.find(name); run.ID != want {
			t.Errorf("Find(%q) is %s, want %s", name, run.ID, want)
		}
	}
	refused(ids[0][:2], "is the beginning of 3 runs:\n  "+ids[2])
	refused("nope", "there is no run \"nope\". The last are\n  "+ids[2])
	refused("", "there is no run \"\"")
	refused("..", "there is no run \"..\"")
	list, err := f.runs().List(2)
	if err != nil || len(list) != 2 || list[0].ID != ids[2] || list[1].ID != ids[1] {
		t.Errorf("the last two are %v, %v", list, err)
	}
	other := pipelineFixture(t, script("true"))
	other.Env = f.Env
	other.succeed(exec.Options{})
	all, err := exec.OpenAllRuns(exec.Options{Environ: f.Env})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := all.List(0); err != nil || len(list) != 4 || list[0].Root != other.Root {
		t.Errorf("all runs are %v, %v", list, err)
	}
}

// TestFollow reads a run while it is under way, to its end.
func TestFollow(t *testing.T) {
	f := pipelineFixture(t, script("echo first; read _ < gate; echo second"))
	gate := filepath.Join(f.Base, "gate")
	mkfifo(t, gate)
	f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), script("echo first; read _ < "+gate+"; echo second"))
	began, ended := make(chan bool), make(chan *exec.Report)
	go func() {
		report, _, err := f.run(exec.Options{Observe: func(e exec.Event) {
			if e.Type == exec.Output && e.Text == "first\n" {
				close(began)
			}
		}})
		if err != nil {
			t.Error(err)
		}
		ended <- report
	}()
	<-began
	run := f.find(exec.LastRun)
	if run.Outcome != exec.Running || run.Ended() || len(run.Jobs) != 1 || run.Jobs[0].Outcome != exec.Running {
		t.Errorf("under way it is %+v", run.Report)
	}
	if removed, err := f.runs().Prune(exec.Retention{}, false); len(removed) > 0 || err != nil {
		t.Errorf("pruned %v, %v", removed, err)
	}
	var text strings.Builder
	err := run.Replay(context.Background(), true, func(e exec.Event) {
		text.WriteString(e.Text)
		if e.Text == "first\n" {
			if err := os.WriteFile(gate, []byte("\n"), 0o600); err != nil {
				t.Error(err)
			}
		}
	})
	report := <-ended
	if text.String() != "first\nsecond\n" || err != nil || report.Outcome != exec.Succeeded {
		t.Errorf("followed %q, %v; the run %s", &text, err, report.Outcome)
	}
	if run := f.find(exec.LastRun); run.Outcome != exec.Succeeded {
		t.Errorf("afterwards it is %s", run.Outcome)
	}
}

// TestInterruptedRun reads a run whose process is gone, before and after it is
// put away.
func TestInterruptedRun(t *testing.T) {
	f := pipelineFixture(t, mixed)
	store, err := rundir.Open(filepath.Join(f.Base, "state/quire"), f.Root)
	if err != nil {
		t.Fatal(err)
	}
	id, err := rundir.NewID()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := store.Create(id, rundir.Meta{Root: f.Root, Jobs: []string{"ok", "bad", "after"}})
	if err == nil {
		err = dir.Transition(rundir.Active, time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	f.Write(dir.File("events.jsonl"), `{"at_ms":1777636800000,"type":"run_started","run_id":"x","jobs":["ok","bad","after"]}
{"at_ms":1777636800000,"type":"job_started","job_id":"ok"}
{"at_ms":1777636801000,"type":"job_finished","job_id":"ok","outcome":"succeeded"}
{"at_ms":1777636801000,"type":"job_started","job_id":"bad"}
{"at_ms":1777636801000,"type":"sh_started","job_id":"bad","sh":1,"cmd":"sleep 100"}
{"at_ms":17776368`)
	if run := f.find(exec.LastRun); run.Outcome != exec.Running {
		t.Errorf("while its process lives it is %s", run.Outcome)
	}
	dir.Close()
	for _, when := range []string{"before", "after"} {
		run := f.find(exec.LastFailedRun)
		var outcomes []string
		for _, j := range run.Jobs {
			outcomes = append(outcomes, string(j.Outcome))
		}
		if run.ID != id || run.Outcome != exec.Internal || run.Error != rundir.Interrupted || !slices.Equal(outcomes, []string{"succeeded", "cancelled", "not-run"}) {
			t.Errorf("%s it is put away it is %+v, %s", when, run.Report, run.Error)
		}
		if err := run.Replay(t.Context(), true, func(exec.Event) {}); err != nil {
			t.Error(err)
		}
		if _, err := f.runs().Prune(exec.Retention{}, false); err != nil {
			t.Fatal(err)
		}
	}
	if failed, err := store.Runs(rundir.Failed); len(failed) != 1 || err != nil {
		t.Errorf("failed are %v, %v", failed, err)
	}
}

// TestStoredSources checks that no secret gets into the texts that failures need.
func TestStoredSources(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: secret}] (error (.. "hidden-value " (secret :token)))))`)
	report, _, err := f.run(exec.Options{Secrets: map[string]exec.Secret{"token": {Value: "hidden-value"}}})
	if err != nil {
		t.Fatal(err)
	}
	if found := holding(t, filepath.Join(f.Base, "state"), "hidden-value"); slices.ContainsFunc(found, func(path string) bool {
		return !strings.Contains(path, "/workspace/")
	}) {
		t.Errorf("the value stands in %q", found)
	}
	d := f.find(report.ID).Jobs[0].Failure.Diagnostic
	if d.File != nil || !strings.HasSuffix(d.Message, " (.quire/ci.fnl:2:40)") {
		t.Errorf("the failure reads %+v", d)
	}
	f.Write(filepath.Join(f.Base, "config/quire/config.fnl"), `{:secrets {:plain "another-value"} :oops 1}`)
	f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), script("exit 0"))
	f.succeed(exec.Options{})
	if found := holding(t, filepath.Join(f.Base, "state"), "another-value"); len(found) > 0 {
		t.Errorf("the configuration stands in %q", found)
	}
}

// TestExcerpt reads the ends of a long log.
func TestExcerpt(t *testing.T) {
	f := pipelineFixture(t, script("seq 1 2000"))
	f.succeed(exec.Options{})
	run := f.find(exec.LastRun)
	whole, err := run.Excerpt("script", 1, 1<<20)
	if err != nil || len(whole.Head) != 2000 || len(whole.Tail) > 0 || whole.Omitted != 0 {
		t.Fatalf("%d lines and %d, %d bytes between, %v", len(whole.Head), len(whole.Tail), whole.Omitted, err)
	}
	x, err := run.Excerpt("script", 1, 1000)
	if err != nil || len(x.Head) == 0 || len(x.Tail) == 0 {
		t.Fatalf("%d lines and %d, %v", len(x.Head), len(x.Tail), err)
	}
	size := func(entries []exec.LogEntry) (n int64) {
		for _, e := range entries {
			n += e.Size()
		}
		return n
	}
	if string(x.Head[0].Text) != "1" || string(x.Tail[len(x.Tail)-1].Text) != "2000" ||
		size(x.Head)+x.Omitted+size(x.Tail) != size(whole.Head) || size(x.Head) > 500 || size(x.Tail) > 500 {
		t.Errorf("%d bytes, %d left out, %d bytes of %d", size(x.Head), x.Omitted, size(x.Tail), size(whole.Head))
	}
	if _, err := run.Excerpt("script", 2, 1000); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of no log: %v", err)
	}
}
