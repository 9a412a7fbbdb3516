package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"quire/analysis/source"
	"quire/exec/rundir"
)

// changes are the files of a repository that are not what they were when a
// workspace was made. Paths are relative to its root, in order.
type changes struct {
	changed []string // also those that are new
	removed []string
	clash   []string // those of both that a job changed as well
}

// paths returns all of them, in order.
func (c changes) paths() []string {
	return slices.Sorted(slices.Values(slices.Concat(c.changed, c.removed)))
}

// notice says what changed.
func (c changes) notice(run string) string {
	text := "going on with run " + run
	if len(c.changed)+len(c.removed) == 0 {
		return text + ": no file changed since"
	}
	if len(c.changed) > 0 {
		text += fmt.Sprintf("\n%s changed since: %s", count(len(c.changed), "file"), some(c.changed))
	}
	if len(c.removed) > 0 {
		text += fmt.Sprintf("\n%s removed since: %s", count(len(c.removed), "file"), some(c.removed))
	}
	return text
}

// changes compares what would be put into a workspace now with what was put
// into that of a run.
func (c checkout) changes(ctx context.Context, r *resumed) (changes, error) {
	d := comparison{checkout: c, dir: rundir.Workspace(r.Dir), start: time.Now()}
	var err error
	if d.old, err = readRecords(rundir.WorkspaceFile(r.Dir, recordsFile)); err != nil {
		return changes{}, err
	}
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return changes{}, err
	}
	defer root.Close()
	d.root = root
	now, err := c.current(ctx)
	if err != nil {
		return changes{}, err
	}
	if r.SHA == "" {
		for path := range now {
			if err := d.file(ctx, path); err != nil {
				return changes{}, err
			}
		}
		for path := range d.old {
			if _, overlaid := c.files[path]; !now[path] && !overlaid {
				d.gone(path)
			}
		}
	}
	for path, f := range c.files {
		d.text(path, f.Text())
	}
	slices.Sort(d.found.changed)
	slices.Sort(d.found.removed)
	slices.Sort(d.found.clash)
	return d.found, nil
}

// current returns the paths of the files that a snapshot of the working tree
// would hold, but for those that are laid over it.
func (c checkout) current(ctx context.Context) (map[string]bool, error) {
	want := &folder{}
	var err error
	switch {
	case c.sha != "":
		return nil, nil
	case c.repo.vcs == nil:
		want, err = listed(c.repo.root, c.skip)
	default:
		err = new(workspace).addListed(ctx, c.repo, c.repo, "", want)
	}
	now := map[string]bool{}
	want.walk("", func(path string) {
		rel, skipErr := filepath.Rel(c.skip, filepath.Join(c.repo.root, path))
		_, overlaid := c.files[path]
		if !overlaid && (skipErr != nil || !filepath.IsLocal(rel)) && exists(c.repo.root, path) {
			now[path] = true
		}
	})
	return now, err
}

// walk calls a function for each file.
func (d *folder) walk(at string, visit func(path string)) {
	for name := range d.files {
		visit(filepath.Join(at, name))
	}
	for name, sub := range d.folders {
		sub.walk(filepath.Join(at, name), visit)
	}
}

// A comparison finds the changes.
type comparison struct {
	checkout
	dir   string // of the workspace
	root  *os.Root
	start time.Time
	found changes
}

// state returns what a file of the workspace is, and whether it is as it was
// put there.
func (d *comparison) state(path string) (info fs.FileInfo, old record, intact bool) {
	old, known := d.old[path]
	info, err := d.root.Lstat(path)
	if err != nil {
		return nil, old, !known
	}
	copied, _ := fingerprintOf(info)
	return info, old, known && copied == old.copy && copied != 0
}

// file compares a file of the working tree.
func (d *comparison) file(ctx context.Context, path string) error {
	original := filepath.Join(d.repo.root, path)
	info, err := os.Lstat(original)
	if err != nil || !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
		return nil
	}
	now, changed := fingerprintOf(info)
	here, old, intact := d.state(path)
	if now != 0 && now == old.original && settled(changed, d.start) {
		return nil
	}
	if here != nil && d.same(path, original, info, here) {
		return nil
	}
	if info.Mode().IsRegular() && barred(original) {
		return nil // as a snapshot leaves it out
	}
	if !intact && old.blob != "" && info.Mode().IsRegular() {
		// What the job changed cannot tell what it was; git can.
		if blob, err := d.blob(ctx, original); err != nil || blob == old.blob {
			return err
		}
	}
	d.found.changed = append(d.found.changed, path)
	if !intact {
		d.found.clash = append(d.found.clash, path)
	}
	return nil
}

