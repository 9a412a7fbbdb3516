package exec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A Get is something to copy out of the workspace when the jobs are done.
type Get struct {
	Path string // of a file or directory, relative to the workspace
	// To is where it goes: an existing directory for a file to stand in, or
	// else what it is called there; empty: Path, below the current directory.
	To string
}

// check refuses what cannot be in the workspace.
func (g Get) check() error {
	if clean := filepath.Clean(g.Path); g.Path == "" || clean == "." || !filepath.IsLocal(g.Path) {
		return &UsageError{fmt.Sprintf("--get %q: expected the path of a file or directory in the workspace, such as dist/app", g.Path)}
	}
	return nil
}

// findDestinations makes the places where results go independent of the current
// directory.
func (r *Request) findDestinations(context.Context) (err error) {
	if r.options.Leave != "" {
		if r.options.Leave, err = filepath.Abs(r.options.Leave); err != nil {
			return err
		}
	}
	gets := make([]Get, len(r.options.Get))
	for i, g := range r.options.Get {
		to := cmp.Or(g.To, g.Path)
		abs, err := filepath.Abs(to)
		if err != nil {
			return err
		}
		if strings.HasSuffix(to, string(filepath.Separator)) && g.To != "" {
			abs += string(filepath.Separator)
		}
		gets[i] = Get{g.Path, abs}
	}
	r.options.Get = gets
	return nil
}

// get copies results out of the workspace, those of a run that failed too: what
// it made shows what went wrong. The error says what could not be copied of a
// run that succeeded.
func (x *execution) get() error {
	if x.host == nil || x.report.Outcome != Succeeded && x.report.Outcome != Failed {
		return nil
	}
	var errs []error
	for _, g := range x.request.options.Get {
		to, err := g.copyFrom(x.host.work.dir)
		switch {
		case err == nil:
			x.record.emit(Event{Type: Log, Message: fmt.Sprintf("copied %s out of the workspace to %s", g.Path, to)})
		case x.report.Outcome == Succeeded:
			errs = append(errs, err)
		default:
			x.record.emit(Event{Type: Log, Message: err.Error()})
		}
	}
	return errors.Join(errs...)
}

// copyFrom copies one result out of a workspace, and returns where it is. The
// error is a [*UsageError] when there is nothing to copy, or something is in
// the way.
func (g Get) copyFrom(dir string) (to string, err error) {
	refuse := func(format string, args ...any) (string, error) {
		return "", &UsageError{fmt.Sprintf("cannot copy %q out of the workspace: ", g.Path) + fmt.Sprintf(format, args...)}
	}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(filepath.Join(root, g.Path))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return refuse("there is no such file or directory")
	}
	if err != nil {
		return refuse("%v", osError(err))
	}
	if rel, err := filepath.Rel(root, real); err != nil || !filepath.IsLocal(rel) {
		return refuse("it leads out of there")
	}
	info, err := os.Lstat(real)
	if err != nil {
		return "", err
	}
	there, _ := os.Stat(g.To)
	switch {
	case info.IsDir() && there != nil && !there.IsDir():
		return refuse("%s is in the way", g.To)
	case info.IsDir():
		to, err = filepath.Clean(g.To), copyDirectory(real, g.To)
	case !info.Mode().IsRegular():
		return refuse("it is neither a file nor a directory")
	default:
		to = g.To
		if there != nil && there.IsDir() || strings.HasSuffix(to, string(filepath.Separator)) {
			to = filepath.Join(to, filepath.Base(g.Path))
		}
		err = replaceFile(real, to)
	}
	if inWay := (*inWayError)(nil); errors.As(err, &inWay) {
		return refuse("%s is in the way", filepath.Join(g.To, inWay.path))
	}
	if err != nil {
		return "", fmt.Errorf("cannot copy %q out of the workspace: %w", g.Path, err)
	}
	return to, nil
}

// copyDirectory copies what is in a directory into another, which may hold
// more. Files there are replaced; a directory never is by a file, nor a file by
// a directory.
func copyDirectory(from, to string) error {
	if err := os.MkdirAll(to, 0o777); err != nil {
		return err
	}
	want, err := listed(from, "")
	if err != nil {
		return err
	}
	f := filler{from: from, to: to, guest: true}
	return f.fill(want)
}

// replaceFile copies a file over another in one step.
func replaceFile(from, to string) error {
	if info, err := os.Lstat(to); err == nil && info.IsDir() {
		return &inWayError{}
	}
	dir := filepath.Dir(to)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(dir, ".quire-get-")
	if err != nil {
		return err
	}
	copied := filepath.Join(tmp, "file")
	err = copyFile(from, copied)
	if err == nil {
		err = os.Rename(copied, to)
	}
	return errors.Join(err, os.RemoveAll(tmp))
}
