package exec_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quire/exec"
	"quire/exec/exectest"
)

const elsewhere = `(local {: job : mirror} (require :quire.ci))
(mirror "/nowhere" {:tag #:x :secret :token})
(job :build [:quire/push] (fn [{: sh}] (sh "echo built") {:artifact "app" :sizes [1 2.5] :none {} :ok true}))
(job :idle [:quire/push] (fn [] nil))
(job :quiet [:build] (fn [{: sh}] (sh "exit 3") nil))
(job :secret [:build] (fn [{: secret}] {:token (secret :token)}))
(job :odd [:build] (fn [{: sh}] (sh "true") {1 :one :two 2}))
(job :read [:quiet :idle :quire/mirror]
  (fn [{: jobs : log}]
    (let [b (jobs :build) p (jobs :quire/push)]
      (log (table.concat [b.artifact (length b.sizes) (. b.sizes 2) (type b.none) (tostring b.ok) (tostring (jobs :quiet))
                          (tostring (jobs :idle)) (tostring (jobs :quire/mirror))] " "))
      (log (.. p.ref " " p.tag " " p.commit-message (tostring p.pusher) " " (length (or p.files-changed [])))))
    {:read true}))
(job :careless [:secret] (fn [{: jobs}] (jobs :secret)))
(job :odder [:odd] (fn [{: jobs}] (jobs :odd)))
(job :fails [:build] (fn [{: sh}] (sh ["sh" "-c" "echo bad; exit 4"]) (error "no")))
(job :behind [:fails] (fn [] nil))
`

// TestJobsElsewhere runs a pipeline whole, and then each job by itself in
// another checkout of the commit, given the results of those that it names. To
// the jobs it is the same.
func TestJobsElsewhere(t *testing.T) {
	f := pipelineFixture(t, elsewhere)
	o := exec.Options{KeepGoing: true, Ref: "refs/tags/v1", Secrets: map[string]exec.Secret{"token": {Value: "a-secret-value"}}}
	whole, events, err := f.run(o)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, one := range []struct {
		job   string
		needs []string
	}{{"build", nil}, {"idle", nil}, {"quiet", []string{"build"}}, {"read", []string{"quiet", "idle"}}, {"fails", []string{"build"}}} {
		there := f.clone()
		alone := o
		alone.Only = []string{one.job}
		if one.needs != nil {
			alone.Ref = ""
		}
		for _, need := range one.needs {
			alone.Inputs = append(alone.Inputs, files[need])
		}
		report, only, err := there.run(alone)
		if err != nil {
			t.Fatal(err)
		}
		want, got := eventsOf(events, one.job), eventsOf(only, one.job)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -whole +alone\n%s", one.job, diff)
		}
		text, err := report.Results().JSON()
		if err != nil {
			t.Fatal(err)
		}
		files[one.job] = filepath.Join(t.TempDir(), one.job+".json")
		f.Write(files[one.job], string(text))
		meetsResultsSchema(t, text)
		ours, _ := whole.Result(one.job)
		theirs, _ := report.Result(one.job)
		if ours.Outcome != theirs.Outcome || !sameData(t, ours, theirs) {
			t.Errorf("%s: %v, want %v", one.job, theirs, ours)
		}
	}
}

// apart are the pipelines that see whether their jobs run apart, and how.
var apart = map[string]string{
	"events_inline": "a job reads the record of its own run",
}

// TestPipelinesElsewhere runs the pipelines of the suite whole, and then one job
// at a time on two machines in turn, each given the results of those before and
// what they left: what happens in a job is the same, but in those that can tell.
func TestPipelinesElsewhere(t *testing.T) {
	var ran atomic.Int32
	t.Cleanup(func() {
		if ran.Load() == 0 {
			t.Error("nothing ran")
		}
	})
	exectest.EachCase(t, "../testdata/run/*.txtar", func(t *testing.T, file string, archive *txtar.Archive) {
		o := exectest.Options(t, exectest.Args(archive))
		if len(o.Only)+len(o.Except)+len(o.Inputs) > 0 || o.Container || o.Sandbox || o.InPlace {
			t.Skip("it is not about all jobs on this machine")
		}
		f, there := newFixture(t, archive), newFixture(t, archive)
		whole, events, err := f.run(o)
		if err != nil || whole.ID == "" {
			t.Skip("nothing runs")
		}
		o.Jobs = nil
		same := true
		machines := []string{t.TempDir(), t.TempDir()}
		for i, j := range whole.Jobs {
			if j.Started.IsZero() {
				continue
			}
			o.Only, o.State, o.Leave = []string{j.ID}, machines[i%2], filepath.Join(t.TempDir(), "left")
			r, only, err := there.run(o)
			if err != nil {
				t.Fatalf("%s: %v", j.ID, err)
			}
			o.Given, o.Arrive = r.Results(), append(o.Arrive, o.Leave)
			want, got := f.scrub(whole, eventsOf(events, j.ID)), there.scrub(r, eventsOf(only, j.ID))
			same = same && want == got
			if diff := cmp.Diff(want, got); diff != "" && apart[strings.TrimSuffix(filepath.Base(file), ".txtar")] == "" {
				t.Errorf("%s: -whole +alone\n%s", j.ID, diff)
			}
			ran.Add(1)
		}
		if why := apart[strings.TrimSuffix(filepath.Base(file), ".txtar")]; why != "" && same {
			t.Errorf("it is the same, although %s", why)
		}
	})
}

