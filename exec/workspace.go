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
// are on disk. What of it is not committed becomes a throw-away commit that
// only the workspace has; its pre-push hook refuses to publish that. The
// files of submodules are copied as well, without their repositories. Filters
// are never called: a commit is checked out as it is stored, so that files of
// Git LFS are pointers then.
type workspace struct {
	dir    string
	gitDir string // empty without git
	commit commitObject
	ref    string // full name of what is checked out, empty when detached
	refs   []ref
	config map[string]string // the user's
	// throwAway reports that the commit exists only here.
	throwAway bool
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
}

// make fills the directory, which exists and is empty.
func (c checkout) make(ctx context.Context, dir string) (*workspace, error) {
	w := &workspace{dir: dir}
	if c.repo.vcs == nil {
		if c.inPlace {
			w.dir = c.repo.root
			return w, nil
		}
		if err := copyTree(c.repo.root, dir, c.skip); err != nil {
			return nil, err
		}
		return w, w.overlay(c.files)
	}
	if err := w.describe(ctx, c); err != nil {
		return nil, err
	}
	if c.inPlace {
		w.dir, w.gitDir = c.repo.root, c.repo.vcs.gitDir
		return w, nil
	}
	own, err := w.makeGitDir(c.repo.vcs)
	if err != nil {
		return nil, err
	}
	if err := w.exclude(c.repo.root, c.skip); err != nil {
		return nil, err
	}
	if c.sha != "" {
		err = w.checkOut(ctx, own, c)
	} else {
		err = w.snapshot(ctx, own, c)
	}
	if err != nil {
		return nil, err
	}
	return w, errors.Join(w.overlay(c.files), w.writeHead())
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
	w.gitDir = filepath.Join(w.dir, ".git")
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
