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
)

// parcelVersion is the version of the form of a parcel.
const parcelVersion = 1

// A parcel is an archive from which another machine makes the workspace of a
// run. It has, in this order,
//
//	parcel.json  a [manifest]
//	pack         of a git repository, the objects that cannot be fetched
//	files/…      of a git repository, the files of the workspace that differ from
//	             those of its commit; else all files
const (
	manifestFile = "parcel.json"
	objectsFile  = "pack"
	filesDir     = "files"
)

// A manifest says what a parcel is of.
type manifest struct {
	Version int          `json:"version"`
	Git     *gitManifest `json:"git,omitempty"`
}

// A gitManifest says what the git repository of a workspace is.
type gitManifest struct {
	Format    string            `json:"format"` // of object names
	SHA       string            `json:"sha"`    // of what is checked out
	Ref       string            `json:"ref,omitempty"`
	ThrowAway bool              `json:"throw_away,omitempty"` // the commit exists only in the run
	Refs      map[string]string `json:"refs"`                 // commits and tags by full names
	// Remote is the URL of a repository that has commits of which the pack has
	// nothing, or empty, and Fetch are the names of these.
	Remote string            `json:"remote,omitempty"`
	Fetch  []string          `json:"fetch,omitempty"`
	Config map[string]string `json:"config"` // those of [takenOver]
	// Texts of files in the git directory, by their slash-separated paths there.
	Texts map[string]string `json:"texts"`
	// Absent are the paths of files of the commit that the workspace does not
	// have.
	Absent []string `json:"absent,omitempty"`
}

// fetchKey is the setting of a repository's git that, when it is false, has all
// commits packed, for machines that cannot fetch from its remote.
const fetchKey = "quire.fetch"

// texts are the files of a git directory that a parcel takes along.
var texts = []string{"shallow", "info/exclude", "info/attributes", "info/sparse-checkout"}

// A packer writes the parcel of a workspace.
type packer struct {
	work *workspace
	repo repository
	own  git      // in the workspace
	also []string // names of further commits that the pack is to have
	out  *tar.Writer
}

// pack writes a parcel to a file that does not exist.
func (w *workspace) pack(ctx context.Context, repo repository, also []string, path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p := packer{work: w, repo: repo, also: also, out: tar.NewWriter(f)}
	if repo.vcs != nil {
		p.own = repo.vcs.on(w.gitDir, w.dir)
		err = p.packGit(ctx, path+".pack")
	} else {
		err = p.manifest(manifest{Version: parcelVersion})
		if err == nil {
			err = p.files(nil)
		}
	}
	if err != nil {
		return err
	}
	return p.out.Close()
}

// packGit writes the parcel of a git repository. Its objects wait in a file at
// the given path, since an archive says how long a file is before the file.
func (p *packer) packGit(ctx context.Context, path string) error {
	m, err := p.describe()
	if err != nil {
		return err
	}
	want, err := p.tracked(ctx)
	if err != nil {
		return err
	}
	differ, err := p.differing(m, want)
	if err != nil {
		return err
	}
	if p.also, err = p.known(ctx); err != nil {
		return err
	}
	pack, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	defer pack.Close()
	if err := p.own.pipe(ctx, strings.NewReader(p.revisions(m)), pack, "pack-objects", "--revs", "--stdout", "-q", "--delta-base-offset"); err != nil {
		return err
	}
	if err := p.manifest(manifest{Version: parcelVersion, Git: m}); err != nil {
		return err
	}
	if err := p.add(objectsFile, pack.Name()); err != nil {
		return err
	}
	return p.files(differ)
}

