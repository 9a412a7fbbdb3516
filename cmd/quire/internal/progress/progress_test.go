package progress_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/cmd/quire/internal/progress"
	"quire/cmd/quire/internal/terminal"
	"quire/cmd/quire/internal/terminal/screentest"
	"quire/exec"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// modes are the ways in which each case is shown, by the name of the golden.
var modes = []struct {
	name     string
	mode     progress.Mode
	live     bool
	workflow bool
}{
	{"prefix", progress.Auto, false, false},
	{"group", progress.Group, false, false},
	{"workflow", progress.Group, false, true},
	{"quiet", progress.Quiet, false, false},
	{"live", progress.Auto, true, false},
	{"live group", progress.Group, true, false},
}

// TestViews shows the events of each testdata/*.txtar, whose file "events" has
// one a line, in every mode. What a live view leaves on the screen is shown.
func TestViews(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		events := parseEvents(t, archive.Files[0].Data)
		got := &txtar.Archive{Comment: archive.Comment, Files: archive.Files[:1:1]}
		for _, m := range modes {
			shown := show(t, events, m.mode, m.live, m.workflow)
			got.Files = append(got.Files, txtar.File{Name: m.name, Data: []byte(shown)})
		}
		text := txtar.Format(got)
		if *update {
			if err := os.WriteFile(path, text, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(txtar.Format(archive)), string(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func parseEvents(t *testing.T, text []byte) []exec.Event {
	t.Helper()
	var events []exec.Event
	for line := range bytes.Lines(text) {
		var e exec.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		events = append(events, e)
	}
	return events
}

// show returns what a view of the events writes.
func show(t *testing.T, events []exec.Event, mode progress.Mode, live, workflow bool) string {
	t.Helper()
	screen := screentest.New(80, 24)
	var out bytes.Buffer
	o := options(mode, &out)
	o.Workflow = workflow
	if live {
		o.Out, o.Size, o.Screen.Cursor = screen, screen.Size, true
	}
	v := progress.New(o)
	for _, e := range events {
		v.Observe(e)
	}
	report := reportOf(events)
	v.Finish(report)
	v.Close()
	v.Close()
	progress.Conclude(o.Out, o.Screen, report, func(job string) string { return "quire ci run " + job })
	if live {
		if faults := screen.Faults(); len(faults) > 0 {
			t.Errorf("the terminal was sent %q", faults)
		}
		return screen.Text()
	}
	return out.String()
}

func options(mode progress.Mode, out *bytes.Buffer) progress.Options {
	return progress.Options{
		Mode:    mode,
		Out:     out,
		Screen:  terminal.Screen{Width: 80, Unicode: true},
		Started: func(e exec.Event) string { return "/repo" },
		Fault:   func(value any) { panic(value) },
	}
}

// reportOf returns the report of a run with these events.
func reportOf(events []exec.Event) *exec.Report {
	r := &exec.Report{Outcome: exec.Succeeded}
	started := map[string]time.Time{}
	ignored := map[string][]int{}
	over := map[string]bool{}
	for _, e := range events {
		at := time.UnixMilli(e.AtMS)
		switch e.Type {
		case exec.RunStarted:
			r.Started = at
		case exec.JobStarted:
			started[e.JobID] = at
		case exec.ShFinished:
			if *e.Exit != 0 {
				ignored[e.JobID] = append(ignored[e.JobID], *e.Exit)
			}
		case exec.JobFinished:
			job := exec.JobReport{ID: e.JobID, Outcome: exec.Outcome(e.Outcome), Started: started[e.JobID]}
			if !job.Started.IsZero() {
				job.Finished = at
			}
			if job.Outcome == exec.Succeeded {
				job.IgnoredExits = ignored[e.JobID]
			}
			if job.Outcome == exec.Failed {
				job.Failure = &exec.Failure{Diagnostic: diag.Diagnostic{Code: diag.Runtime, Message: e.Message}}
			}
			over[e.JobID] = true
			r.Jobs = append(r.Jobs, job)
		case exec.RunFinished:
			r.Finished = at
			r.Outcome = map[string]exec.Outcome{"succeeded": exec.Succeeded, "pipeline_failure": exec.Failed,
				"cancelled": exec.Cancelled, "internal": exec.Internal}[e.Outcome]
		}
	}
	for _, id := range events[0].Jobs {
		if !over[id] {
			r.Jobs = append(r.Jobs, exec.JobReport{ID: id, Outcome: exec.NotRun})
		}
	}
	return r
}

var elapsed = regexp.MustCompile(`\d+\.\d s *|\d+ min \d+ s *`)

// scrub replaces what differs from drawing to drawing.
func scrub(text string) string {
	return regexp.MustCompile("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]").ReplaceAllString(elapsed.ReplaceAllString(text, "TIME "), "*")
}

// TestLive looks at the screen while jobs run.
func TestLive(t *testing.T) {
	screen := screentest.New(60, 16)
	o := options(progress.Auto, nil)
	o.Out, o.Size, o.Screen.Cursor = screen, screen.Size, true
	v := progress.New(o)
	defer v.Close()
	now := time.Now().UnixMilli()
	send := func(events ...exec.Event) {
		for _, e := range events {
			e.AtMS = now
			v.Observe(e)
		}
	}
	expect := func(want string) {
		t.Helper()
		met := make(chan bool)
		go func() {
			screen.Wait(func(text string) bool { return scrub(text) == want })
			close(met)
		}()
		select {
		case <-met:
		case <-time.After(20 * time.Second):
			t.Fatalf("the screen shows\n%s\nwant\n%s", scrub(screen.Text()), want)
		}
	}
	exit := 0
	send(exec.Event{Type: exec.RunStarted, RunID: "ID", Jobs: []string{"a", "long-name", "c", "d", "e", "f", "g", "h"}},
		exec.Event{Type: exec.JobStarted, JobID: "a"},
		exec.Event{Type: exec.ShStarted, JobID: "a", Sh: 1, Cmd: "make all " + strings.Repeat("x", 60)})
	expect(`Run ID: executing at /repo

* a         TIME $ make all xxxxxxxxxxxxxxxxxxxxxxxxx…
· long-name waiting
· c         waiting
· d         waiting
· 4 more waiting

0 of 8 done · 1 running · 7 waiting · TIME 
`)
	for i := range 20 {
		send(exec.Event{Type: exec.Output, JobID: "a", Sh: 1, Stream: "stdout", Text: fmt.Sprintf("line %d\n", i)})
	}
	send(exec.Event{Type: exec.Output, JobID: "a", Sh: 1, Stream: "stdout", Text: "10%\r55%"},
		exec.Event{Type: exec.JobStarted, JobID: "c"}, exec.Event{Type: exec.JobStarted, JobID: "d"})
	expect(`Run ID: executing at /repo

* a         TIME $ make all xxxxxxxxxxxxxxxxxxxxxxxxx…
  │ line 16
  │ line 17
  │ line 18
  │ line 19
  │ 55%
* c         TIME 
* d         TIME 
· long-name waiting
· e         waiting
· f         waiting
· 2 more waiting

0 of 8 done · 3 running · 5 waiting · TIME 
`)
	send(exec.Event{Type: exec.ShFinished, JobID: "a", Sh: 1, Exit: &exit},
		exec.Event{Type: exec.JobFinished, JobID: "a", Outcome: "succeeded"},
		exec.Event{Type: exec.JobFinished, JobID: "c", Outcome: "failed", Message: "broken"},
		exec.Event{Type: exec.JobFinished, JobID: "h", Outcome: "skipped", Message: "not named"},
		exec.Event{Type: exec.Log, Message: "a notice"})
	screen.Resize(40, 8)
	expect(`Run ID: executing at /repo

✓ a         TIME 
✗ c         failed TIME 
○ h         skipped: not named
note: a notice

* d         TIME 
· long-name waiting
· 3 more waiting

3 of 8 done · 1 failed · 1 skipped · 1…
`)
	if faults := screen.Faults(); len(faults) > 0 {
		t.Errorf("the terminal was sent %q", faults)
	}
}

func TestConclude(t *testing.T) {
	var out strings.Builder
	r := &exec.Report{Outcome: exec.Failed, Finished: time.Time{}.Add(2*time.Hour + 3*time.Minute), Jobs: []exec.JobReport{
		{ID: "other", Outcome: exec.Cancelled},
		{ID: "a", Outcome: exec.Failed, Failure: &exec.Failure{Diagnostic: diag.Diagnostic{Code: diag.Runtime, Message: "no"},
			Command: "\n  make all\n  make test", Exit: -1, Signal: "SIGKILL", Tail: []string{"last\x1b[2J"}, Log: "/log"}},
	}}
	progress.Conclude(&out, terminal.Screen{}, r, func(job string) string { return "again " + job })
	const want = `
Run failed. 2 h 3 min

job 'a' failed
error[runtime]: no
  command: make all ...
  exit:    -1 (SIGKILL)
  | last\x1b[2J
  log:     /log
  again:   again a
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
