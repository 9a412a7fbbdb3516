package exec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/exec"
	"quire/exec/exectest"
	"quire/exec/rundir"
)

// chain is a pipeline whose jobs tell that they run, by lines of a file outside
// of the workspace: one that fails while the file "fine" is not there, between
// one that it needs and one that needs it, and one that has no part in this.
const chain = `(local {: job} (require :quire.ci))
(local helper (require :lib.helper))
(fn tell [sh word] (sh (.. "echo " word " >> $BASE/told")))
(job :first [:quire/push]
  (fn [{: sh}] (tell sh "first") (sh "echo made > made; exit 4") {:path "made" :list [1 2]}))
(job :fails [:first]
  (fn [{: sh : jobs}]
    (tell sh "fails")
    (assert (= "made" (. (jobs :first) :path)))
    (let [{: exit} (sh "cat made fine")] (assert (= exit 0) "not fine")) nil))
(job :after [:fails] (fn [{: sh}] (tell sh "after") nil))
(job :apart [:quire/push] (fn [{: sh}] (tell sh "apart") nil))
(job :nothing [:quire/push] (fn [] nil))
(job :unstorable [:quire/push] (fn [{: sh}] (tell sh "unstorable") {:f #1}))
`

// chained makes a repository with the chain and lets it fail.
func chained(t *testing.T, o exec.Options) (*fixture, *exec.Report) {
	t.Helper()
	f := newFixture(t, &txtar.Archive{Files: []txtar.File{
		{Name: "repo/.quire/ci.fnl", Data: []byte(chain)}, {Name: "repo/lib/helper.fnl", Data: []byte("{}\n")},
		{Name: "repo/text", Data: []byte("text\n")}, {Name: "repo/.gitignore", Data: []byte("cache\n")}}})
	o.KeepGoing = true
	report, _, err := f.run(o)
	if err != nil || report.Outcome != exec.Failed {
		t.Fatalf("%s, %v", report.Outcome, err)
	}
	f.told()
	return f, report
}

// told returns what ran since it was asked the last time.
func (f *fixture) told() string {
	f.t.Helper()
	path := filepath.Join(f.Base, "told")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		f.t.Fatal(err)
	}
	if err := os.RemoveAll(path); err != nil {
		f.t.Fatal(err)
	}
	return strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", " ")
}

var lastFailed = exec.Options{Resume: exec.LastFailedRun}

// TestResume goes on with a run that failed once a file was added.
func TestResume(t *testing.T) {
	f, failed := chained(t, exec.Options{})
	f.write(map[string]string{"fine": "fine\n", "text": "changed\n", ".gitignore": ""})
	f.remove("lib/helper.fnl")
	f.write(map[string]string{"lib/helper.fnl": "{}\n"}) // as it was
	o := lastFailed
	o.Resume = failed.ID[:20]
	report, events := f.succeed(o)
	if got := f.told(); got != "fails after unstorable" {
		t.Errorf("what ran: %s", got)
	}
	if diff := cmp.Diff([]string{".gitignore", "fine", "text"}, report.Changed); diff != "" || report.Resumed != failed.ID {
		t.Errorf("resumed %s, files that changed (-want +got):\n%s", report.Resumed, diff)
	}
	want := `succeeded
first succeeded (exit 4 ignored): re-used from run FAILED
apart succeeded: re-used from run FAILED
nothing skipped: re-used from run FAILED
fails succeeded
after succeeded
unstorable succeeded
`
	if diff := cmp.Diff(want, strings.ReplaceAll(f.reportText(report), failed.ID, "FAILED")); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	for _, j := range report.Jobs {
		if (j.Reused != "") != j.Started.IsZero() || j.Reused != "" && j.Reused != failed.ID {
			t.Errorf("%s was re-used from %q and started at %v", j.ID, j.Reused, j.Started)
		}
	}
	text := strings.ReplaceAll(exectest.EventsText(events), failed.ID, "FAILED")
	for _, want := range []string{"run_started first fails after apart nothing unstorable\nlog going on with run FAILED\n3 files changed since: .gitignore, fine, text\n",
		"\njob_finished first succeeded re-used from run FAILED\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the events:\n%s", want, text)
		}
	}
	if text := output(events); text != "made\nfine\n" {
		t.Errorf("output %q", text)
	}

	// What was re-used can be read from the record of this run, too.
	if _, err := os.Stat(filepath.Join(report.Dir, "jobs/first/outputs.json")); err != nil {
		t.Error(err)
	}
	var stored struct {
		Resumed string
		Changed []string
		Jobs    []struct{ ID, Reused string }
	}
	if err := json.Unmarshal([]byte(mustRead(t, filepath.Join(report.Dir, "report.json"))), &stored); err != nil {
		t.Fatal(err)
	}
	if stored.Resumed != failed.ID || len(stored.Changed) != 3 || stored.Jobs[0].Reused != failed.ID {
		t.Errorf("report.json: %+v", stored)
	}
	f.refused(o, "its workspace is gone")
	f.refused(exec.Options{Resume: report.ID}, "succeeded, so there is nothing to resume")

	// Nothing of all this is left to the next run.
	f.write(map[string]string{"fine": "fine\n"})
	f.succeed(exec.Options{})
	if got := f.told(); got != "first fails after apart unstorable" {
		t.Errorf("what ran without resuming: %s", got)
	}
}

