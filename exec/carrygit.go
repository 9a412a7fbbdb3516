package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"quire/exec/rundir"
)

// gitLeft returns what the jobs changed in the git directory, and a file with
// the objects of it.
func (c *carrier) gitLeft(ctx context.Context, root *os.Root) (*gitChange, *packFile, error) {
	if c.vcs == nil || c.gitPrint(root) == c.was.print {
		return nil, nil, nil
	}
	own, why, err := c.ownGit(ctx, root)
	if err != nil {
		return nil, nil, err
	}
	defer own.remove()
	var change *gitChange
	var pack *packFile
	if why == "" {
		change, pack, why, err = own.changed(ctx)
		// What git cannot do is what a job made of its directory.
		if failed := (*gitError)(nil); errors.As(err, &failed) {
			why, err = failed.Error(), nil
		}
	}
	if err != nil || why != "" {
		change = nil
	}
	if why != "" {
		c.left = append(c.left, c.values.text("what changed in the git directory is not carried to other machines: "+why))
	}
	return change, pack, err
}

// An ownGit is a git directory that has the state of the one that the jobs left,
// and nothing else of it: git runs there, so nothing that they put into theirs
// makes it start a program or read what is not in the workspace.
type ownGit struct {
	*carrier
	git
	dir string
}

// ownGit makes one. It says why when that cannot be done.
func (c *carrier) ownGit(ctx context.Context, root *os.Root) (o *ownGit, why string, err error) {
	o = &ownGit{carrier: c}
	if o.dir, err = os.MkdirTemp("", "quire-git-"); err != nil {
		return o, "", err
	}
	theirs, err := root.OpenRoot(gitName)
	if err != nil {
		return o, "it is gone", nil
	}
	defer theirs.Close()
	if info, err := root.Lstat(gitName); err != nil || !info.IsDir() {
		return o, "it is gone", nil
	}
	odd := ""
	visit(theirs, "", func(_ *os.Root, path, _ string, info fs.FileInfo, err error) bool {
		switch first, _, _ := strings.Cut(filepath.ToSlash(path), "/"); {
		case !slices.Contains([]string{"HEAD", "packed-refs", "refs", indexFile, "config", "objects"}, first), odd != "":
			return false
		case err != nil || !info.IsDir() && !info.Mode().IsRegular():
			odd = path
		}
		return true
	})
	if odd != "" {
		return o, filepath.ToSlash(odd) + " is no ordinary file", nil
	}
	borrowed, err := readBelow(c.work.dir, filepath.Join(gitName, "objects/info/alternates"), 1<<20)
	if err != nil || string(borrowed) != c.borrowed() {
		return o, "it borrows other objects", nil
	}
	return o, "", o.fill(theirs)
}

// borrowed returns where a workspace borrows objects.
func (c *carrier) borrowed() string { return filepath.Join(c.vcs.commonDir, "objects") + "\n" }

// fill copies the state.
func (o *ownGit) fill(theirs *os.Root) error {
	for _, d := range []string{"objects/info", "refs"} {
		if err := os.MkdirAll(filepath.Join(o.dir, d), 0o700); err != nil {
			return err
		}
	}
	config := o.work.gitConfig(o.vcs.format)
	alternates := filepath.Join(o.work.dir, gitName, "objects") + "\n" + o.borrowed()
	err := errors.Join(os.WriteFile(filepath.Join(o.dir, "config"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(o.dir, "objects/info/alternates"), []byte(alternates), 0o600))
	visit(theirs, "", func(_ *os.Root, path, _ string, info fs.FileInfo, failed error) bool {
		first, _, _ := strings.Cut(filepath.ToSlash(path), "/")
		if !slices.Contains([]string{"HEAD", "packed-refs", "refs", indexFile}, first) || failed != nil || err != nil {
			return false
		}
		to := filepath.Join(o.dir, path)
		if info.IsDir() {
			err = os.MkdirAll(to, 0o700)
		} else {
			err = copyFile(filepath.Join(o.work.dir, gitName, path), to)
		}
		return true
	})
	o.git = o.vcs.on(o.dir, o.work.dir)
	return err
}

func (o *ownGit) remove() { _ = rundir.RemoveAll(o.dir) }

// state returns the state that the directory has.
func (o *ownGit) state(ctx context.Context) (s gitState, why string, err error) {
	head, err := readRegular(filepath.Join(o.dir, "HEAD"), 64<<10)
	if err != nil {
		return s, "HEAD cannot be read", nil
	}
	s.head = strings.TrimSpace(string(head))
	if !headForm.MatchString(s.head) {
		return s, "HEAD is broken", nil
	}
	out, err := o.run(ctx, nil, "for-each-ref", "--format=%(objectname) %(refname) %(symref)")
	if err != nil {
		return s, "", err
	}
	s.refs = map[string]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), " "); len(f) == 3 && f[2] == "" {
			s.refs[f[1]] = f[0]
		}
	}
	if s.index, err = o.line(ctx, "write-tree", "--missing-ok"); errors.As(err, new(*gitError)) {
		return s, "the index is broken, or has conflicts", nil
	}
	if err != nil {
		return s, "", err
	}
	s.config, err = o.settings(ctx)
	return s, "", err
}

