package rundir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A Retention says which ended runs are kept: the newest Runs of them that are
// not older than Age, and in any case the last, and the last that failed.
type Retention struct {
	Runs int
	Age  time.Duration
}

// DefaultRetention is what each run keeps when it ends.
var DefaultRetention = Retention{Runs: 50, Age: 30 * 24 * time.Hour}

// A Removal is something that [Store.Prune] removed: a run, or only the
// workspace of one.
type Removal struct {
	Entry
	Workspace bool  // only that
	Bytes     int64 // of the files that were removed
}

// Prune removes the ended runs that are not to be kept, and the workspaces of
// all ended runs but the last that failed, and returns what it removed. A dry
// run only finds out. Runs that a process holds stay.
func (s *Store) Prune(now time.Time, keep Retention, dry bool) ([]Removal, error) {
	runs, err := s.Runs(Complete, Failed)
	if err != nil {
		return nil, err
	}
	var removed []Removal
	var errs []error
	failed := false
	for i, e := range runs {
		lastFailed := e.State == Failed && !failed
		failed = failed || lastFailed
		r := Removal{Entry: e, Workspace: i == 0 || lastFailed || i < keep.Runs && now.Sub(e.Created()) <= keep.Age}
		if r.Workspace && (lastFailed || !exists(workspaceOf(e))) {
			continue
		}
		ok, err := s.prune(&r, dry)
		if ok {
			removed = append(removed, r)
		}
		errs = append(errs, err)
	}
	return removed, errors.Join(errs...)
}

func workspaceOf(e Entry) string { return filepath.Join(e.Dir, "workspace") }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// prune removes a run, or its workspace, and reports whether it did.
func (s *Store) prune(r *Removal, dry bool) (bool, error) {
	release, ok, err := r.claim()
	if !ok {
		return false, err
	}
	defer release()
	if r.Workspace {
		r.Bytes = size(workspaceOf(r.Entry))
		if dry {
			return true, nil
		}
		err := RemoveAll(workspaceOf(r.Entry))
		return err == nil, err
	}
	r.Bytes = size(r.Dir)
	if dry {
		return true, nil
	}
	// Nobody is to read half of a run, so it loses its name first.
	gone, err := s.unname(r.Entry)
	if err != nil {
		return false, err
	}
	release() // Windows removes no file that is open
	return true, RemoveAll(gone)
}

// size returns the bytes in the files below a path.
func size(path string) (bytes int64) {
	_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
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
