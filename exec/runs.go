package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"quire/exec/rundir"
)

// The names of runs that stand for no id.
const (
	LastRun       = "last"
	LastFailedRun = "last-failed"
)

// Runs are the recorded runs of a repository, or of all of this machine. They
// may be read while other processes run jobs.
type Runs struct{ stores []*rundir.Store }

// OpenRuns opens the runs of the repository that holds the directory root. Of
// the options only State and Environ matter. A repository that never had a run
// has none.
func OpenRuns(root string, o Options) (*Runs, error) {
	env, state, err := runsOf(o)
	if err != nil {
		return nil, err
	}
	repo, err := discover(context.Background(), env, root)
	if err != nil {
		return nil, err
	}
	store, err := rundir.At(state, repo.root)
	return &Runs{[]*rundir.Store{store}}, err
}

// OpenAllRuns opens the runs of all repositories.
func OpenAllRuns(o Options) (*Runs, error) {
	_, state, err := runsOf(o)
	if err != nil {
		return nil, err
	}
	stores, err := rundir.All(state)
	return &Runs{stores}, err
}

func runsOf(o Options) (env environ, state string, err error) {
	if env = o.Environ; env == nil {
		env = os.Environ()
	}
	state, err = stateDir(env, o.State)
	return env, state, err
}

// A runEntry is a run with the store that holds it.
type runEntry struct {
	rundir.Entry
	store *rundir.Store
}

// entries returns the runs, newest first.
func (r *Runs) entries() ([]runEntry, error) {
	var all []runEntry
	for _, s := range r.stores {
		found, err := s.Runs()
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			all = append(all, runEntry{e, s})
		}
	}
	slices.SortStableFunc(all, func(a, b runEntry) int { return strings.Compare(b.ID, a.ID) })
	return all, nil
}

// IDs returns the ids of the runs, newest first.
func (r *Runs) IDs() ([]string, error) {
	entries, err := r.entries()
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids, err
}

// List reads the runs, newest first, and of them at most a number that is above
// zero.
func (r *Runs) List(most int) ([]*StoredRun, error) {
	entries, err := r.entries()
	if err != nil {
		return nil, err
	}
	var runs []*StoredRun
	for _, e := range entries {
		if most > 0 && len(runs) == most {
			break
		}
		run, err := readRun(e.store, e.ID)
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody removed it meanwhile
		}
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// Find reads the run with a name: the beginning of its id, [LastRun] for the
// newest, or [LastFailedRun] for the newest that ended without success. The
// error is a [*UsageError] when that is no run or several.
func (r *Runs) Find(name string) (*StoredRun, error) {
	e, err := r.locate(name)
	if err != nil {
		return nil, err
	}
	return readRun(e.store, e.ID)
}

// locate returns where the run with a name is.
func (r *Runs) locate(name string) (runEntry, error) {
	entries, err := r.entries()
	if err != nil {
		return runEntry{}, err
	}
	if len(entries) == 0 {
		return runEntry{}, &UsageError{"there are no runs of this repository yet: quire ci run makes one"}
	}
	switch name {
	case LastRun:
		return entries[0], nil
	case LastFailedRun:
		return lastFailed(entries)
	}
	var found []runEntry
	for _, e := range entries {
		if e.ID == name {
			return e, nil
		}
		if name != "" && strings.HasPrefix(e.ID, name) {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 0:
		return runEntry{}, &UsageError{fmt.Sprintf("there is no run %q. The last are\n%s", name, listIDs(entries))}
	case 1:
		return found[0], nil
	}
	return runEntry{}, &UsageError{fmt.Sprintf("%q is the beginning of %d runs:\n%s", name, len(found), listIDs(found))}
}

// lastFailed returns the newest run that ended without success. A run whose
// process is gone did, wherever it still stands.
func lastFailed(entries []runEntry) (runEntry, error) {
	for _, e := range entries {
		if e.State == rundir.Complete {
			continue
		}
		run, err := readRun(e.store, e.ID)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return runEntry{}, err
		case run.Ended() && run.Outcome != Succeeded:
			return e, nil
		}
	}
	return runEntry{}, &UsageError{"no run of this repository failed"}
}

// listIDs lists a few of the runs, with the times they were made.
func listIDs(entries []runEntry) string {
	const most = 5
	var lines []string
	for i, e := range entries {
		if i == most {
			lines = append(lines, fmt.Sprintf("  and %d more", len(entries)-most))
			break
		}
		lines = append(lines, fmt.Sprintf("  %s  %s", e.ID, e.Created().Format(time.DateTime)))
	}
	return strings.Join(lines, "\n")
}

// A Retention says which ended runs are kept: the newest Runs of them that are
// not older than Age. The last run and the last that failed always are.
type Retention = rundir.Retention

// DefaultRetention is what each run keeps when it ends.
func DefaultRetention() Retention { return rundir.DefaultRetention }

// A RemovedRun is a run that was removed, or only its workspace.
type RemovedRun struct {
	ID        string
	Created   time.Time
	Workspace bool  // only that
	Bytes     int64 // of the files that were removed
}

// Prune puts away what interrupted runs left, removes the ended runs that are not
// to be kept, and returns what it removed. A dry run only finds out. No run that
// is under way is touched.
func (r *Runs) Prune(keep Retention, dry bool) ([]RemovedRun, error) {
	var removed []RemovedRun
	var errs []error
	now := time.Now()
	for _, s := range r.stores {
		if _, err := os.Stat(s.Dir()); err != nil {
			continue
		}
		if !dry {
			orphans, err := s.Recover(now)
			for _, id := range orphans {
				endStrays(runMark(id), false)
			}
			errs = append(errs, err)
		}
		found, err := s.Prune(now, keep, dry)
		errs = append(errs, err)
		for _, f := range found {
			removed = append(removed, RemovedRun{f.ID, f.Created(), f.Workspace, f.Bytes})
		}
	}
	return removed, errors.Join(errs...)
}
