package exec

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// An edits collects what changes below the root of a repository: files that a
// snapshot would hold, which are those that git does not ignore.
type edits struct {
	repo  repository
	skip  string // a directory that is no part of the repository: the run store
	fs    *fsnotify.Watcher
	mark  string              // a directory beside the repository that is watched too
	dirs  map[string]bool     // that are watched
	fresh map[string]bool     // paths of files that are new since the last batch
	paths map[string]struct{} // that changed since then, relative to the root
}

func newEdits(ctx context.Context, repo repository, skip string) (*edits, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	c := &edits{repo: repo, skip: skip, fs: w, dirs: map[string]bool{}, fresh: map[string]bool{}, paths: map[string]struct{}{}}
	if c.mark, err = os.MkdirTemp("", "quire-watch-*"); err == nil {
		err = w.Add(c.mark)
	}
	if err == nil {
		err = c.add(ctx, repo.root)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *edits) close() {
	c.fs.Close()
	_ = os.RemoveAll(c.mark)
}

// add watches a directory and those below it, but for those that git ignores.
func (c *edits) add(ctx context.Context, dir string) error {
	ignored, err := c.ignoredDirs(ctx)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == ".jj" || path == c.skip || ignored[path]):
			return fs.SkipDir
		case d.IsDir():
			if err := c.fs.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			c.dirs[path] = true
		case dir != c.repo.root: // it may have been there before its directory was watched
			c.note(path, true)
		}
		return nil
	})
}

// ignoredDirs returns the directories that git ignores with all that is in
// them.
func (c *edits) ignoredDirs(ctx context.Context) (map[string]bool, error) {
	if c.repo.vcs == nil {
		return nil, nil
	}
	out, err := c.repo.vcs.run(ctx, nil, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
	if err != nil {
		return nil, err
	}
	dirs := map[string]bool{}
	for _, path := range zeroTerminated(out) {
		if dir, ok := strings.CutSuffix(path, "/"); ok {
			dirs[filepath.Join(c.repo.root, dir)] = true
		}
	}
	return dirs, nil
}

// take takes an event.
func (c *edits) take(ctx context.Context, e fsnotify.Event) error {
	if e.Op == fsnotify.Chmod || filepath.Dir(e.Name) == c.mark {
		return nil
	}
	if info, err := os.Lstat(e.Name); err == nil && info.IsDir() {
		if e.Has(fsnotify.Create) {
			return c.add(ctx, e.Name)
		}
		return nil
	}
	switch {
	case e.Has(fsnotify.Create):
		delete(c.dirs, e.Name)
	case c.dirs[e.Name] && e.Has(fsnotify.Remove):
		return nil // each of its files was removed before
	}
	c.note(e.Name, e.Has(fsnotify.Create))
	if filepath.Base(e.Name) == ".gitignore" { // what was ignored may no longer be
		return c.add(ctx, c.repo.root)
	}
	return nil
}

func (c *edits) note(path string, created bool) {
	rel, err := filepath.Rel(c.repo.root, path)
	if err != nil || !filepath.IsLocal(rel) {
		return
	}
	rel = filepath.ToSlash(rel)
	if _, known := c.paths[rel]; !known && created {
		c.fresh[rel] = true
	}
	c.paths[rel] = struct{}{}
}

// batch returns the paths that changed since the last batch, as a set: not
// those of files that came and went, of editors' notes to themselves, and of
// what git ignores.
func (c *edits) batch(ctx context.Context) (map[string]struct{}, error) {
	changed, fresh := c.paths, c.fresh
	c.paths, c.fresh = map[string]struct{}{}, map[string]bool{}
	var asked strings.Builder
	for path := range changed {
		if editors(filepath.Base(path)) || fresh[path] && !exists(c.repo.root, path) {
			delete(changed, path)
			continue
		}
		asked.WriteString("./" + path + "\x00") // which no path turns into a pattern
	}
	if c.repo.vcs == nil || len(changed) == 0 {
		return changed, nil
	}
	out, err := c.repo.vcs.run(ctx, strings.NewReader(asked.String()), "check-ignore", "-z", "--stdin")
	if errors.As(err, new(*gitError)) {
		return changed, nil // none is ignored, or it is in a repository below this one
	}
	if err != nil {
		return nil, err
	}
	for _, path := range zeroTerminated(out) {
		delete(changed, strings.TrimPrefix(path, "./"))
	}
	return changed, nil
}

// editors reports whether a file of that name is one that an editor keeps while
// it has another one open.
func editors(name string) bool {
	swap := strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".swp") || strings.HasSuffix(name, ".swo") || strings.HasSuffix(name, ".swx"))
	return swap || strings.HasSuffix(name, "~") || strings.HasPrefix(name, ".#") ||
		strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#") || name == "4913"
}

// settle takes all that happened before it was called. Events come in order, and
// one that it causes itself comes behind them.
func (c *edits) settle(ctx context.Context) error {
	file, err := os.CreateTemp(c.mark, "")
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	for {
		select {
		case e, ok := <-c.fs.Events:
			if !ok || e.Name == file.Name() {
				return os.Remove(file.Name())
			}
			if err := c.take(ctx, e); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
