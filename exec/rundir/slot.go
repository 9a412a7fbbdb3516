package rundir

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// A Slot is a directory for the files of one run at a time. Runs that follow
// one another get the same one, so that tools whose caches know absolute paths
// find what they made the last time.
type Slot struct {
	dir  string
	lock *os.File
}

// Slot returns an empty directory that no other run uses until
// [Slot.Release].
func (s *Store) Slot() (*Slot, error) {
	base := filepath.Join(s.dir, "workspaces")
	if err := os.MkdirAll(base, dirMode); err != nil {
		return nil, err
	}
	var full error
	for n := 1; n <= maxSlots; n++ {
		dir := filepath.Join(base, strconv.Itoa(n))
		f, err := lock(dir+".lock", os.O_CREATE)
		if errors.Is(err, errLocked) {
			continue
		}
		if err != nil {
			return nil, err
		}
		err = RemoveAll(dir)
		if err == nil {
			err = os.Mkdir(dir, dirMode)
		}
		if err == nil {
			return &Slot{dir: dir, lock: f}, nil
		}
		// What a run left may belong to somebody else; it is only in the way here.
		f.Close()
		full = err
	}
	return nil, cmp.Or(full, fmt.Errorf("%s: %d runs are under way", base, maxSlots))
}

// maxSlots is how many runs of one repository can be under way.
const maxSlots = 1000

// Dir returns the directory.
func (s *Slot) Dir() string { return s.dir }

// Keep moves the directory to where a run keeps its workspace.
func (s *Slot) Keep(r *Run) error {
	return os.Rename(s.dir, filepath.Join(r.Dir(), "workspace"))
}

// Release removes the directory and lets other runs have the slot.
func (s *Slot) Release() error { return errors.Join(RemoveAll(s.dir), s.lock.Close()) }
