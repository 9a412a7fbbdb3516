package exec_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"quire/exec"
	"quire/exec/rundir"
)

// TestRecordedOutcome checks where a run ends up, and what its record says, for
// pipelines that succeed and that fail.
func TestRecordedOutcome(t *testing.T) {
	for _, tt := range []struct{ body, state, outcome, event string }{
		{`nil`, "complete", "succeeded", "succeeded"},
		{`(sh "exit 7")`, "complete", "succeeded", "succeeded"},
		{`(error "no")`, "failed", "failed", "pipeline_failure"},
	} {
		f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :first [:quire/push] (fn [{: sh}] (sh "echo kept") nil))
(job :then [:first] (fn [{: sh}] `+tt.body+`))`)
		report, events, err := f.run(exec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		real, err := filepath.EvalSymlinks(report.Dir)
		if err != nil || filepath.Base(filepath.Dir(real)) != tt.state {
			t.Errorf("%s: recorded at %s, %v, want %s", tt.body, real, err, tt.state)
		}
		var stored struct{ Outcome string }
		if err := json.Unmarshal([]byte(mustRead(t, filepath.Join(real, "report.json"))), &stored); err != nil {
			t.Fatal(err)
		}
		last := events[len(events)-1]
		if stored.Outcome != tt.outcome || last.Type != exec.RunFinished || last.Outcome != tt.event {
			t.Errorf("%s: report.json says %s, the last event %s %s", tt.body, stored.Outcome, last.Type, last.Outcome)
		}
		times, err := rundir.ReadTimes(real)
		if err != nil || times.Started == nil || times.Finished == nil || times.Finished.Before(*times.Started) {
			t.Errorf("%s: times %+v, %v", tt.body, times, err)
		}
		mustRead(t, filepath.Join(real, rundir.LogName("first", 1)))
	}
}

// TestEventRoundTrip writes events of every type with any texts, and reads them
// back.
func TestEventRoundTrip(t *testing.T) {
	types := []exec.EventType{exec.RunStarted, exec.JobStarted, exec.ShStarted, exec.Output, exec.Log,
		exec.ShFinished, exec.JobFinished, exec.RunFinished}
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string { return rapid.String().Draw(t, label) }
		e := exec.Event{
			AtMS:    rapid.Int64Min(0).Draw(t, "at"),
			Type:    rapid.SampledFrom(types).Draw(t, "type"),
			RunID:   text("run"),
			JobID:   text("job"),
			Sh:      rapid.IntMin(0).Draw(t, "sh"),
			Cmd:     text("cmd"),
			Stream:  text("stream"),
			Text:    text("text"),
			Start:   rapid.Ptr(rapid.Int64(), true).Draw(t, "start"),
			End:     rapid.Ptr(rapid.Int64(), true).Draw(t, "end"),
			Exit:    rapid.Ptr(rapid.Int(), true).Draw(t, "exit"),
			Signal:  text("signal"),
			Outcome: text("outcome"),
			Message: text("message"),
			SHA:     text("sha"),
		}
		if jobs := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "jobs"); len(jobs) > 0 {
			e.Jobs = jobs
		}
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back exec.Event
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, back); diff != "" {
			t.Fatalf("%s (-written +read):\n%s", line, diff)
		}
	})
}
