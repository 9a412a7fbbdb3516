package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"quire/analysis/source"
	"quire/exec/rundir"
)

// A workspace is the directory that the commands of a run work in.
//
// Of a git repository it is a checkout of its own: a git directory made from
// nothing that borrows the objects of the user's repository, and has its own
// refs, index, configuration and objects. No command that a job runs in it
// reaches the user's working tree, index, refs or stash. Remotes are not taken
// over, so nothing can be published by habit.
//
// Files that are tracked, or neither tracked nor ignored, are copied as they
// are on disk: their blocks are shared where the file system can share them
// until one side writes (FICLONE), else the kernel copies them, several files at
// once. They are never hard links, through which a job would write to the
// original. Objects of git are never written to and are borrowed instead.
//
// An overlay mount, which would start faster, is no snapshot: what the user
// saves while jobs run shows in it, or worse, since the kernel leaves undefined
// what an overlay shows when the layer below changes. It would also need the
// right to mount, which people have only in a user namespace, where the commands
// of a job would see other owners of files than theirs; and it would stay
// mounted when quire is killed. So there is none.
//
// What is not committed becomes a throw-away commit that only the workspace
// has; its pre-push hook refuses to publish that. The files of submodules are
// copied as well, without their repositories. Filters are never called: a
// commit is checked out as it is stored, so that files of Git LFS are pointers
// then.
//
// The directory is that of the run before, where most files are what they are
// to be. It is made the same as a new one: what is not wanted is removed, the
// git directory is made anew, and a file stays only when neither it nor its
// original changed since it was put there, which records tell.
type workspace struct {
	dir    string
	gitDir string // empty without git
	commit commitObject
	ref    string // full name of what is checked out, empty when detached
	head   head   // of the user's repository, unless a commit was named
	refs   []ref
	config map[string]string // the user's
	// throwAway reports that the commit exists only here.
	throwAway bool
	records   records // of the files that were put there from a working tree
	notices   []string
}

// A checkout says what a workspace is made from.
type checkout struct {
	repo    repository
	sha     string                  // of a commit, or empty for the working tree
	ref     string                  // of the commit, when it was named by one
	files   map[string]*source.File // laid over what is on disk
	inPlace bool
	at      time.Time
	skip    string // a directory that is no part of the repository: the run store
	reuse   bool   // keep what a former run left and git ignores
	old     records
	order   *order // or nil
}

// inPlaceOf returns the working tree itself.
func (c checkout) inPlaceOf(ctx context.Context) (*workspace, error) {
	w := &workspace{dir: c.repo.root}
	if c.repo.vcs == nil {
		return w, nil
	}
	w.gitDir = c.repo.vcs.gitDir
	return w, w.describe(ctx, c)
}

// Files about a workspace.
const (
	recordsFile = "files" // what was put there from a working tree
	indexFile   = "index" // git's index when a commit was checked out there
)

// make makes a slot hold the workspace, whatever a former run left there.
func (c checkout) make(ctx context.Context, slot *rundir.Slot) (*workspace, error) {
	w := &workspace{dir: slot.Dir()}
	if info, err := os.Lstat(w.dir); err != nil || !info.IsDir() {
		if err := slot.Clear(); err != nil {
			return nil, blocked(err)
		}
	}
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(w.dir, 0o700); err != nil {
		return nil, blocked(err)
	}
	if c.repo.vcs != nil {
		return w, w.makeGit(ctx, c, slot)
	}
	var err error
	if c.old, err = takeRecords(slot); err != nil {
		return nil, err
	}
	want, err := listed(c.repo.root, c.skip)
	if err != nil {
		return nil, err
	}
	f := filler{from: c.repo.root, to: w.dir, old: c.old}
	if err := f.fill(want); err != nil {
		return nil, err
	}
	w.records = f.records()
	return w, w.finish(c, slot)
}

