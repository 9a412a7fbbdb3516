package rundir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Interrupted is the [Meta] Reason of a run that Recover moved.
const Interrupted = "interrupted: the process that ran it is gone"

// errLocked says that another open file holds the lock.
var errLocked = errors.New("locked by another process")

// lock opens a file and locks it for as long as it is open. The error is
// errLocked when it is locked already.
func lock(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|flag, fileMode)
	if err != nil {
		return nil, err
	}
	if err := lockAtOnce(f, true); err != nil {
		f.Close()
		if errors.Is(err, errLocked) {
			return nil, errLocked
		}
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return f, nil
}

// held reports whether a process holds the run in a directory. It needs no right
// to write there.
func held(dir *os.Root) (bool, error) {
	f, err := dir.Open(lockFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = lockAtOnce(f, false)
	if errors.Is(err, errLocked) {
		return true, nil
	}
	return false, err
}

// claim locks a run that has ended or is an orphan, and returns what gives it
// back; ok is false when somebody else has it or it is gone from where it was.
func (e Entry) claim() (release func(), ok bool, err error) {
	f, err := lock(filepath.Join(e.Dir, lockFile), 0)
	release = func() { f.Close() } // which a nil file takes
	switch {
	case errors.Is(err, errLocked):
		return release, false, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return release, false, err
	}
	if _, err := os.Lstat(e.Dir); err != nil {
		release()
		return release, false, nil
	}
	return release, true, nil
}

// Recover moves the runs whose processes are gone to state failed, with
// [Interrupted] as the reason, and returns their ids. A directory that is no run
// is moved as well, so that nobody meets it again. It also finishes what
// processes that died had begun to move or to remove.
func (s *Store) Recover(now time.Time) ([]string, error) {
	var moved []string
	orphans, err := s.Runs(Pending, Active)
	errs := []error{err}
	for _, e := range orphans {
		ok, err := s.bury(e, now)
		if ok {
			moved = append(moved, e.ID)
		}
		errs = append(errs, err)
	}
	errs = append(errs, s.repairLinks(now), s.removeLeft(now))
	return moved, errors.Join(errs...)
}

// bury moves a run to failed unless a process holds it or it moved meanwhile.
func (s *Store) bury(e Entry, now time.Time) (bool, error) {
	release, ok, err := e.claim()
	if !ok {
		return false, err
	}
	defer release()
	// What cannot be read cannot be kept either.
	meta, _ := ReadMeta(e.Dir)
	times, _ := ReadTimes(e.Dir)
	meta.Reason = Interrupted
	if info, err := os.Lstat(e.Dir); err == nil && info.IsDir() {
		if err := writeYAML(filepath.Join(e.Dir, metaFile), meta, true); err != nil {
			return false, err
		}
		return s.move(e.ID, e.State, Failed, times.stamped(Failed, now))
	}
	return true, s.rename(e.ID, e.State, Failed)
}

// repairLinks points by-id at each run that a process left between its rename
// and its link, and removes the links of runs that are gone.
func (s *Store) repairLinks(now time.Time) error {
	runs, err := s.Runs()
	errs := []error{err}
	for _, e := range runs {
		if s.linked(e.ID, e.State) {
			continue
		}
		release, ok, err := e.claim()
		if ok {
			err = s.link(e.ID, e.State)
			release()
		}
		errs = append(errs, err)
	}
	links, err := os.ReadDir(filepath.Join(s.dir, byID))
	errs = append(errs, err)
	for _, l := range links {
		id := strings.TrimPrefix(l.Name(), making)
		if _, ok := s.Find(id); !ok {
			errs = append(errs, removeUnknown(filepath.Join(s.dir, byID, l.Name()), now))
		}
	}
	return errors.Join(errs...)
}

// removeLeft removes what processes that died while they made or removed a run
// left.
func (s *Store) removeLeft(now time.Time) error {
	var errs []error
	for _, st := range states {
		entries, err := os.ReadDir(filepath.Join(s.dir, string(st)))
		errs = append(errs, err)
		for _, e := range entries {
			path := filepath.Join(s.dir, string(st), e.Name())
			switch {
			case strings.HasPrefix(e.Name(), removing):
				errs = append(errs, RemoveAll(path))
			case strings.HasPrefix(e.Name(), making):
				errs = append(errs, removeStale(path, now))
			}
		}
	}
	return errors.Join(errs...)
}

// removeStale removes what was to become a run. That nobody holds its lock means
// nothing while it is made, so it has to be old.
func removeStale(path string, now time.Time) error {
	info, err := os.Lstat(path)
	if err != nil || now.Sub(info.ModTime()) < time.Hour {
		return nil
	}
	return RemoveAll(path)
}

// remove removes a file that may be gone already.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
