package junit_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/cmd/quire/internal/junit"
	"quire/exec"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func after(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

// TestEncode has a job of every outcome.
func TestEncode(t *testing.T) {
	file := source.NewFile(".quire/ci.fnl", "(local x 1)\n  (error :no)\n")
	failure := &exec.Failure{
		Diagnostic: diag.Diagnostic{Code: diag.Runtime, Message: "the <tests> failed", File: file, Span: source.Span{Start: 14, End: 25},
			Related: []diag.Related{{File: file, Span: source.Span{Start: 0, End: 11}, Message: "this command exited with 3"}}},
		Command: "make test", Exit: 3, Tail: []string{"one & two", "\x1b[31mred\x1b[0m"}, Log: "/runs/1/jobs/test/sh-1.log",
	}
	report := &exec.Report{ID: "0198", Outcome: exec.Failed, Started: noon, Finished: after(4500), Jobs: []exec.JobReport{
		{ID: "build", Outcome: exec.Succeeded, Started: noon, Finished: after(1234)},
		{ID: "test", Outcome: exec.Failed, Started: after(1234), Finished: after(2000), Failure: failure},
		{ID: "mirror", Outcome: exec.Skipped, Notice: "name it to run it"},
		{ID: "slow", Outcome: exec.Cancelled, Started: after(2000), Finished: after(4000)},
		{ID: "broken", Outcome: exec.Internal, Started: after(4000), Finished: after(4001)},
		{ID: "never", Outcome: exec.NotRun},
	}}
	var r junit.Recorder
	for _, e := range []exec.Event{
		{Type: exec.Output, JobID: "build", Stream: "stdout", Text: "10%\r100%\ndone "},
		{Type: exec.Output, JobID: "build", Stream: "stderr", Text: "a warning\n"},
		{Type: exec.Output, JobID: "build", Stream: "stdout", Text: "at last\n"},
		{Type: exec.Log, JobID: "build", Message: "not output"},
	} {
		r.Observe(e)
	}
	golden(t, "outcomes.xml", &r, junit.Run{Name: "shop", Report: report})

	broken := &exec.Report{Outcome: exec.Failed, Started: noon, Finished: noon, Diagnostics: diag.List{
		{Code: diag.Runtime, Message: "cannot load", File: file, Span: source.Span{Start: 14, End: 25}},
	}}
	golden(t, "unloaded.xml", &junit.Recorder{}, junit.Run{Name: "shop", Report: broken})
	golden(t, "cancelled.xml", &junit.Recorder{}, junit.Run{Name: "shop", Report: &exec.Report{Outcome: exec.Cancelled, Started: noon}})
	golden(t, "internal.xml", &junit.Recorder{}, junit.Run{Name: "shop",
		Report: &exec.Report{Outcome: exec.Internal, Started: noon}, Err: errors.New("no space left on device")})
}

func golden(t *testing.T, name string, r *junit.Recorder, run junit.Run) {
	t.Helper()
	got, err := r.Encode(run)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestOutputIsBounded writes much more than is kept.
func TestOutputIsBounded(t *testing.T) {
	var r junit.Recorder
	for range 1000 {
		r.Observe(exec.Event{Type: exec.Output, JobID: "a", Stream: "stdout", Text: strings.Repeat("0123456789abcde\n", 64)})
	}
	r.Observe(exec.Event{Type: exec.Output, JobID: "a", Stream: "stdout", Text: "the end\n"})
	text, err := r.Encode(junit.Run{Report: &exec.Report{Jobs: []exec.JobReport{{ID: "a", Outcome: exec.Succeeded}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, out, _ := strings.Cut(string(text), "<system-out><![CDATA[")
	out, _, _ = strings.Cut(out, "]]></system-out>")
	if len(out) > 70<<10 || !strings.Contains(out, "the end") {
		t.Errorf("%d bytes are kept, ending in %q", len(out), out[max(0, len(out)-50):])
	}
	if !strings.HasPrefix(out, "(958480 bytes before this are in the log)\n0123456789abcde\n") {
		t.Errorf("it begins with %q", out[:min(len(out), 80)])
	}
}

// FuzzEncode checks that a document can be read back whatever was written and
// whatever jobs are called.
func FuzzEncode(f *testing.F) {
	f.Add("plain\n")
	f.Add("\x00\x1b[2J\x9b]]>&<\"'\xff\ufffe\u202e\r\n\t")
	f.Fuzz(func(t *testing.T, text string) {
		var r junit.Recorder
		r.Observe(exec.Event{Type: exec.Output, JobID: text, Stream: "stdout", Text: text})
		d := diag.Diagnostic{Code: diag.Runtime, Message: text}
		report := &exec.Report{Diagnostics: diag.List{d}, Jobs: []exec.JobReport{
			{ID: text, Outcome: exec.Failed, Failure: &exec.Failure{Diagnostic: d, Command: text, Tail: []string{text}, Log: text}},
			{ID: text, Outcome: exec.Skipped, Notice: text},
		}}
		out, err := r.Encode(junit.Run{Name: text, Report: report, Err: errors.New(text)})
		if err != nil {
			t.Fatal(err)
		}
		var back struct {
			Suite struct {
				Tests int `xml:"tests,attr"`
				Cases []struct {
					Name string `xml:"name,attr"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(out, &back); err != nil {
			t.Fatalf("%v in %q", err, out)
		}
		if back.Suite.Tests != 4 || len(back.Suite.Cases) != 4 || strings.ContainsAny(string(out), "\x00\x1b\x7f") {
			t.Errorf("%q reads back as %+v", out, back)
		}
	})
}
