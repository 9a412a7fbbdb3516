package rundir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
)

// What [Store.Prune] keeps.
const (
	KeepRuns = 50
	KeepFor  = 30 * 24 * time.Hour
)

// Prune removes ended runs that are not among the newest KeepRuns or are older
// than KeepFor, and the workspaces of all ended runs but the last that failed.
// It never removes the last run and the last that failed.
func (s *Store) Prune(now time.Time) error {
	runs, err := s.Runs(Complete, Failed)
	if err != nil {
		return err
	}
	var errs []error
	failed := false
	for i, r := range runs {
		lastFailed := r.State == Failed && !failed
		failed = failed || lastFailed
		switch {
		case i == 0 || lastFailed:
		case i >= KeepRuns || now.Sub(created(r)) > KeepFor:
			errs = append(errs, s.remove(r))
			continue
		}
		if !lastFailed {
			errs = append(errs, RemoveAll(filepath.Join(r.Dir, "workspace")))
		}
	}
	return errors.Join(errs...)
}

// created returns when a run was created, which its id says; what is no run is
// as old as its directory.
func created(e Entry) time.Time {
	if id, err := uuid.Parse(e.ID); err == nil && id.Version() == 7 {
		sec, nsec := id.Time().UnixTime()
		return time.Unix(sec, nsec)
	}
	info, err := os.Lstat(e.Dir)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func (s *Store) remove(e Entry) error {
	if err := RemoveAll(e.Dir); err != nil {
		return err
	}
	if err := os.Remove(s.Path(e.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// RemoveAll removes a path and everything below it, also directories that
// their owner may not write, as caches of tools like to leave.
func RemoveAll(path string) error {
	if err := os.RemoveAll(path); err == nil {
		return nil
	}
	_ = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(p, dirMode)
		}
		if err != nil {
			return fs.SkipDir
		}
		return nil
	})
	return os.RemoveAll(path)
}
