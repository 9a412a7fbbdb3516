package exec

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Clones reports whether files of a directory can share their blocks.
func Clones(t testing.TB, dir string) bool {
	t.Helper()
	path := filepath.Join(dir, "cloned")
	if err := os.WriteFile(path, make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(path + " to")
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	return cloneFile(to, from) == nil
}

// MakeWork makes the workspace of a request, and what an engine is given of it.
func MakeWork(t testing.TB, r Request) *Work {
	t.Helper()
	ctx := t.Context()
	x := &execution{request: r, report: &Report{Started: time.Now()}}
	x.jobs = x.runner()
	x.record = &recorder{values: &x.values}
	if _, ok := x.load(ctx); !ok {
		t.Fatal(x.report.Diagnostics)
	}
	defer x.pipe.Close()
	var err error
	if x.plan, err = choose(x.pipe.Graph, r.options); err != nil {
		t.Fatal(err)
	}
	if err := x.open(ctx); err != nil {
		t.Fatal(err)
	}
	defer x.run.Close()
	w, p, err := x.prepare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	work, err := x.makeWork(ctx, w, p)
	if err != nil {
		t.Fatal(err)
	}
	return work
}