// describe returns what there is to say of the repository.
func (p *packer) describe() (*gitManifest, error) {
	w := p.work
	m := &gitManifest{Format: p.repo.vcs.format, SHA: w.commit.sha, Ref: w.ref, ThrowAway: w.throwAway, Refs: map[string]string{},
		Config: map[string]string{}, Texts: map[string]string{}}
	for _, r := range w.refs {
		m.Refs[r.name] = r.sha
	}
	for _, key := range takenOver {
		if value, ok := w.config[key]; ok && key != "core.excludesfile" {
			m.Config[key] = value
		}
	}
	for _, name := range texts {
		text, err := os.ReadFile(filepath.Join(w.gitDir, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m.Texts[name] = string(text)
	}
	// The other machine does not have the user's own list.
	if list := w.config["core.excludesfile"]; filepath.IsAbs(list) {
		if text, err := readRegular(list, maxSource); err == nil {
			m.Texts["info/exclude"] = string(text) + "\n" + m.Texts["info/exclude"]
		}
	}
	m.Remote, m.Fetch = p.remote()
	return m, nil
}

// remote returns the remote that other machines are likely to reach, without
// what may be a password, and the commits that it had when it was fetched last.
// The one called origin comes first. There is none where [fetchKey] says so.
func (p *packer) remote() (url string, commits []string) {
	if slices.Contains([]string{"false", "no", "off", "0"}, strings.ToLower(p.work.config[fetchKey])) {
		return "", nil
	}
	best := ""
	for key, value := range p.work.config {
		name, ok := strings.CutPrefix(key, "remote.")
		if name, isURL := strings.CutSuffix(name, ".url"); ok && isURL && (best == "" || best != "origin" && (name == "origin" || name < best)) {
			if reachable, ok := withoutPassword(value); ok {
				best, url = name, reachable
			}
		}
	}
	for _, r := range p.work.refs {
		if best != "" && strings.HasPrefix(r.name, "refs/remotes/"+best+"/") {
			commits = append(commits, r.sha)
		}
	}
	slices.Sort(commits)
	if commits = slices.Compact(commits); commits == nil {
		return "", nil
	}
	return url, commits
}

// known returns the further commits that there are.
func (p *packer) known(ctx context.Context) ([]string, error) {
	also := slices.DeleteFunc(slices.Clone(p.also), func(sha string) bool { return sha == "" })
	if len(also) == 0 {
		return nil, nil
	}
	lacks, err := p.own.missing(ctx, also)
	return slices.DeleteFunc(also, func(sha string) bool { return slices.Contains(lacks, sha) }), err
}

// revisions returns what pack-objects is to pack: all that the refs and what is
// checked out lead to, but for what the remote has.
func (p *packer) revisions(m *gitManifest) string {
	var b strings.Builder
	for _, sha := range slices.Concat(slices.Sorted(maps.Values(m.Refs)), []string{m.SHA}, p.also) {
		fmt.Fprintln(&b, sha)
	}
	for _, sha := range m.Fetch {
		fmt.Fprintln(&b, "^"+sha)
	}
	return b.String()
}

func (p *packer) manifest(m manifest) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return writeText(p.out, &tar.Header{Typeflag: tar.TypeReg, Name: manifestFile, Mode: 0o600}, text)
}

// files adds files of the workspace, by their paths relative to it; nil: all.
func (p *packer) files(paths []string) error {
	if paths != nil {
		for _, path := range paths {
			if err := p.add(filesDir+"/"+filepath.ToSlash(path), filepath.Join(p.work.dir, path)); err != nil {
				return err
			}
		}
		return nil
	}
	return walkBelow(p.work.dir, func(path string, _ fs.DirEntry) error {
		return p.add(filesDir+"/"+filepath.ToSlash(path), filepath.Join(p.work.dir, path))
	})
}

// add adds one file, directory or symbolic link. What else there may be is no
// part of a repository.
func (p *packer) add(name, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	target := ""
	switch info.Mode().Type() {
	case fs.ModeSymlink:
		if target, err = os.Readlink(path); err != nil {
			return err
		}
	case 0, fs.ModeDir:
	default:
		return nil
	}
	h, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	// Neither the owner nor more than the time and the permissions counts.
	h = &tar.Header{Typeflag: h.Typeflag, Name: name, Linkname: h.Linkname, Size: h.Size, Mode: h.Mode, ModTime: h.ModTime}
	if err := p.out.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := openFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(p.out, f, h.Size)
	return err
}

// walkBelow calls visit with the paths of what is below a directory, relative to
// it.
func walkBelow(root string, visit func(path string, d fs.DirEntry) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return visit(rel, d)
	})
}
