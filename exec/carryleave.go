package exec

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// leave writes what changed in the workspace since it was remembered.
func (c *carrier) leave(ctx context.Context, to string) error {
	root, err := os.OpenRoot(c.work.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	d := c.compare(root)
	c.notCarried(d.other, "a socket, a named pipe or a device is of its machine only")
	c.notCarried(d.unread, "what it holds cannot be read")
	c.notCarried(d.git, "on some systems this is the git directory")
	if err := c.sift(ctx, root, &d); err != nil {
		return err
	}
	change, pack, err := c.gitLeft(ctx, root)
	if err != nil {
		return err
	}
	defer pack.discard()
	if over := c.tooMuch(d, pack); over != "" {
		c.left = append(c.left, over)
		d, change = difference{}, nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(to), ".quire-left-")
	if err != nil {
		return err
	}
	err = c.write(ctx, tmp, root, d, change, pack)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// sift takes out what holds the value of a secret.
func (c *carrier) sift(ctx context.Context, root *os.Root, d *difference) error {
	set := c.values.set.Load()
	if set == nil {
		return nil
	}
	var kept, secret []string
	for _, path := range d.changed {
		holds, err := holdsSecret(set, root, path, d.infos[path])
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !errors.Is(err, fs.ErrPermission):
			return err
		case holds:
			secret = append(secret, path)
		default:
			kept = append(kept, path) // one that cannot be read is told of when it is written
		}
	}
	d.changed = kept
	d.removed = slices.DeleteFunc(d.removed, func(path string) bool {
		if set.in(path) {
			secret = append(secret, path)
		}
		return set.in(path)
	})
	c.notCarried(secret, "the value of a secret is in it, which stays on its machine")
	return nil
}

// holdsSecret reports whether a value is in the path, the content or the target
// of a file.
func holdsSecret(set *redaction, root *os.Root, path string, info fs.FileInfo) (bool, error) {
	switch {
	case set.in(path):
		return true, nil
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := root.Readlink(path)
		return set.in(target), err
	case !info.Mode().IsRegular():
		return false, nil
	}
	f, err := root.OpenFile(path, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return set.inReader(f)
}

// tooMuch says that there is more than is carried, and where most of it is.
func (c *carrier) tooMuch(d difference, pack *packFile) string {
	sum := pack.size() + entryCost*int64(3+len(d.removed))
	dirs := map[string]int64{}
	for _, path := range d.changed {
		size := int64(entryCost)
		if info := d.infos[path]; info.Mode().IsRegular() {
			size += info.Size()
		}
		sum += size
		for at := range parents(filepath.Dir(path)) {
			dirs[at] += size
		}
	}
	if sum <= c.most {
		return ""
	}
	text := fmt.Sprintf("nothing of what was left in the workspace is carried to other machines: %s in %s, and %s are carried at most",
		byteCount(sum), count(len(d.changed), "file"), byteCount(c.most))
	// The deepest directory that has most of it says the most.
	most := ""
	for at, size := range dirs {
		if size > sum/2 && at != "." && (len(at) > len(most) || len(at) == len(most) && at < most) {
			most = at
		}
	}
	if most != "" {
		text += fmt.Sprintf("; %s are in %s", byteCount(dirs[most]), lossy(filepath.ToSlash(most)))
	}
	return c.values.text(text)
}

// byteCount returns a size as people read it.
func byteCount(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.size), unit.name)
		}
	}
	return count(int(n), "byte")
}

// write writes the archive.
func (c *carrier) write(ctx context.Context, w io.Writer, root *os.Root, d difference, change *gitChange, pack *packFile) error {
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	out := tar.NewWriter(zip)
	form := header(tar.TypeReg, leftForm)
	form.ModTime = c.began
	err = out.WriteHeader(form)
	for _, path := range d.removed {
		if err == nil {
			err = out.WriteHeader(header(tar.TypeReg, removedPart+filepath.ToSlash(path)))
		}
	}
	var unread []string
	for _, path := range d.changed {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			break
		}
		err = writeFile(out, root, path, d.infos[path])
		if errors.As(err, new(unreadError)) {
			unread, err = append(unread, path), nil
		}
	}
	c.notCarried(unread, "it cannot be read")
	if err == nil && change != nil {
		err = change.write(out, pack)
	}
	return errors.Join(err, out.Close(), zip.Close())
}

// header returns that of an entry with nothing in it.
func header(kind byte, name string) *tar.Header {
	return &tar.Header{Typeflag: kind, Name: name, Mode: 0o644, Format: tar.FormatPAX, ModTime: time.Unix(0, 0)}
}

// An unreadError says that a file cannot be read, before anything of it was
// written.
type unreadError struct{ error }

func writeFile(out *tar.Writer, root *os.Root, path string, info fs.FileInfo) error {
	h := header(tar.TypeReg, filesPart+filepath.ToSlash(path))
	h.Mode = int64(info.Mode().Perm())
	switch {
	case info.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
		return out.WriteHeader(h)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := root.Readlink(path)
		if err != nil {
			return unreadError{err}
		}
		h.Typeflag, h.Linkname = tar.TypeSymlink, target
		return out.WriteHeader(h)
	}
	f, err := root.OpenFile(path, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return unreadError{err}
	}
	defer f.Close()
	h.Size, h.ModTime = info.Size(), info.ModTime()
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	if n, err := io.Copy(out, io.LimitReader(f, h.Size)); err != nil || n < h.Size {
		return errors.Join(err, fmt.Errorf("%s changed while it was read", strings.ToValidUTF8(path, "\uFFFD")))
	}
	return nil
}
