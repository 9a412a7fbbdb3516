package rundir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"quire/exec/rundir"
)

// slot returns a free slot of a store.
func slot(t *testing.T, s *rundir.Store) *rundir.Slot {
	t.Helper()
	sl, err := s.Slot(0)
	if err != nil {
		t.Fatal(err)
	}
	return sl
}

// occupy makes a slot hold a workspace that is known by its text, and a file
// about it.
func occupy(t *testing.T, sl *rundir.Slot, text string) {
	t.Helper()
	if err := sl.Clear(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(sl.Dir(), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(sl.Dir(), "text"), sl.File("about")} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// occupied wants a slot to hold such a workspace; with an empty text, none.
func occupied(t *testing.T, sl *rundir.Slot, want string) {
	t.Helper()
	is(t, "the slot", sl.Dir(), sl.File("about"), want)
}

// kept wants a run to have kept such a workspace.
func kept(t *testing.T, r *rundir.Run, want string) {
	t.Helper()
	is(t, "what the run kept", rundir.Workspace(r.Dir()), rundir.WorkspaceFile(r.Dir(), "about"), want)
}

func is(t *testing.T, what, dir, about, want string) {
	t.Helper()
	for _, path := range []string{filepath.Join(dir, "text"), about} {
		text, err := os.ReadFile(path)
		if string(text) != want || errors.Is(err, fs.ErrNotExist) != (want == "") {
			t.Errorf("%s: %s is %q (%v), want %q", what, path, text, err, want)
		}
	}
}

func release(t *testing.T, sl *rundir.Slot) {
	t.Helper()
	if err := sl.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestSlots(t *testing.T) {
	s := open(t)
	a, b := slot(t, s), slot(t, s)
	if a.Dir() == b.Dir() {
		t.Fatal("two runs share a workspace")
	}
	occupy(t, a, "first")
	dir := a.Dir()
	release(t, a)
	again := slot(t, s)
	if again.Dir() != dir {
		t.Errorf("a free slot was not used again: %s, want %s", again.Dir(), dir)
	}
	occupied(t, again, "first")
	other, err := s.Slot(again.Number())
	if err != nil || other.Dir() == b.Dir() || other.Dir() == dir {
		t.Errorf("a slot behind the first, with the second in use: %s, %v", other.Dir(), err)
	}
	if err := again.Clear(); err != nil {
		t.Fatal(err)
	}
	occupied(t, again, "")
}

// TestKeptWorkspaces has runs fail one after the other: each keeps its
// workspace, and gives that of the one before it to the slot.
func TestKeptWorkspaces(t *testing.T) {
	s := open(t)
	var runs []*rundir.Run
	for _, text := range []string{"first", "second", "third"} {
		r := create(t, s)
		move(t, r, noon, rundir.Active)
		sl := slot(t, s)
		occupy(t, sl, text)
		if err := sl.Keep(r); err != nil {
			t.Fatal(err)
		}
		release(t, sl)
		move(t, r, noon, rundir.Failed)
		runs = append(runs, r)
	}
	kept(t, runs[0], "")
	kept(t, runs[1], "")
	kept(t, runs[2], "third")
	sl := slot(t, s)
	occupied(t, sl, "second")

	// One that failed before leaves that of one that failed since alone.
	late := create(t, s)
	move(t, late, noon, rundir.Active)
	newer := create(t, s)
	move(t, newer, noon, rundir.Active)
	two, err := s.Slot(sl.Number())
	if err != nil {
		t.Fatal(err)
	}
	occupy(t, two, "newer")
	if err := two.Keep(newer); err != nil {
		t.Fatal(err)
	}
	move(t, newer, noon, rundir.Failed)
	occupy(t, sl, "late")
	if err := sl.Keep(late); err != nil {
		t.Fatal(err)
	}
	kept(t, newer, "newer")
	kept(t, late, "late")
	occupied(t, sl, "")

	// A kept workspace goes back to a slot once.
	entry := rundir.Entry{ID: newer.ID(), State: rundir.Failed, Dir: newer.Dir()}
	occupy(t, sl, "in the way")
	if err := sl.Take(entry); err != nil {
		t.Fatal(err)
	}
	occupied(t, sl, "newer")
	kept(t, newer, "")
	if err := two.Take(entry); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the workspace was taken twice: %v", err)
	}
	occupied(t, two, "third")
}
