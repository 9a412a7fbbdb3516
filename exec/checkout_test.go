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
		fmt.Fprintf(&b, "%v\n%s\n", args, f.git(append([]string{"--no-optional-locks"}, args...)...))
	}
	err := filepath.WalkDir(f.root, func(path string, d fs.DirEntry, err error) error {
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
	f.write(filepath.Join(f.root, "tracked"), "one\n")
	f.write(filepath.Join(f.root, ".gitignore"), "ignored\n")
	f.commit("second")
	f.write(filepath.Join(f.root, "tracked"), "stashed\n")
	f.git("stash", "-q")
	f.write(filepath.Join(f.root, "tracked"), "staged\n")
	f.git("add", "tracked")
	f.write(filepath.Join(f.root, "tracked"), "changed\n")
	f.write(filepath.Join(f.root, "untracked"), "new\n")
	f.write(filepath.Join(f.root, "ignored"), "kept\n")
	hook := "#!/bin/sh\necho called >> " + filepath.Join(f.base, "hooks-called") + "\n"
	for _, name := range []string{"post-checkout", "pre-commit", "post-commit", "post-index-change", "reference-transaction", "pre-push"} {
		path := filepath.Join(f.root, ".git/hooks", name)
		f.write(path, hook)
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestRepositoryIsUntouched(t *testing.T) {
	for _, o := range []exec.Options{{}, {SHA: "HEAD"}} {
		f := vandalised(t)
		before := f.state()
		called := filepath.Join(f.base, "hooks-called")
		os.Remove(called)
		f.succeed(o)
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
	plain := f.env
	f.env = append(slices.Clone(f.env),
		"GIT_DIR="+filepath.Join(f.root, ".git"), "GIT_WORK_TREE="+f.root, "GIT_INDEX_FILE="+filepath.Join(f.root, ".git/index"),
		"GIT_PREFIX=", "GIT_CONFIG_PARAMETERS='user.name'='hook'", "GIT_OBJECT_DIRECTORY="+filepath.Join(f.root, ".git/objects"),
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=hook")
	f.succeed(exec.Options{})
	f.env = plain
	if diff := cmp.Diff(before, f.state()); diff != "" {
		t.Errorf("the repository changed (-before +after):\n%s", diff)
	}
}

// TestHostileRepository has a repository whose configuration and attributes
// name programs.
func TestHostileRepository(t *testing.T) {
	f := pipelineFixture(t, script("cat file text"))
	f.write(filepath.Join(f.root, "file"), "first\n")
	f.write(filepath.Join(f.root, "text"), "first\n")
	f.commit("second")
	evil := filepath.Join(f.base, "evil.sh")
	f.write(evil, "#!/bin/sh\ntouch "+filepath.Join(f.base, "called")+"\ncat\n")
	if err := os.Chmod(evil, 0o777); err != nil {
		t.Fatal(err)
	}
	f.write(filepath.Join(f.root, ".gitattributes"), "file filter=evil diff=evil merge=evil\ntext filter=proc\n")
	for key, value := range map[string]string{
		"filter.evil.clean": evil, "filter.evil.smudge": evil, "filter.evil.required": "true",
		"filter.proc.process": evil, "filter.proc.required": "true",
		"diff.evil.textconv": evil, "diff.evil.command": evil, "diff.external": evil, "core.fsmonitor": evil,
		"core.hooksPath": f.base, "core.pager": evil, "core.sshCommand": evil, "core.editor": evil,
		"core.askPass": evil, "credential.helper": evil, "gpg.program": evil, "log.showSignature": "true",
		"uploadpack.packObjectsHook": evil, "core.alternateRefsCommand": evil, "alias.ls-files": "!" + evil,
	} {
		f.git("config", key, value)
	}
	// What the user configures for all repositories is not called either.
	f.git("config", "--global", "filter.proc.clean", evil)
	f.write(filepath.Join(f.root, "file"), "changed\n")
	f.write(filepath.Join(f.root, "text"), "changed\n")
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
	if _, err := os.Stat(filepath.Join(f.base, "called")); err == nil {
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
		f.write(filepath.Join(f.root, name), text)
	}
	f.git("add", "-f", "tracked.log")
	f.commit("second")
	f.git("tag", "v1")
	f.write(filepath.Join(f.root, "changed"), "C\n")
	f.write(filepath.Join(f.root, "untracked"), "new\n")
	f.write(filepath.Join(f.root, "ignored"), "ignored\n")
	f.write(filepath.Join(f.root, ".git/info/exclude"), "ignored here\n")
	f.write(filepath.Join(f.root, "ignored here"), "ignored\n")
	f.write(filepath.Join(f.base, "config/git/ignore"), "ignored everywhere\n")
	f.write(filepath.Join(f.root, "ignored everywhere"), "ignored\n")
	for _, err := range []error{
		os.Remove(filepath.Join(f.root, "deleted")),
		os.Chmod(filepath.Join(f.root, "made executable"), 0o755),
		os.RemoveAll(filepath.Join(f.root, "dir")),
		os.Symlink("/etc/hostname", filepath.Join(f.root, "dir")),
		os.Symlink("dangling", filepath.Join(f.root, "link")),
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
	f.write(filepath.Join(f.root, "file"), "text\n")
	f.commit("second")
	_, events := f.succeed(exec.Options{})
	if got := output(events); got != "1\n1\n" {
		t.Errorf("numbers of links: %q", got)
	}
	if text, err := os.ReadFile(filepath.Join(f.root, "file")); string(text) != "text\n" {
		t.Errorf("the original is %q, %v", text, err)
	}
}

func TestCommit(t *testing.T) {
	f := pipelineFixture(t, script("cat file; git status --short; git rev-parse HEAD; git symbolic-ref -q HEAD || echo detached"))
	f.write(filepath.Join(f.root, "file"), "old\n")
	f.commit("second")
	f.git("tag", "old")
	sha := f.git("rev-parse", "HEAD")
	f.write(filepath.Join(f.root, "file"), "new\n")
	f.commit("third")
	f.write(filepath.Join(f.root, "file"), "not committed\n")
	for name, want := range map[string]string{
		sha:     "old\n" + sha + "\ndetached\n",
		"old":   "old\n" + sha + "\ndetached\n",
		"HEAD~": "old\n" + sha + "\ndetached\n",
		"main":  "new\n" + f.git("rev-parse", "HEAD") + "\nrefs/heads/main\n",
		"HEAD":  "new\n" + f.git("rev-parse", "HEAD") + "\nrefs/heads/main\n",
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
	if got := output(events); got != f.root+"\n" {
		t.Errorf("ran in %q, want %s", got, f.root)
	}
	if _, err := os.Stat(filepath.Join(f.root, "made")); err != nil {
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
			f.git("checkout", "-q", "--orphan", "fresh")
			f.git("rm", "-rq", "--cached", ".")
		}, exec.Options{}, "refs/heads/fresh fresh nil string nil\ntext\n\n"},
		"detached": {func(f *fixture) { f.git("checkout", "-q", "--detach") }, exec.Options{},
			"nil nil nil string nil\ntext\nsecond\n"},
		"worktree": {func(f *fixture) {
			f.git("worktree", "add", "-q", "-b", "other", filepath.Join(f.base, "tree"))
			f.root = filepath.Join(f.base, "tree")
		}, exec.Options{}, "refs/heads/other other nil string nil\ntext\nsecond\n"},
		"upstream": {func(f *fixture) {
			f.git("clone", "-q", f.root, filepath.Join(f.base, "clone"))
			f.root = filepath.Join(f.base, "clone")
			f.write(filepath.Join(f.root, "file"), "more\n")
			f.commit("third")
		}, exec.Options{}, "refs/heads/main main $SHA string table\nmore\nthird\n"},
		"shallow": {func(f *fixture) {
			f.git("clone", "-q", "--depth=1", "file://"+f.root, filepath.Join(f.base, "clone"))
			f.root = filepath.Join(f.base, "clone")
		}, exec.Options{}, "refs/heads/main main $SHA string table\ntext\nsecond\n"},
		"split index": {func(f *fixture) { f.git("update-index", "--split-index") }, exec.Options{},
			"refs/heads/main main nil string nil\ntext\nsecond\n"},
		"sparse": {func(f *fixture) {
			f.write(filepath.Join(f.root, "far/away"), "x\n")
			f.commit("second")
			f.git("sparse-checkout", "set", "--cone", "--sparse-index", ".quire")
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"conflict": {func(f *fixture) {
			f.git("checkout", "-q", "-b", "side", "HEAD~1")
			f.write(filepath.Join(f.root, "file"), "side\n")
			f.commit("side")
			f.env = append(f.env, "GIT_MERGE_AUTOEDIT=no")
			f.gitFails("merge", "-q", "main")
			f.write(filepath.Join(f.root, "file"), "text\n")
		}, exec.Options{}, "refs/heads/side side nil string nil\ntext\nside\n"},
		"crlf": {func(f *fixture) {
			f.git("config", "core.autocrlf", "true")
			f.write(filepath.Join(f.root, ".gitattributes"), "* text=auto\n")
			f.commit("second")
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"sha256": {func(f *fixture) {
			f.root = filepath.Join(f.base, "new")
			f.gitOutside("init", "-q", "--object-format=sha256", f.root)
			f.write(filepath.Join(f.root, ".quire/ci.fnl"), pushed)
			f.write(filepath.Join(f.root, "file"), "text\n")
			f.commit("second")
			f.write(filepath.Join(f.root, "new"), "text\n")
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"store within": {func(f *fixture) {
			f.env = append(f.env, "XDG_STATE_HOME="+filepath.Join(f.root, "state [x]"))
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"previous": {func(*fixture) {}, exec.Options{PreviousSHA: "HEAD~1", Ref: "main"},
			"refs/heads/main main $SHA string table\ntext\nsecond\n"},
		"jj beside git": {func(f *fixture) {
			f.write(filepath.Join(f.root, ".jj/.gitignore"), "/*\n")
			f.write(filepath.Join(f.root, ".jj/repo/store/type"), "git")
			f.git("checkout", "-q", "--detach")
		}, exec.Options{}, "nil nil nil string nil\ntext\nsecond\n"},
		"nested repository": {func(f *fixture) {
			f.gitOutside("init", "-q", filepath.Join(f.root, "nested"))
			f.write(filepath.Join(f.root, "nested/inner"), "inner\n")
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
		"unreadable": {func(f *fixture) {
			if os.Getuid() != 0 {
				f.write(filepath.Join(f.root, "closed"), "x")
				os.Chmod(filepath.Join(f.root, "closed"), 0)
			}
			mkfifo(f.t, filepath.Join(f.root, "fifo"))
		}, exec.Options{}, "refs/heads/main main nil string nil\ntext\nsecond\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, pushed)
			f.write(filepath.Join(f.root, "file"), "text\n")
			f.commit("second")
			tt.prepare(f)
			_, events := f.succeed(tt.options)
			if diff := cmp.Diff(tt.want, hexSHA.ReplaceAllString(output(events), "$$SHA")); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSubmodules(t *testing.T) {
	list := script("find . -name .git -prune -o -type f -print | sort; cat sub/file; git status --short")
	f := pipelineFixture(t, list)
	lib := filepath.Join(f.base, "lib")
	f.gitOutside("init", "-q", lib)
	f.write(filepath.Join(lib, "file"), "committed\n")
	f.gitIn(lib, "add", "-A")
	f.gitIn(lib, "commit", "-q", "-m", "lib")
	f.git("submodule", "--quiet", "add", lib, "sub")
	f.commit("second")
	f.write(filepath.Join(f.root, "sub/file"), "changed\n")
	f.write(filepath.Join(f.root, "sub/new"), "new\n")
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
	jj := filepath.Join(f.base, "jj")
	f.write(filepath.Join(jj, ".jj/repo/store/type"), "git")
	f.write(filepath.Join(jj, ".quire/ci.fnl"), script("true"))
	plain := filepath.Join(f.base, "plain")
	f.write(filepath.Join(plain, ".quire/ci.fnl"), script("true"))
	broken := filepath.Join(f.base, "broken")
	f.write(filepath.Join(broken, ".git"), "gitdir: nowhere\n")
	for _, tt := range []struct {
		root string
		o    exec.Options
		want string
	}{
		{jj, exec.Options{}, "jj git colocation enable"},
		{broken, exec.Options{}, "not a git repository"},
		{filepath.Join(f.base, "missing"), exec.Options{}, "missing: no such file or directory"},
		{plain, exec.Options{SHA: "HEAD"}, "not in a git repository"},
		{plain, exec.Options{PreviousSHA: "HEAD"}, "not in a git repository"},
		{f.root, exec.Options{SHA: "--upload-pack=x"}, "unknown commit: --upload-pack=x"},
		{f.root, exec.Options{SHA: "HEAD:.quire"}, "unknown commit: HEAD:.quire"},
		{f.root, exec.Options{PreviousSHA: "nowhere"}, "unknown commit: nowhere"},
		{f.root, exec.Options{Ref: "nowhere"}, "unknown ref: nowhere"},
		{f.root, exec.Options{SHA: "HEAD", InPlace: true}, "a commit cannot run in place"},
		{f.root, exec.Options{Jobs: []string{"a"}, Only: []string{"b"}}, "not both"},
		{f.root, exec.Options{Config: filepath.Join(f.base, "none.fnl")}, "cannot read the configuration"},
		{f.root, exec.Options{Secrets: map[string]exec.Secret{"a": {Value: "x", Env: "X"}}}, "more than one place"},
	} {
		tt.o.Environ = f.env
		_, err := exec.Local(tt.root, tt.o)
		if usage, ok := err.(*exec.UsageError); !ok || !strings.Contains(usage.Message, tt.want) {
			t.Errorf("Local(%s, %+v): %v, want %s", tt.root, tt.o, err, tt.want)
		}
	}
}
