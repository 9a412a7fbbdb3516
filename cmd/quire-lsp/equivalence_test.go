package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/pipeline"
	quire "quire/exec"
	"quire/exec/exectest"
)

// TestEquivalence runs every pipeline of testdata/run through quire ci run and
// through the server, each as a process of its own and in a repository of its
// own, and wants the same events.
func TestEquivalence(t *testing.T) {
	bin := build(t)
	files, err := filepath.Glob("../../testdata/run/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	ran := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := exectest.File(archive, "work/"+pipeline.Path) + exectest.File(archive, "repo/"+pipeline.Path)
		if text == "" {
			continue // there is nothing that an editor could have open
		}
		ran++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			equal(t, "events through the server", throughServer(t, bin, archive), throughCLI(t, bin, archive))
		})
	}
	if ran < 30 {
		t.Errorf("only %d pipelines were run", ran)
	}
}

// build builds both commands into a directory.
func build(t testing.TB) string {
	t.Helper()
	bin := t.TempDir()
	out, err := exec.Command("go", "build", "-o", bin+"/", "quire/cmd/quire", "quire/cmd/quire-lsp").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// throughCLI runs a case with quire ci run and returns its events.
func throughCLI(t *testing.T, bin string, archive *txtar.Archive) string {
	t.Helper()
	repo := exectest.New(t, archive)
	cmd := exec.Command(filepath.Join(bin, "quire"), append([]string{"ci", "run"}, exectest.Args(archive)...)...)
	cmd.Dir, cmd.Env = repo.Root, repo.Env
	if out, err := cmd.CombinedOutput(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("%v\n%s", err, out)
	}
	return stored(t, repo)
}

// throughServer runs a case with the command quire.run and returns its events.
func throughServer(t *testing.T, bin string, archive *txtar.Archive) string {
	t.Helper()
	repo := exectest.New(t, archive)
	c := spawnIn(t, filepath.Join(bin, "quire-lsp"), repo)
	c.handshake(everything)
	text, err := os.ReadFile(filepath.Join(repo.Root, pipeline.Path))
	if err != nil {
		t.Fatal(err)
	}
	u := c.openIn(repo.Root, pipeline.Path, string(text))
	var result runResult
	params := &protocol.ExecuteCommandParams{Command: cmdRun,
		Arguments: []protocol.LSPAny{encode(argsOf(u, exectest.Options(t, exectest.Args(archive))))}}
	// A run that cannot be meant is refused; then there are no events.
	if err := c.try("workspace/executeCommand", params, &result); err == nil {
		c.values(result.RunID)
	} else if rpc := (*jsonrpc2.Error)(nil); !errors.As(err, &rpc) {
		t.Fatal(err)
	}
	c.call("shutdown", nil, nil)
	c.notify("exit", nil)
	equal(t, "exit code", c.exited(), 0)
	return stored(t, repo)
}

// argsOf returns the arguments of quire.run that stand for options.
func argsOf(u uri.URI, o quire.Options) runArgs {
	args := runArgs{URI: u, Jobs: o.Jobs, Options: runOptions{
		SHA: o.SHA, InPlace: o.InPlace, Ref: o.Ref, PreviousSHA: o.PreviousSHA, Mirror: o.Mirror, Config: o.Config,
		Except: o.Except, KeepGoing: o.KeepGoing, Parallel: o.Parallel,
		Container: o.Container, ContainerRuntime: o.ContainerRuntime, ContainerArgs: o.ContainerArgs, Sandbox: o.Sandbox, Net: o.Net,
	}}
	if len(o.Inputs) > 0 {
		args.Options.Inputs = o.Inputs[0]
	}
	if o.Timeout != 0 {
		args.Options.Timeout = o.Timeout.String()
	}
	if len(o.Only) > 0 {
		args.Jobs, args.Only = o.Only, true
	}
	for name, from := range o.Secrets {
		if args.Options.Secrets == nil {
			args.Options.Secrets = map[string]secretSource{}
		}
		args.Options.Secrets[name] = secretSource{Env: from.Env, File: from.File}
	}
	return args
}

// stored returns the events that the runs of a repository left, without what
// differs from run to run.
func stored(t *testing.T, repo *exectest.Repository) string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(repo.Base, "state", "quire", "runs", "*", "by-id", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, dir := range dirs {
		b.WriteString(repo.Scrub(dir, filepath.Base(dir), exectest.EventsText(exectest.StoredEvents(t, dir))))
	}
	return b.String()
}

// spawn starts a server as a process and connects to it.
func spawnIn(t *testing.T, program string, repo *exectest.Repository) *client {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Dir, cmd.Env = repo.Root, repo.Env
	return spawn(t, cmd)
}

// spawn starts a server and connects to it.
func spawn(t testing.TB, cmd *exec.Cmd) *client {
	t.Helper()
	cmd.Stderr = testWriter{t}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return connect(t, pipe{out, in}, func() int {
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode()
	})
}
