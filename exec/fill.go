package exec

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"quire/exec/rundir"
)

// A folder is what a directory is to hold.
type folder struct {
	files   map[string]string // names of contents in git, or empty, by name
	folders map[string]*folder
	// exact reports that nothing else may be in it, or below it, whatever may
	// remain elsewhere.
	exact bool
}

// add adds a file at a path.
func (d *folder) add(path, blob string) {
	dir, name := filepath.Split(path)
	d = d.folder(dir)
	if d.files == nil {
		d.files = map[string]string{}
	}
	d.files[name] = blob
}

// folder returns the directory at a path, which it adds when it is not there.
func (d *folder) folder(path string) *folder {
	for name := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		if name == "" {
			continue
		}
		if d.folders == nil {
			d.folders = map[string]*folder{}
		}
		next := d.folders[name]
		if next == nil {
			next = &folder{}
			d.folders[name] = next
		}
		d = next
	}
	return d
}

// A filler makes a directory hold copies of files. It reaches the directory
// only through an [os.Root], and first clears away what is in the way, so that
// nothing left there leads it elsewhere.
type filler struct {
	from  string // of the originals; empty: only clear away what was not put there
	to    string
	keep  bool    // what else is there, unless it is in the way
	guest bool    // keep all directories as they are, and what is in the way: it is an error
	skip  string  // a name in to that is not looked at
	old   records // of what is there
	start time.Time
	dirs  fs.FileMode   // permissions of directories
	slots chan struct{} // one for each that works beside the first

	mu   sync.Mutex // guards what follows
	done map[string]placed
	err  error // the first
}

// copiers is how many files are copied at once.
const copiers = 4

// chunk is how many files of a directory are copied one after the other before
// it is worth another goroutine.
const chunk = 64

// fill makes the directory hold what it is to hold.
func (f *filler) fill(want *folder) error {
	root, err := os.OpenRoot(f.to)
	if err != nil {
		return err
	}
	defer root.Close()
	if !f.guest {
		if f.dirs, err = newDirectoryMode(root); err != nil {
			return err
		}
	}
	f.start, f.done, f.slots = time.Now(), map[string]placed{}, make(chan struct{}, copiers-1)
	f.directory(root, "", want, f.keep)
	return f.err
}

// newDirectoryMode returns the permissions that a new directory gets.
func newDirectoryMode(root *os.Root) (fs.FileMode, error) {
	const probe = ".quire-probe"
	if err := root.RemoveAll(probe); err != nil {
		return 0, err
	}
	if err := root.Mkdir(probe, 0o777); err != nil {
		return 0, err
	}
	info, err := root.Lstat(probe)
	if err != nil {
		return 0, err
	}
	return info.Mode().Perm(), root.Remove(probe)
}

// records returns what is known of the files now that nobody works on them.
func (f *filler) records() records {
	now := time.Now()
	all := make(records, len(f.done))
	for path, p := range f.done {
		p.fresh = !settled(p.changed, now)
		all[path] = p.record
	}
	return all
}

// fail keeps the first error, and reports whether there is one.
func (f *filler) fail(err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
	return f.err != nil
}

// spawn carries out a task, beside the caller when not too many do already.
func (f *filler) spawn(tasks *sync.WaitGroup, task func() error) {
	select {
	case f.slots <- struct{}{}:
		tasks.Go(func() {
			defer func() { <-f.slots }()
			f.fail(task())
		})
	default:
		f.fail(task())
	}
}

