package exec_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quire/exec"
	"quire/exec/rundir"
)

// A kind is a repository that is not the ordinary one.
type kind struct {
	// prepare makes it of one with a committed file and a pipeline.
	prepare func(f *fixture)
	// want says what some paths of the workspace are: a text, "-> target",
	// "x " and a text for what can be executed, "dir", or "" for nothing.
	want map[string]string
	// change changes it for another run.
	change func(f *fixture)
	// then is what some paths are in that run.
	then map[string]string
}

// TestKindsOfFiles makes the workspace of each kind of repository in an empty
// slot, in one where a job left a mess, and in one where the repository changed
// since: what is there must not depend on what was there before.
func TestKindsOfFiles(t *testing.T) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, script("true"))
			f.Write(filepath.Join(f.Root, "file"), "text\n")
			f.Commit("second")
			k.prepare(f)
			for _, o := range []exec.Options{{}, {SHA: "HEAD"}} {
				if o.SHA != "" && (name == "no repository" || name == "no commits") {
					continue
				}
				f.kind(t, k.want, o)
			}
			if k.change != nil {
				k.change(f)
				f.kind(t, k.then, exec.Options{})
				f.kind(t, nil, exec.Options{SHA: f.headUnlessPlain()})
			}
		})
	}
}

func (f *fixture) headUnlessPlain() string {
	if _, err := os.Stat(filepath.Join(f.Root, ".git")); err != nil {
		return ""
	}
	return f.Git("rev-parse", "HEAD")
}

// kind makes a workspace where a mess was left, and again, and compares it with
// one that is made where nothing was.
func (f *fixture) kind(t *testing.T, want map[string]string, o exec.Options) {
	t.Helper()
	before := f.files()
	o.State = filepath.Join(t.TempDir(), "fresh")
	f.succeedQuietly(o)
	fresh := f.workspace(o.State)
	if o.SHA == "" {
		for path, want := range want {
			if got := show(filepath.Join(fresh, path)); got != want {
				t.Errorf("%s is %q, want %q", path, got, want)
			}
		}
	}
	expected := f.listing(fresh)
	used := filepath.Join(f.Base, "used")
	o.State = used
	for i := range 2 {
		if dir := f.workspace(used); dir != "" {
			f.messes++
			mess(t, dir, 3*f.messes, filepath.Join(f.Base, "outside"))
		}
		f.succeedQuietly(o)
		if diff := cmp.Diff(expected, f.listing(f.workspace(used))); diff != "" {
			t.Errorf("%+v, where a mess was (-in an empty slot +there, time %d):\n%s", o.SHA, i, diff)
		}
	}
	if diff := cmp.Diff(before, f.files()); diff != "" {
		t.Errorf("the repository changed:\n%s", diff)
	}
}

// files says what every file of the repository is, its git directory included.
func (f *fixture) files() string {
	return treeText(f.t, f.Root, func(string) bool { return true })
}

// workspace returns the workspace that the last run in a state left, or nothing.
func (f *fixture) workspace(state string) string {
	dir, err := filepath.Glob(filepath.Join(state, "runs/*/workspaces/1"))
	if err != nil || len(dir) == 0 {
		return ""
	}
	return dir[0]
}

// listing says what a workspace holds, and what git tells of it.
func (f *fixture) listing(dir string) string {
	var b strings.Builder
	b.WriteString(treeText(f.t, dir, func(rel string) bool { return rel != ".git" && !strings.HasPrefix(rel, ".git/") }))
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err != nil {
		return b.String()
	}
	for _, args := range [][]string{{"status", "--porcelain=v2", "--ignored"}, {"rev-parse", "HEAD^{tree}"}, {"for-each-ref"},
		{"config", "--list", "--local"}, {"fsck", "--no-dangling", "--no-progress"}} {
		fmt.Fprintf(&b, "%v\n%s\n", args, strings.ReplaceAll(f.GitIn(dir, args...), dir, "$DIR"))
	}
	hooks, err := filepath.Glob(filepath.Join(dir, ".git/hooks/*"))
	if err != nil {
		f.t.Fatal(err)
	}
	fmt.Fprintf(&b, "%d hooks\n%s", len(hooks), treeText(f.t, filepath.Join(dir, ".git/info"), func(string) bool { return true }))
	return throwAway.ReplaceAllString(b.String(), "COMMIT")
}

// treeText says what every file below a directory is, but for those left out.
func treeText(t testing.TB, root string, in func(rel string) bool) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil || rel == "." || !in(rel) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%q %v", rel, info.Mode())
		switch {
		case info.Mode().IsRegular():
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %x", sha256.Sum256(text))
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " -> %q", target)
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// show says what a path is as [kind] does.
func show(path string) string {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return ""
	case info.IsDir():
		return "dir"
	case info.Mode()&fs.ModeSymlink != 0:
		target, _ := os.Readlink(path)
		return "-> " + target
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if info.Mode()&0o111 != 0 {
		return "x " + string(text)
	}
	return string(text)
}

