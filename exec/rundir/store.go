// Package rundir keeps the runs of a repository on disk: one directory a run,
// which moves from state to state by renames, and in it the logs of its
// commands.
//
//	<state>/runs/<repo>/
//	  pending/ active/ complete/ failed/   one directory <id> for each run in that state
//	  by-id/<id>                           relative link to where the run is now
//	  workspaces/<n>                       where runs under way have their files
//
//	<id>/
//	  meta.yml times.yml                   what the run is of, and when it was where
//	  events.jsonl report.json
//	  jobs/<job>/sh-<n>.log outputs.json
//	  workspace/                           of the latest failed run only
//
// A run that is under way holds a lock on the file "lock" in its directory. The
// kernel drops the lock with the process, so a run without one is an orphan,
// whatever became of its process id. Whoever changes a run that has ended, as
// [Store.Recover] and [Store.Prune] do, holds its lock meanwhile: several
// processes share a store without a lock on the whole of it.
//
// Files are replaced in one step, and what an ended run consists of is on the
// disk before its directory gets the name that says so. Names that begin with a
// dot are of what is being made or removed.
//
// Windows has another layout, which layout_windows.go describes.
package rundir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// A State is where a run stands. Its text is the name of the directory that
// holds runs in that state.
type State string

// The states.
const (
	Pending  State = "pending"
	Active   State = "active"
	Complete State = "complete" // ended, and everything succeeded
	Failed   State = "failed"   // ended in any other way
)

// states are in the order in which a run goes through them: who looks for a run
// in this order finds it although it moves meanwhile.
var states = []State{Pending, Active, Complete, Failed}

const (
	byID      = "by-id"
	lockFile  = "lock"
	metaFile  = "meta.yml"
	timesFile = "times.yml"
	dirMode   = 0o700
	fileMode  = 0o600

	making   = ".tmp-"  // begins the name of what is being made
	removing = ".gone-" // begins the name of what is being removed
)

// A Store holds the runs of one repository.
type Store struct{ dir string }

// At returns the store of the repository at root, which need not exist. State is
// the directory that holds the stores of all repositories.
func At(state, root string) (*Store, error) {
	name, err := Name(root)
	if err != nil {
		return nil, err
	}
	state, err = filepath.Abs(state)
	if err != nil {
		return nil, err
	}
	return &Store{dir: filepath.Join(state, "runs", name)}, nil
}

// Open returns the store of the repository at root, making it when it does
// not exist.
func Open(state, root string) (*Store, error) {
	s, err := At(state, root)
	if err != nil {
		return nil, err
	}
	return s, s.Make()
}

// Temporary makes a store that is no other process's and not where people look
// for one. [Store.Discard] removes it.
func Temporary() (*Store, error) {
	dir, err := os.MkdirTemp("", "quire-run-*")
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	return s, s.Make()
}

// Discard removes the store with everything in it.
func (s *Store) Discard() error { return RemoveAll(s.dir) }

// Make makes the directories of the store that do not exist.
func (s *Store) Make() error {
	dirs := []string{byID}
	for _, st := range states {
		dirs = append(dirs, string(st))
	}
	for _, d := range dirs {
		if err := os.MkdirAll(filepath.Join(s.dir, d), dirMode); err != nil {
			return err
		}
	}
	return nil
}

// All returns the stores of all repositories.
func All(state string) ([]*Store, error) {
	dir := filepath.Join(state, "runs")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []*Store
	for _, e := range entries {
		if e.IsDir() {
			all = append(all, &Store{dir: filepath.Join(dir, e.Name())})
		}
	}
	return all, nil
}

// Name returns the name of a repository's store: the base name of its real
// path, and enough of a hash of that path to tell it from others.
func Name(root string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	root, err = filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(root))
	return FileName(filepath.Base(root)) + "-" + hex.EncodeToString(sum[:4]), nil
}

// Dir returns the directory of the store.
func (s *Store) Dir() string { return s.dir }

// Path returns where a run is found in whatever state it is.
func (s *Store) Path(id string) string { return filepath.Join(s.dir, byID, id) }

// Locate returns the store and the id of the run at a path that [Store.Path]
// returned.
func Locate(path string) (s *Store, id string) {
	return &Store{dir: filepath.Dir(filepath.Dir(path))}, filepath.Base(path)
}

// An Entry is a run in a store.
type Entry struct {
	ID    string
	State State
	Dir   string // where it is now
}

// Created returns when the run was created, which its id says; what is no run is
// as old as its directory.
func (e Entry) Created() time.Time {
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

// Runs returns the runs in the given states, or in all, newest first. A store
// that does not exist has none.
func (s *Store) Runs(in ...State) ([]Entry, error) {
	if len(in) == 0 {
		in = states
	}
	found := map[string]Entry{}
	for _, st := range states {
		if !slices.Contains(in, st) {
			continue
		}
		dir := filepath.Join(s.dir, string(st))
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") {
				found[e.Name()] = Entry{e.Name(), st, s.place(e.Name(), st)}
			}
		}
	}
	// UUIDv7 orders by time.
	return slices.SortedFunc(maps.Values(found), func(a, b Entry) int { return strings.Compare(b.ID, a.ID) }), nil
}

// Find returns the run with an id.
func (s *Store) Find(id string) (Entry, bool) {
	if id == "" || strings.HasPrefix(id, ".") || filepath.Base(id) != id {
		return Entry{}, false
	}
	for _, st := range states {
		if _, err := os.Lstat(filepath.Join(s.dir, string(st), id)); err == nil {
			return Entry{id, st, s.place(id, st)}, true
		}
	}
	return Entry{}, false
}

// NewID returns an id for a run: a UUIDv7, so that ids order runs by time.
func NewID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// Create makes a run in state pending, which belongs to this process until
// [Run.Close].
func (s *Store) Create(id string, m Meta) (*Run, error) {
	r := &Run{store: s, id: id, state: Pending}
	tmp := s.draft(id)
	if err := os.Mkdir(tmp, dirMode); err != nil {
		return nil, err
	}
	if err := r.fill(tmp, m); err != nil {
		r.Close()
		return nil, errors.Join(err, os.RemoveAll(tmp))
	}
	return r, nil
}

// fill writes the first files of a run into tmp, takes its lock, and lets the
// run begin.
func (r *Run) fill(tmp string, m Meta) (err error) {
	if r.lock, err = lock(filepath.Join(tmp, lockFile), os.O_CREATE); err != nil {
		return err
	}
	if err := writeYAML(filepath.Join(tmp, metaFile), m, false); err != nil {
		return err
	}
	if err := writeYAML(filepath.Join(tmp, timesFile), r.times, false); err != nil {
		return err
	}
	if err := r.store.begin(r.id); err != nil {
		return err
	}
	return r.store.link(r.id, Pending)
}

// FileName returns a name under which a job's files can be kept: the id itself
// when it is safe, else with its other bytes percent-encoded. Different ids
// have different names.
func FileName(id string) string {
	var b strings.Builder
	for i := 0; i < len(id); i++ {
		c := id[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	const longest = 180
	switch {
	case b.Len() == 0:
		return "%"
	case b.Len() > longest:
		sum := sha256.Sum256([]byte(id))
		return b.String()[:longest-34] + "%~" + hex.EncodeToString(sum[:16])
	}
	return b.String()
}