// directory fills one directory, whose path below to is at.
func (f *filler) directory(dst *os.Root, at string, want *folder, keep bool) {
	keep = keep && !want.exact
	there, err := f.clear(dst, at, want, keep)
	if f.fail(err) {
		return
	}
	var tasks sync.WaitGroup
	defer tasks.Wait()
	if f.from != "" {
		for names := range slices.Chunk(slices.Collect(maps.Keys(want.files)), chunk) {
			f.spawn(&tasks, func() error {
				for _, name := range names {
					if err := f.put(dst, at, name, want.files[name], there[name]); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	for name, sub := range want.folders {
		f.spawn(&tasks, func() error { return f.enter(dst, at, name, sub, there[name], keep) })
	}
}

// enter fills a directory in another.
func (f *filler) enter(dst *os.Root, at, name string, want *folder, there, keep bool) error {
	if f.fail(nil) || !there && f.from == "" {
		return nil
	}
	if !there {
		if err := dst.Mkdir(name, 0o777); err != nil {
			return blocked(err)
		}
	} else if info, err := dst.Lstat(name); err != nil {
		return err
	} else if !f.guest && info.Mode().Perm() != f.dirs {
		if err := dst.Chmod(name, f.dirs); err != nil {
			return blocked(err)
		}
	}
	inner, err := dst.OpenRoot(name)
	if err != nil {
		return blocked(err)
	}
	defer inner.Close()
	f.directory(inner, filepath.Join(at, name), want, keep)
	return nil
}

// A blockedError says that a workspace cannot be changed, as where a job left
// what belongs to somebody else.
type blockedError struct{ error }

func (e blockedError) Unwrap() error { return e.error }

// An inWayError says that something is in the way that is not to be removed.
type inWayError struct{ path string }

func (e *inWayError) Error() string { return e.path + " is in the way" }

// blocked returns an error as one of the workspace.
func blocked(err error) error {
	if err == nil {
		return nil
	}
	return blockedError{err}
}

// clear removes from a directory what may not stay, and returns the names of
// what is wanted and there already.
func (f *filler) clear(dst *os.Root, at string, want *folder, keep bool) (map[string]bool, error) {
	dir, err := dst.Open(".")
	if err != nil {
		return nil, err
	}
	entries, err := dir.ReadDir(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(entries))
	for _, e := range entries {
		name := e.Name()
		_, isFile := want.files[name]
		_, isFolder := want.folders[name]
		switch {
		case at == "" && name == f.skip && name != "":
		case isFolder && e.IsDir(), isFile && (e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0) && (f.from != "" || f.untouched(dst, at, name)):
			there[name] = true
		case (keep || f.guest) && !isFile && !isFolder:
		case f.guest:
			return nil, &inWayError{filepath.Join(at, name)}
		default:
			if err := rundir.RemoveAll(filepath.Join(f.to, at, name)); err != nil {
				return nil, blocked(err)
			}
		}
	}
	return there, nil
}

// untouched reports whether a file is as it was put there.
func (f *filler) untouched(dst *os.Root, at, name string) bool {
	info, err := dst.Lstat(name)
	if err != nil {
		return false
	}
	copied, _ := fingerprintOf(info)
	old, known := f.old[filepath.Join(at, name)]
	return known && copied == old.copy
}

// put makes a directory hold a copy of a file. One that is gone is left out.
func (f *filler) put(dst *os.Root, at, name, blob string, there bool) error {
	path := filepath.Join(at, name)
	original := filepath.Join(f.from, path)
	info, err := os.Lstat(original)
	if err != nil || !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
		return f.leaveOut(dst, name, err, there)
	}
	from, changed := fingerprintOf(info)
	if !settled(changed, f.start) {
		from = 0
	}
	if there {
		there, err = f.holds(dst, path, name, original, info, from)
		if err != nil {
			return err
		}
		if !there {
			if err := dst.RemoveAll(name); err != nil {
				return blocked(err)
			}
		}
	}
	if !there {
		if err := copyInto(dst, name, original); err != nil {
			return f.leaveOut(dst, name, err, false)
		}
	}
	now, err := dst.Lstat(name)
	if err != nil {
		return err
	}
	p := placed{record: record{original: from, blob: blob}}
	p.copy, p.changed = fingerprintOf(now)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done[path] = p
	return nil
}

// leaveOut removes a file whose original is gone, or is none that can be
// copied.
func (f *filler) leaveOut(dst *os.Root, name string, err error, there bool) error {
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return err
	}
	if there {
		return dst.RemoveAll(name)
	}
	return nil
}

// holds reports whether a file is what a copy of the original would be. One
// that somebody touched since it was put there never is: more than its content
// may have changed.
func (f *filler) holds(dst *os.Root, path, name, original string, info fs.FileInfo, from fingerprint) (bool, error) {
	now, err := dst.Lstat(name)
	if err != nil {
		return false, err
	}
	copied, _ := fingerprintOf(now)
	old, known := f.old[path]
	switch {
	case f.guest, copied != 0 && (!known || copied != old.copy):
		return false, nil
	case from != 0 && from == old.original && !old.fresh:
		return true, nil
	case now.Mode().Type() != info.Mode().Type():
		return false, nil
	case now.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(original)
		here, errHere := dst.Readlink(name)
		return err == nil && errHere == nil && here == target, nil
	case now.Size() != info.Size() || links(now) > 1:
		return false, nil
	}
	same, err := sameContent(dst, name, original)
	if !same || err != nil {
		return false, err
	}
	if perm := (info.Mode().Perm() | 0o200) & f.dirs; perm != now.Mode().Perm() {
		err = dst.Chmod(name, perm)
	}
	if err == nil && !now.ModTime().Equal(info.ModTime()) {
		err = dst.Chtimes(name, time.Time{}, info.ModTime())
	}
	return err == nil, err
}

// sameContent compares the content of two regular files.
func sameContent(dst *os.Root, name, original string) (bool, error) {
	a, err := openFile(original)
	if err != nil {
		return false, nil // whoever copies it finds out why
	}
	defer a.Close()
	b, err := dst.OpenFile(name, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return false, err
	}
	defer b.Close()
	return equalReaders(a, b)
}

// equalReaders reports whether two readers give the same bytes.
func equalReaders(a, b io.Reader) (bool, error) {
	const size = 64 << 10
	bufs := [2][]byte{make([]byte, size), make([]byte, size)}
	for {
		n, errA := io.ReadFull(a, bufs[0])
		m, errB := io.ReadFull(b, bufs[1])
		if !bytes.Equal(bufs[0][:n], bufs[1][:m]) {
			return false, nil
		}
		for _, err := range []error{errA, errB} {
			if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
				return false, err
			}
		}
		if errA != nil || errB != nil {
			return true, nil
		}
	}
}

// copyInto copies a regular file with its permissions and time of change, or a
// symbolic link as it is, to a name that does not exist. The copy shares no
// data with the original that writing to it would change. Anything else counts
// as not there.
func copyInto(dst *os.Root, name, from string) error {
	in, err := openFile(from)
	if errors.Is(err, syscall.ELOOP) {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return blocked(dst.Symlink(target, name))
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
	out, err := dst.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o200)
	if err != nil {
		return blocked(err)
	}
	if info.Size() > 0 && cloneFile(out, in) != nil {
		_, err = out.ReadFrom(in)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return dst.Chtimes(name, time.Time{}, info.ModTime())
}

// copyFile is copyInto for a path.
func copyFile(from, to string) error {
	dir, err := os.OpenRoot(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer dir.Close()
	return copyInto(dir, filepath.Base(to), from)
}