// mess changes a workspace as the rudest of jobs would: each file and directory
// in another way, depending on seed. Nothing of outside may change by what
// becomes of the links to it.
func mess(t *testing.T, dir string, seed int, outside string) {
	t.Helper()
	must := func(errs ...error) {
		t.Helper()
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	must(os.MkdirAll(outside, 0o777), os.WriteFile(filepath.Join(outside, "file"), []byte("outside\n"), 0o666))
	var paths []string
	must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if path == filepath.Join(dir, ".git") {
			return fs.SkipDir
		}
		if path != dir {
			paths = append(paths, path)
		}
		return err
	}))
	for i, path := range slices.Backward(paths) { // what is below a directory before it
		info, err := os.Lstat(path)
		must(err)
		switch way := (i + seed) % 8; {
		case info.IsDir() && way < 3:
			must(os.WriteFile(filepath.Join(path, "left"), nil, 0o666), os.Chmod(path, []fs.FileMode{0o500, 0o777, 0o700}[way]))
		case info.IsDir() && way < 5:
			must(os.Rename(path, path+" moved"), os.Symlink(outside, path))
		case info.IsDir():
		case way == 0 && info.Mode().IsRegular():
			// Not to be told by size and time of change.
			must(os.WriteFile(path, []byte(strings.Repeat("!", int(info.Size()))), 0o666), os.Chtimes(path, time.Time{}, info.ModTime()))
		case way == 1 && info.Mode().IsRegular():
			must(os.Chmod(path, 0o400))
		case way == 2:
			must(os.Remove(path))
		case way == 3:
			must(os.Remove(path), os.Mkdir(path, 0o777), os.WriteFile(filepath.Join(path, "below"), nil, 0o666), os.Chmod(path, 0o500))
		case way == 4:
			must(os.Remove(path), os.Symlink(filepath.Join(outside, "file"), path))
		case way == 5:
			must(os.Remove(path), os.Link(filepath.Join(outside, "file"), path))
		case way == 6 && info.Mode().IsRegular():
			_ = os.Remove(filepath.Join(outside, "linked"))
			must(os.Link(path, filepath.Join(outside, "linked")), os.WriteFile(path, []byte("longer than it was before\n"), 0o666))
		}
	}
	nested := filepath.Join(dir, "left/by a job/node_modules")
	must(os.MkdirAll(filepath.Join(nested, ".git"), 0o777), os.WriteFile(filepath.Join(nested, "x"), nil, 0o666), os.Chmod(nested, 0o500))
	mkfifo(t, filepath.Join(dir, "left/fifo"))
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
		must(os.WriteFile(filepath.Join(dir, ".git/hooks/post-checkout"), []byte("#!/bin/sh\nexit 1\n"), 0o777),
			os.WriteFile(filepath.Join(dir, ".git/config"), []byte("[core]\n\tbare = true\n"), 0o666),
			os.WriteFile(filepath.Join(dir, ".git/index"), []byte("no index"), 0o666),
			os.WriteFile(filepath.Join(dir, ".git/info/exclude"), []byte("*\n"), 0o666))
	}
	t.Cleanup(func() {
		// os.RemoveAll, which cleans up after the test, cannot remove these.
		must(rundir.RemoveAll(dir))
		if text, err := os.ReadFile(filepath.Join(outside, "file")); string(text) != "outside\n" {
			t.Errorf("a file that a link led to is now %q, %v", text, err)
		}
	})
}

// write writes files of the repository: "x " begins one that can be executed,
// "-> " a link.
func (f *fixture) write(files map[string]string) {
	f.t.Helper()
	for name, text := range files {
		path := filepath.Join(f.Root, name)
		if err := os.RemoveAll(path); err != nil {
			f.t.Fatal(err)
		}
		rest, executable := strings.CutPrefix(text, "x ")
		if target, link := strings.CutPrefix(text, "-> "); link {
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				f.t.Fatal(err)
			}
			if err := os.Symlink(target, path); err != nil {
				f.t.Fatal(err)
			}
			continue
		}
		f.Write(path, rest)
		if executable {
			if err := os.Chmod(path, 0o777); err != nil {
				f.t.Fatal(err)
			}
		}
	}
}

// remove removes files of the repository.
func (f *fixture) remove(names ...string) {
	f.t.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(f.Root, name)); err != nil {
			f.t.Fatal(err)
		}
	}
}

// library makes a repository that others have as a submodule.
func (f *fixture) library(name string, files ...string) string {
	f.t.Helper()
	dir := filepath.Join(f.Base, name)
	f.gitOutside("init", "-q", dir)
	for _, file := range files {
		f.Write(filepath.Join(dir, file), name+"\n")
	}
	f.GitIn(dir, "add", "-A")
	f.GitIn(dir, "commit", "-q", "-m", name)
	return dir
}