// clone returns a clone of the repository, with a run store of its own.
func (f *fixture) clone() *fixture {
	f.t.Helper()
	there := *f.Repository
	there.Root = filepath.Join(f.t.TempDir(), "clone")
	f.Git("clone", "--quiet", f.Root, there.Root)
	there.Env = append(slices.Clone(f.Env), "XDG_STATE_HOME="+f.t.TempDir())
	return &fixture{Repository: &there, t: f.t}
}

func eventsOf(events []exec.Event, job string) string {
	return exectest.EventsText(slices.DeleteFunc(slices.Clone(events), func(e exec.Event) bool { return e.JobID != job }))
}

func sameData(t *testing.T, a, b exec.JobResult) bool {
	t.Helper()
	text := func(r exec.JobResult) string {
		if r.Outputs == nil {
			return ""
		}
		text, bad, ok := r.Outputs.JSON()
		if !ok {
			t.Fatalf("%s cannot be written", bad)
		}
		return string(text)
	}
	return text(a) == text(b)
}

func meetsResultsSchema(t *testing.T, text []byte) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("results.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestResults pins the results of a run, and that they read back as they are.
func TestResults(t *testing.T) {
	f := pipelineFixture(t, elsewhere)
	report, _, err := f.run(exec.Options{KeepGoing: true, Secrets: map[string]exec.Secret{"token": {Value: "a-secret-value"}}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := report.Results().JSON()
	if err != nil {
		t.Fatal(err)
	}
	meetsResultsSchema(t, text)
	if bytes.Contains(text, []byte("a-secret-value")) || bytes.Contains(text, []byte("git-dir")) {
		t.Errorf("they hold what is of this machine only:\n%s", text)
	}
	back, err := exec.ParseResults("x", text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.JSON()
	if diff := cmp.Diff(string(text), string(again)); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
	var got strings.Builder
	for _, id := range []string{"build", "idle", "quiet", "secret", "odd", "careless", "odder", "fails", "behind"} {
		j := back.Jobs[id]
		fmt.Fprintf(&got, "%s %s outputs=%t %v %s", id, j.Outcome, j.Outputs != nil, j.IgnoredExits, j.Withheld)
		if j.Failure != nil {
			fmt.Fprintf(&got, " %s: %s exit %d", j.Failure.Message, j.Failure.Command, j.Failure.Exit)
		}
		got.WriteString("\n")
	}
	const want = "build succeeded outputs=true [] \n" +
		"idle skipped outputs=false [] \n" +
		"quiet succeeded outputs=false [3] \n" +
		"secret succeeded outputs=false [] they hold the value of a secret, which stays on its machine\n" +
		"odd succeeded outputs=false [] `[1]` cannot be written as JSON\n" +
		"careless succeeded outputs=false [] they hold the value of a secret, which stays on its machine\n" +
		"odder succeeded outputs=false [] `[1]` cannot be written as JSON\n" +
		"fails failed outputs=false []  no: [\"sh\", \"-c\", \"echo bad; exit 4\"] exit 4\n" +
		"behind not-run outputs=false [] \n"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, id := range []string{"careless", "odder"} {
		r, _, err := f.run(exec.Options{Only: []string{id}, Given: back})
		if err != nil || r.Outcome != exec.Failed || !strings.Contains(r.Jobs[0].Failure.Diagnostic.Message, " cannot be read: ") {
			t.Errorf("%s: %v, %+v", id, err, r.Jobs)
		}
	}
}

// TestRefusedResults gives a job results with which it cannot run.
func TestRefusedResults(t *testing.T) {
	f := pipelineFixture(t, elsewhere)
	report, _ := f.succeed(exec.Options{Jobs: []string{"quiet", "idle"}})
	push := report.Push.SHA
	for _, tt := range []struct{ job, text, want string }{
		{"read", `{"version": 1, "jobs": {}}`, "job 'read' needs 'build', of which --inputs has no result: give it the file that --outputs wrote for 'build'"},
		{"behind", `{"version": 1, "jobs": {"build": {"outcome": "succeeded"}, "fails": {"outcome": "failed", "failure": {"message": "no\nmore"}}}}`,
			"job 'behind' cannot run: 'fails', which it needs, ended as failed: no"},
		{"behind", `{"version": 1, "jobs": {"build": {"outcome": "cancelled"}}}`, "job 'behind' cannot run: 'build', which it needs, ended as cancelled"},
		{"build", `{"version": 1, "jobs": {"nix": {"outcome": "succeeded"}}}`, `unknown job: "nix"`},
		{"build", `{"version": 2, "jobs": {}}`, "cannot use the inputs: PATH: it has version 2, and this quire reads 1"},
		{"build", `{"version": 1}`, `cannot use the inputs: PATH: it has no "jobs"`},
		{"build", `{"version": 1, "jobs": []}`, "cannot use the inputs: PATH: "},
		{"build", `{"version": 1, "jobs": {"idle": {"outcome": "done"}}}`, "cannot use the inputs: PATH: the outcome of 'idle' must be one of [succeeded failed"},
		{"build", `{"version": 1, "jobs": {"idle": {"outcome": "skipped", "outputs": 1}}}`, "cannot use the inputs: PATH: the outputs of 'idle' must be"},
		{"build", `{"version": 1, "push": {"sha": "abc", "pushed-at": "2026-01-02T03:04:05Z"}, "jobs": {}}`,
			"PATH is of commit abc, and this run would be of " + push + ": check that commit out, or name it with --sha"},
		{"build", `{"version": 1, "push": {"pushed-at": "2026-01-02T03:04:05Z"}, "jobs": {}}`, "PATH is of commit none, and this run"},
	} {
		path := filepath.Join(f.Base, "inputs.json")
		f.Write(path, tt.text)
		report, events, err := f.run(exec.Options{Only: []string{tt.job}, Inputs: []string{path}})
		var usage *exec.UsageError
		ok := errors.As(err, &usage)
		if want := strings.ReplaceAll(tt.want, "PATH", path); !ok || !strings.HasPrefix(usage.Message, want) {
			t.Errorf("%s: %v, want %s", tt.text, err, want)
		}
		if output(events) != "" || report.Outcome == exec.Internal {
			t.Errorf("%s: outcome %s", tt.text, report.Outcome)
		}
	}
}

// TestResumeGiven goes on with a run that was given results: those that came
// from no file have to be given again.
func TestResumeGiven(t *testing.T) {
	f := pipelineFixture(t, elsewhere)
	report, _ := f.succeed(exec.Options{Jobs: []string{"build"}})
	o := exec.Options{Only: []string{"fails"}, Given: report.Results()}
	if r, _, err := f.run(o); err != nil || r.Outcome != exec.Failed {
		t.Fatal(err, r.Outcome)
	}
	again := exec.Options{Resume: exec.LastFailedRun}
	_, _, err := f.run(again)
	var usage *exec.UsageError
	if !errors.As(err, &usage) || !strings.HasSuffix(usage.Message, "was given results of other jobs, which are not stored: give --inputs again") {
		t.Errorf("%v", err)
	}
	again.Given = o.Given
	if r, _, err := f.run(again); err != nil || r.Outcome != exec.Failed || r.Resumed == "" || len(r.Jobs) != 1 {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestMergedResults puts results together that say different things.
func TestMergedResults(t *testing.T) {
	parse := func(text string) *exec.Results {
		t.Helper()
		r, err := exec.ParseResults("x", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	pushed := func(sha, ref, second, jobs string) *exec.Results {
		return parse(`{"version": 1, "push": {"sha": "` + sha + `", "ref": "` + ref + `", "pushed-at": "2026-01-02T03:04:0` + second + `Z"}, "jobs": {` + jobs + `}}`)
	}
	early := `"a": {"outcome": "failed", "finished_at": "2026-01-02T03:04:05Z"}`
	late := `"a": {"outcome": "succeeded", "finished_at": "2026-01-02T03:05:05Z"}`
	for _, list := range [][]*exec.Results{
		{pushed("1", "r", "1", early), pushed("1", "r", "2", late)},
		{pushed("1", "r", "2", late), pushed("1", "r", "1", early)},
		{pushed("1", "r", "1", early), parse(`{"a": null}`)},
	} {
		all, err := exec.MergeResults(list...)
		if err != nil || all.Jobs["a"].Outcome != exec.Succeeded || all.Push.PushedAt.Second() != 1 {
			t.Errorf("%+v, %v", all, err)
		}
	}
	for _, tt := range []struct {
		list []*exec.Results
		want string
	}{
		{[]*exec.Results{pushed("1", "r", "1", ""), pushed("2", "r", "1", "")}, "the inputs are of different commits: x of 1, x of 2"},
		{[]*exec.Results{pushed("1", "r", "1", ""), pushed("1", "", "1", "")}, "the inputs are of pushes of different refs: x of r, x of none"},
	} {
		if _, err := exec.MergeResults(tt.list...); err == nil || err.Error() != tt.want {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}
