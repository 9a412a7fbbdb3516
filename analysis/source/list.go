package source

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Lister is a tree that can also tell what its directories hold.
type Lister interface {
	Tree
	// List returns what the directory at a slash-separated path relative to the
	// root of the tree holds, "." being the root, by name: regular files and
	// directories, and no symbolic links. Of a directory with more than limit
	// entries it returns some limit of them, which limit has to be positive. A
	// path that leaves the tree, or that names no directory, is an error.
	List(dir string, limit int) ([]Entry, error)
}

// An Entry is one thing that a directory holds.
type Entry struct {
	Name string
	Dir  bool
}

// List returns the files that lie over a directory of the base, and what the
// base has there, if it can tell.
func (o overlay) List(dir string, limit int) ([]Entry, error) {
	var all []Entry
	err := error(&fs.PathError{Op: "list", Path: dir, Err: fs.ErrNotExist})
	if l, ok := o.base.(Lister); ok {
		all, err = l.List(dir, limit)
	}
	for name := range o.files {
		below, ok := within(dir, name)
		if !ok {
			continue
		}
		first, _, deeper := strings.Cut(below, "/")
		all = append(all, Entry{first, deeper})
		err = nil
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	all = slices.CompactFunc(all, func(a, b Entry) bool { return a.Name == b.Name })
	return all[:min(len(all), limit)], err
}

// within returns the path of a file relative to a directory that it is in.
func within(dir, name string) (string, bool) {
	if dir = path.Clean(dir); dir == "." {
		return name, true
	}
	return strings.CutPrefix(name, dir+"/")
}
