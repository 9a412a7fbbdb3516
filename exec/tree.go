package exec

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"quire/analysis/source"
)

// maxSource is the length in bytes from which a file of a tree is not read. It
// only keeps memory bounded: what a pipeline may hold is limited where it is
// loaded.
const maxSource = 16 << 20

// Dir returns the tree of the files below a directory on disk, which is a
// [source.Lister]. It follows symbolic links that stay below the directory.
func Dir(root string) source.Tree { return dirTree(root) }

type dirTree string

func (t dirTree) Read(path string) (*source.File, error) {
	text, err := readBelow(string(t), path, maxSource)
	if err != nil {
		return nil, err
	}
	return source.NewFile(path, string(text)), nil
}

// List returns what a directory holds, but for symbolic links and what is neither
// a file nor a directory.
func (t dirTree) List(dir string, limit int) ([]source.Entry, error) {
	f, err := openAny(string(t), dir, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, err := f.ReadDir(limit)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var entries []source.Entry
	for _, e := range found {
		if e.IsDir() || e.Type().IsRegular() {
			entries = append(entries, source.Entry{Name: e.Name(), Dir: e.IsDir()})
		}
	}
	slices.SortFunc(entries, func(a, b source.Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

// readBelow returns the content of a regular file at a slash-separated path
// below root, of at most limit bytes.
func readBelow(root, path string, limit int64) ([]byte, error) {
	f, err := openBelow(root, path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return readAll(f, limit)
}

// readRegular returns the content of a regular file of at most limit bytes.
func readRegular(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, cmp.Or(err, errNotRegular)
	}
	return readAll(f, limit)
}

// readAll reads and closes a file.
func readAll(f *os.File, limit int64) ([]byte, error) {
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, &fs.PathError{Op: "read", Path: f.Name(), Err: fmt.Errorf("the file is larger than %d MiB", limit>>20)}
	}
	return text, err
}

var (
	errLeaves     = errors.New("the path leaves the directory")
	errNotRegular = errors.New("not a regular file")
)

// openBelow opens a regular file below root without ever waiting for one that
// is not regular. No part of the path may leave root, by a link neither.
func openBelow(root, path string, flag int) (*os.File, error) {
	f, err := openAny(root, path, flag)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// openAny opens whatever stands at a path below root, without waiting for it.
func openAny(root, path string, flag int) (*os.File, error) {
	if !filepath.IsLocal(path) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errLeaves}
	}
	name := path
	// An os.Root refuses absolute links, those that stay below it included.
	if resolved, err := filepath.EvalSymlinks(filepath.Join(root, path)); err == nil {
		real, err := filepath.EvalSymlinks(root)
		if err != nil {
			return nil, err
		}
		name, err = filepath.Rel(real, resolved)
		if err != nil || !filepath.IsLocal(name) {
			return nil, &fs.PathError{Op: "open", Path: path, Err: errLeaves}
		}
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	f, err := dir.OpenFile(name, flag|openAtOnce, 0o666)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: rootError(err)}
	}
	return f, nil
}

// rootError says in our words that an os.Root refused a path.
func rootError(err error) error {
	inner := error(nil)
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		inner = pathErr.Err
	}
	switch {
	case inner == nil:
		return err
	case errors.Is(inner, syscall.ENXIO):
		return errNotRegular
	case errors.As(inner, new(syscall.Errno)):
		return inner
	case strings.Contains(inner.Error(), "escapes"):
		return errLeaves
	}
	return inner
}

// A commitTree is the tree of a commit.
type commitTree struct {
	git git
	sha string
}

func (t commitTree) Read(path string) (*source.File, error) {
	if !filepath.IsLocal(path) || strings.Contains(path, "\n") {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errLeaves}
	}
	text, err := t.read(path)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return source.NewFile(path, text), nil
}

func (t commitTree) read(path string) (string, error) {
	g := t.git
	g.limit = maxSource
	text, err := g.run(context.Background(), strings.NewReader(t.sha+":"+path+"\n"), "cat-file", "--batch", "--follow-symlinks")
	if errors.Is(err, errOutputLimit) {
		return "", fmt.Errorf("the file is larger than %d MiB", maxSource>>20)
	}
	if err != nil {
		return "", err
	}
	header, rest, _ := bytes.Cut(text, []byte("\n"))
	fields := strings.Fields(string(header))
	switch {
	case bytes.HasSuffix(header, []byte(" missing")), bytes.HasPrefix(header, []byte("dangling ")), bytes.HasPrefix(header, []byte("notdir ")):
		return "", fs.ErrNotExist
	case bytes.HasPrefix(header, []byte("symlink ")):
		return "", errLeaves
	case bytes.HasPrefix(header, []byte("loop ")):
		return "", syscall.ELOOP
	case len(fields) != 3 || fields[1] != "blob":
		return "", errNotRegular
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil || size > len(rest) {
		return "", fmt.Errorf("git cat-file gave %q", header)
	}
	return string(rest[:size]), nil
}
