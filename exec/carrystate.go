package exec

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A gitState is what the git directory of a workspace says, as far as it is
// carried.
type gitState struct {
	head   string            // content of HEAD
	refs   map[string]string // names of objects by full name
	index  string            // name of the tree that is staged
	config map[string][]string
	print  string // changes when any of it does
}

// A gitChange is how one state differs from another.
type gitChange struct {
	Head string `json:"head,omitempty"` // content of HEAD; empty: as it was
	// Refs are those that changed; an empty name of an object: it is gone.
	Refs  map[string]string `json:"refs,omitempty"`
	Index string            `json:"index,omitempty"` // tree; empty: as it was
	// Config are the settings that changed, with all their values.
	Config map[string][]string `json:"config,omitempty"`
}

// gitState returns the state of a workspace that was just made.
func (w *workspace) gitState() gitState {
	s := gitState{head: w.commit.sha, refs: map[string]string{}, index: w.commit.tree, config: map[string][]string{}}
	for _, r := range w.refs {
		s.refs[r.name] = r.sha
	}
	if strings.HasPrefix(w.ref, "refs/heads/") {
		s.head = "ref: " + w.ref
		if w.commit.sha != "" {
			s.refs[w.ref] = w.commit.sha
		}
	}
	return s
}

// carriedSettings are the settings that are carried: they name people and
// places, and no program.
var carriedSettings = regexp.MustCompile(`^((user|author|committer)\.(name|email)|remote\..*\.(url|pushurl|fetch)|branch\..*\.(remote|merge))$`)

// headForm is what HEAD may hold, and objectForm the name of an object.
var (
	headForm   = regexp.MustCompile(`^(ref: refs/\S+|[0-9a-f]{40}([0-9a-f]{24})?)$`)
	objectForm = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
)

// gitPrint returns a text that changes when something in the git directory
// does that may be carried. Objects alone do not matter.
func (c *carrier) gitPrint(root *os.Root) string {
	var b strings.Builder
	dir, err := root.OpenRoot(gitName)
	if err != nil {
		return "none"
	}
	defer dir.Close()
	visit(dir, "", func(at *os.Root, path, name string, info fs.FileInfo, err error) bool {
		first, _, below := strings.Cut(filepath.ToSlash(path), "/")
		if below && first != "refs" || !slices.Contains([]string{"HEAD", "packed-refs", "refs", indexFile, "config"}, first) {
			return false
		}
		if err != nil {
			fmt.Fprintf(&b, "%q %v\n", path, err)
			return false
		}
		fmt.Fprintf(&b, "%q %v", path, info.Mode())
		// It is so new that fingerprints would tell nothing, and it is small.
		sum, err := sumOf(at, name, info.Mode())
		fmt.Fprintf(&b, " %x %v\n", sum, err)
		return true
	})
	return b.String()
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
	return writeText(out, header(tar.TypeReg, stateName), text)
}

// writeText writes an entry that holds a text.
func writeText(out *tar.Writer, h *tar.Header, text []byte) error {
	h.Size = int64(len(text))
	err := out.WriteHeader(h)
	if err == nil {
		_, err = out.Write(text)
	}
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
	if a.guarded {
		g.Config = nil
	}
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
