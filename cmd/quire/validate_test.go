package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/exec"
)

// bigPipeline is a pipeline of n jobs in chains of ten, of which every
// faulty-th has an error; 0: none has.
func bigPipeline(n, faulty int) string {
	var b strings.Builder
	b.WriteString("(local {: job} (require :quire.ci))\n")
	for i := range n {
		input, option := fmt.Sprintf("step-%d", i-1), "env"
		if i%10 == 0 {
			input = "quire/push"
		}
		if faulty > 0 && i%faulty == 0 {
			option = "enb"
		}
		fmt.Fprintf(&b, `
(job :step-%d [:%s]
  (fn [{: sh : log}]
    (let [{: exit : stderr} (sh ["make" "step-%[1]d"] {:%[3]s {:STEP "%[1]d"}})]
      (when (not= exit 0)
        (log stderr)
        (error "step-%[1]d failed")))
    {:step %[1]d}))
`, i, input, option)
	}
	return b.String()
}

// BenchmarkValidate is what a person waits for, from the search for the
// repository to the last line of the output.
func BenchmarkValidate(b *testing.B) {
	for _, test := range []struct {
		name   string
		faulty int
		want   error
	}{
		{"1000 jobs", 0, nil},
		{"1000 jobs, 50 errors", 20, errPipeline},
	} {
		b.Run(test.name, func(b *testing.B) {
			file := filepath.Join(b.TempDir(), ".quire", "ci.fnl")
			if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(bigPipeline(1000, test.faulty)), 0o600)); err != nil {
				b.Fatal(err)
			}
			null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer null.Close()
			ctx, cancel := context.WithCancelCause(b.Context())
			defer cancel(nil)
			s := &session{stdin: os.Stdin, stdout: newStream(null, cancel), stderr: newStream(null, cancel)}
			for b.Loop() {
				if err := execute(ctx, s, []string{"ci", "validate", file}); !errors.Is(err, test.want) {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestBigPipeline checks that the benchmark measures what it says.
func TestBigPipeline(t *testing.T) {
	for faulty, want := range map[int]int{0: 0, 20: 50} {
		s := analysis.New(source.NewFile("ci.fnl", bigPipeline(1000, faulty)), analysis.Options{})
		errors := 0
		for _, d := range s.Diagnostics() {
			if d.Severity() != diag.Error {
				t.Errorf("%v", d)
			}
			errors++
		}
		if errors != want || len(s.Graph().Jobs) != 1000 {
			t.Errorf("%d errors, want %d", errors, want)
		}
	}
}

// noModules is a tree without files.
type noModules struct{}

func (noModules) Read(path string) (*source.File, error) { return nil, os.ErrNotExist }

// TestFixAll checks that fixing a pipeline with many faults leaves none that
// has a safe fix, changes nothing else, and ends.
func TestFixAll(t *testing.T) {
	src := &exec.Source{File: source.NewFile("ci.fnl", bigPipeline(200, 2)), Tree: noModules{}}
	f := fixAll(src, analysis.Options{})
	if got, want := f.file.Text(), bigPipeline(200, 0); got != want {
		t.Errorf("the fixed pipeline is\n%s", got)
	}
	if f.applied != 100 {
		t.Errorf("%d fixes were applied, want 100", f.applied)
	}
	if left := f.snapshot.Diagnostics(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestFixExamples fixes the bad example of each code: nothing that has a safe
// fix is left.
func TestFixExamples(t *testing.T) {
	fixes := 0
	for _, e := range diag.Entries() {
		f := fixAll(&exec.Source{File: source.NewFile("ci.fnl", e.Bad), Tree: noModules{}}, analysis.Options{})
		fixes += f.applied
		for _, d := range f.snapshot.Diagnostics() {
			for _, fix := range d.Fixes {
				if fix.Safe {
					t.Errorf("%s: %v still has the safe fix %q in\n%s", e.Code, d, fix.Title, f.file.Text())
				}
			}
		}
	}
	if fixes == 0 {
		t.Error("no example has a safe fix")
	}
}

// TestReplaceFile checks that a file that changed after it was read is kept.
func TestReplaceFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ci.fnl")
	if err := os.WriteFile(file, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(file, "before", "after"); err == nil {
		t.Error("a file that was changed meanwhile is overwritten")
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "theirs" {
		t.Errorf("the file is %q (%v)", text, err)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("files left: %v (%v)", left, err)
	}
}
