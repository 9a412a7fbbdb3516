package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"quire/exec/exectest"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata/cli")

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"quire": main, exectest.EngineName: exectest.Engine})
}

// A suite clears away after its tests.
type suite struct{ tests *testing.M }

func (s suite) Run() int {
	defer exectest.RemoveContainers()
	if signal.Ignored(syscall.SIGHUP) {
		// What nohup had the tests ignore, the programs that they start would too.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	return s.tests.Run()
}

// TestScripts runs testdata/cli/*.txtar. Each script has a home, a state and a
// configuration of its own, and beside the commands of testscript:
//
//	repository [message]   makes the current directory a git repository, unless
//	                       it is one, and commits everything in it
//	exits N command...     runs a command that has to exit with N
//	scrub file             writes a file, or stdout or stderr, to stdout with
//	                       what differs from run to run replaced: ids,
//	                       commits, durations, directories
//
// The condition [mounts] is that file systems can be mounted in a namespace that
// nobody else sees, which takes root; that of [runs:NAME] is that a program of
// this name answers when it is asked for its version.
func TestScripts(t *testing.T) { runScripts(t, "../../testdata/cli") }

// TestHostileScripts runs testdata/hostile/surface/*.txtar: what repositories, jobs
// and machines do that are not meant well. The comment at the beginning of each
// says what is promised.
func TestHostileScripts(t *testing.T) { runScripts(t, "../../testdata/hostile/surface") }

func runScripts(t *testing.T, dir string) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               isolate,
		Condition:           condition,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"repository": repository,
			"exits":      exits,
			"scrub":      scrub,
		},
	})
}

func condition(name string) (bool, error) {
	if program, ok := strings.CutPrefix(name, "runs:"); ok {
		return exec.Command(program, "--version").Run() == nil, nil
	}
	if name != "mounts" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return mounts(), nil
}

var mounts = sync.OnceValue(func() bool {
	return exec.Command("unshare", "--mount", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil
})

// isolate keeps the configuration of whoever runs the tests out of them.
func isolate(env *testscript.Env) error {
	at := func(name string) string { return filepath.Join(env.WorkDir, ".test", name) }
	env.Vars = append(env.Vars,
		"HOME="+at("home"),
		"XDG_CONFIG_HOME="+at("config"),
		"XDG_STATE_HOME="+at("state"),
		"XDG_CACHE_HOME="+at("cache"),
		"GIT_CONFIG_GLOBAL="+at("gitconfig"),
		"GIT_CONFIG_NOSYSTEM=1",
		"LC_ALL=C.UTF-8",
		"TERM=xterm-256color",
	)
	for _, name := range []string{"home", "config", "state"} {
		if err := os.MkdirAll(at(name), 0o700); err != nil {
			return err
		}
	}
	const gitconfig = "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n"
	return os.WriteFile(at("gitconfig"), []byte(gitconfig), 0o600)
}

func repository(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: repository [message]")
	}
	message := "A commit"
	if len(args) == 1 {
		message = args[0]
	}
	if _, err := os.Stat(ts.MkAbs(".git")); err != nil {
		ts.Check(ts.Exec("git", "init", "-q"))
		ts.Check(os.WriteFile(ts.MkAbs(".git/info/exclude"), []byte(".test\n"), 0o600))
	}
	ts.Check(ts.Exec("git", "add", "-A"))
	ts.Check(ts.Exec("git", "commit", "-q", "-m", message))
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s exited with %d, not %d", strings.Join(args[1:], " "), got, want)
	}
}

var variable = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "COMMIT"},
	{regexp.MustCompile(`\([0-9a-f]{12}\)`), "(COMMIT)"},
	{regexp.MustCompile(`commit    [0-9a-f]{12}\b`), "commit    COMMIT"},
	{regexp.MustCompile(` \d+\.\d s\b`), " TIME"},
	{regexp.MustCompile(`just now|\d+ seconds? ago`), "AGO"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+Z)?`), "DATE"},
	{regexp.MustCompile(`\d+\.\d kB`), "SIZE"},
	{regexp.MustCompile(`/runs/([^/\s]+)-[0-9a-f]{8}/`), "/runs/$1-HASH/"},
}

func scrub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: scrub file")
	}
	text := ts.ReadFile(args[0])
	work, err := filepath.EvalSymlinks(ts.Getenv("WORK"))
	ts.Check(err)
	for _, dir := range []string{work, ts.Getenv("WORK")} {
		text = strings.ReplaceAll(text, dir, "$WORK")
	}
	for _, v := range variable {
		text = v.pattern.ReplaceAllString(text, v.name)
	}
	_, err = io.WriteString(ts.Stdout(), text)
	ts.Check(err)
}

// TestGuard checks that a bug ends as an error with its stack, not as a crash
// that leaves children behind.
func TestGuard(t *testing.T) {
	err := guard(func() error { panic("a bug") })
	var bug *panicError
	if !errors.As(err, &bug) || bug.value != "a bug" || !bytes.Contains(bug.stack, []byte("TestGuard")) {
		t.Errorf("got %#v", err)
	}
}
