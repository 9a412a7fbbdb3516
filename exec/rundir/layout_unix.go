//go:build unix

package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// place returns the directory of a run that is in a state.
func (s *Store) place(id string, in State) string { return filepath.Join(s.dir, string(in), id) }

// draft returns the directory in which a run is made.
func (s *Store) draft(id string) string { return filepath.Join(s.dir, string(Pending), making+id) }

// begin puts a run that was made into state pending, in one step.
func (s *Store) begin(id string) error { return os.Rename(s.draft(id), s.place(id, Pending)) }

// rename takes a run from one state to another, in one step.
func (s *Store) rename(id string, from, to State) error {
	return os.Rename(s.place(id, from), s.place(id, to))
}

// unname takes a run out of its state, in one step, and returns where the rest
// of it is.
func (s *Store) unname(e Entry) (gone string, err error) {
	gone = filepath.Join(s.dir, string(e.State), removing+e.ID)
	if err := os.Rename(e.Dir, gone); err != nil {
		return e.Dir, err
	}
	return gone, remove(s.Path(e.ID))
}

// link points by-id/<id> at the directory of a state.
func (s *Store) link(id string, to State) error {
	tmp := filepath.Join(s.dir, byID, making+id)
	if err := remove(tmp); err != nil {
		return err
	}
	if err := os.Symlink(linkTarget(id, to), tmp); err != nil {
		return err
	}
	return os.Rename(tmp, s.Path(id))
}

func linkTarget(id string, st State) string { return filepath.Join("..", string(st), id) }

// linked reports whether by-id/<id> points at the directory of a state.
func (s *Store) linked(id string, st State) bool {
	target, _ := os.Readlink(s.Path(id))
	return target == linkTarget(id, st)
}

// removeUnknown removes a link below by-id whose run is gone.
func removeUnknown(path string, _ time.Time) error { return remove(path) }

// syncDir makes the names in a directory survive a crash of the machine, where
// the file system can.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