// refused wants a run to be refused as a call that cannot be meant, and no run
// to come of it.
func (f *fixture) refused(o exec.Options, want string) {
	f.t.Helper()
	before := f.records()
	_, _, err := f.run(o)
	if usage := (*exec.UsageError)(nil); !errors.As(err, &usage) || !strings.Contains(usage.Message, want) {
		f.t.Errorf("%+v: %v, want %q", o, err, want)
	}
	if diff := cmp.Diff(before, f.records()); diff != "" {
		f.t.Errorf("%+v was refused and changed the runs:\n%s", o, diff)
	}
	if got := f.told(); got != "" {
		f.t.Errorf("%+v was refused and ran %s", o, got)
	}
}

// records says what runs there are, and what workspaces.
func (f *fixture) records() string {
	f.t.Helper()
	var all []string
	for _, pattern := range []string{"by-id/*", "failed/*/workspace", "workspaces/*"} {
		paths, err := filepath.Glob(filepath.Join(f.Base, "state/quire/runs/*", pattern))
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, paths...)
	}
	return strings.Join(all, "\n")
}

// TestResumeAgain goes on with a run that went on itself, after which the jobs
// of the first still hold.
func TestResumeAgain(t *testing.T) {
	f, first := chained(t, exec.Options{})
	second, _, err := f.run(lastFailed)
	if err != nil || second.Outcome != exec.Failed {
		t.Fatalf("%s, %v", second.Outcome, err)
	}
	if got := f.told(); got != "fails" {
		t.Errorf("what ran first: %s", got)
	}
	f.write(map[string]string{"fine": ""})
	third, _ := f.succeed(lastFailed)
	if got := f.told(); got != "fails after unstorable" {
		t.Errorf("what ran then: %s", got)
	}
	if third.Resumed != second.ID || third.Jobs[0].Reused != first.ID {
		t.Errorf("went on with %s, first is from %s; want %s and %s", third.Resumed, third.Jobs[0].Reused, second.ID, first.ID)
	}
}

// TestResumeWithChangedPipeline changes something of the pipeline: what is made
// of it runs again, and what needs that.
func TestResumeWithChangedPipeline(t *testing.T) {
	for name, tt := range map[string]struct{ file, old, new, want string }{
		"the job that failed": {".quire/ci.fnl", "cat made fine", "cat made", "unstorable fails after"},
		"what it needs":       {".quire/ci.fnl", "exit 4", "exit 5", "first unstorable fails"},
		"another job":         {".quire/ci.fnl", `(tell sh "apart") nil`, `(tell sh "apart") (error "new")`, "apart unstorable fails"},
		"a shared function":   {".quire/ci.fnl", "echo \" word", "echo  \" word", "first apart unstorable fails"},
		"a module":            {"lib/helper.fnl", "{}", "{:a 1}", "first apart unstorable fails"},
		"inputs":              {".quire/ci.fnl", "(job :apart [:quire/push]", "(job :apart [:first]", "apart unstorable fails"},
		"a new job":           {".quire/ci.fnl", "(job :after [:fails]", "(job :new [:first] (fn [{: sh}] (tell sh \"new\") nil))\n(job :after [:fails]", "new unstorable fails"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _ := chained(t, exec.Options{})
			path := filepath.Join(f.Root, tt.file)
			text := mustRead(t, path)
			if strings.Count(text, tt.old) == 0 {
				t.Fatalf("no %q", tt.old)
			}
			f.Write(path, strings.Replace(text, tt.old, tt.new, 1))
			o := lastFailed
			o.KeepGoing = true
			if _, _, err := f.run(o); err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for word := range strings.FieldsSeq(tt.want) {
				want[word] = true
			}
			got := map[string]bool{}
			for word := range strings.FieldsSeq(f.told()) {
				got[word] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("what ran (-want +got):\n%s", diff)
			}
		})
	}
}

