package exec_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/exec"
	"quire/exec/exectest"
)

// A worker is another machine: a directory with the repository of a work, and a
// run store of its own.
type worker struct {
	dir   string
	state string
	env   []string
}

// newWorker unpacks the parcel of a work.
func newWorker(t testing.TB, f *fixture, w *exec.Work) *worker {
	t.Helper()
	base := t.TempDir()
	parcel, err := os.Open(w.Parcel)
	if err != nil {
		t.Fatal(err)
	}
	defer parcel.Close()
	one := &worker{dir: filepath.Join(base, "work"), state: filepath.Join(base, "state"), env: f.Env}
	if err := exec.Unpack(t.Context(), one.dir, parcel); err != nil {
		t.Fatal(err)
	}
	return one
}

// run runs one job.
func (o *worker) run(t testing.TB, w *exec.Work, job string, given ...exec.JobDone) (exec.Request, *exec.Report) {
	t.Helper()
	r, err := exec.Order(o.dir, w, job, given, exec.Options{State: o.state, Environ: o.env})
	if err != nil {
		t.Fatal(err)
	}
	report, err := exec.Run(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return r, report
}

// makeWork returns what an engine is given of a run.
func (f *fixture) makeWork(o exec.Options) *exec.Work {
	f.t.Helper()
	o.Environ = f.Env
	r, err := exec.Local(f.Root, o)
	if err != nil {
		f.t.Fatal(err)
	}
	return exec.MakeWork(f.t, r)
}

const everything = `(local {: job} (require :quire.ci))
(job :look [:quire/push]
  (fn [{: sh : jobs}]
    (let [p (jobs :quire/push)]
      (sh (.. "echo " (tostring p.ref) " " p.sha))
      (sh "git rev-parse HEAD; git symbolic-ref HEAD; git for-each-ref; git status --porcelain; git log --format=%an:%s")
      (sh "find . -path ./.git -prune -o -print | LC_ALL=C sort; cat changed new; test -x run; readlink link")
      (sh "git config --get-regexp 'core.(filemode|autocrlf)'; cat .git/hooks/pre-push | head -n 1")
      {:sha p.sha :kept "yes"})))
`

// TestWorkspaceOfOrder runs a job where the working tree is, and where the parcel
// of it was unpacked. What it sees is the same.
func TestWorkspaceOfOrder(t *testing.T) {
	f := pipelineFixture(t, everything)
	f.Write(filepath.Join(f.Root, "changed"), "before\n")
	f.Write(filepath.Join(f.Root, "gone"), "before\n")
	f.Write(filepath.Join(f.Root, "run"), "")
	f.Commit("second")
	f.Git("tag", "-m", "annotated", "v1")
	f.Git("branch", "other", "HEAD~1")
	f.Write(filepath.Join(f.Root, "changed"), "after\r\n")
	f.Write(filepath.Join(f.Root, "new"), "not committed\n")
	if err := errors.Join(os.Remove(filepath.Join(f.Root, "gone")), os.Chmod(filepath.Join(f.Root, "run"), 0o777),
		os.Symlink("nowhere", filepath.Join(f.Root, "link"))); err != nil {
		t.Fatal(err)
	}
	sub := filepath.Join(f.Base, "sub")
	f.GitIn(f.Base, "init", "-q", sub)
	f.Write(filepath.Join(sub, "inner"), "of the submodule\n")
	f.GitIn(sub, "add", "-A")
	f.GitIn(sub, "commit", "-q", "-m", "sub")
	f.Git("submodule", "--quiet", "add", sub, "sub")
	f.Git("config", "core.autocrlf", "input")

	for _, o := range []exec.Options{{}, {SHA: "v1"}, {SHA: "HEAD~1"}, {Ref: "refs/heads/other", PreviousSHA: "HEAD~1"}} {
		t.Run(fmt.Sprint(o.SHA, o.Ref), func(t *testing.T) {
			report, want := f.succeed(o)
			w := f.makeWork(o)
			there := newWorker(t, f, w)
			for range 2 { // the second finds what the first left
				r, got := there.run(t, w, "look")
				if got.Outcome != exec.Succeeded {
					t.Fatal(got.Outcome, got.Jobs)
				}
				ours, theirs := f.eventsText(report, want), f.eventsText(got, pages(t, r.Record(), 1<<20))
				if ours != theirs {
					t.Errorf("here:\n%s\nthere:\n%s", ours, theirs)
				}
				done, err := got.Done("look")
				if err != nil {
					t.Fatal(err)
				}
				results, err := exec.ParseResults("done", done.Results)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(string(done.Report), `"outcome": "succeeded"`) || results.Jobs["look"].Outputs == nil {
					t.Errorf("%s %s", done.Report, done.Results)
				}
			}
		})
	}
}

// eventsText shows what happened in a job, without where and when.
func (f *fixture) eventsText(r *exec.Report, events []exec.Event) string {
	events = slices.DeleteFunc(slices.Clone(events), func(e exec.Event) bool { return e.JobID == "" })
	return f.Scrub(r.Dir, r.ID, exectest.EventsText(events))
}

// pages returns the events of a record, read in pages of a size.
func pages(t testing.TB, record string, size int) (events []exec.Event) {
	t.Helper()
	logs := map[string][]byte{}
	for from := ""; ; {
		page, err := exec.ReadPage(record, from, size)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			key := fmt.Sprint(e.JobID, e.Sh)
			if e.Type == exec.Output {
				if int64(len(logs[key])) != *e.Start || *e.End-*e.Start != int64(len(e.Log)) {
					t.Fatalf("%d bytes from %d to %d behind %d", len(e.Log), *e.Start, *e.End, len(logs[key]))
				}
				logs[key] = append(logs[key], e.Log...)
				e.Text = textOf(e.Log)
				e.Start, e.End = nil, nil
			}
			events = append(events, e.Event)
		}
		if page.Ended {
			return events
		}
		if page.Next == from {
			t.Fatalf("the page from %q leads nowhere", from)
		}
		from = page.Next
	}
}

