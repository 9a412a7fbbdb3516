package exec_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"quire/exec"
	"quire/exec/rundir"
)

// logRange returns the output that a stored event stands for.
func logRange(t testing.TB, dir string, e exec.Event) string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, rundir.LogName(e.JobID, e.Sh)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []byte
	for entry, err := range rundir.ReadLog(io.NewSectionReader(f, *e.Start, *e.End-*e.Start)) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Stream != e.Stream {
			t.Errorf("an output event of %s covers an entry of %s", e.Stream, entry.Stream)
		}
		out = entry.AppendOutput(out)
	}
	return string(out)
}
