// Package exectest makes the repositories that tests run pipelines in, and
// shows what came of it in words that do not change from run to run. The cases
// are those of testdata/run; the tests of every door to a run read them.
package exectest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// A Repository is one in a home of its own.
type Repository struct {
	Base string   // directory that holds everything
	Root string   // of the repository
	Env  []string // with a home, a git configuration and a run store in Base
	Bare []string // names of bare repositories below Base

	t testing.TB
}

// New makes a repository from the files of an archive:
//
//	repo/…    its files, in its first commit; the directory is no git
//	          repository when there is a file "plain"
//	work/…    files that are laid over them and not committed
//	env       variables of the environment, one NAME=value a line
//	bare      names of bare repositories to make below $BASE
//
// $BASE in repo/… stands for Base.
func New(t testing.TB, archive *txtar.Archive) *Repository {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &Repository{t: t, Base: base, Root: filepath.Join(base, "repo")}
	r.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + base, "XDG_STATE_HOME=" + filepath.Join(base, "state"),
		"XDG_CONFIG_HOME=" + filepath.Join(base, "config"), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C.UTF-8",
		"GIT_CONFIG_GLOBAL=" + filepath.Join(base, "gitconfig"), "BASE=" + base,
	}
	r.Write(filepath.Join(base, "gitconfig"), "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n")
	if err := os.Mkdir(r.Root, 0o777); err != nil {
		t.Fatal(err)
	}
	r.Env = append(r.Env, strings.Fields(File(archive, "env"))...)
	r.Bare = strings.Fields(File(archive, "bare"))
	for _, name := range r.Bare {
		r.Git("init", "-q", "--bare", filepath.Join(base, name))
	}
	plain := false
	for _, file := range archive.Files {
		plain = plain || file.Name == "plain"
		if name, ok := strings.CutPrefix(file.Name, "repo/"); ok {
			r.Write(filepath.Join(r.Root, name), strings.ReplaceAll(string(file.Data), "$BASE", base))
		}
	}
	if !plain {
		r.Git("init", "-q")
		r.Commit("first")
	}
	for _, file := range archive.Files {
		if name, ok := strings.CutPrefix(file.Name, "work/"); ok {
			r.Write(filepath.Join(r.Root, name), string(file.Data))
		}
	}
	return r
}

// File returns the text of a file of an archive, or nothing.
func File(archive *txtar.Archive, name string) string {
	for _, file := range archive.Files {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

// Write writes a file and the directories around it.
func (r *Repository) Write(path, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		r.t.Fatal(err)
	}
}

// WriteOwn writes a file that nobody but its owner can read.
func (r *Repository) WriteOwn(path, text string) {
	r.t.Helper()
	r.Write(path, text)
	if err := os.Chmod(path, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// Git calls git in the repository and returns what it wrote.
func (r *Repository) Git(args ...string) string {
	r.t.Helper()
	return r.GitIn(r.Root, args...)
}

// GitIn calls git in a directory and returns what it wrote. Its commits always
// have the same time.
func (r *Repository) GitIn(dir string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(r.Env, "GIT_AUTHOR_DATE=2026-05-01T12:00:00Z", "GIT_COMMITTER_DATE=2026-05-01T12:00:00Z",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// Commit commits everything.
func (r *Repository) Commit(message string) {
	r.t.Helper()
	r.Git("add", "-A")
	r.Git("commit", "-q", "--allow-empty", "-m", message)
}

// EachCase runs a test for each archive that the pattern matches, side by side
// and named after it. There has to be one.
func EachCase(t *testing.T, pattern string, test func(t *testing.T, file string, archive *txtar.Archive)) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, file, archive)
		})
	}
}
