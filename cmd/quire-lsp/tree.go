package main

import (
	"maps"
	"sync"

	"quire/analysis/source"
)

// A tree is the files of a repository as a version of one of them finds them:
// those that are open as they were in the editor, the others as they are on disk.
// It remembers what was read, so that what depends on a file is known.
type tree struct {
	disk source.Tree

	mu      sync.Mutex // guards the fields below
	open    map[string]*source.File
	read    map[string]*source.File // nil where there was none
	settled bool                    // all was read that evaluation reads
}

// Read returns a file.
func (t *tree) Read(path string) (*source.File, error) {
	t.mu.Lock()
	open := t.open
	t.mu.Unlock()
	f, err := t.look(path, open)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.read == nil {
		t.read = map[string]*source.File{}
	}
	t.read[path] = f
	return f, err
}

// List returns what a directory holds. Nothing depends on it: it is asked anew
// each time.
func (t *tree) List(dir string, limit int) ([]source.Entry, error) {
	t.mu.Lock()
	open := t.open
	t.mu.Unlock()
	return source.Overlay(t.disk, open).(source.Lister).List(dir, limit)
}

// look returns a file of the disk, unless it is open; nil with an error.
func (t *tree) look(path string, open map[string]*source.File) (*source.File, error) {
	if f, ok := open[path]; ok {
		return f, nil
	}
	f, err := t.disk.Read(path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// settle notes that evaluation is over.
func (t *tree) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.settled = true
}

// lacks reports whether a file that is open in another version now was not read,
// and will not be. Then the tree has that version from here on, for those who
// look the file up for other reasons.
func (t *tree) lacks(path string, open map[string]*source.File) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.read[path]; ok || !t.settled {
		return false
	}
	t.open = open
	return true
}

// stale reports whether something that was read, or may be, is different now.
func (t *tree) stale(open map[string]*source.File) bool {
	t.mu.Lock()
	settled := t.settled
	t.mu.Unlock()
	return !settled || !t.keeps(open)
}

// keeps reports whether all that was read until now is still the same. Then what
// is read later is what is open now.
func (t *tree) keeps(open map[string]*source.File) bool {
	t.mu.Lock()
	before := maps.Clone(t.read)
	t.mu.Unlock()
	for path, was := range before {
		now, _ := t.look(path, open)
		if (was == nil) != (now == nil) || was != nil && was.Text() != now.Text() {
			return false
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = open
	return true
}
