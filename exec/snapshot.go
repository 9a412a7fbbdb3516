package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// snapshot copies the working tree of the repository.
//
// The index of the workspace starts as a copy of the user's, so that git needs
// to read only files that changed since. The git that looks at the user's
// files is the workspace's: what it stores goes to the workspace's objects,
// and no filter that the user's repository configures is known to it.
func (w *workspace) snapshot(ctx context.Context, own git, c checkout) error {
	if err := copyIndex(c.repo.vcs.gitDir, w.gitDir); err != nil {
		return err
	}
	at := own.with("GIT_WORK_TREE", c.repo.root)
	at.dir = c.repo.root
	_, err := at.run(ctx, nil, "add", "--all", "--ignore-errors")
	if failed := (*gitError)(nil); errors.As(err, &failed) && failed.exit == 1 {
		w.notices = append(w.notices, "some files are not in the workspace: "+failed.stderr)
	} else if err != nil {
		return err
	}
	if err := w.overlayIndex(ctx, at, c); err != nil {
		return err
	}
	entries, err := at.entries(ctx)
	if err != nil {
		return err
	}
	if err := w.copyEntries(ctx, c.repo, entries); err != nil {
		return err
	}
	return w.commitChanges(ctx, at, c)
}

// overlayIndex puts the files that are laid over the disk into the index.
func (w *workspace) overlayIndex(ctx context.Context, at git, c checkout) error {
	for name, f := range c.files {
		if old, err := readBelow(c.repo.root, name, maxSource); err == nil && string(old) == f.Text() {
			continue
		}
		blob, err := at.run(ctx, strings.NewReader(f.Text()), "hash-object", "-w", "--stdin")
		if err != nil {
			return err
		}
		info := fmt.Sprintf("100644 %s\t%s\x00", bytes.TrimSpace(blob), name)
		if _, err := at.run(ctx, strings.NewReader(info), "update-index", "-z", "--add", "--index-info"); err != nil {
			return err
		}
	}
	return nil
}

// commitChanges makes the throw-away commit when the index differs from HEAD.
func (w *workspace) commitChanges(ctx context.Context, at git, c checkout) error {
	tree, err := at.line(ctx, "write-tree", "--missing-ok")
	if err != nil || tree == w.commit.tree {
		return err
	}
	args := []string{"commit-tree", tree}
	if w.commit.sha != "" {
		args = append(args, "-p", w.commit.sha)
	}
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		at = at.with("GIT_"+who+"_NAME", "quire").with("GIT_"+who+"_EMAIL", "quire@localhost").
			with("GIT_"+who+"_DATE", c.at.UTC().Format(time.RFC3339))
	}
	sha, err := at.run(ctx, strings.NewReader(w.commit.message), args...)
	if err != nil {
		return err
	}
	w.commit.sha, w.commit.tree, w.throwAway = string(bytes.TrimSpace(sha)), tree, true
	return nil
}

