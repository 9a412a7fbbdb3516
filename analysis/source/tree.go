package source

// A Tree is the set of files a program may read: a directory, a commit, or
// the buffers of an editor laid over one of these.
type Tree interface {
	// Read returns the file at a slash-separated path relative to the root of
	// the tree. The error is fs.ErrNotExist (possibly wrapped) when there is
	// no such file; a path that leaves the tree, also through a symbolic link,
	// or that names something other than a regular file is an error too.
	Read(path string) (*File, error)
}

// Overlay returns a tree that answers from files, by name, and asks base for
// every other path. The map must not be changed afterwards.
func Overlay(base Tree, files map[string]*File) Tree { return overlay{base, files} }

type overlay struct {
	base  Tree
	files map[string]*File
}

func (o overlay) Read(path string) (*File, error) {
	if f, ok := o.files[path]; ok {
		return f, nil
	}
	return o.base.Read(path)
}
