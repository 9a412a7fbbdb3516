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

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// script is a pipeline of one job that runs a shell script and fails with it.
func script(text string) string {
	return fmt.Sprintf(`(local {: job} (require :quire.ci))
(job :script [:quire/push]
  (fn [{: sh}] (let [r (sh %q)] (when (not= 0 r.exit) (error r.stderr)))))
`, text)
}

// output returns what the commands of a run wrote to stdout.
func output(events []exec.Event) string {
	var b strings.Builder
	for _, e := range events {
		if e.Stream == "stdout" {
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

// state says everything about a repository that a run must not change: what
// git tells of it, and every byte of its files, the index and the refs among
// them. Objects may be touched, but none added or removed.
func (f *fixture) state() string {
	f.t.Helper()
	var b strings.Builder
	for _, args := range [][]string{
		{"status", "--porcelain=v2", "--branch"}, {"stash", "list"}, {"for-each-ref"}, {"ls-files", "--stage"},
		{"count-objects", "-v"}, {"config", "--list"}, {"worktree", "list"},
	} {
		// --no-optional-locks keeps the question from changing the index.
		fmt.Fprintf(&b, "%v\n%s\n", args, f.Git(append([]string{"--no-optional-locks"}, args...)...))
	}
	err := filepath.WalkDir(f.Root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if d.Type()&fs.ModeSymlink != 0 {
			target, _ := os.Readlink(path)
			text, err = []byte(target), nil
		}
		fmt.Fprintf(&b, "%s %v %x\n", path, d.Type(), sha256.Sum256(text))
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return b.String()
}

const vandal = `set -e
	git checkout -q -b made-by-a-job
	git tag made-by-a-job
	git stash list
	echo appended >> tracked
	echo appended >> untracked
	git add -A
	git -c user.name=x -c user.email=x@example.com commit -q -m made-by-a-job
	git branch -q -D main
	git config core.bare true
	git config core.bare false
	git -c gc.pruneExpire=now gc -q
	rm -rf .quire tracked untracked .git`

func vandalised(t *testing.T) *fixture {
	f := pipelineFixture(t, script(vandal))
	f.Write(filepath.Join(f.Root, "tracked"), "one\n")
	f.Write(filepath.Join(f.Root, ".gitignore"), "ignored\n")
	f.Commit("second")
	f.Write(filepath.Join(f.Root, "tracked"), "stashed\n")
	f.Git("stash", "-q")
	f.Write(filepath.Join(f.Root, "tracked"), "staged\n")
	f.Git("add", "tracked")
	f.Write(filepath.Join(f.Root, "tracked"), "changed\n")
	f.Write(filepath.Join(f.Root, "untracked"), "new\n")
	f.Write(filepath.Join(f.Root, "ignored"), "kept\n")
	hook := "#!/bin/sh\necho called >> " + filepath.Join(f.Base, "hooks-called") + "\n"
	for _, name := range []string{"post-checkout", "pre-commit", "post-commit", "post-index-change", "reference-transaction", "pre-push"} {
		path := filepath.Join(f.Root, ".git/hooks", name)
		f.Write(path, hook)
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestRepositoryIsUntouched(t *testing.T) {
	for _, o := range []exec.Options{{}, {SHA: "HEAD"}, {Reuse: true}, {SHA: "HEAD", Reuse: true}} {
		f := vandalised(t)
		before := f.state()
		called := filepath.Join(f.Base, "hooks-called")
		os.Remove(called)
		f.succeed(o)
		f.succeed(o) // in what the first left
		if _, err := os.Stat(called); err == nil {
			t.Error("a hook of the user's repository was called")
		}
		if diff := cmp.Diff(before, f.state()); diff != "" {
			t.Errorf("with %+v the repository changed (-before +after):\n%s", o, diff)
		}
	}
}

// TestCalledFromHook runs with the variables that git gives to hooks, which
// name the user's repository.
func TestCalledFromHook(t *testing.T) {
	f := vandalised(t)
	before := f.state()
	plain := f.Env
	f.Env = append(slices.Clone(f.Env),
		"GIT_DIR="+filepath.Join(f.Root, ".git"), "GIT_WORK_TREE="+f.Root, "GIT_INDEX_FILE="+filepath.Join(f.Root, ".git/index"),
		"GIT_PREFIX=", "GIT_CONFIG_PARAMETERS='user.name'='hook'", "GIT_OBJECT_DIRECTORY="+filepath.Join(f.Root, ".git/objects"),
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=hook")
	f.succeed(exec.Options{})
	f.Env = plain
	if diff := cmp.Diff(before, f.state()); diff != "" {
		t.Errorf("the repository changed (-before +after):\n%s", diff)
	}
}

// TestHostileRepository has a repository whose configuration and attributes
// name programs.
func TestHostileRepository(t *testing.T) {
	f := pipelineFixture(t, script("cat file text"))
	f.Write(filepath.Join(f.Root, "file"), "first\n")
	f.Write(filepath.Join(f.Root, "text"), "first\n")
	f.Commit("second")
	evil := filepath.Join(f.Base, "evil.sh")
	f.Write(evil, "#!/bin/sh\ntouch "+filepath.Join(f.Base, "called")+"\ncat\n")
	if err := os.Chmod(evil, 0o777); err != nil {
		t.Fatal(err)
	}
	f.Write(filepath.Join(f.Root, ".gitattributes"), "file filter=evil diff=evil merge=evil\ntext filter=proc\n")
	for key, value := range map[string]string{
		"filter.evil.clean": evil, "filter.evil.smudge": evil, "filter.evil.required": "true",
		"filter.proc.process": evil, "filter.proc.required": "true",
		"diff.evil.textconv": evil, "diff.evil.command": evil, "diff.external": evil, "core.fsmonitor": evil,
		"core.hooksPath": f.Base, "core.pager": evil, "core.sshCommand": evil, "core.editor": evil,
		"core.askPass": evil, "credential.helper": evil, "gpg.program": evil, "log.showSignature": "true",
		"uploadpack.packObjectsHook": evil, "core.alternateRefsCommand": evil, "alias.ls-files": "!" + evil,
	} {
		f.Git("config", key, value)
	}
	// What the user configures for all repositories is not called either.
	f.Git("config", "--global", "filter.proc.clean", evil)
	f.Write(filepath.Join(f.Root, "file"), "changed\n")
	f.Write(filepath.Join(f.Root, "text"), "changed\n")
	for _, o := range []exec.Options{{}, {SHA: "HEAD"}, {PreviousSHA: "HEAD~1"}} {
		_, events := f.succeed(o)
		want := "changed\nchanged\n"
		if o.SHA != "" {
			want = "first\nfirst\n"
		}
		if got := output(events); got != want {
			t.Errorf("with %+v: %q, want %q", o, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(f.Base, "called")); err == nil {
		t.Error("a program that the repository configures was called")
	}
}

func TestSnapshot(t *testing.T) {
	f := pipelineFixture(t, script(`
		find . -path ./.git -prune -o ! -type d -printf '%P %m %l\n' | sort
		git status --short
		git log --format='%s %an' -2
		git diff --stat HEAD~1 HEAD | tail -1
		git symbolic-ref HEAD
		git tag
		git fsck --strict`))
	for name, text := range map[string]string{"kept": "k\n", "changed": "c\n", "deleted": "d\n", "made executable": "x\n",
		"dir/replaced": "r\n", "sub/umläut": "u\n", ".gitignore": "ignored\n*.log\n", "tracked.log": "tracked\n", "-n": "option\n"} {
		f.Write(filepath.Join(f.Root, name), text)
	}
	f.Git("add", "-f", "tracked.log")
	f.Commit("second")
	f.Git("tag", "v1")
	f.Write(filepath.Join(f.Root, "changed"), "C\n")
	f.Write(filepath.Join(f.Root, "untracked"), "new\n")
	f.Write(filepath.Join(f.Root, "ignored"), "ignored\n")
	f.Write(filepath.Join(f.Root, ".git/info/exclude"), "ignored here\n")
	f.Write(filepath.Join(f.Root, "ignored here"), "ignored\n")
	f.Write(filepath.Join(f.Base, "config/git/ignore"), "ignored everywhere\n")
	f.Write(filepath.Join(f.Root, "ignored everywhere"), "ignored\n")
	for _, err := range []error{
		os.Remove(filepath.Join(f.Root, "deleted")),
		os.Chmod(filepath.Join(f.Root, "made executable"), 0o755),
		os.RemoveAll(filepath.Join(f.Root, "dir")),
		os.Symlink("/etc/hostname", filepath.Join(f.Root, "dir")),
		os.Symlink("dangling", filepath.Join(f.Root, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, events := f.succeed(exec.Options{})
	want := `-n 644 
.gitignore 644 
.quire/ci.fnl 644 
changed 644 
dir 777 /etc/hostname
kept 644 
link 777 dangling
made executable 755 
sub/umläut 644 
tracked.log 644 
untracked 644 
second quire
second Ada
 7 files changed, 4 insertions(+), 3 deletions(-)
refs/heads/main
v1
`
	if diff := cmp.Diff(want, output(events)); diff != "" {
		t.Errorf("workspace (-want +got):\n%s", diff)
	}
}

// TestCopiesAreApart checks that a write to a file of the workspace in place
// does not reach the original.
func TestCopiesAreApart(t *testing.T) {
	f := pipelineFixture(t, script("echo more >> file && stat -c %h file .quire/ci.fnl"))
	f.Write(filepath.Join(f.Root, "file"), "text\n")
	f.Commit("second")
	_, events := f.succeed(exec.Options{})
	if got := output(events); got != "1\n1\n" {
		t.Errorf("numbers of links: %q", got)
	}
	if text, err := os.ReadFile(filepath.Join(f.Root, "file")); string(text) != "text\n" {
		t.Errorf("the original is %q, %v", text, err)
	}
}

func TestCommit(t *testing.T) {
	f := pipelineFixture(t, script("cat file; git status --short; git rev-parse HEAD; git symbolic-ref -q HEAD || echo detached"))
	f.Write(filepath.Join(f.Root, "file"), "old\n")
	f.Commit("second")
	f.Git("tag", "old")
	sha := f.Git("rev-parse", "HEAD")
	f.Write(filepath.Join(f.Root, "file"), "new\n")
	f.Commit("third")
	f.Write(filepath.Join(f.Root, "file"), "not committed\n")
	for name, want := range map[string]string{
		sha:     "old\n" + sha + "\ndetached\n",
		"old":   "old\n" + sha + "\ndetached\n",
		"HEAD~": "old\n" + sha + "\ndetached\n",
		"main":  "new\n" + f.Git("rev-parse", "HEAD") + "\nrefs/heads/main\n",
		"HEAD":  "new\n" + f.Git("rev-parse", "HEAD") + "\nrefs/heads/main\n",
	} {
		_, events := f.succeed(exec.Options{SHA: name})
		if diff := cmp.Diff(want, output(events)); diff != "" {
			t.Errorf("--sha %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestInPlace(t *testing.T) {
	f := pipelineFixture(t, script("pwd; touch made"))
	_, events := f.succeed(exec.Options{InPlace: true})
	if got := output(events); got != f.Root+"\n" {
		t.Errorf("ran in %q, want %s", got, f.Root)
	}
	if _, err := os.Stat(filepath.Join(f.Root, "made")); err != nil {
		t.Error(err)
	}
}

// TestBuffers runs unsaved text, which also stands in the workspace.
func TestBuffers(t *testing.T) {
	f := pipelineFixture(t, script("echo saved"))
	before := f.state()
	text := script("cat .quire/ci.fnl lib/x.fnl; git status --short")
	_, events := f.succeed(exec.Options{Buffers: map[string]*source.File{
		pipeline.Path: source.NewFile(pipeline.Path, text),
		"lib/x.fnl":   source.NewFile("lib/x.fnl", "{:a 1}\n"),
	}})
	if diff := cmp.Diff(text+"{:a 1}\n", output(events)); diff != "" {
		t.Errorf("workspace (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, f.state()); diff != "" {
		t.Errorf("the repository changed:\n%s", diff)
	}
}

func TestBufferWithoutFile(t *testing.T) {
	f := newFixture(t, &txtar.Archive{})
	_, events := f.succeed(exec.Options{Buffers: map[string]*source.File{
		pipeline.Path: source.NewFile(pipeline.Path, script("test -f .quire/ci.fnl && echo there"))}})
	if got := output(events); got != "there\n" {
		t.Errorf("output %q", got)
	}
}

// TestKindsOfRepository runs in repositories that are not the ordinary kind.
func TestKindsOfRepository(t *testing.T) {
	pushed := `(local {: job} (require :quire.ci))
(job :show [:quire/push]
  (fn [{: sh : jobs}]
    (let [push (jobs :quire/push)]
      (sh ["echo" (tostring push.ref) (tostring push.branch) (tostring push.previous-sha) (type push.sha) (type push.files-changed)])
      (let [r (sh "cat file && git log -1 --format=%s && git status --short")]
        (assert (= 0 r.exit) r.stderr)))))
`
	for name, tt := range map[string]struct {
		prepare func(f *fixture)
		options exec.Options
		want    string
	}{
		"unborn": {func(f *fixture) {
			f.Git("checkout", "-q", "--orphan", "fresh")
			f.Git("rm", "-rq", "--cached", ".")
		}, exec.Options{}, "refs/heads/fresh fresh nil string nil\ntext\n\n"},
		"detached": {func(f *fixture) { f.Git("checkout", "-q", "--detach") }, exec.Options{},
			"nil nil nil string nil\ntext\nsecond\n"},
		"worktree": {func(f *fixture) {
			f.Git("worktree", "add", "-q", "-b", "other", filepath.Join(f.Base, "tree"))
			f.Root = filepath.Join(f.Base, "tree")
		}, exec.Options{}, "refs/heads/other other nil string nil\ntext\nsecond\n"},
		"upstream": {func(f *fixture) {
			f.Git("clone", "-q", f.Root, filepath.Join(f.Base, "clone"))
			f.Root = filepath.Join(f.Base, "clone")
			f.Write(filepath.Join(f.Root, "file"), "more\n")
			f.Commit("third")
		}, exec.Options{}, "refs/heads/main main $SHA string table\nmore\nthird\n"},
		"shallow": {func(f *fixture) {
			f.Git("clone", "-q", "--depth=1", "file://"+f.Root, filepath.Join(f.Base, "clone"))
			f.Root = filepath.Join(f.Base, "clone")
		}, exec.Options{}, "refs/heads/main main $SHA string table\ntext\nsecond\n"},
		"split index": {func(f *fixture) { f.Git("update-index", "--split-index") }, exec.Options{},
			"refs/heads/main main nil string nil\ntext\nsecond\n"},
		"sparse": {func(f *fixture) {
			f.Write(filepath.Join(f.Root, "far/away"), "x\n")
			f.Commit("second")
			f.Git("sparse-checkout", "set", "--cone", "--sparse-index", ".quire")
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"conflict": {func(f *fixture) {
			f.Git("checkout", "-q", "-b", "side", "HEAD~1")
			f.Write(filepath.Join(f.Root, "file"), "side\n")
			f.Commit("side")
			f.Env = append(f.Env, "GIT_MERGE_AUTOEDIT=no")
			f.gitFails("merge", "-q", "main")
			f.Write(filepath.Join(f.Root, "file"), "text\n")
		}, exec.Options{}, "refs/heads/side side nil string nil\ntext\nside\n"},
		"crlf": {func(f *fixture) {
			f.Git("config", "core.autocrlf", "true")
			f.Write(filepath.Join(f.Root, ".gitattributes"), "* text=auto\n")
			f.Commit("second")
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"sha256": {func(f *fixture) {
			f.Root = filepath.Join(f.Base, "new")
			f.gitOutside("init", "-q", "--object-format=sha256", f.Root)
			f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), pushed)
			f.Write(filepath.Join(f.Root, "file"), "text\n")
			f.Commit("second")
			f.Write(filepath.Join(f.Root, "new"), "text\n")
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"store within": {func(f *fixture) {
			f.Env = append(f.Env, "XDG_STATE_HOME="+filepath.Join(f.Root, "state [x]"))
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"previous": {func(*fixture) {}, exec.Options{PreviousSHA: "HEAD~1", Ref: "main"},
			"refs/heads/main main $SHA string table\ntext\nsecond\n"},
		"jj beside git": {func(f *fixture) {
			f.Write(filepath.Join(f.Root, ".jj/.gitignore"), "/*\n")
			f.Write(filepath.Join(f.Root, ".jj/repo/store/type"), "git")
			f.Git("checkout", "-q", "--detach")
		}, exec.Options{}, "nil nil nil string nil\ntext\nsecond\n"},
		"nested repository": {func(f *fixture) {
			f.gitOutside("init", "-q", filepath.Join(f.Root, "nested"))
			f.Write(filepath.Join(f.Root, "nested/inner"), "inner\n")
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"unreadable": {func(f *fixture) {
			if os.Getuid() != 0 {
				f.Write(filepath.Join(f.Root, "closed"), "x")
				os.Chmod(filepath.Join(f.Root, "closed"), 0)
			}
			mkfifo(f.t, filepath.Join(f.Root, "fifo"))
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, pushed)
			f.Write(filepath.Join(f.Root, "file"), "text\n")
			f.Commit("second")
			tt.prepare(f)
			_, events := f.succeed(tt.options)
			if diff := cmp.Diff(tt.want, f.Scrub("", "", output(events))); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSubmodules(t *testing.T) {
	list := script("find . -name .git -prune -o -type f -print | sort; cat sub/file; git status --short")
	f := pipelineFixture(t, list)
	lib := filepath.Join(f.Base, "lib")
	f.gitOutside("init", "-q", lib)
	f.Write(filepath.Join(lib, "file"), "committed\n")
	f.GitIn(lib, "add", "-A")
	f.GitIn(lib, "commit", "-q", "-m", "lib")
	f.Git("submodule", "--quiet", "add", lib, "sub")
	f.Commit("second")
	f.Write(filepath.Join(f.Root, "sub/file"), "changed\n")
	f.Write(filepath.Join(f.Root, "sub/new"), "new\n")
	_, events := f.succeed(exec.Options{})
	want := "./.gitmodules\n./.quire/ci.fnl\n./sub/file\n./sub/new\nchanged\n"
	if diff := cmp.Diff(want, output(events)); diff != "" {
		t.Errorf("working tree (-want +got):\n%s", diff)
	}
	_, events = f.succeed(exec.Options{SHA: "HEAD"})
	want = "./.gitmodules\n./.quire/ci.fnl\n./sub/file\ncommitted\n"
	if diff := cmp.Diff(want, output(events)); diff != "" {
		t.Errorf("commit (-want +got):\n%s", diff)
	}
}

func TestRefusedPlaces(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	jj := filepath.Join(f.Base, "jj")
	f.Write(filepath.Join(jj, ".jj/repo/store/type"), "git")
	f.Write(filepath.Join(jj, ".quire/ci.fnl"), script("true"))
	plain := filepath.Join(f.Base, "plain")
	f.Write(filepath.Join(plain, ".quire/ci.fnl"), script("true"))
	broken := filepath.Join(f.Base, "broken")
	f.Write(filepath.Join(broken, ".git"), "gitdir: nowhere\n")
	for _, tt := range []struct {
		root string
		o    exec.Options
		want string
	}{
		{jj, exec.Options{}, "jj git colocation enable"},
		{broken, exec.Options{}, "not a git repository"},
		{filepath.Join(f.Base, "missing"), exec.Options{}, "missing: no such file or directory"},
		{plain, exec.Options{SHA: "HEAD"}, "not in a git repository"},
		{plain, exec.Options{PreviousSHA: "HEAD"}, "not in a git repository"},
		{f.Root, exec.Options{SHA: "--upload-pack=x"}, "unknown commit: --upload-pack=x"},
		{f.Root, exec.Options{SHA: "HEAD:.quire"}, "unknown commit: HEAD:.quire"},
		{f.Root, exec.Options{PreviousSHA: "nowhere"}, "unknown commit: nowhere"},
		{f.Root, exec.Options{Ref: "nowhere"}, "unknown ref: nowhere"},
		{f.Root, exec.Options{SHA: "HEAD", InPlace: true}, "a commit cannot run in place"},
		{f.Root, exec.Options{Jobs: []string{"a"}, Only: []string{"b"}}, "not both"},
		{f.Root, exec.Options{Config: filepath.Join(f.Base, "none.fnl")}, "cannot read the configuration"},
		{f.Root, exec.Options{Secrets: map[string]exec.Secret{"a": {Value: "x", Env: "X"}}}, "more than one place"},
	} {
		tt.o.Environ = f.Env
		_, err := exec.Local(tt.root, tt.o)
		if usage, ok := err.(*exec.UsageError); !ok || !strings.Contains(usage.Message, tt.want) {
			t.Errorf("Local(%s, %+v): %v, want %s", tt.root, tt.o, err, tt.want)
		}
	}
}
