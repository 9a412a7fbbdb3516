package rundir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quire/exec/rundir"
)

// TestRead reads a run of another owner in every state, and while it moves.
func TestRead(t *testing.T) {
	s := open(t)
	r := create(t, s)
	if err := r.Write("report.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	early, err := s.Read(r.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	for _, to := range []rundir.State{rundir.Active, rundir.Complete} {
		if !early.StillHeld() {
			t.Errorf("before it is %s nobody holds it", to)
		}
		move(t, r, noon, to)
		now, err := s.Read(r.ID())
		if err != nil {
			t.Fatal(err)
		}
		if e := now.Entry(); e.State != to || e.Dir != r.Dir() || now.Held() != (to == rundir.Active) {
			t.Errorf("%s reads as %+v, held %v", to, e, now.Held())
		}
		if meta, err := now.Meta(); err != nil || meta.SHA != "abc" {
			t.Errorf("meta %+v, %v", meta, err)
		}
		now.Close()
		if text, err := early.ReadFile("report.json"); err != nil || string(text) != "{}" {
			t.Errorf("who opened it before it was %s reads %q, %v", to, text, err)
		}
	}
	r.Close()
	if early.StillHeld() {
		t.Error("it is held after it was given up")
	}
	orphan := create(t, s)
	orphan.Close()
	if left, err := s.Read(orphan.ID()); err != nil || left.Held() {
		t.Errorf("an orphan: %v", err)
	} else {
		left.Close()
	}
	for _, id := range []string{"", ".", "..", "../pending/" + orphan.ID(), "no-run"} {
		if _, err := s.Read(id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Read(%q): %v", id, err)
		}
	}
}

// TestReadStaysInside has a run whose files lead out of it.
func TestReadStaysInside(t *testing.T) {
	s := open(t)
	r := create(t, s)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(r.Dir(), "report.json")); err != nil {
		t.Fatal(err)
	}
	reader, err := s.Read(r.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, name := range []string{"report.json", "../" + r.ID() + "/meta.yml", outside} {
		if text, err := reader.ReadFile(name); err == nil {
			t.Errorf("%s reads as %q", name, text)
		}
	}
}

// TestNoStore lists what is not there, and makes nothing by it.
func TestNoStore(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	s, err := rundir.At(state, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if runs, err := s.Runs(); len(runs) > 0 || err != nil {
		t.Errorf("runs %v, %v", runs, err)
	}
	if all, err := rundir.All(state); len(all) > 0 || err != nil {
		t.Errorf("stores %v, %v", all, err)
	}
	if _, err := os.Stat(state); err == nil {
		t.Error("something was made")
	}
}

// TestRepair has what processes leave that are killed between two steps of a
// change.
func TestRepair(t *testing.T) {
	s := open(t)
	lost, moved, live := create(t, s), create(t, s), create(t, s)
	move(t, lost, noon, rundir.Active, rundir.Complete)
	move(t, moved, noon, rundir.Active, rundir.Failed)
	link := func(id, target string) {
		t.Helper()
		_ = os.Remove(filepath.Join(s.Dir(), "by-id", id))
		if target != "" {
			if err := os.Symlink(target, filepath.Join(s.Dir(), "by-id", id)); err != nil {
				t.Fatal(err)
			}
		}
	}
	link(lost.ID(), "")
	link(moved.ID(), "../active/"+moved.ID())
	link(live.ID(), "../active/"+live.ID()) // which its process is about to see to
	link("gone", "../failed/gone")
	link(".tmp-gone", "../failed/gone")
	gone := filepath.Join(s.Dir(), "failed", ".gone-x")
	if err := os.Mkdir(gone, 0o700); err != nil {
		t.Fatal(err)
	}
	lost.Close()
	moved.Close()
	if moved, err := s.Recover(noon); len(moved) > 0 || err != nil {
		t.Fatalf("recovered %v, %v", moved, err)
	}
	got := map[string]string{}
	links, err := os.ReadDir(filepath.Join(s.Dir(), "by-id"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		got[l.Name()], _ = os.Readlink(filepath.Join(s.Dir(), "by-id", l.Name()))
	}
	want := map[string]string{
		lost.ID():  "../complete/" + lost.ID(),
		moved.ID(): "../failed/" + moved.ID(),
		live.ID():  "../active/" + live.ID(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(gone); err == nil {
		t.Error("what was being removed is still there")
	}
}

// TestPruneHeld checks that a run which another process holds stays, although it
// has ended.
func TestPruneHeld(t *testing.T) {
	s := open(t)
	var runs []*rundir.Run
	for range 3 {
		r := create(t, s)
		move(t, r, noon, rundir.Active, rundir.Complete)
		runs = append(runs, r)
	}
	none := rundir.Retention{}
	if removed := prune(t, s, time.Now(), none); len(removed) > 0 {
		t.Errorf("removed %v, which are held", removed)
	}
	runs[0].Close()
	removed := prune(t, s, time.Now(), none)
	if len(removed) != 1 || removed[0].ID != runs[0].ID() || removed[0].Workspace || removed[0].Bytes == 0 {
		t.Errorf("removed %+v, want the first run", removed)
	}
}
