package exec_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// checkTree reads files of a tree that holds file, dir/inner, in → file,
// absolute → file, out → outside of it, loop → loop, and dir.
func checkTree(t *testing.T, tree source.Tree, special []string) {
	t.Helper()
	for _, name := range []string{"file", "dir/inner", "in", "dir/../file"} {
		f, err := tree.Read(name)
		if err != nil {
			t.Errorf("Read(%s): %v", name, err)
			continue
		}
		if f.Text() != "text\n" || f.Name() != name {
			t.Errorf("Read(%s) = %q named %q", name, f.Text(), f.Name())
		}
	}
	if _, err := tree.Read("missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read(missing): %v, want fs.ErrNotExist", err)
	}
	if _, err := tree.Read("file/below"); err == nil {
		t.Error("Read(file/below) succeeded")
	}
	for _, name := range append([]string{"../file", "/etc/hostname", "", "out", "out-dir/hostname", "loop", "dir", ".."}, special...) {
		if f, err := tree.Read(name); err == nil {
			t.Errorf("Read(%s) = %q, want an error", name, f.Text())
		} else if errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Read(%s): %v, want another error than not to exist", name, err)
		}
	}
}

func TestTrees(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	f.Write(filepath.Join(f.Base, "outside"), "outside\n")
	f.Write(filepath.Join(f.Root, "file"), "text\n")
	f.Write(filepath.Join(f.Root, "dir/inner"), "text\n")
	for name, target := range map[string]string{"in": "file", "out": "../outside", "out-dir": "/etc", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(f.Root, name)); err != nil {
			t.Fatal(err)
		}
	}
	f.Commit("second")
	src, err := exec.Find(f.Root, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("commit", func(t *testing.T) { checkTree(t, src.Tree, nil) })

	mkfifo(t, filepath.Join(f.Root, "fifo"))
	if err := os.Symlink(filepath.Join(f.Root, "file"), filepath.Join(f.Root, "absolute")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(f.Root, "zero")); err != nil {
		t.Fatal(err)
	}
	big, err := os.Create(filepath.Join(f.Root, "big"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(big.Truncate(1<<30), big.Close()); err != nil {
		t.Fatal(err)
	}
	tree := exec.Dir(f.Root)
	t.Run("disk", func(t *testing.T) { checkTree(t, tree, []string{"fifo", "zero", "big"}) })
	if got, err := tree.Read("absolute"); err != nil || got.Text() != "text\n" {
		t.Errorf("an absolute link to a file below: %v, %v", got, err)
	}
}

func TestList(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"b", "a", "dir/inner"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mkfifo(t, filepath.Join(root, "fifo"))
	for name, target := range map[string]string{"link": "a", "in": "dir", "out": "/etc"} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	tree := exec.Dir(root).(source.Lister)
	inner := []source.Entry{{Name: "inner"}}
	for path, want := range map[string][]source.Entry{
		".": {{Name: "a"}, {Name: "b"}, {Name: "dir", Dir: true}}, "dir": inner, "in": inner,
	} {
		if got, err := tree.List(path, 100); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s holds %v, %v, want %v", path, got, err, want)
		}
	}
	if got, err := tree.List(".", 2); err != nil || len(got) > 2 {
		t.Errorf("two entries: %v, %v", got, err)
	}
	for _, path := range []string{"..", "/etc", "out", "a", "fifo", "missing", ""} {
		if got, err := tree.List(path, 100); err == nil {
			t.Errorf("%q holds %v, want an error", path, got)
		}
	}
}

func TestFind(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	sha := f.Git("rev-parse", "HEAD")
	f.Write(filepath.Join(f.Root, "sub/x"), "")
	f.Write(filepath.Join(f.Root, "other/ci.fnl"), "{}")
	plain := filepath.Join(f.Base, "plain")
	f.Write(filepath.Join(plain, ".quire/ci.fnl"), script("true"))
	f.Write(filepath.Join(plain, "sub/x"), "")
	link := filepath.Join(f.Base, "link")
	if err := os.Symlink(f.Root, link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, sha, root, name, where string }{
		{f.Root, "", f.Root, pipeline.Path, f.Root},
		{link, "", f.Root, pipeline.Path, link},
		{filepath.Join(f.Root, "sub"), "", f.Root, pipeline.Path, filepath.Join(f.Root, "sub")},
		{filepath.Join(f.Root, pipeline.Path), "", f.Root, pipeline.Path, filepath.Join(f.Root, pipeline.Path)},
		{filepath.Join(link, "other/ci.fnl"), "", f.Root, "other/ci.fnl", filepath.Join(link, "other/ci.fnl")},
		{f.Root, "HEAD", f.Root, pipeline.Path, "HEAD"},
		{f.Root, sha[:10], f.Root, pipeline.Path, sha[:10]},
		{filepath.Join(plain, "sub"), "", plain, pipeline.Path, filepath.Join(plain, "sub")},
	} {
		s, err := exec.Find(tt.path, tt.sha)
		if err != nil {
			t.Errorf("Find(%s, %s): %v", tt.path, tt.sha, err)
			continue
		}
		if s.Root != tt.root || s.File.Name() != tt.name || s.Where != tt.where {
			t.Errorf("Find(%s, %s) = root %s, file %s, where %s", tt.path, tt.sha, s.Root, s.File.Name(), s.Where)
		}
		if want := map[bool]string{true: sha}[tt.sha != ""]; s.SHA != want {
			t.Errorf("Find(%s, %s) has commit %q, want %q", tt.path, tt.sha, s.SHA, want)
		}
	}
}

func TestFindMissing(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	f.Git("rm", "-q", "--cached", "-r", ".quire")
	f.Git("commit", "-q", "-m", "second")
	empty := filepath.Join(f.Base, "empty")
	if err := os.Mkdir(empty, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path, sha string
		onDisk    bool
		text      string
	}{
		{empty, "", false, "No ci.fnl found at " + empty + "."},
		{f.Root, "HEAD", true, "No ci.fnl found at HEAD. The working tree has one that is not in that commit."},
	} {
		s, err := exec.Find(tt.path, tt.sha)
		var missing *exec.MissingError
		if !errors.As(err, &missing) || missing.OnDisk != tt.onDisk || err.Error() != tt.text {
			t.Errorf("Find(%s, %s): %v", tt.path, tt.sha, err)
			continue
		}
		if s == nil || s.File != nil || s.Tree == nil || !strings.HasPrefix(tt.path, s.Root) {
			t.Errorf("Find(%s, %s) = %+v", tt.path, tt.sha, s)
		}
	}
}
