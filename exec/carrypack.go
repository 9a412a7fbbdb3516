package exec

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

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

// write writes the entries of a change.
func (g *gitChange) write(out *tar.Writer, p *packFile) error {
	if p != nil {
		h := header(tar.TypeReg, packName)
		h.Size = p.size()
		if _, err := p.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(out, p); err != nil {
			return err
		}
	}
	text, err := json.Marshal(g)
	if err != nil {
		return err
	}
	h := header(tar.TypeReg, stateName)
	h.Size = int64(len(text))
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// maxGitState is the size in bytes of the largest git/state.
const maxGitState = 64 << 20

// takePack takes objects of git.
func (a *arrival) takePack(ctx context.Context, in io.Reader) error {
	_, err := a.workGit().run(ctx, in, "index-pack", "--stdin", "--fix-thin")
	return err
}

// workGit returns a git that works in the workspace. No job ran there yet.
func (c *carrier) workGit() git { return c.vcs.on(c.work.gitDir, c.work.dir) }

// takeState brings the git directory to the state that jobs left. Git checks
// that names of refs and paths in trees are such.
func (a *arrival) takeState(ctx context.Context, in io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(in, maxGitState+1))
	if err != nil {
		return notLeft(err)
	}
	var g gitChange
	if err := json.Unmarshal(text, &g); err != nil || len(text) > maxGitState {
		return notLeft(errors.Join(errors.New("git/state"), err))
	}
	if err := g.check(); err != nil {
		return notLeft(err)
	}
	own := a.workGit()
	for _, step := range []func(context.Context, git) error{g.setRefs, g.setHead, g.setIndex, g.setConfig} {
		if err := step(ctx, own); err != nil {
			return err
		}
	}
	g.addTo(&a.was)
	return nil
}

// check refuses what no jobs can have left.
func (g *gitChange) check() error {
	if g.Head != "" && !headForm.MatchString(g.Head) {
		return fmt.Errorf("HEAD cannot be %q", g.Head)
	}
	for name, object := range g.Refs {
		if !strings.HasPrefix(name, "refs/") || strings.ContainsAny(name, "\x00\n") || object != "" && !objectForm.MatchString(object) {
			return fmt.Errorf("the ref %q cannot be %q", name, object)
		}
	}
	if g.Index != "" && !objectForm.MatchString(g.Index) {
		return fmt.Errorf("no tree is called %q", g.Index)
	}
	for key := range g.Config {
		if !carriedSettings.MatchString(key) {
			return fmt.Errorf("the setting %q is not carried", key)
		}
	}
	return nil
}

// setRefs changes refs. What is gone goes first: it may be in the way.
func (g *gitChange) setRefs(ctx context.Context, own git) error {
	var gone, moved strings.Builder
	for _, name := range slices.Sorted(maps.Keys(g.Refs)) {
		if object := g.Refs[name]; object == "" {
			fmt.Fprintf(&gone, "delete %s\x00\x00", name)
		} else {
			fmt.Fprintf(&moved, "update %s\x00%s\x00\x00", name, object)
		}
	}
	for _, commands := range []string{gone.String(), moved.String()} {
		if commands == "" {
			continue
		}
		if _, err := own.run(ctx, strings.NewReader(commands), "update-ref", "--stdin", "-z"); err != nil {
			return err
		}
	}
	return nil
}

func (g *gitChange) setHead(ctx context.Context, own git) error {
	if g.Head == "" {
		return nil
	}
	args := []string{"update-ref", "--no-deref", "HEAD", g.Head}
	if ref, ok := strings.CutPrefix(g.Head, "ref: "); ok {
		args = []string{"symbolic-ref", "HEAD", ref}
	}
	_, err := own.run(ctx, nil, args...)
	return err
}

// setIndex stages a tree.
func (g *gitChange) setIndex(ctx context.Context, own git) error {
	if g.Index == "" {
		return nil
	}
	if _, err := own.run(ctx, nil, "read-tree", "--reset", g.Index); err != nil {
		return err
	}
	// It says so when files are not as they are staged.
	_, err := own.run(ctx, nil, "update-index", "-q", "--refresh")
	if errors.As(err, new(*gitError)) {
		return nil
	}
	return err
}

func (g *gitChange) setConfig(ctx context.Context, own git) error {
	for _, key := range slices.Sorted(maps.Keys(g.Config)) {
		for i, value := range g.Config[key] {
			how := "--add"
			if i == 0 {
				how = "--replace-all"
			}
			if _, err := own.run(ctx, nil, "config", how, key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// addTo makes a state the one after the change.
func (g *gitChange) addTo(s *gitState) {
	if g.Head != "" {
		s.head = g.Head
	}
	if g.Index != "" {
		s.index = g.Index
	}
	maps.Copy(s.config, g.Config)
	for name, object := range g.Refs {
		if object == "" {
			delete(s.refs, name)
		} else {
			s.refs[name] = object
		}
	}
}