// makeGit makes the workspace a checkout of a git repository.
func (w *workspace) makeGit(ctx context.Context, c checkout, slot *rundir.Slot) error {
	if err := w.describe(ctx, c); err != nil {
		return err
	}
	if err := rundir.RemoveAll(filepath.Join(w.dir, gitName)); err != nil {
		return blocked(err)
	}
	own, err := w.makeGitDir(c.repo.vcs)
	if err != nil {
		return err
	}
	if err := w.exclude(c.repo.root, c.skip); err != nil {
		return err
	}
	// What is known of the slot stops to hold here, and nothing is known of it
	// when quire ends before the workspace is made.
	if c.old, err = takeRecords(slot); err != nil {
		return err
	}
	index, kept := filepath.Join(w.gitDir, indexFile), slot.File(indexFile)
	if err := os.Rename(kept, index); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if c.sha == "" {
		err = w.snapshot(ctx, own, c)
	} else if err = w.checkOut(ctx, own, c); err == nil {
		err = copyFile(index, kept)
	}
	if err == nil && c.order != nil {
		err = c.order.layOver(ctx, own, w)
	}
	if err != nil {
		return err
	}
	return errors.Join(w.finish(c, slot), w.writeHead())
}

// takeRecords returns what is known of the files in a slot, which holds only
// until they are changed.
func takeRecords(slot *rundir.Slot) (records, error) {
	old, err := readRecords(slot.File(recordsFile))
	if err != nil {
		return nil, err
	}
	if err := os.Remove(slot.File(recordsFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return old, nil
}

// finish lays files over those of the workspace, and records what is there.
func (w *workspace) finish(c checkout, slot *rundir.Slot) error {
	if err := w.overlay(c.files); err != nil {
		return err
	}
	return writeRecords(slot.File(recordsFile), w.records)
}

// describe finds out what the workspace will be a checkout of.
func (w *workspace) describe(ctx context.Context, c checkout) error {
	vcs := c.repo.vcs
	rev := c.sha
	if rev == "" {
		rev = "HEAD"
	}
	found := false
	var asked sync.WaitGroup
	var errs [3]error
	asked.Go(func() { w.config, errs[0] = vcs.config(ctx) })
	asked.Go(func() { w.refs, errs[1] = vcs.refs(ctx) })
	asked.Go(func() { w.commit, found, errs[2] = vcs.object(ctx, rev) })
	asked.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if c.sha != "" {
		w.ref = c.ref
		return nil
	}
	for _, r := range w.refs {
		if r.head {
			w.ref = r.name
		}
	}
	if w.ref == "" && !found { // a branch without a commit is not among the refs
		ref, err := vcs.line(ctx, "symbolic-ref", "--quiet", "HEAD")
		if err != nil && !errors.As(err, new(*gitError)) {
			return err
		}
		w.ref = ref
	}
	w.head = head{w.commit.sha, w.ref}
	return nil
}

// takenOver lists the settings of the user's repository that say how files on
// disk and files in commits relate. No other setting is taken over.
var takenOver = []string{
	"core.filemode", "core.autocrlf", "core.eol", "core.safecrlf", "core.symlinks", "core.ignorecase",
	"core.precomposeunicode", "core.sparsecheckout", "core.sparsecheckoutcone", "index.sparse", "core.excludesfile",
}

// makeGitDir makes the git directory and returns a git that works in the workspace.
func (w *workspace) makeGitDir(vcs *gitRepository) (git, error) {
	w.gitDir = filepath.Join(w.dir, gitName)
	for _, d := range []string{"objects/info", "refs/heads", "refs/tags", "info", "hooks"} {
		if err := os.MkdirAll(filepath.Join(w.gitDir, d), 0o777); err != nil {
			return git{}, err
		}
	}
	var packed strings.Builder
	for _, r := range w.refs {
		fmt.Fprintf(&packed, "%s %s\n", r.sha, r.name)
	}
	for name, text := range map[string]string{
		"HEAD":                    "ref: refs/heads/quire-unborn\n",
		"config":                  w.gitConfig(vcs.format),
		"packed-refs":             packed.String(),
		"objects/info/alternates": filepath.Join(vcs.commonDir, "objects") + "\n",
	} {
		if err := os.WriteFile(filepath.Join(w.gitDir, name), []byte(text), 0o666); err != nil {
			return git{}, err
		}
	}
	for _, f := range []struct{ from, name string }{
		{vcs.commonDir, "shallow"}, {vcs.commonDir, "info/exclude"}, {vcs.commonDir, "info/attributes"},
		{vcs.gitDir, "info/sparse-checkout"},
	} {
		err := copyFile(filepath.Join(f.from, f.name), filepath.Join(w.gitDir, f.name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return git{}, err
		}
	}
	return vcs.on(w.gitDir, w.dir), nil
}

// exclude lets git ignore a directory if it is below root.
func (w *workspace) exclude(root, dir string) error {
	rel, err := filepath.Rel(root, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(w.gitDir, "info", "exclude"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	escaped := strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, " ", `\ `).Replace(filepath.ToSlash(rel))
	_, err = fmt.Fprintf(f, "\n/%s/\n", escaped)
	return errors.Join(err, f.Close())
}

// gitConfig returns the configuration of the workspace. Its index was copied
// together with the files, so that of what git knows of a file only size and
// time of change still hold.
func (w *workspace) gitConfig(format string) string {
	var b strings.Builder
	set := func(key, value string) {
		section, name, _ := strings.Cut(key, ".")
		fmt.Fprintf(&b, "[%s]\n\t%s = %s\n", section, name, quoteConfig(value))
	}
	if format != "sha1" {
		set("core.repositoryformatversion", "1")
		set("extensions.objectformat", format)
	} else {
		set("core.repositoryformatversion", "0")
	}
	set("core.bare", "false")
	set("core.checkstat", "minimal")
	set("core.trustctime", "false")
	set("core.hookspath", filepath.Join(w.gitDir, "hooks"))
	for _, key := range takenOver {
		if value, ok := w.config[key]; ok {
			set(key, value)
		}
	}
	return b.String()
}

func quoteConfig(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// writeHead lets HEAD name what is checked out.
func (w *workspace) writeHead() error {
	head := w.commit.sha
	if strings.HasPrefix(w.ref, "refs/heads/") {
		head = "ref: " + w.ref
		if w.commit.sha != "" {
			branch := filepath.Join(w.gitDir, filepath.FromSlash(w.ref))
			if err := os.MkdirAll(filepath.Dir(branch), 0o777); err != nil {
				return err
			}
			if err := os.WriteFile(branch, []byte(w.commit.sha+"\n"), 0o666); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(w.gitDir, "HEAD"), []byte(head+"\n"), 0o666); err != nil || !w.throwAway {
		return err
	}
	hook := strings.ReplaceAll(prePush, "COMMIT", w.commit.sha)
	return os.WriteFile(filepath.Join(w.gitDir, "hooks", "pre-push"), []byte(hook), 0o777)
}

// prePush keeps the throw-away commit where it is.
const prePush = `#!/bin/sh
while read -r ref sha remote_ref remote_sha; do
	if git merge-base --is-ancestor COMMIT "$sha" 2>/dev/null; then
		echo "quire: $ref holds changes that are not committed, and its commit exists only in this workspace." >&2
		echo "quire: commit them first, or run a commit with --sha." >&2
		exit 1
	fi
done
`

// overlay writes files over those of the workspace where they differ.
func (w *workspace) overlay(files map[string]*source.File) error {
	for name, f := range files {
		if old, err := readBelow(w.dir, name, maxSource); err == nil && string(old) == f.Text() {
			continue
		}
		if err := writeBelow(w.dir, name, f.Text()); err != nil {
			return err
		}
		if info, err := os.Lstat(filepath.Join(w.dir, name)); err == nil && w.records != nil {
			copied, _ := fingerprintOf(info)
			w.records[name] = record{copy: copied, fresh: true} // of no file on disk
		}
	}
	return nil
}

// writeBelow replaces the content of a regular file at a slash-separated path
// below root, making it and the directories to it when they do not exist.
func writeBelow(root, path, content string) error {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer dir.Close()
	if filepath.IsLocal(path) {
		if err := dir.MkdirAll(filepath.Dir(path), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return &fs.PathError{Op: "mkdir", Path: path, Err: rootError(err)}
		}
	}
	f, err := openBelow(root, path, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return err
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteString(content)
	}
	return errors.Join(err, f.Close())
}