// TestResumeSelection names jobs, of a run that had named some.
func TestResumeSelection(t *testing.T) {
	f, _ := chained(t, exec.Options{Jobs: []string{"fails", "apart"}})
	f.write(map[string]string{"fine": ""})
	plan := func(o exec.Options) string {
		t.Helper()
		o.Resume, o.DryRun = exec.LastFailedRun, true
		report, _, err := f.run(o)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, j := range report.Jobs {
			text := j.ID
			if j.Reused != "" {
				text += " re-used"
			}
			all = append(all, text)
		}
		return strings.Join(all, ", ")
	}
	for _, tt := range []struct {
		o    exec.Options
		want string
	}{
		{exec.Options{}, "first re-used, fails, apart re-used"},
		{exec.Options{Jobs: []string{"after"}}, "first re-used, fails, after"},
		{exec.Options{Except: []string{"fails"}}, "first re-used, apart re-used, nothing, unstorable"},
		{exec.Options{Only: []string{"first"}}, "first"},
		{exec.Options{Only: []string{"fails"}}, "fails"},
	} {
		if got := plan(tt.o); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.o, got, tt.want)
		}
	}
	if got := f.told(); got != "" {
		t.Errorf("a dry run ran %s", got)
	}
	// One that runs alone reads the outputs of the run that it goes on with.
	o := lastFailed
	o.Only = []string{"fails"}
	f.succeed(o)
}

// TestResumeRefused has every reason to refuse.
func TestResumeRefused(t *testing.T) {
	f := pipelineFixture(t, script("test -e fine"))
	f.refused(lastFailed, "there are no runs of this repository yet")
	f.write(map[string]string{"fine": ""})
	f.succeed(exec.Options{})
	f.refused(lastFailed, "no run of this repository failed")
	f.refused(exec.Options{Resume: "nonsense"}, `there is no run "nonsense"`)
	for _, o := range []exec.Options{{SHA: "HEAD"}, {InPlace: true}, {Ref: "main"}, {PreviousSHA: "HEAD"}} {
		o.Resume = exec.LastFailedRun
		f.refused(o, "a run is resumed as what it was")
	}
	f.refused(exec.Options{Resume: exec.LastFailedRun, Reuse: true}, "leave out --reuse")

	f, failed := chained(t, exec.Options{})
	other, _ := chained(t, exec.Options{InPlace: true})
	other.refused(lastFailed, "it ran in the working tree itself")
	f.Commit("moved")
	f.refused(lastFailed, "HEAD was main (")
	f.Git("reset", "-q", "--soft", "HEAD~1")
	f.Git("checkout", "-q", "-b", "other")
	f.refused(lastFailed, " and is other (")
	f.Git("checkout", "-q", "main")
	again, _, err := f.run(exec.Options{})
	if err != nil || again.Outcome != exec.Failed {
		t.Fatalf("%s, %v", again.Outcome, err)
	}
	f.told()
	f.refused(exec.Options{Resume: failed.ID}, "its workspace is gone")
	f.refused(exec.Options{Resume: "0"}, `"0" is the beginning of 2 runs`)
	if err := os.Remove(filepath.Join(again.Dir, "resume.json")); err != nil {
		t.Fatal(err)
	}
	f.refused(lastFailed, "it ended before it had a workspace")
}

// clashing is a job that fails after it changed the workspace.
const clashing = `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "set -e
  echo job >> both; echo job > made; rm gone; echo theirs > theirs; echo same > same; echo job > touched; rm -r dir; echo > dir")
  (assert (= (. (sh "test -e fine") :exit) 0) "not fine")
  (sh "cat both made gone theirs mine same touched dir/below removed; ls") nil))
`

