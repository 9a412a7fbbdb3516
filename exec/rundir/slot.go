package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Slot is a directory for the files of one run at a time. Runs that follow
// one another get the same one, so that tools whose caches know absolute paths
// find what they made the last time, and most files need not be copied again.
type Slot struct {
	store *Store
	n     int
	lock  *os.File
}

// workspaceName is the name of a workspace in the directory of its run. Files
// about it have names that begin with it and a dot.
const workspaceName = "workspace"

// Slot returns the first slot behind the one with number after that no other
// run uses until [Slot.Release]. Its directory holds what the run before it
// left, or does not exist.
func (s *Store) Slot(after int) (*Slot, error) {
	base := filepath.Join(s.dir, "workspaces")
	if err := os.MkdirAll(base, dirMode); err != nil {
		return nil, err
	}
	for n := after + 1; n <= maxSlots; n++ {
		dir := filepath.Join(base, strconv.Itoa(n))
		f, err := lock(dir+".lock", os.O_CREATE)
		if errors.Is(err, errLocked) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// What is mounted there would be cleared away with the rest.
		if mounted(dir) {
			f.Close()
			continue
		}
		return &Slot{store: s, n: n, lock: f}, nil
	}
	return nil, fmt.Errorf("%s: %d runs are under way", base, maxSlots-after)
}

// maxSlots is how many runs of one repository can be under way.
const maxSlots = 1000

// Number returns the number of the slot, from 1.
func (s *Slot) Number() int { return s.n }

// Dir returns the directory.
func (s *Slot) Dir() string { return filepath.Join(s.store.dir, "workspaces", strconv.Itoa(s.n)) }

// File returns the path of a file about the directory, which goes where the
// directory goes.
func (s *Slot) File(name string) string { return s.Dir() + "." + name }

// WorkspaceFile returns the path of a file about the workspace that the run in
// a directory kept.
func WorkspaceFile(dir, name string) string { return filepath.Join(dir, workspaceName+"."+name) }

// Workspace returns the path of the workspace that the run in a directory kept,
// or has none.
func Workspace(dir string) string { return filepath.Join(dir, workspaceName) }

// Clear removes the directory and the files about it.
func (s *Slot) Clear() error {
	about, err := s.about()
	for _, name := range about {
		err = errors.Join(err, os.Remove(s.File(name)))
	}
	return errors.Join(err, RemoveAll(s.Dir()))
}

// about returns the names of the files about the directory.
func (s *Slot) about() ([]string, error) {
	names, err := named(filepath.Dir(s.Dir()), strconv.Itoa(s.n)+".")
	return slices.DeleteFunc(names, func(name string) bool { return name == "lock" }), err
}

// named returns what follows prefix in the names of a directory that begin with
// it.
func named(dir, prefix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var rest []string
	for _, e := range entries {
		if name, ok := strings.CutPrefix(e.Name(), prefix); ok {
			rest = append(rest, name)
		}
	}
	return rest, err
}

// Keep moves the directory to where a run keeps its workspace. The workspace of
// the last run that failed before it, which nobody can ask for any more, takes
// its place, so that the next run finds most of its files there.
func (s *Slot) Keep(r *Run) error {
	about, err := s.about()
	if err != nil {
		return err
	}
	for _, name := range about {
		if err := os.Rename(s.File(name), WorkspaceFile(r.Dir(), name)); err != nil {
			return err
		}
	}
	if err := os.Rename(s.Dir(), Workspace(r.Dir())); err != nil {
		return err
	}
	failed, err := s.store.Runs(Failed)
	if err != nil {
		return err
	}
	for _, e := range failed {
		if e.ID > r.ID() {
			return nil // it failed later, so it is the one that is kept
		}
		if _, err := os.Lstat(Workspace(e.Dir)); err == nil {
			return s.move(e.Dir)
		}
	}
	return nil
}

// Take moves the workspace that a run kept back into the slot, in place of what
// is there. The error is fs.ErrNotExist when there is none.
func (s *Slot) Take(e Entry) error {
	if _, err := os.Lstat(Workspace(e.Dir)); err != nil {
		return err
	}
	if err := s.Clear(); err != nil {
		return err
	}
	return s.move(e.Dir)
}

// move moves the workspace of the run in dir into the slot, which is empty. The
// directory comes first: who has it is the only one to move the rest.
func (s *Slot) move(dir string) error {
	if err := os.Rename(Workspace(dir), s.Dir()); err != nil {
		return err
	}
	about, err := named(dir, workspaceName+".")
	for _, name := range about {
		err = errors.Join(err, os.Rename(WorkspaceFile(dir, name), s.File(name)))
	}
	return err
}

// Release lets other runs have the slot. Closing the file is not enough: a
// process that is being forked has it open for a moment, and the lock with it.
func (s *Slot) Release() error {
	return errors.Join(unlock(s.lock), s.lock.Close())
}
