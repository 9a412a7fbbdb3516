package rundir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// errLocked says that another open file holds the lock.
var errLocked = errors.New("locked by another process")

// lock opens a file and locks it for as long as it is open. The error is
// errLocked when it is locked already.
func lock(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|flag, fileMode)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return f, nil
}

// Recover moves the runs whose processes are gone to state failed and returns
// their ids. A directory that is no run is moved as well, so that nobody meets
// it again.
func (s *Store) Recover(now time.Time) ([]string, error) {
	var moved []string
	var errs []error
	for _, st := range []State{Pending, Active} {
		entries, err := os.ReadDir(filepath.Join(s.dir, string(st)))
		if err != nil {
			return moved, err
		}
		for _, e := range entries {
			path := filepath.Join(s.dir, string(st), e.Name())
			if strings.HasPrefix(e.Name(), ".") {
				errs = append(errs, removeStale(path, now))
				continue
			}
			ok, err := s.bury(path, now)
			if ok {
				moved = append(moved, e.Name())
			}
			errs = append(errs, err)
		}
	}
	return moved, errors.Join(errs...)
}

// bury moves the run at path to failed unless a process holds it or it moved
// meanwhile.
func (s *Store) bury(path string, now time.Time) (bool, error) {
	f, err := lock(filepath.Join(path, lockFile), 0)
	switch {
	case errors.Is(err, errLocked):
		return false, nil
	case err == nil:
		defer f.Close()
	}
	if _, err := os.Lstat(path); err != nil {
		return false, nil
	}
	id := filepath.Base(path)
	if times, err := ReadTimes(path); err == nil {
		if err := writeYAML(filepath.Join(path, "times.yml"), times.stamped(Failed, now)); err != nil {
			return false, err
		}
	}
	switch err := os.Rename(path, filepath.Join(s.dir, string(Failed), id)); {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, s.link(id, Failed)
}

// removeStale removes what a process that died while it created a run left.
func removeStale(path string, now time.Time) error {
	info, err := os.Lstat(path)
	if err != nil || now.Sub(info.ModTime()) < time.Hour {
		return nil
	}
	return RemoveAll(path)
}
