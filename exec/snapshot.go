package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"quire/exec/rundir"
)

// snapshot copies the working tree of the repository.
//
// The index of the workspace starts as a copy of the user's, so that git needs
// to read only files that changed since. The git that looks at the user's
// files is the workspace's: what it stores goes to the workspace's objects,
// and no filter that the user's repository configures is known to it.
func (w *workspace) snapshot(ctx context.Context, own git, c checkout) error {
	if err := os.RemoveAll(filepath.Join(w.gitDir, indexFile)); err != nil {
		return err
	}
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
	want, err := w.indexed(ctx, at, c.repo)
	if err != nil {
		return err
	}
	f := filler{from: c.repo.root, to: w.dir, keep: c.reuse, skip: gitName, old: c.old}
	if err := f.fill(want); err != nil {
		return err
	}
	if err := w.commitChanges(ctx, at, c); err != nil {
		return err
	}
	w.records = f.records()
	return w.clean(ctx, own, c)
}

// clean removes what git does not ignore and a former run left, when what it
// ignores was kept.
func (w *workspace) clean(ctx context.Context, own git, c checkout) error {
	if !c.reuse {
		return nil
	}
	_, err := own.run(ctx, nil, "clean", "-ffdq")
	return err
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
	names := []string{indexFile}
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

// An entry is one file of an index or a commit.
type entry struct {
	mode, sha, path string
	sparse          bool // git does not want it on disk
}

const (
	gitName = ".git"
	gitlink = "160000"
)

// entries returns the files of the index.
func (g git) entries(ctx context.Context) ([]entry, error) {
	out, err := g.run(ctx, nil, "ls-files", "-z", "-t", "--stage")
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, line := range zeroTerminated(out) {
		info, path, ok := strings.Cut(line, "\t")
		fields := strings.Fields(info)
		if !ok || len(fields) != 4 {
			return nil, fmt.Errorf("git ls-files gave %q", line)
		}
		entries = append(entries, entry{fields[1], fields[2], path, fields[0] == "S"})
	}
	return entries, nil
}

// tree returns the files of a commit.
func (g git) tree(ctx context.Context, sha string) ([]entry, error) {
	out, err := g.run(ctx, nil, "ls-tree", "-z", "-r", "--full-tree", sha)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, line := range zeroTerminated(out) {
		info, path, ok := strings.Cut(line, "\t")
		fields := strings.Fields(info)
		if !ok || len(fields) != 3 {
			return nil, fmt.Errorf("git ls-tree gave %q", line)
		}
		entries = append(entries, entry{mode: fields[0], sha: fields[2], path: path})
	}
	return entries, nil
}

// indexed returns the files that stand in an index and on disk.
func (w *workspace) indexed(ctx context.Context, at git, repo repository) (*folder, error) {
	entries, err := at.entries(ctx)
	if err != nil {
		return nil, err
	}
	want := &folder{}
	for _, e := range entries {
		switch {
		case e.mode == gitlink:
			if err := w.addSubmodule(ctx, repo, e.path, want); err != nil {
				return nil, err
			}
		case !e.sparse || exists(repo.root, e.path):
			want.add(e.path, e.sha)
		}
	}
	return want, nil
}

// addSubmodule adds the files of a submodule, those of its own submodules
// included. One that is not there stays an empty directory.
func (w *workspace) addSubmodule(ctx context.Context, from repository, path string, want *folder) error {
	want.folder(path).exact = true
	root := filepath.Join(from.root, path)
	if !exists(root, gitName) {
		return nil
	}
	sub, err := openGit(ctx, from.vcs.env, from.root, root)
	if err != nil || sub.root != root {
		w.notices = append(w.notices, fmt.Sprintf("the submodule %s is not in the workspace", path))
		return nil
	}
	return w.addListed(ctx, sub, from, path, want)
}

// addListed adds the files of a repository that are tracked or not ignored. Its
// path is relative to from. Only names are asked for, so no filter of the
// repository is called.
func (w *workspace) addListed(ctx context.Context, repo, from repository, path string, want *folder) error {
	out, err := repo.vcs.run(ctx, nil, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	if err != nil {
		return err
	}
	for _, name := range zeroTerminated(out) {
		below := filepath.Join(path, name)
		if info, err := os.Lstat(filepath.Join(from.root, below)); err != nil || !info.IsDir() {
			want.add(below, "")
			continue
		}
		if err := w.addSubmodule(ctx, from, below, want); err != nil {
			return err
		}
	}
	return nil
}

// checkOut fills the workspace with the files of a commit. The index that the
// workspace had when it was filled the last time, if it held a commit then,
// tells git which files are as they were.
func (w *workspace) checkOut(ctx context.Context, own git, c checkout) error {
	tree, err := own.tree(ctx, c.sha)
	if err != nil {
		return err
	}
	want := &folder{}
	for _, e := range tree {
		if e.mode == gitlink {
			want.folder(e.path).exact = true
		} else {
			want.add(e.path, "")
		}
	}
	f := filler{to: w.dir, keep: c.reuse, skip: gitName, old: c.old}
	if err := f.fill(want); err != nil {
		return err
	}
	// The workspace's own settings are for files that were copied.
	careful := own.with("GIT_CONFIG_COUNT", "2").
		with("GIT_CONFIG_KEY_0", "core.checkstat").with("GIT_CONFIG_VALUE_0", "default").
		with("GIT_CONFIG_KEY_1", "core.trustctime").with("GIT_CONFIG_VALUE_1", "true")
	if _, err := careful.run(ctx, nil, "read-tree", "--reset", "-u", c.sha); err != nil {
		return err
	}
	entries, err := own.entries(ctx)
	if err != nil {
		return err
	}
	f.done = make(map[string]placed, len(entries))
	for _, e := range entries {
		path := filepath.Join(w.dir, e.path)
		switch {
		case e.mode == gitlink:
			err = w.checkOutSubmodule(ctx, c, e)
		case e.sparse:
			err = rundir.RemoveAll(path)
		default:
			if info, err := os.Lstat(path); err == nil {
				copied, changed := fingerprintOf(info)
				f.done[e.path] = placed{record{copy: copied, blob: e.sha}, changed}
			}
		}
		if err != nil {
			return err
		}
	}
	w.records = f.records()
	return w.clean(ctx, own, c)
}

// checkOutSubmodule fills the directory of a submodule with the files of the
// commit it stands for, when the user's working tree has its repository.
func (w *workspace) checkOutSubmodule(ctx context.Context, c checkout, e entry) error {
	root := filepath.Join(c.repo.root, e.path)
	sub := repository{}
	if exists(root, ".git") {
		sub, _ = openGit(ctx, c.repo.vcs.env, c.repo.root, root)
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

// listed returns the files and directories below a directory of no repository,
// but for what is below skip.
func listed(root, skip string) (*folder, error) {
	want := &folder{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case path == skip:
			return fs.SkipDir
		case rel == ".":
		case d.IsDir():
			want.folder(rel)
		default:
			want.add(rel, "")
		}
		return nil
	})
	return want, err
}
