package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// What jobs leave in their workspace goes to another machine as one file, a tar
// archive of the form PAX, compressed by gzip. Both are in the standard library
// and in every tool box, they stream, and gzip's fastest level is faster than
// the networks that the file takes; a better one would be another dependency.
// The same files make the same archive. Its entries are, in this order:
//
//	quire-left-1       empty; the number is that of the form
//	removed/PATH       empty; what stood at PATH is gone, with all below it
//	files/PATH         what was added or changed: a regular file, a symbolic
//	                   link, or a directory with its permissions
//	git/pack           the objects of git that the other machine cannot have
//	git/state          what changed in the git directory, a [gitChange] in JSON
//
// The first entry has the time when the jobs began. Of a file the content, the
// permissions for owner, group and others, and the time of change are carried, and of a link its target; owners, further links to
// a file and extended attributes are not. Files that git ignores are carried as
// any other. Of the workspace's own git directory go the refs that were made,
// moved or removed with the objects that they need, where HEAD is, what is
// staged, and who commits and what remotes are called; not hooks, nor any setting
// that names a program, nor objects that no ref leads to.
//
// Neither sockets, named pipes and devices are carried, nor what holds the value
// of a secret that the run revealed, as far as that can be seen: what is
// compressed or encrypted hides it.
const (
	leftForm    = "quire-left-1"
	removedPart = "removed/"
	filesPart   = "files/"
	packName    = "git/pack"
	stateName   = "git/state"
)

// DefaultCarry is how many bytes of files and objects go from a job to those on
// other machines unless [Options].Carry says otherwise.
const DefaultCarry = 1 << 30

// entryCost is how many bytes an entry of an archive counts beside its content.
const entryCost = 1 << 10

// A carrier takes what jobs leave in a workspace, and brings what others left.
type carrier struct {
	work   *workspace
	vcs    *gitRepository // nil without git
	values *redactions
	most   int64 // bytes
	// guarded leaves out the git directories of repositories within the workspace,
	// whose settings name programs that a person's git would run, and settings.
	guarded bool

	newest time.Time // the time of change of a file that came, the latest one
	began  time.Time // when the jobs did
	before tree
	was    gitState
	left   []string // what is not carried, and why
}

func (x *execution) carrier(w *workspace) *carrier {
	c := &carrier{work: w, vcs: x.request.source.repo.vcs, values: &x.values, most: x.request.options.Carry}
	if c.most == 0 {
		c.most = DefaultCarry
	}
	if c.vcs != nil {
		c.was = w.gitState()
	}
	return c
}

// arrive brings what other jobs left, in order.
func (x *execution) arrive(ctx context.Context, w *workspace) error {
	if x.request.options.Leave == "" && len(x.request.options.Arrive) == 0 {
		return nil
	}
	x.carry = x.carrier(w)
	for _, path := range x.request.options.Arrive {
		if err := x.carry.arrive(ctx, path); err != nil {
			return fmt.Errorf("what other jobs left cannot be used: %s: %w", path, err)
		}
	}
	return x.carry.outwait(ctx)
}

// beginLeaving remembers what the workspace is when the jobs begin.
func (x *execution) beginLeaving() error {
	if x.request.options.Leave == "" {
		return nil
	}
	return x.carry.remember()
}

// leaveFiles writes what the jobs left, unless the run was cancelled.
func (x *execution) leaveFiles(ctx context.Context) error {
	to := x.request.options.Leave
	if to == "" || x.carry == nil || x.carry.before == nil || ctx.Err() != nil {
		return nil
	}
	if err := x.carry.leave(ctx, to); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("what the jobs left cannot be carried: %w", err)
	}
	x.report.NotCarried, x.report.Left = x.carry.left, to
	return nil
}

// checkCarry refuses to carry files where the workspace is not the run's own.
func (o Options) checkCarry() error {
	switch {
	case o.Leave == "" && len(o.Arrive) == 0:
	case o.InPlace:
		return &UsageError{"a run in place has no workspace from or to which files could be carried"}
	case o.Resume != "":
		return &UsageError{"a run that is resumed has the files that its jobs left: none can be carried"}
	case o.Carry < 0:
		return &UsageError{fmt.Sprintf("%d bytes cannot be carried: expected 1 or more, or 0 for the default", o.Carry)}
	}
	return nil
}

// notCarried notes what is not carried. The text may name what is secret.
func (c *carrier) notCarried(paths []string, why string) {
	if len(paths) == 0 {
		return
	}
	are := "is"
	if len(paths) > 1 {
		are = "are"
	}
	for i, path := range paths {
		paths[i] = lossy(filepath.ToSlash(path))
	}
	c.left = append(c.left, c.values.text(fmt.Sprintf("%s %s not carried to other machines: %s", some(paths), are, why)))
}

// isGitName reports whether a name may be that of a git directory, on any file
// system: some fold case, leave out some characters, or have short names.
func isGitName(name string) bool {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff, r == utf8.RuneError:
			return -1
		}
		return r
	}, name)
	name, _, _ = strings.Cut(name, ":") // a stream of a file, on Windows
	name = strings.TrimRight(name, " .")
	return strings.EqualFold(name, gitName) || strings.EqualFold(name, "git~1")
}

// mine reports whether a path is in the git directory of the workspace.
func (c *carrier) mine(path string) bool {
	first, _, _ := strings.Cut(filepath.ToSlash(path), "/")
	return c.vcs != nil && isGitName(first)
}

// barred reports whether a path is not to be written here.
func (c *carrier) barred(path string) bool {
	if c.mine(path) {
		return true
	}
	for name := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		if c.guarded && isGitName(name) {
			return true
		}
	}
	return false
}

// place checks a path that another machine wrote.
func (c *carrier) place(name string) (string, error) {
	path := filepath.FromSlash(name)
	if path == "." || path != filepath.Clean(path) || !filepath.IsLocal(path) || os.PathSeparator != '/' && strings.ContainsRune(name, os.PathSeparator) {
		return "", fmt.Errorf("%q: %w", name, errLeaves)
	}
	if c.mine(path) {
		return "", fmt.Errorf("%q: %w", name, errors.New("it is in the git directory"))
	}
	return path, nil
}
