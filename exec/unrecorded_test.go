//go:build unix

package exec_test

import (
	"errors"
	"io/fs"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quire/exec"
	"quire/exec/exectest"
)

// TestUnrecorded runs jobs where the run store cannot take a run: they run all
// the same, are shown, and leave nothing behind.
func TestUnrecorded(t *testing.T) {
	for _, tt := range []struct {
		name, command string
		outcome       exec.Outcome
	}{
		{"succeeds", "echo out; touch made", exec.Succeeded},
		{"fails", "echo out; exit 3", exec.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := pipelineFixture(t, script(tt.command))
			f.Write(filepath.Join(f.Base, "state/quire"), "a file where a directory is needed")
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			report, events, err := f.run(exec.Options{})
			var lost *exec.RecordError
			if !errors.As(err, &lost) || !strings.Contains(err.Error(), "could not be recorded: mkdir") {
				t.Errorf("error %v", err)
			}
			if report.Outcome != tt.outcome || report.ID == "" || report.Dir != "" {
				t.Errorf("report %+v", report)
			}
			if output(events) != "out\n" {
				t.Errorf("output %q", output(events))
			}
			if f := report.Jobs[0].Failure; f != nil && (f.Log != "" || !cmp.Equal(f.Tail, []string{"out"})) {
				t.Errorf("failure %+v", f)
			}
			if text := exectest.EventsText(events); !strings.Contains(text, "log this run cannot be recorded: mkdir") {
				t.Errorf("events\n%s", text)
			}
			if left, err := os.ReadDir(temp); len(left) > 0 || err != nil {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// alone runs the rest of a test in a process of its own, and reports whether this
// is the process: what it limits is to limit nothing else.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv("QUIRE_TEST_ALONE") == t.Name() {
		return true
	}
	cmd := osexec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "QUIRE_TEST_ALONE="+t.Name())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, out)
	}
	return false
}

// limitFiles lets no file of this process and those it starts grow beyond a
// size, as a disk does that is full.
func limitFiles(t *testing.T, bytes uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: bytes, Max: bytes}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}

// TestFullStore has the store take no more in the middle of a run, of which an
// observer that is slower than the output is to see everything.
func TestFullStore(t *testing.T) {
	if !alone(t) {
		return
	}
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :much [:quire/push] (fn [{: sh}] (sh "seq 1 700000 | tr -d '\\n' | fold; echo") {:n 1}))
(job :reads [:much] (fn [{: sh : jobs}]
  (let [{: stdout} (sh "seq 1 300000")] (error (.. "read " (length stdout) " " (. (jobs :much) :n))))))`)
	limitFiles(t, 100<<10)
	slow := time.NewTicker(time.Millisecond)
	defer slow.Stop()
	report, events, err := f.run(exec.Options{Observe: func(e exec.Event) {
		if e.Type == exec.Output {
			<-slow.C
		}
	}})
	var lost *exec.RecordError
	if !errors.As(err, &lost) || !errors.Is(err, syscall.EFBIG) {
		t.Errorf("error %v", err)
	}
	if got, want := f.reportText(report), "failed\nmuch succeeded\nreads failed"; !strings.HasPrefix(got, want) || !strings.Contains(got, "sh: :stdout could not be kept: file too large; its log is ") {
		t.Errorf("report %s", got)
	}
	const digits = 9 + 2*90 + 3*900 + 4*9000 + 5*90000 + 6*600001
	if n := len(strings.ReplaceAll(outputOf(events, "much"), "\n", "")); n != digits {
		t.Errorf("%d of %d bytes were shown", n, digits)
	}
	if n := strings.Count(outputOf(events, "reads"), "\n"); n != 300000 {
		t.Errorf("%d of 300000 lines were shown", n)
	}
	if _, err := os.Stat(filepath.Join(report.Dir, "report.json")); errors.Is(err, fs.ErrNotExist) {
		t.Error("there is no report, for which there was room")
	}
}

func outputOf(events []exec.Event, job string) string {
	var b strings.Builder
	for _, e := range events {
		if e.Type == exec.Output && e.JobID == job {
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

// TestInterruptedStart checks that an orphan that cannot be put away keeps no
// other run from starting.
func TestInterruptedStart(t *testing.T) {
	f := pipelineFixture(t, script("echo out"))
	report, _ := f.succeed(exec.Options{})
	store := filepath.Dir(filepath.Dir(report.Dir))
	f.Write(filepath.Join(store, "active", "orphan", "lock", "no-file"), "")
	report, events := f.succeed(exec.Options{})
	if text := exectest.EventsText(events); report.Dir == "" || !strings.Contains(text, "runs that were interrupted could not be put away") {
		t.Errorf("%+v, events\n%s", report, text)
	}
}
