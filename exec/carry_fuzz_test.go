package exec

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzArrive checks that whatever an archive holds, it changes nothing outside of
// the workspace and nothing of the git directory, gives nobody other rights, and
// stays within what may be carried.
func FuzzArrive(f *testing.F) {
	seed := func(headers ...tar.Header) {
		var b bytes.Buffer
		out := tar.NewWriter(&b)
		for _, h := range append([]tar.Header{{Name: leftForm, Typeflag: tar.TypeReg}}, headers...) {
			if h.Typeflag == tar.TypeReg && strings.HasPrefix(h.Name, filesPart) {
				h.Size = 3
			}
			if err := out.WriteHeader(&h); err != nil {
				f.Fatal(err)
			}
			if h.Size > 0 {
				if _, err := out.Write([]byte("abc")); err != nil {
					f.Fatal(err)
				}
			}
		}
		if err := out.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	file := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644} }
	link := tar.Header{Name: "files/l", Typeflag: tar.TypeSymlink, Linkname: "../outside"}
	seed(file("files/a"), tar.Header{Name: "files/d/", Typeflag: tar.TypeDir, Mode: 0o500}, file("files/d/b"), file("removed/there"))
	seed(link, file("files/l/file"))
	seed(link, file("removed/l/file"))
	seed(link, tar.Header{Name: "files/l/", Typeflag: tar.TypeDir, Mode: 0o000})
	seed(file("files/there/x"), file("files/.git/config"), file("files/../outside/file"))
	seed(tar.Header{Name: "git/state", Typeflag: tar.TypeReg}, tar.Header{Name: "files/fifo", Typeflag: tar.TypeFifo, Mode: 0o6777})
	f.Fuzz(func(t *testing.T, archive []byte) {
		if len(archive) > 64<<10 {
			return
		}
		base := t.TempDir()
		for name, text := range map[string]string{"outside/file": "outside", "work/there": "there", "work/.git/config": "config"} {
			path := filepath.Join(base, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		packed := filepath.Join(base, "left")
		var b bytes.Buffer
		zip, _ := gzip.NewWriterLevel(&b, gzip.NoCompression)
		_, _ = zip.Write(archive)
		_ = zip.Close()
		if err := os.WriteFile(packed, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		work := filepath.Join(base, "work")
		before := statesOf(t, base, work) + statesOf(t, filepath.Join(work, gitName), "")
		c := carrier{work: &workspace{dir: work}, vcs: &gitRepository{}, values: &redactions{}, most: 32 << 10}
		_ = c.arrive(context.Background(), packed)
		if after := statesOf(t, base, work) + statesOf(t, filepath.Join(work, gitName), ""); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		size := int64(0)
		_ = filepath.WalkDir(work, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky|fs.ModeDevice|fs.ModeNamedPipe) != 0 {
				t.Errorf("%s is %v", path, info.Mode())
			}
			if info.Mode().IsRegular() {
				size += info.Size()
			}
			return nil
		})
		if size > 32<<10+100 {
			t.Errorf("%d bytes came", size)
		}
	})
}

// statesOf says what every file below a directory is, but for what is below
// another one.
func statesOf(t *testing.T, root, except string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == except {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b.WriteString(path + " " + info.Mode().String())
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b.WriteString(" " + info.ModTime().Format(time.RFC3339Nano) + " " + string(text))
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