// textOf returns the output in entries of a log.
func textOf(log []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(log)) {
		fields := strings.SplitN(line, " ", 4)
		if fields[2] == "P" {
			fields[3] = strings.TrimSuffix(fields[3], "\n")
		}
		b.WriteString(fields[3])
	}
	return b.String()
}

// TestPages reads a record in pages of several sizes: together they are the same.
func TestPages(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :talks [:quire/push] (fn [{: sh : log}]
  (sh "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; head -c 40000 /dev/zero | tr '\\0' x")
  (log "between") (sh "true") (sh "echo bad >&2; exit 3") nil))
`)
	w := f.makeWork(exec.Options{})
	there := newWorker(t, f, w)
	r, report := there.run(t, w, "talks")
	join := exectest.EventsText
	want := join(pages(t, r.Record(), 64<<20))
	if strings.Count(want, "\"line ") != 3000 || strings.Count(want, "x") < 40000 || !strings.Contains(want, "between") {
		t.Fatal(want)
	}
	for _, size := range []int{0, 100, 1000, 20000} {
		if got := join(pages(t, r.Record(), size)); got != want {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Errorf("in pages of %d bytes: %d bytes are equal, then %.50q, want %.50q", size, i, got[i:], want[i:])
		}
	}
	another := filepath.Join(filepath.Dir(report.Dir), "another")
	if page, err := exec.ReadPage(another, "", 1); err != nil || page.Events != nil || page.Next != "" || page.Ended {
		t.Error(page, err)
	}
	for _, from := range []string{"x", "1", "-1:0", "1:2:3"} {
		if _, err := exec.ReadPage(r.Record(), from, 1); err == nil || !strings.Contains(err.Error(), "no place") {
			t.Errorf("%q: %v", from, err)
		}
	}
}

// TestOrderKeepsRecords has more jobs of one work run than a store of runs keeps.
func TestOrderKeepsRecords(t *testing.T) {
	if testing.Short() {
		t.Skip("runs many jobs")
	}
	f := newFixture(t, &txtar.Archive{Files: []txtar.File{{Name: "plain"}, {Name: "repo/.quire/ci.fnl", Data: []byte(
		`(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "true") {:ok true}))`)}}})
	w := f.makeWork(exec.Options{})
	there := newWorker(t, f, w)
	var records []string
	for range 55 {
		r, _ := there.run(t, w, "a")
		records = append(records, r.Record())
	}
	for _, record := range records {
		if page, err := exec.ReadPage(record, "", 1); err != nil || len(page.Events) == 0 {
			t.Error(page, err)
		}
	}
}

// TestOrderGiven gives a job the results of those it needs, and has it say what
// it was given.
func TestOrderGiven(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "true") {:n 1}))
(job :b [:a] (fn [{: sh : jobs}] (sh "true") {:n (+ 1 (. (jobs :a) :n))}))
(job :c [:b] (fn [{: log : jobs}] (log (.. "a " (. (jobs :a) :n) " b " (. (jobs :b) :n)))))
(job :d [:a] (fn [{: sh : jobs}] (sh "true") (jobs :a)))
`)
	w := f.makeWork(exec.Options{Except: []string{"d"}})
	if got := w.Ancestors("c"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("ancestors: %v", got)
	}
	there := newWorker(t, f, w)
	var given []exec.JobDone
	for _, job := range []string{"a", "b", "c"} {
		r, report := there.run(t, w, job, given...)
		done, err := report.Done(job)
		if err != nil {
			t.Fatal(err)
		}
		given = append(given, done)
		if job == "c" && !strings.Contains(f.eventsText(report, pages(t, r.Record(), 1000)), "a 1 b 2") {
			t.Error(report.Jobs)
		}
	}
	if _, report := there.run(t, w, "d"); report.Outcome != exec.Failed ||
		!strings.Contains(report.Jobs[0].Failure.Diagnostic.Message, "was not run") {
		t.Error(report.Jobs)
	}
	// What b needs is waited for although b does not run.
	if some := f.makeWork(exec.Options{Only: []string{"a", "c"}}); !slices.Equal(some.Jobs[1].Needs, []string{"a"}) {
		t.Errorf("without b: %v", some.Jobs)
	}
}
