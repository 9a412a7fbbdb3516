package exec

import (
	"fmt"

	"quire/analysis/source"
)

// A Source is a ci.fnl and where it was found.
type Source struct {
	// Root is the directory that holds the repository, absolute and with
	// symbolic links resolved.
	Root string
	// File is the pipeline, or nil when there is none.
	File *source.File
	// Tree is what the file's modules are read from: the working tree, or the
	// commit.
	Tree source.Tree
	// Where is what messages call the place: the commit as it was given, or
	// the path as it was given.
	Where string
	// SHA is the full name of the commit, or empty for the working tree.
	SHA string
}

// Find finds the ci.fnl of the repository that holds the directory at path. A
// path that names a file means that file, with modules read from the
// repository around it. With a sha, which is anything git takes for a commit,
// it is read from that commit instead of from the disk.
//
// The error is a [*MissingError] when there is no ci.fnl, and the source then
// has everything but its File. It is a [*UsageError] when path or sha name
// nothing, and otherwise says what could not be read.
func Find(path, sha string) (*Source, error) { panic("not yet") }

// A MissingError says that a place has no ci.fnl. The command line reports it
// and exits with 2 when something was named, else with 0.
type MissingError struct {
	Where  string
	OnDisk bool // the working tree has one, but not the commit
}

func (e *MissingError) Error() string {
	if e.OnDisk {
		return fmt.Sprintf("No ci.fnl found at %s. The working tree has one that is not in that commit.", e.Where)
	}
	return fmt.Sprintf("No ci.fnl found at %s.", e.Where)
}

// Dir returns the tree of the files below a directory on disk.
func Dir(root string) source.Tree { panic("not yet") }
