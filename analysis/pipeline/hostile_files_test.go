package pipeline_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
	"quire/exec/exectest"
)

// TestHostileFiles loads each case of testdata/hostile: it ends, and what is
// found has the code and the line that the case names.
func TestHostileFiles(t *testing.T) {
	for i, h := range exectest.ReadHostile(t, "../../testdata/hostile") {
		if raced && i%4 != 0 {
			continue // most only compute, in one goroutine
		}
		t.Run(h.Name, func(t *testing.T) { testHostileFile(t, h) })
	}
}

func testHostileFile(t *testing.T, h *exectest.Hostile) {
	if len(h.Archive.Comment) == 0 {
		t.Error("the case does not say which promise it attacks")
	}
	root := h.Make(t, t.TempDir())
	defer h.Change(t)()
	file, ok := readPipeline(t, root)
	if !ok {
		checkHostile(t, h, "want", []string{"unreadable"})
		return
	}
	checkHostile(t, h, "want", foundIn(t, root, file))
	if !h.Has("run") {
		return
	}
	// On the first line, so that the others keep their numbers.
	text := "(local {: job} (require :quire.ci)) (job :hostile [:quire/push] (fn [] " + file.Text() + "\n))"
	file = source.NewFile(pipeline.Path, text)
	checkHostile(t, h, "run", ranIn(t, root, file))
}

// readPipeline returns the pipeline of a case, however large it is. It reports
// false where it is no file that may be read.
func readPipeline(t *testing.T, root string) (*source.File, bool) {
	path := filepath.Join(root, filepath.FromSlash(pipeline.Path))
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !info.Mode().IsRegular() {
		if _, err := exec.Dir(root).Read(pipeline.Path); err == nil {
			t.Error("it was read")
		}
		return nil, false
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return source.NewFile(pipeline.Path, string(text)), true
}

// loadHostile loads a pipeline among the files of a directory.
func loadHostile(t *testing.T, root string, file *source.File) (*pipeline.Pipeline, diag.List) {
	tree, l := exec.Dir(root), untimed()
	l.Run = l.Load
	m := pipeline.Compile(file, tree, nil, l)
	p, found := pipeline.Load(t.Context(), m, tree, nil, l)
	t.Cleanup(p.Close)
	return p, found
}

// foundIn returns what is found in a pipeline, as a case says it.
func foundIn(t *testing.T, root string, file *source.File) []string {
	_, found := loadHostile(t, root, file)
	lines := []string{}
	for _, d := range found {
		if d.Severity() > diag.Warning {
			continue
		}
		lines = append(lines, hostileLine(d))
	}
	return lines
}

// ranIn returns how the job of a pipeline fails, as a case says it.
func ranIn(t *testing.T, root string, file *source.File) []string {
	p, found := loadHostile(t, root, file)
	for _, d := range found {
		if d.Severity() == diag.Error {
			return []string{hostileLine(d)}
		}
	}
	_, err := p.Run(t.Context(), "hostile", newHost(t))
	var failed *pipeline.JobError
	switch {
	case errors.As(err, &failed) && failed.Limit:
		return []string{hostileLine(failed.Diagnostic) + " limit"}
	case errors.As(err, &failed):
		return []string{hostileLine(failed.Diagnostic)}
	case err != nil:
		return []string{err.Error()}
	}
	return []string{"nothing"}
}

func hostileLine(d diag.Diagnostic) string {
	name := filepath.Base(d.File.Name())
	return fmt.Sprintf("%s:%d %s", name, d.File.Position(d.Span.Start).Line, d.Code)
}

// maxHostile is how many lines a case names.
const maxHostile = 3

// checkHostile compares what was found with what a case says, or has it say
// that.
func checkHostile(t *testing.T, h *exectest.Hostile, name string, got []string) {
	t.Helper()
	want := h.Lines(name)
	if len(want) == 1 && want[0] == "any" {
		return
	}
	got = got[:min(len(got), maxHostile)]
	if !*update {
		if d := gocmp.Diff(want, got); d != "" {
			t.Errorf("%s: -want +got:\n%s", name, d)
		}
		return
	}
	h.Set(name, strings.Join(got, "\n")+"\n")
	if err := os.WriteFile(h.Path, txtar.Format(h.Archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
