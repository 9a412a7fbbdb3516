package exec_test

import (
	"context"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/exec"
)

// A fixture is a repository in a home of its own.
type fixture struct {
	t    testing.TB
	base string // holds everything
	root string // of the repository
	env  []string
	bare []string // names of bare repositories below base
}

// newFixture makes a repository from the files of an archive.
func newFixture(t testing.TB, archive *txtar.Archive) *fixture {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, base: base, root: filepath.Join(base, "repo")}
	f.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + base, "XDG_STATE_HOME=" + filepath.Join(base, "state"),
		"XDG_CONFIG_HOME=" + filepath.Join(base, "config"), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C.UTF-8",
		"GIT_CONFIG_GLOBAL=" + filepath.Join(base, "gitconfig"), "BASE=" + base,
	}
	f.write(filepath.Join(base, "gitconfig"), "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n")
	if err := os.Mkdir(f.root, 0o777); err != nil {
		t.Fatal(err)
	}
	plain := false
	for _, file := range archive.Files {
		if name, ok := strings.CutPrefix(file.Name, "repo/"); ok {
			f.write(filepath.Join(f.root, name), strings.ReplaceAll(string(file.Data), "$BASE", base))
		}
		plain = plain || file.Name == "plain"
		if file.Name == "env" {
			f.env = append(f.env, strings.Fields(string(file.Data))...)
		}
		if file.Name == "bare" {
			f.bare = strings.Fields(string(file.Data))
		}
	}
	for _, name := range f.bare {
		f.git("init", "-q", "--bare", filepath.Join(base, name))
	}
	if !plain {
		f.git("init", "-q")
		f.commit("first")
	}
	for _, file := range archive.Files {
		if name, ok := strings.CutPrefix(file.Name, "work/"); ok {
			f.write(filepath.Join(f.root, name), string(file.Data))
		}
	}
	return f
}

// pipelineFixture makes a repository that holds just a pipeline.
func pipelineFixture(t testing.TB, text string) *fixture {
	t.Helper()
	return newFixture(t, &txtar.Archive{Files: []txtar.File{{Name: "repo/.quire/ci.fnl", Data: []byte(text)}}})
}

func (f *fixture) write(path, text string) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		f.t.Fatal(err)
	}
}

// git calls git in the repository and returns what it wrote.
func (f *fixture) git(args ...string) string {
	f.t.Helper()
	return f.gitIn(f.root, args...)
}

func (f *fixture) gitIn(dir string, args ...string) string {
	f.t.Helper()
	cmd := osexec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(f.env, "GIT_AUTHOR_DATE=2026-05-01T12:00:00Z", "GIT_COMMITTER_DATE=2026-05-01T12:00:00Z",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always")
	out, err := cmd.CombinedOutput()
	if err != nil {
		f.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (f *fixture) commit(message string) {
	f.t.Helper()
	f.git("add", "-A")
	f.git("commit", "-q", "--allow-empty", "-m", message)
}

// run runs the pipeline of the repository.
func (f *fixture) run(o exec.Options) (*exec.Report, []exec.Event, error) {
	f.t.Helper()
	return f.runContext(context.Background(), o)
}

func (f *fixture) runContext(ctx context.Context, o exec.Options) (*exec.Report, []exec.Event, error) {
	f.t.Helper()
	var events []exec.Event
	observe := o.Observe
	o.Environ = f.env
	o.Observe = func(e exec.Event) {
		events = append(events, e)
		if observe != nil {
			observe(e)
		}
	}
	r, err := exec.Local(f.root, o)
	if err != nil {
		return &exec.Report{}, nil, err
	}
	report, err := exec.Run(ctx, r)
	return report, events, err
}

// succeed runs the pipeline and wants every job to succeed.
func (f *fixture) succeed(o exec.Options) (*exec.Report, []exec.Event) {
	f.t.Helper()
	report, events, err := f.run(o)
	if err != nil {
		f.t.Fatal(err)
	}
	if report.Outcome != exec.Succeeded {
		f.t.Fatalf("outcome %s\n%s", report.Outcome, f.reportText(report))
	}
	return report, events
}

// succeedQuietly is succeed without an observer.
func (f *fixture) succeedQuietly(o exec.Options) {
	f.t.Helper()
	o.Environ = f.env
	r, err := exec.Local(f.root, o)
	if err != nil {
		f.t.Fatal(err)
	}
	if report, err := exec.Run(context.Background(), r); err != nil || report.Outcome != exec.Succeeded {
		f.t.Fatalf("%s, %v", report.Outcome, err)
	}
}

func mkfifo(t testing.TB, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
}

// gitOutside calls git outside of the repository.
func (f *fixture) gitOutside(args ...string) string { return f.gitIn(f.base, args...) }

// gitFails calls git and wants it to fail.
func (f *fixture) gitFails(args ...string) {
	f.t.Helper()
	cmd := osexec.Command("git", args...)
	cmd.Dir, cmd.Env = f.root, f.env
	if err := cmd.Run(); err == nil {
		f.t.Fatalf("git %v did not fail", args)
	}
}