// copyIndex copies the index of a git directory with its time of change, by
// which git tells entries that it cannot trust.
func copyIndex(from, to string) error {
	names := []string{"index"}
	shared, err := filepath.Glob(filepath.Join(from, "sharedindex.*"))
	if err != nil {
		return err
	}
	for _, path := range shared {
		names = append(names, filepath.Base(path))
	}
	for _, name := range names {
		err := copyFile(filepath.Join(from, name), filepath.Join(to, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// An entry is one file of an index.
type entry struct{ mode, sha, path string }

const gitlink = "160000"

func (g git) entries(ctx context.Context) ([]entry, error) {
	out, err := g.run(ctx, nil, "ls-files", "-z", "--stage")
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, line := range zeroTerminated(out) {
		info, path, ok := strings.Cut(line, "\t")
		fields := strings.Fields(info)
		if !ok || len(fields) != 3 {
			return nil, fmt.Errorf("git ls-files gave %q", line)
		}
		entries = append(entries, entry{fields[0], fields[1], path})
	}
	return entries, nil
}

// copyEntries copies the files of an index from a working tree.
func (w *workspace) copyEntries(ctx context.Context, from repository, entries []entry) error {
	var paths []string
	for _, e := range entries {
		if e.mode != gitlink {
			paths = append(paths, e.path)
			continue
		}
		if err := w.copySubmodule(ctx, from, e.path); err != nil {
			return err
		}
	}
	return copyFiles(from.root, w.dir, paths)
}

// copySubmodule copies the files of a submodule, those of its own submodules
// included. One that is not there stays an empty directory.
func (w *workspace) copySubmodule(ctx context.Context, from repository, path string) error {
	root := filepath.Join(from.root, path)
	if err := os.MkdirAll(filepath.Join(w.dir, path), 0o777); err != nil {
		return err
	}
	if !exists(root, ".git") {
		return nil
	}
	sub, err := openGit(ctx, from.vcs.env, root)
	if err != nil || sub.root != root {
		w.notices = append(w.notices, fmt.Sprintf("the submodule %s is not in the workspace", path))
		return nil
	}
	// Only names are asked for, so no filter of the submodule is called.
	out, err := sub.vcs.run(ctx, nil, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	if err != nil {
		return err
	}
	var paths []string
	for _, name := range zeroTerminated(out) {
		if info, err := os.Lstat(filepath.Join(root, name)); err != nil || !info.IsDir() {
			paths = append(paths, filepath.Join(path, name))
			continue
		}
		if err := w.copySubmodule(ctx, from, filepath.Join(path, name)); err != nil {
			return err
		}
	}
	return copyFiles(from.root, w.dir, paths)
}

// checkOut fills the workspace with the files of a commit.
func (w *workspace) checkOut(ctx context.Context, own git, c checkout) error {
	if _, err := own.run(ctx, nil, "read-tree", "--reset", "-u", c.sha); err != nil {
		return err
	}
	entries, err := own.entries(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.mode == gitlink {
			if err := w.checkOutSubmodule(ctx, c, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkOutSubmodule fills the directory of a submodule with the files of the
// commit it stands for, when the user's working tree has its repository.
func (w *workspace) checkOutSubmodule(ctx context.Context, c checkout, e entry) error {
	root := filepath.Join(c.repo.root, e.path)
	sub := repository{}
	if exists(root, ".git") {
		sub, _ = openGit(ctx, c.repo.vcs.env, root)
	}
	if sub.root != root {
		w.notices = append(w.notices, fmt.Sprintf("the submodule %s is empty in the workspace: it is not checked out in %s", e.path, c.repo.root))
		return nil
	}
	inner := &workspace{dir: filepath.Join(w.dir, e.path)}
	own, err := inner.makeGitDir(sub.vcs)
	if err != nil {
		return err
	}
	defer os.RemoveAll(inner.gitDir)
	err = inner.checkOut(ctx, own, checkout{repo: sub, sha: e.sha})
	if errors.As(err, new(*gitError)) {
		w.notices = append(w.notices, fmt.Sprintf("the submodule %s is empty in the workspace: its repository has no commit %s", e.path, e.sha))
		return nil
	}
	w.notices = append(w.notices, inner.notices...)
	return err
}

// copyFiles copies files by their paths relative to from. One that is gone is
// left out.
func copyFiles(from, to string, paths []string) error {
	var made sync.Map
	next := make(chan string)
	errs := make(chan error, copiers)
	var work sync.WaitGroup
	for range min(copiers, len(paths)) {
		work.Go(func() {
			var first error
			for path := range next {
				err := copyNew(from, to, path, &made)
				if first == nil && err != nil && !errors.Is(err, fs.ErrNotExist) {
					first = err
				}
			}
			errs <- first
		})
	}
	for _, path := range paths {
		next <- path
	}
	close(next)
	work.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// copiers is how many files are copied at once.
const copiers = 4

func copyNew(from, to, path string, made *sync.Map) error {
	dir := filepath.Dir(path)
	if _, ok := made.Load(dir); !ok {
		if err := os.MkdirAll(filepath.Join(to, dir), 0o777); err != nil {
			return err
		}
		made.Store(dir, true)
	}
	return copyFile(filepath.Join(from, path), filepath.Join(to, path))
}

// copyTree copies a directory but for what is below skip: files, links and
// directories, nothing else.
func copyTree(from, to, skip string) error {
	var paths []string
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case path == skip:
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o777)
		case d.Type().IsRegular() || d.Type()&fs.ModeSymlink != 0:
			paths = append(paths, rel)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(paths)
	return copyFiles(from, to, paths)
}

// copyFile copies a regular file with its permissions and time of change, or a
// symbolic link as it is. The copy shares no data with the original that
// writing to it would change. Anything else counts as not there.
func copyFile(from, to string) error {
	in, err := os.OpenFile(from, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if errors.Is(err, unix.ELOOP) {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &fs.PathError{Op: "copy", Path: from, Err: fs.ErrNotExist}
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	if cloneFile(out, in) != nil {
		_, err = out.ReadFrom(in)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Chtimes(to, time.Time{}, info.ModTime())
}
