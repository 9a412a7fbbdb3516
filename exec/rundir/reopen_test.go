package rundir_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quire/exec/rundir"
)

// TestReopen checks that who opens a store finds each run in its state, with
// the stamps of all its transitions and what it was made of.
func TestReopen(t *testing.T) {
	stamp := func(minute int) *time.Time { at := noon.Add(time.Duration(minute) * time.Minute); return &at }
	for _, tt := range []struct {
		path []rundir.State // one minute each
		name string         // of the directory
		want rundir.Times
	}{
		{nil, "pending", rundir.Times{}},
		{[]rundir.State{rundir.Active}, "active", rundir.Times{Started: stamp(0)}},
		{[]rundir.State{rundir.Complete}, "complete", rundir.Times{Finished: stamp(0)}},
		{[]rundir.State{rundir.Active, rundir.Complete}, "complete", rundir.Times{Started: stamp(0), Finished: stamp(1)}},
		{[]rundir.State{rundir.Active, rundir.Failed}, "failed", rundir.Times{Started: stamp(0), Finished: stamp(1)}},
	} {
		state, root := t.TempDir(), t.TempDir()
		s, err := rundir.Open(state, root)
		if err != nil {
			t.Fatal(err)
		}
		r := create(t, s)
		meta := read(t, r.File("meta.yml"))
		for i, to := range tt.path {
			move(t, r, noon.Add(time.Duration(i)*time.Minute), to)
		}

		again, err := rundir.Open(state, root)
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Runs()
		want := []rundir.Entry{{ID: r.ID(), State: rundir.State(tt.name), Dir: filepath.Join(again.Dir(), tt.name, r.ID())}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("after %v: runs (-want +got):\n%s%v", tt.path, diff, err)
		}
		for _, st := range []rundir.State{rundir.Pending, rundir.Active, rundir.Complete, rundir.Failed} {
			runs, err := again.Runs(st)
			if found := len(runs) == 1; found != (string(st) == tt.name) || err != nil {
				t.Errorf("after %v: %d runs are %s, %v", tt.path, len(runs), st, err)
			}
		}
		times, err := rundir.ReadTimes(again.Path(r.ID()))
		if diff := cmp.Diff(tt.want, times); diff != "" || err != nil {
			t.Errorf("after %v: times (-want +got):\n%s%v", tt.path, diff, err)
		}
		if left := read(t, filepath.Join(again.Path(r.ID()), "meta.yml")); left != meta {
			t.Errorf("after %v: meta.yml became %q, was %q", tt.path, left, meta)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRecoverUnreadable has orphans that nobody can make sense of.
func TestRecoverUnreadable(t *testing.T) {
	s := open(t)
	if moved, err := s.Recover(noon); len(moved) > 0 || err != nil {
		t.Errorf("recovered %v, %v from an empty store", moved, err)
	}
	var want []string
	for _, name := range []string{"meta.yml", "times.yml", "lock"} {
		r := create(t, s)
		want = append(want, r.ID())
		move(t, r, noon, rundir.Active)
		path := filepath.Join(r.Dir(), name)
		r.Close()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if name != "lock" {
			if err := os.WriteFile(path, []byte("\tno: [yaml"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	moved, err := s.Recover(noon)
	slices.Sort(moved)
	slices.Sort(want)
	if diff := cmp.Diff(want, moved); diff != "" || err != nil {
		t.Errorf("moved (-want +got):\n%s%v", diff, err)
	}
	if failed, err := s.Runs(rundir.Failed); len(failed) != len(want) || err != nil {
		t.Errorf("%d runs are failed, %v", len(failed), err)
	}
}
