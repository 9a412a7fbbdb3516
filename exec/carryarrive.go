package exec

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"quire/exec/rundir"
)

// arrive does to the workspace what an archive says. It may come from a machine
// that others control: whatever it holds, nothing outside of the workspace is
// read or written, nor, but for refs, anything in the git directory, and no more
// than so many bytes are.
func (c *carrier) arrive(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(c.work.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	a := arrival{carrier: c, root: root, left: c.most, now: time.Now(), modes: map[string]fs.FileMode{}}
	defer a.leaveDirectory()
	if err := a.read(ctx, bufio.NewReaderSize(f, 64<<10)); err != nil {
		return err
	}
	return a.finish()
}

// An arrival brings what one archive holds.
type arrival struct {
	*carrier
	root *os.Root // of the workspace
	left int64    // bytes that may come
	// at is the directory that the last file went to, kept open as dir.
	at  string
	dir *os.Root
	// began is when the jobs that left the files began, and now when they arrive.
	began, now time.Time
	// modes are the permissions that directories get in the end, by path.
	modes map[string]fs.FileMode
}

func (a *arrival) read(ctx context.Context, r io.Reader) error {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return notLeft(err)
	}
	// Names, and what pads them, take room beside the files.
	most := &io.LimitedReader{R: zip, N: 2*a.left + 64<<20}
	in := tar.NewReader(most)
	for n := 0; ; n++ {
		h, err := in.Next()
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			// What is behind the archive tells whether all of it came.
			if _, err = io.Copy(io.Discard, most); err == nil && most.N > 0 {
				return nil
			}
		case err == nil && n == 0 && h.Name != leftForm:
			if strings.HasPrefix(h.Name, "quire-left-") {
				return fmt.Errorf("it is of the form %q, and this quire reads %q", h.Name, leftForm)
			}
			return notLeft(errors.New("it begins with something else"))
		}
		if most.N <= 0 {
			return a.over()
		}
		if err != nil {
			return notLeft(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.entry(ctx, h, in); err != nil {
			return err
		}
	}
}

// notLeft says that a file is none that jobs left, or not whole.
func notLeft(err error) error {
	return fmt.Errorf("it is not whole, or no file that jobs left: %w", err)
}

func (a *arrival) over() error {
	return fmt.Errorf("it holds more than %s, the most that is carried", byteCount(a.most))
}

// entry obeys one entry.
func (a *arrival) entry(ctx context.Context, h *tar.Header, in io.Reader) error {
	if a.left -= entryCost + max(h.Size, 0); a.left < 0 {
		return a.over()
	}
	if name, ok := strings.CutPrefix(h.Name, removedPart); ok {
		path, err := a.place(name)
		if err != nil || a.barred(path) {
			return err
		}
		return a.remove(path)
	}
	if name, ok := strings.CutPrefix(h.Name, filesPart); ok {
		path, err := a.place(strings.TrimSuffix(name, "/"))
		if err != nil || a.barred(path) {
			return err
		}
		return a.put(path, h, in)
	}
	switch {
	case h.Name == leftForm:
		a.began = h.ModTime
		return nil
	case h.Name == packName && a.vcs != nil:
		return a.takePack(ctx, in)
	case h.Name == stateName && a.vcs != nil:
		return a.takeState(ctx, in)
	case h.Name == packName || h.Name == stateName:
		return nil // there is no git here
	}
	return fmt.Errorf("%q is nothing that it may hold", h.Name)
}

// enter makes a directory and those above it, in place of what else stands
// there, and opens it. No link is followed.
func (a *arrival) enter(path string) (*os.Root, error) {
	if a.dir != nil && a.at == path {
		return a.dir, nil
	}
	a.leaveDirectory()
	dir, err := a.root.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	a.dir, a.at = dir, path
	if path == "." {
		return dir, nil
	}
	done := ""
	for name := range strings.SplitSeq(path, string(filepath.Separator)) {
		done = filepath.Join(done, name)
		info, err := dir.Lstat(name)
		switch {
		case err == nil && info.IsDir():
			if info.Mode().Perm()&0o700 != 0o700 {
				if _, ok := a.modes[done]; !ok { // it gets back what it has
					a.modes[done] = info.Mode().Perm()
				}
				err = dir.Chmod(name, 0o700)
			}
		case err == nil:
			if err = rundir.RemoveAll(filepath.Join(a.work.dir, done)); err == nil {
				err = dir.Mkdir(name, 0o777)
			}
		case errors.Is(err, fs.ErrNotExist):
			err = dir.Mkdir(name, 0o777)
		}
		var inner *os.Root
		if err == nil {
			inner, err = dir.OpenRoot(name)
		}
		dir.Close()
		if err != nil {
			a.dir = nil
			return nil, err
		}
		dir, a.dir = inner, inner
	}
	return dir, nil
}

func (a *arrival) leaveDirectory() {
	if a.dir != nil {
		a.dir.Close()
		a.dir = nil
	}
}

// remove removes what stands at a path, unless a link leads there.
func (a *arrival) remove(path string) error {
	for at := range parents(filepath.Dir(path)) {
		if info, err := a.root.Lstat(at); err != nil || !info.IsDir() {
			return nil
		}
	}
	if within(a.at, []string{path}) {
		a.leaveDirectory()
	}
	return rundir.RemoveAll(filepath.Join(a.work.dir, path))
}

// put makes a file, a link or a directory at a path.
func (a *arrival) put(path string, h *tar.Header, in io.Reader) error {
	perm := fs.FileMode(h.Mode) & fs.ModePerm
	kind := h.Typeflag
	if kind != tar.TypeDir && kind != tar.TypeReg && kind != tar.TypeSymlink {
		return fmt.Errorf("%q is neither a file nor a link nor a directory", h.Name)
	}
	dir, err := a.enter(filepath.Dir(path))
	if err != nil {
		return err
	}
	name := filepath.Base(path)
	info, err := dir.Lstat(name)
	if err == nil && !(kind == tar.TypeDir && info.IsDir()) {
		if err := a.remove(path); err != nil {
			return err
		}
		info = nil
	}
	switch kind {
	case tar.TypeDir:
		if info == nil {
			err = dir.Mkdir(name, 0o700)
		} else {
			err = nil
		}
		a.modes[path] = perm
		return err
	case tar.TypeSymlink:
		return dir.Symlink(h.Linkname, name)
	}
	changed := h.ModTime
	if !a.guarded {
		changed = a.changed(changed)
	}
	return putFile(dir, name, perm, changed, in)
}

// changed returns the time of change that a file gets. What is checked out here
// may be newer than what jobs made elsewhere of the same, and tools that go by
// times would make it again. So what was written since the jobs began becomes
// newer than what is there, in the same order, and, but for a moment, not newer
// than now: a day becomes less than a tenth of a second.
func (a *arrival) changed(t time.Time) time.Time {
	since := t.Sub(a.began.Add(-clockTick))
	if since <= 0 {
		return t
	}
	moved := a.now.Add(since / 1_000_000)
	if moved.After(a.newest) {
		a.newest = moved
	}
	return moved
}

// outwait waits until what is written to the workspace is newer than all files
// that came: the clocks of file systems tick, and are behind until they do. Files
// of far in the future are not waited for.
func (c *carrier) outwait(ctx context.Context) error {
	end := c.newest.Add(clockTick)
	if most := time.Now().Add(3 * clockTick); end.After(most) {
		end = most
	}
	for time.Now().Before(end) && !c.clock().After(c.newest) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// clock returns when the workspace's file system would say that a file is written
// now, or no time where none can be.
func (c *carrier) clock() time.Time {
	f, err := os.CreateTemp(c.work.dir, ".quire-clock-")
	if err != nil {
		return time.Time{}
	}
	defer os.Remove(f.Name())
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// putFile makes a regular file.
func putFile(dir *os.Root, name string, perm fs.FileMode, changed time.Time, in io.Reader) error {
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, in)
	if err = errors.Join(err, f.Close()); err != nil {
		return notLeft(err)
	}
	if err := dir.Chmod(name, perm); err != nil {
		return err
	}
	return dir.Chtimes(name, time.Time{}, changed)
}

// finish gives directories their permissions, those within others first.
func (a *arrival) finish() error {
	a.leaveDirectory()
	for _, path := range slices.Backward(slices.Sorted(maps.Keys(a.modes))) {
		if info, err := a.root.Lstat(path); err != nil || !info.IsDir() {
			continue // something else took its place
		}
		if err := a.root.Chmod(path, a.modes[path]); err != nil {
			return err
		}
	}
	return nil
}
