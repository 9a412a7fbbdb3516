package exec

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tracked returns the files of the commit that the workspace holds, by path.
func (p *packer) tracked(ctx context.Context) (map[string]entry, error) {
	list, err := p.own.tree(ctx, p.work.commit.sha)
	if err != nil {
		return nil, err
	}
	want := make(map[string]entry, len(list))
	for _, e := range list {
		if e.mode != gitlink {
			want[e.path] = e
		}
	}
	return want, nil
}

// differing returns the paths of the files in the workspace that are not those
// of the commit, and notes those that are missing. The list is not nil.
func (p *packer) differing(m *gitManifest, want map[string]entry) ([]string, error) {
	differ := []string{}
	found := map[string]bool{}
	err := walkBelow(p.work.dir, func(path string, d fs.DirEntry) error {
		switch {
		case path == gitName:
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		e, ok := want[filepath.ToSlash(path)]
		if ok {
			found[e.path] = true
			same, err := p.same(m, path, d, e)
			if same || err != nil {
				return err
			}
		}
		differ = append(differ, path)
		return nil
	})
	for path := range want {
		if !found[path] {
			m.Absent = append(m.Absent, path)
		}
	}
	slices.Sort(m.Absent)
	return differ, err
}

// same reports whether a file is as a commit has it.
func (p *packer) same(m *gitManifest, path string, d fs.DirEntry, e entry) (bool, error) {
	full := filepath.Join(p.work.dir, path)
	info, err := d.Info()
	if err != nil {
		return false, err
	}
	sum := newObjectHash(m.Format)
	link := info.Mode()&fs.ModeSymlink != 0
	switch {
	case link != (e.mode == "120000"):
		return false, nil
	case link:
		target, err := os.Readlink(full)
		if err != nil {
			return false, err
		}
		fmt.Fprintf(sum, "blob %d\x00%s", len(target), filepath.ToSlash(target))
	case !info.Mode().IsRegular():
		return true, nil // a job cannot have been given it
	case m.Config["core.filemode"] != "false" && (info.Mode()&0o100 != 0) != strings.HasSuffix(e.mode, "755"):
		return false, nil
	default:
		f, err := openFile(full)
		if err != nil {
			return false, err
		}
		defer f.Close()
		fmt.Fprintf(sum, "blob %d\x00", info.Size())
		if _, err := io.Copy(sum, f); err != nil {
			return false, err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)) == e.sha, nil
}

// newObjectHash returns the hash by which git names objects in a format.
func newObjectHash(format string) hash.Hash {
	if format == "sha256" {
		return sha256.New()
	}
	return sha1.New()
}
