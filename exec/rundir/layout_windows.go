package rundir

import (
	"os"
	"path/filepath"
	"time"
)

// Links need a right here that few users have, and a directory in which a file
// is open cannot be renamed. So the directory of a run stays by-id/<id>, and
// what moves from state to state is an empty file <id>.

// marker returns the file that says that a run is in a state.
func (s *Store) marker(id string, in State) string { return filepath.Join(s.dir, string(in), id) }

// place returns the directory of a run that is in a state.
func (s *Store) place(id string, _ State) string { return s.Path(id) }

// draft returns the directory in which a run is made.
func (s *Store) draft(id string) string { return s.Path(id) }

// begin puts a run that was made into state pending, in one step.
func (s *Store) begin(id string) error { return os.WriteFile(s.marker(id, Pending), nil, fileMode) }

// rename takes a run from one state to another, in one step.
func (s *Store) rename(id string, from, to State) error {
	return os.Rename(s.marker(id, from), s.marker(id, to))
}

// unname takes a run out of its state, in one step, and returns where the rest
// of it is.
func (s *Store) unname(e Entry) (gone string, err error) {
	return s.Path(e.ID), os.Remove(s.marker(e.ID, e.State))
}

// link has nothing to do: by-id/<id> is the directory.
func (s *Store) link(string, State) error { return nil }

func (s *Store) linked(string, State) bool { return true }

// removeUnknown removes a directory below by-id that is no run's, as one that
// was to become a run. It has to be old: it may still become one.
func removeUnknown(path string, now time.Time) error { return removeStale(path, now) }

// syncDir does nothing: directories cannot be flushed here.
func syncDir(string) error { return nil }
