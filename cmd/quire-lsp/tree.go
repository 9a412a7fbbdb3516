package main

import (
	"sync"

	"quire/analysis/source"
)

// A tree is the files of a repository as they are when they are read, those that
// are open as they are in the editor. It remembers what was read, so that what
// depends on a file is known.
type tree struct {
	documents *documents
	root      string
	disk      source.Tree
	own       *source.File // the version of a file that the tree is for

	mu   sync.Mutex // guards read
	read map[string]*source.File
}

// Read returns a file.
func (t *tree) Read(path string) (*source.File, error) {
	f, err := t.look(path)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.read == nil {
		t.read = map[string]*source.File{}
	}
	t.read[path] = f // nil where there is none
	return f, err
}

func (t *tree) look(path string) (*source.File, error) {
	if path == t.own.Name() {
		return t.own, nil
	}
	if f, ok := t.documents.buffers(t.root)[path]; ok {
		return f, nil
	}
	return t.disk.Read(path)
}

// has reports whether a path was read, whether there was a file or not.
func (t *tree) has(path string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.read[path]
	return ok
}

// stale reports whether something that was read is different now.
func (t *tree) stale() bool {
	t.mu.Lock()
	before := make(map[string]*source.File, len(t.read))
	for path, f := range t.read {
		before[path] = f
	}
	t.mu.Unlock()
	for path, was := range before {
		now, err := t.look(path)
		if err != nil {
			now = nil
		}
		if (was == nil) != (now == nil) || was != nil && was.Text() != now.Text() {
			return true
		}
	}
	return false
}