// TestResumeClash changes files that a job changed as well.
func TestResumeClash(t *testing.T) {
	fails := func() *fixture {
		f := pipelineFixture(t, clashing)
		for _, name := range []string{"both", "gone", "theirs", "mine", "same", "touched", "dir/below", "removed"} {
			f.write(map[string]string{name: "text\n"})
		}
		f.Commit("second")
		if report, _, err := f.run(exec.Options{}); err != nil || report.Outcome != exec.Failed {
			t.Fatalf("%s, %v", report.Outcome, err)
		}
		f.write(map[string]string{"fine": ""})
		return f
	}
	f := fails()
	// Not to be told by their times: the content is what it was, or the same.
	f.write(map[string]string{"touched": "text\n", "same": "same\n", "mine": "changed\n"})
	f.remove("removed")
	report, _ := f.succeed(lastFailed)
	if diff := cmp.Diff([]string{"fine", "mine", "removed"}, report.Changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	for _, name := range []string{"both", "made", "gone", "dir/below"} {
		f := fails()
		f.write(map[string]string{name: "user\n", "mine": "changed\n"})
		f.refused(lastFailed, "1 file changed since, and a job changed it too: "+name+"; --resume=force takes yours")
		o := lastFailed
		o.ResumeForce = true
		report, _ := f.succeed(o)
		if diff := cmp.Diff([]string{name, "fine", "mine"}, sortedLike(report.Changed, name)); diff != "" {
			t.Errorf("%s: changed (-want +got):\n%s", name, diff)
		}
	}
	f = fails()
	f.remove("both")
	f.refused(lastFailed, "a job changed it too: both;")
}

// sortedLike returns names with one of them first.
func sortedLike(names []string, first string) []string {
	out := []string{first}
	for _, name := range names {
		if name != first {
			out = append(out, name)
		}
	}
	return out
}

// TestResumeKinds goes on in kinds of places that have their own rules.
func TestResumeKinds(t *testing.T) {
	const text = `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "echo job > made") (assert (= 0 (. (sh "test -e \"$BASE/fine\"") :exit)))
  (sh "cat file made; git log -1 --format=%s; git push . HEAD:refs/heads/x") nil))
`
	for name, tt := range map[string]struct {
		prepare func(f *fixture)
		options exec.Options
		want    string
	}{
		"changes":       {func(f *fixture) { f.write(map[string]string{"new": ""}) }, exec.Options{}, "changed\njob\nsecond\n"},
		"another slot":  {func(f *fixture) { f.write(map[string]string{"new": ""}) }, exec.Options{}, "changed\njob\nsecond\n"},
		"commit":        {func(f *fixture) {}, exec.Options{SHA: "HEAD"}, "text\njob\nsecond\n"},
		"no repository": {func(f *fixture) { f.remove(".git") }, exec.Options{}, "changed\njob\n"},
		"submodule": {func(f *fixture) {
			f.Git("submodule", "--quiet", "add", f.library("lib", "x"), "sub")
			f.remove("file")
			f.write(map[string]string{"file": "-> sub/x"})
		}, exec.Options{}, "changed\njob\nsecond\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, text)
			f.write(map[string]string{"file": "text\n"})
			f.Commit("second")
			tt.prepare(f)
			if report, _, err := f.run(tt.options); err != nil || report.Outcome != exec.Failed {
				t.Fatalf("%s, %v", report.Outcome, err)
			}
			before := "file"
			if name == "submodule" {
				before = "sub/x"
			}
			f.write(map[string]string{before: "changed\n"})
			f.Write(filepath.Join(f.Base, "fine"), "")
			if name == "another slot" {
				store, err := rundir.Open(filepath.Join(f.Base, "state/quire"), f.Root)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := store.Slot(0); err != nil {
					t.Fatal(err)
				}
			}
			report, events := f.succeed(lastFailed)
			if diff := cmp.Diff(tt.want, output(events)); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if want := fmt.Sprint([]string{before}); tt.options.SHA == "" && fmt.Sprint(report.Changed) != want {
				t.Errorf("changed %v, want %s", report.Changed, want)
			}
			if (name == "changes" || name == "another slot") && !strings.Contains(exectest.EventsText(events), "its commit exists only in this workspace") {
				t.Errorf("the throw-away commit can be pushed:\n%s", exectest.EventsText(events))
			}
		})
	}
}
