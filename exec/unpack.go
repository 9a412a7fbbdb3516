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
	"slices"
	"strings"

	"quire/exec/rundir"
)

// repositoryDir is the name of the repository in a directory that [Unpack] made,
// beside what it is of and the files that differ from those of its commit.
const repositoryDir = "repository"

// Unpack makes, in a directory that does not exist yet, what [Order] needs to run
// the jobs of a [Work]: the repository that its parcel is of. Commits that are
// not in the parcel are fetched from the URL that it names, with the rights that
// git has on this machine. When it fails, or ctx ends, nothing is left of the
// directory.
func Unpack(ctx context.Context, dir string, parcel io.Reader) (err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("the repository cannot be unpacked: %w", err), rundir.RemoveAll(dir))
		}
	}()
	u := unpacker{dir: dir, in: tar.NewReader(parcel)}
	if err := u.manifest(); err != nil {
		return err
	}
	if u.about.Git != nil {
		if err := u.git(ctx); err != nil {
			return err
		}
	}
	return u.files(ctx)
}

// An unpacker reads a parcel.
type unpacker struct {
	dir   string
	in    *tar.Reader
	about manifest
}

// manifest reads and keeps the manifest.
func (u *unpacker) manifest() error {
	if err := u.want(manifestFile); err != nil {
		return err
	}
	text, err := io.ReadAll(u.in)
	if err != nil {
		return err
	}
	if u.about, err = parseManifest(text); err != nil {
		return err
	}
	if err := os.Mkdir(u.repository(), 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(u.dir, manifestFile), text, 0o600)
}

func (u *unpacker) repository() string { return filepath.Join(u.dir, repositoryDir) }

func parseManifest(text []byte) (m manifest, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if m.Version != parcelVersion {
		return m, fmt.Errorf("it is packed in form %d, and this quire reads %d", m.Version, parcelVersion)
	}
	return m, nil
}

// want goes on to a file that has to come next.
func (u *unpacker) want(name string) error {
	h, err := u.in.Next()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the parcel has no %s", name)
	case err != nil:
		return fmt.Errorf("the parcel is damaged: %w", err)
	case h.Name != name:
		return fmt.Errorf("the parcel has %q instead of %s", h.Name, name)
	}
	return nil
}

// git makes the git directory. What its refs lead to is there before they are.
func (u *unpacker) git(ctx context.Context) error {
	m := u.about.Git
	refs, err := packRefs(m.Refs)
	if err != nil {
		return err
	}
	gitDir := filepath.Join(u.repository(), gitName)
	for _, d := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "info"} {
		if err := os.MkdirAll(filepath.Join(gitDir, d), 0o777); err != nil {
			return err
		}
	}
	w := workspace{gitDir: gitDir, config: m.Config}
	if err := writeTexts(gitDir, map[string]string{"HEAD": "ref: refs/heads/quire-unborn\n", "config": w.gitConfig(m.Format)}); err != nil {
		return err
	}
	g, err := newGit(os.Environ(), u.repository(), u.repository())
	if err != nil {
		return err
	}
	if err := u.objects(ctx, g.with("GIT_DIR", gitDir)); err != nil {
		return err
	}
	rest := map[string]string{"packed-refs": refs}
	for _, name := range texts {
		if text, ok := m.Texts[name]; ok {
			rest[name] = text
		}
	}
	return writeTexts(gitDir, rest)
}

// packRefs returns the content of git's file packed-refs.
func packRefs(refs map[string]string) (string, error) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if !strings.HasPrefix(name, "refs/") || strings.ContainsAny(name+refs[name], " \n") {
			return "", fmt.Errorf("the parcel has a ref %q of %q", name, refs[name])
		}
		fmt.Fprintf(&b, "%s %s\n", refs[name], name)
	}
	return b.String(), nil
}

// writeTexts writes files of a directory, by their slash-separated paths in it.
func writeTexts(dir string, texts map[string]string) error {
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// objects reads the objects of the parcel, and fetches what it lacks.
func (u *unpacker) objects(ctx context.Context, g git) error {
	m := u.about.Git
	if err := u.want(objectsFile); err != nil {
		return err
	}
	if _, err := g.run(ctx, u.in, "index-pack", "--stdin"); err != nil {
		return err
	}
	need := slices.Concat(slices.Sorted(maps.Values(m.Refs)), []string{m.SHA})
	lacks, err := g.missing(ctx, need)
	if err != nil {
		return err
	}
	if m.Remote != "" {
		if err := g.fetch(ctx, m.Remote, m.Fetch); err != nil {
			return err
		}
		if lacks, err = g.missing(ctx, need); err != nil {
			return err
		}
	}
	switch {
	case lacks == nil:
		return nil
	case m.Remote == "":
		return fmt.Errorf("the parcel lacks commit %s", lacks[0])
	}
	return fmt.Errorf("%s has no commit %s any more: fetch in the repository that is run, and run it again", m.Remote, lacks[0])
}

// files writes the files. Those of a git repository are laid over those of its
// commit later.
func (u *unpacker) files(ctx context.Context) error {
	to := u.repository()
	if u.about.Git != nil {
		to = filepath.Join(u.dir, filesDir)
		if err := os.Mkdir(to, 0o777); err != nil {
			return err
		}
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	for ctx.Err() == nil {
		h, err := u.in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the parcel is damaged: %w", err)
		}
		name, ok := strings.CutPrefix(strings.TrimSuffix(h.Name, "/"), filesDir+"/")
		if !ok || !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("the parcel has %q, which is no path below %s", h.Name, filesDir)
		}
		if err := u.file(root, filepath.FromSlash(name), h); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// file writes one file, directory or symbolic link.
func (u *unpacker) file(root *os.Root, name string, h *tar.Header) error {
	if h.Typeflag == tar.TypeDir {
		return root.MkdirAll(name, 0o777)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	if h.Typeflag == tar.TypeSymlink {
		return root.Symlink(h.Linkname, name)
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(h.Mode).Perm()|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, u.in)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return root.Chtimes(name, h.ModTime, h.ModTime)
}