// settings returns the settings that are carried.
func (o *ownGit) settings(ctx context.Context) (map[string][]string, error) {
	all := map[string][]string{}
	out, err := o.run(ctx, nil, "config", "--file", filepath.Join(o.work.dir, gitName, "config"), "--no-includes", "--list", "-z")
	for _, line := range zeroTerminated(out) {
		if key, value, _ := strings.Cut(line, "\n"); carriedSettings.MatchString(key) {
			all[key] = append(all[key], value)
		}
	}
	return all, err
}

// changed returns how the state differs from the one when the jobs began.
func (o *ownGit) changed(ctx context.Context) (*gitChange, *packFile, string, error) {
	now, why, err := o.state(ctx)
	if err != nil || why != "" {
		return nil, nil, why, err
	}
	old := o.was
	change := &gitChange{Refs: map[string]string{}, Config: map[string][]string{}}
	var fresh []string // names of objects that may be new
	add := func(object string) string {
		fresh = append(fresh, object)
		return object
	}
	if now.head != old.head {
		change.Head = now.head
		if !strings.HasPrefix(now.head, "ref: ") {
			add(now.head)
		}
	}
	for name, object := range now.refs {
		if old.refs[name] != object {
			change.Refs[name] = add(object)
		}
	}
	for name := range old.refs {
		if _, ok := now.refs[name]; !ok {
			change.Refs[name] = ""
		}
	}
	if now.index != old.index {
		change.Index = add(now.index)
	}
	for key, values := range now.config {
		if !slices.Equal(old.config[key], values) {
			change.Config[key] = values
		}
	}
	if change.Head == "" && change.Index == "" && len(change.Refs)+len(change.Config) == 0 {
		return nil, nil, "", nil
	}
	text, err := json.Marshal(change)
	if err != nil {
		return nil, nil, "", err
	}
	if o.values.in(string(text)) {
		return nil, nil, "the value of a secret is in it, which stays on its machine", nil
	}
	pack, why, err := o.pack(ctx, fresh)
	return change, pack, why, err
}

// pack returns the objects that are needed for some and not known to a machine
// that has the state when the jobs began.
func (o *ownGit) pack(ctx context.Context, fresh []string) (p *packFile, why string, err error) {
	var revs strings.Builder
	for _, object := range fresh {
		fmt.Fprintf(&revs, "%s\n", object)
	}
	for _, object := range slices.Sorted(maps.Values(o.was.refs)) {
		fmt.Fprintf(&revs, "^%s\n", object)
	}
	for _, object := range []string{o.work.commit.sha, o.was.head, o.was.index} {
		if object != "" && !strings.HasPrefix(object, "ref: ") {
			fmt.Fprintf(&revs, "^%s\n", object)
		}
	}
	objects, err := o.run(ctx, strings.NewReader(revs.String()), "rev-list", "--objects", "--no-object-names", "--ignore-missing", "--stdin")
	if err != nil || len(objects) == 0 {
		return nil, "", err
	}
	if holds, err := o.holdSecret(ctx, string(objects)); err != nil || holds {
		return nil, "the value of a secret is in it, which stays on its machine", err
	}
	f, err := os.CreateTemp("", "quire-pack-")
	if err != nil {
		return nil, "", err
	}
	p = &packFile{f}
	err = o.pipe(ctx, strings.NewReader(string(objects)), f, "pack-objects", "--stdout", "-q")
	if err != nil {
		p.discard()
		return nil, "", err
	}
	return p, "", nil
}

// holdSecret reports whether a value is in the content of objects.
func (o *ownGit) holdSecret(ctx context.Context, objects string) (holds bool, err error) {
	set := o.values.set.Load()
	if set == nil {
		return false, nil
	}
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := o.pipe(ctx, strings.NewReader(objects), w, "cat-file", "--batch", "--buffer")
		w.CloseWithError(err)
		done <- err
	}()
	holds, err = set.inReader(r)
	r.CloseWithError(io.ErrClosedPipe) // git need not go on
	if failed := <-done; !holds {
		err = errors.Join(err, failed)
	}
	return holds, err
}

// A packFile is a file of git's objects; nil: none.
type packFile struct{ *os.File }

func (p *packFile) size() int64 {
	if p == nil {
		return 0
	}
	info, err := p.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

func (p *packFile) discard() {
	if p != nil {
		p.Close()
		os.Remove(p.Name())
	}
}
