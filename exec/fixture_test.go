package exec_test

import (
	"context"
	osexec "os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/exec"
	"quire/exec/exectest"
)

// A fixture is a repository whose pipeline is run.
type fixture struct {
	*exectest.Repository
	t      testing.TB
	messes int // that were made of its workspaces
}

// newFixture makes a repository from the files of an archive.
func newFixture(t testing.TB, archive *txtar.Archive) *fixture {
	t.Helper()
	return &fixture{Repository: exectest.New(t, archive), t: t}
}

// pipelineFixture makes a repository that holds just a pipeline.
func pipelineFixture(t testing.TB, text string) *fixture {
	t.Helper()
	return newFixture(t, &txtar.Archive{Files: []txtar.File{{Name: "repo/.quire/ci.fnl", Data: []byte(text)}}})
}

// run runs the pipeline of the repository.
func (f *fixture) run(o exec.Options) (*exec.Report, []exec.Event, error) {
	f.t.Helper()
	return f.runContext(context.Background(), o)
}

func (f *fixture) runContext(ctx context.Context, o exec.Options) (*exec.Report, []exec.Event, error) {
	f.t.Helper()
	return f.Run(ctx, o)
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
	o.Environ = f.Env
	r, err := exec.Local(f.Root, o)
	if err != nil {
		f.t.Fatal(err)
	}
	if report, err := exec.Run(context.Background(), r); err != nil || report.Outcome != exec.Succeeded {
		f.t.Fatalf("%s, %v", report.Outcome, err)
	}
}

// gitOutside calls git outside of the repository.
func (f *fixture) gitOutside(args ...string) string { return f.GitIn(f.Base, args...) }

// gitFails calls git and wants it to fail.
func (f *fixture) gitFails(args ...string) {
	f.t.Helper()
	cmd := osexec.Command("git", args...)
	cmd.Dir, cmd.Env = f.Root, f.Env
	if err := cmd.Run(); err == nil {
		f.t.Fatalf("git %v did not fail", args)
	}
}