// barred reports whether the user may not read a file.
func barred(path string) bool {
	f, err := openFile(path)
	if err != nil {
		return errors.Is(err, fs.ErrPermission)
	}
	f.Close()
	return false
}

// same reports whether a file of the workspace is a copy of the original.
func (d *comparison) same(path, original string, info, here fs.FileInfo) bool {
	switch {
	case here.Mode().Type() != info.Mode().Type():
		return false
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(original)
		copied, errCopied := d.root.Readlink(path)
		return err == nil && errCopied == nil && target == copied
	case info.Size() != here.Size() || (info.Mode()^here.Mode())&0o100 != 0:
		return false
	}
	same, err := sameContent(d.root, path, original)
	return same && err == nil
}

// blob returns the name that git gives to the content of a file.
func (d *comparison) blob(ctx context.Context, path string) (string, error) {
	f, err := openFile(path)
	if err != nil {
		return "", nil // it changed this moment
	}
	defer f.Close()
	out, err := d.repo.vcs.run(ctx, f, "hash-object", "--stdin")
	return strings.TrimSpace(string(out)), err
}

// gone notes a file that the working tree no longer has.
func (d *comparison) gone(path string) {
	here, _, intact := d.state(path)
	if here == nil {
		return
	}
	d.found.removed = append(d.found.removed, path)
	if !intact {
		d.found.clash = append(d.found.clash, path)
	}
}

// text compares a file that is laid over the working tree.
func (d *comparison) text(path, text string) {
	here, _, intact := d.state(path)
	if here != nil {
		if there, err := readBelow(d.dir, path, maxSource); err == nil && string(there) == text {
			return
		}
	}
	d.found.changed = append(d.found.changed, path)
	if !intact {
		d.found.clash = append(d.found.clash, path)
	}
}

// update makes the changes in a workspace.
func (w *workspace) update(c checkout, found changes, slot *rundir.Slot) error {
	old, err := takeRecords(slot)
	if err != nil {
		return err
	}
	w.records = old
	root, err := os.OpenRoot(w.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, path := range found.removed {
		if err := root.RemoveAll(path); err != nil {
			return err
		}
		delete(w.records, path)
	}
	start := time.Now()
	for _, path := range found.changed {
		if err := makeWay(root, path); err != nil {
			return err
		}
		if _, overlaid := c.files[path]; overlaid {
			continue
		}
		if err := w.updateFile(root, filepath.Join(c.repo.root, path), path, start); err != nil {
			return err
		}
	}
	// All of them but those that changed are there already.
	files := maps.Clone(c.files)
	maps.DeleteFunc(files, func(path string, _ *source.File) bool { return !slices.Contains(found.changed, path) })
	c.files = files
	return w.finish(c, slot)
}

// updateFile copies one file. One that is gone meanwhile is left out.
func (w *workspace) updateFile(root *os.Root, original, path string, start time.Time) error {
	info, err := os.Lstat(original)
	if err == nil {
		err = copyInto(root, path, original)
	}
	if errors.Is(err, fs.ErrNotExist) {
		delete(w.records, path)
		return nil
	}
	if err != nil {
		return err
	}
	now, err := root.Lstat(path)
	if err != nil {
		return err
	}
	from, changed := fingerprintOf(info)
	if !settled(changed, start) {
		from = 0
	}
	copied, _ := fingerprintOf(now)
	w.records[path] = record{original: from, copy: copied, fresh: true}
	return nil
}

// makeWay removes what stands at a path, or where the directories to it should
// be, which it makes.
func makeWay(root *os.Root, path string) error {
	dir := filepath.Dir(path)
	for at := range parents(dir) {
		if info, err := root.Lstat(at); err == nil && !info.IsDir() {
			if err := root.RemoveAll(at); err != nil {
				return err
			}
		}
	}
	return errors.Join(root.MkdirAll(dir, 0o777), root.RemoveAll(path))
}

// parents yields a relative directory and those above it, from the top.
func parents(dir string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range dir {
			if os.IsPathSeparator(dir[i]) && !yield(dir[:i]) {
				return
			}
		}
		yield(dir)
	}
}
