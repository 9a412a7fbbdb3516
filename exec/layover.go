package exec

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// layOver makes a workspace hold what the parcel has beside the commit. To git it
// is what the commit holds, as in the workspace that was packed.
func (o *order) layOver(ctx context.Context, own git, w *workspace) error {
	w.throwAway = o.about.ThrowAway
	tracked, err := own.entries(ctx)
	if err != nil {
		return err
	}
	laid, err := o.copyTo(w)
	if err != nil {
		return err
	}
	was := map[string]entry{}
	for _, e := range tracked {
		if laid[e.path] {
			was[e.path] = e
		}
	}
	if len(was) == 0 {
		return nil
	}
	paths := slices.Sorted(maps.Keys(was))
	if _, err := own.run(ctx, zeroTerminatedLines(paths), "update-index", "-z", "--stdin"); err != nil {
		return err
	}
	// What is another file to git, as without the filter that made it, is not to
	// be looked at.
	now, err := own.entries(ctx)
	if err != nil {
		return err
	}
	var info, other []string
	for _, e := range now {
		if old, ok := was[e.path]; ok && (old.sha != e.sha || old.mode != e.mode) {
			info = append(info, old.mode+" "+old.sha+"\t"+e.path)
			other = append(other, e.path)
		}
	}
	if len(other) == 0 {
		return nil
	}
	if _, err := own.run(ctx, zeroTerminatedLines(info), "update-index", "-z", "--index-info"); err != nil {
		return err
	}
	_, err = own.run(ctx, zeroTerminatedLines(other), "update-index", "--assume-unchanged", "-z", "--stdin")
	return err
}

func zeroTerminatedLines(lines []string) io.Reader {
	return strings.NewReader(strings.Join(lines, "\x00") + "\x00")
}

// copyTo puts the files into a workspace, and returns their slash-separated
// paths.
func (o *order) copyTo(w *workspace) (laid map[string]bool, err error) {
	to, err := os.OpenRoot(w.dir)
	if err != nil {
		return nil, err
	}
	defer to.Close()
	for _, path := range o.about.Absent {
		if err := to.RemoveAll(filepath.FromSlash(path)); err != nil {
			return nil, err
		}
		delete(w.records, path)
	}
	laid = map[string]bool{}
	return laid, walkBelow(o.files, func(path string, d fs.DirEntry) error {
		at, err := to.Lstat(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		switch {
		case d.IsDir() && err == nil && at.IsDir():
			return nil
		case err == nil:
			if err := to.RemoveAll(path); err != nil {
				return err
			}
		}
		if d.IsDir() {
			return to.Mkdir(path, 0o777)
		}
		laid[filepath.ToSlash(path)] = true
		delete(w.records, filepath.ToSlash(path))
		return copyInto(to, path, filepath.Join(o.files, path))
	})
}
