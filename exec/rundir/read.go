package rundir

import (
	"errors"
	"io/fs"
	"os"

	"go.yaml.in/yaml/v3"
)

// A Reader reads a run of any process, under way or not. It keeps finding the
// files of the run wherever the run moves.
type Reader struct {
	dir   *os.Root
	entry Entry
	held  bool
}

// Read opens a run for reading. The error is [fs.ErrNotExist] when there is none
// with that id.
func (s *Store) Read(id string) (*Reader, error) {
	const moves = 3 // how often a run can move before it is opened
	for range moves + 1 {
		e, ok := s.Find(id)
		if !ok {
			break
		}
		dir, err := os.OpenRoot(e.Dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r := &Reader{dir: dir, entry: e}
		if e.State == Pending || e.State == Active {
			if r.held, err = held(dir); err != nil {
				dir.Close()
				return nil, err
			}
			// Nobody holds a run that ended meanwhile.
			if now, ok := s.Find(id); !r.held && ok {
				r.entry = now
			}
		}
		return r, nil
	}
	return nil, fs.ErrNotExist
}

// Entry returns the run as it stood when it was opened.
func (r *Reader) Entry() Entry { return r.entry }

// Held reports whether a process ran it when it was opened. A run in state
// pending or active that nobody holds is an orphan.
func (r *Reader) Held() bool { return r.held }

// StillHeld reports whether a process runs it now.
func (r *Reader) StillHeld() bool {
	held, err := held(r.dir)
	return held && err == nil
}

// Open opens a file of the run, by its name with slashes relative to the
// directory of the run.
func (r *Reader) Open(name string) (*os.File, error) { return r.dir.Open(name) }

// ReadFile returns the content of a file of the run.
func (r *Reader) ReadFile(name string) ([]byte, error) { return r.dir.ReadFile(name) }

// Meta returns what the run is of, as far as that was recorded.
func (r *Reader) Meta() (m Meta, err error) {
	err = r.yaml(metaFile, &m)
	return m, err
}

// Times returns the stamps of the run, as far as they were recorded.
func (r *Reader) Times() (t Times, err error) {
	err = r.yaml(timesFile, &t)
	return t, err
}

func (r *Reader) yaml(name string, v any) error {
	text, err := r.dir.ReadFile(name)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(text, v)
}

// Close gives the run up.
func (r *Reader) Close() error { return r.dir.Close() }
