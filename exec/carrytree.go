package exec

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A tree is what the files of a workspace are at one moment, by path.
type tree map[string]standing

// A standing is what stands at a path.
type standing struct {
	mode  fs.FileMode
	print fingerprint // zero of directories
	// sum is of the content, or is the target of a link, where a change of it may
	// not show in the fingerprint.
	sum string
}

// A visitor is told of everything that stands in a directory, each after the
// directory it is in, in the order of their names. What cannot be read is told
// with an error. It says whether to go into a directory.
type visitor func(dir *os.Root, path, name string, info fs.FileInfo, err error) (enter bool)

// visit walks a directory.
func visit(dir *os.Root, at string, see visitor) {
	here, err := dir.Open(".")
	var names []string
	if err == nil {
		names, err = here.Readdirnames(-1)
		err = errors.Join(err, here.Close())
	}
	if err != nil {
		see(dir, at, ".", nil, err)
		return
	}
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(at, name)
		info, err := dir.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if !see(dir, path, name, info, err) || err != nil || !info.IsDir() {
			continue
		}
		inner, err := dir.OpenRoot(name)
		if err != nil {
			see(dir, path, name, nil, err)
			continue
		}
		visit(inner, path, see)
		inner.Close()
	}
}

// remember notes what the workspace is.
func (c *carrier) remember() error {
	root, err := os.OpenRoot(c.work.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	c.before = tree{}
	changes := map[string]time.Time{}
	visit(root, "", func(_ *os.Root, path, _ string, info fs.FileInfo, err error) bool {
		if err != nil || c.mine(path) {
			return false
		}
		s := standing{mode: info.Mode()}
		if !info.IsDir() {
			s.print, changes[path] = fingerprintOf(info)
		}
		c.before[path] = s
		return true
	})
	// The jobs begin now: what was written a moment ago may be written again
	// without a trace in its fingerprint.
	c.began = time.Now()
	for path, changed := range changes {
		s := c.before[path]
		if s.print != 0 && settled(changed, c.began) {
			continue
		}
		if s.sum, err = sumOf(root, path, s.mode); err == nil {
			c.before[path] = s
		}
	}
	if c.vcs != nil {
		c.was.print = c.gitPrint(root)
	}
	return nil
}

// sumOf returns what tells the content of a file, or the target of a link.
func sumOf(root *os.Root, path string, mode fs.FileMode) (string, error) {
	switch {
	case mode&fs.ModeSymlink != 0:
		return root.Readlink(path)
	case !mode.IsRegular():
		return "", nil
	}
	f, err := root.OpenFile(path, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return string(h.Sum(nil)), nil
}

// A difference is what jobs did to a workspace. Paths are in order.
type difference struct {
	changed []string // and what is new
	removed []string // but for what is below another one
	other   []string // what can be no file on another machine, such as a socket
	unread  []string
	git     []string               // what other systems take for the git directory
	infos   map[string]fs.FileInfo // of changed
}

// compare finds out what the workspace is not any more.
func (c *carrier) compare(root *os.Root) difference {
	d := difference{infos: map[string]fs.FileInfo{}}
	seen := make(map[string]bool, len(c.before))
	visit(root, "", func(dir *os.Root, path, name string, info fs.FileInfo, err error) bool {
		if c.mine(path) {
			if path != gitName {
				d.git = append(d.git, path)
			}
			return false
		}
		old, known := c.before[path]
		if err != nil {
			// What was there before cannot be told from what is there now.
			d.unread = append(d.unread, path)
			return false
		}
		seen[path] = true
		switch {
		case known && old.same(dir, name, info):
		case info.IsDir(), info.Mode().IsRegular(), info.Mode()&fs.ModeSymlink != 0:
			d.changed = append(d.changed, path)
			d.infos[path] = info
		default:
			d.other = append(d.other, path)
		}
		return true
	})
	for path := range c.before {
		if !seen[path] && !within(path, d.unread) {
			d.removed = append(d.removed, path)
		}
	}
	slices.Sort(d.changed)
	slices.Sort(d.removed)
	d.removed = slices.DeleteFunc(d.removed, func(path string) bool {
		up := filepath.Dir(path)
		_, known := c.before[up]
		return known && !seen[up]
	})
	return d
}

// within reports whether a path is one of some others, or below one.
func within(path string, others []string) bool {
	return slices.ContainsFunc(others, func(other string) bool {
		return path == other || other == "" || strings.HasPrefix(path, other+string(filepath.Separator))
	})
}

// same reports whether what stands at a path is what stood there.
func (s standing) same(dir *os.Root, name string, info fs.FileInfo) bool {
	if s.mode != info.Mode() {
		return false
	}
	if info.IsDir() {
		return true
	}
	if now, _ := fingerprintOf(info); now != s.print {
		return false
	}
	if s.sum == "" && s.print != 0 {
		return true
	}
	sum, err := sumOf(dir, name, s.mode)
	return err == nil && sum == s.sum
}
