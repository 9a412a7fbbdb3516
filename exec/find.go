package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"quire/analysis/pipeline"
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

	repo repository
}

// Find finds the ci.fnl of the repository that holds the directory at path. A
// path that names a file means that file, with modules read from the
// repository around it. With a sha, which is anything git takes for a commit,
// it is read from that commit instead of from the disk.
//
// The error is a [*MissingError] when there is no ci.fnl, and the source then
// has everything but its File. It is a [*UsageError] when path or sha name
// nothing, and otherwise says what could not be read.
func Find(path, sha string) (*Source, error) {
	return find(context.Background(), os.Environ(), path, sha)
}

func find(ctx context.Context, env environ, path, sha string) (*Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &UsageError{fmt.Sprintf("%s: %s", path, osError(err))}
	}
	dir := path
	if !info.IsDir() {
		dir = filepath.Dir(path)
	}
	repo, err := discover(ctx, env, dir)
	if err != nil {
		return nil, err
	}
	s := &Source{Root: repo.root, Tree: Dir(repo.root), Where: path, repo: repo}
	name := pipeline.Path
	if !info.IsDir() {
		if name, err = below(repo.root, path); err != nil {
			return nil, err
		}
	}
	if sha != "" {
		if repo.vcs == nil {
			return nil, &UsageError{fmt.Sprintf("%s is not in a git repository, so there is no commit %s", path, sha)}
		}
		if s.SHA, err = repo.vcs.commit(ctx, sha); err != nil {
			return nil, err
		}
		s.Where, s.Tree = sha, commitTree{repo.vcs.git, s.SHA}
	}
	s.File, err = s.Tree.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s, &MissingError{Where: s.Where, OnDisk: sha != "" && exists(repo.root, name)}
	}
	return s, err
}

// Head returns the full name of the commit that the source is of: the one that
// was named, or else the one that is checked out, and whether the working tree
// holds changes that are not in it. The name is empty where there is no commit.
func (s *Source) Head(ctx context.Context) (sha string, changed bool, err error) {
	if s.SHA != "" || s.repo.vcs == nil {
		return s.SHA, false, nil
	}
	w := &workspace{}
	if err := w.describe(ctx, checkout{repo: s.repo}); err != nil {
		return "", false, err
	}
	out, err := s.repo.vcs.git.run(ctx, nil, "status", "--porcelain", "-z", "--untracked-files=normal")
	return w.head.SHA, len(out) > 0, err
}

// below returns the slash-separated path of a file relative to root.
func below(root, path string) (string, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(root, filepath.Join(dir, filepath.Base(path)))
	return filepath.ToSlash(rel), err
}

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
