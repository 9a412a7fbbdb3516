package exec_test

import (
	"context"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"quire/exec"
)

// sandboxFixture makes a repository with a pipeline of these jobs whose
// commands can run in sandboxes.
func sandboxFixture(t *testing.T, jobs string) *fixture {
	t.Helper()
	if path, err := osexec.LookPath("bwrap"); err != nil {
		t.Skipf("needs bubblewrap, as .ci/containers installs it: %v", err)
	} else if out, err := osexec.Command(path, "--ro-bind", "/", "/", "--unshare-all", "true").CombinedOutput(); err != nil {
		t.Skipf("bubblewrap does not work here: %v\n%s", err, out)
	}
	return pipelineFixture(t, "(local {: job} (require :quire.ci))\n"+jobs)
}

// says returns what the jobs of a run logged.
func says(events []exec.Event) string {
	var b strings.Builder
	for _, e := range events {
		if e.Type == exec.Log && e.JobID != "" {
			fmt.Fprintln(&b, e.Message)
		}
	}
	return b.String()
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	f := sandboxFixture(t, `(job "a job" [:quire/push]
  (fn [{: sh : env : log}]
    (sh "env | grep -E '^(ADDED|CI|KEEP|QUIRE_|PWD|SSH_AUTH|TMPDIR)' | sort" {:env {:ADDED "x\ny" :LD_PRELOAD ""} :cwd "sub"})
    (sh ["sh" "-c" "pwd; cat; git log --format=%s; git tag made; git status --short"])
    (sh "echo in the workspace > made; cat made; cat /tmp/kept 2>&1; echo kept > /tmp/kept; echo kept > ~/kept")
    (sh "cat /tmp/kept ~/kept; test -d /proc/self && test -c /dev/null && echo kernel; ps -e | wc -l")
    (let [r (sh "exit 7")] (log r.exit))
    (let [r (sh "kill -TERM $$")] (log (.. r.exit r.signal)))
    (let [r (sh "kill -SEGV $$")] (log (.. r.exit r.signal)))
    (log (select 2 (pcall sh ["no-such-program"])))
    (log (select 2 (pcall sh ["./sub/x"])))
    nil))
(job :later ["a job"] (fn [{: sh : read-file}] (sh "cat made") {:made (read-file "made")}))`)
	f.Write(filepath.Join(f.Root, "sub/x"), "")
	f.Env = append(f.Env, "KEEP=kept", "SSH_AUTH_SOCK=/run/agent", "TMPDIR=/nowhere")
	report, events := f.succeed(exec.Options{Sandbox: true})
	if left := marked(t, report.ID); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	checkStored(t, report, events)
	want := `ADDED=x
CI=true
KEEP=kept
PWD=$WORKSPACE/sub
QUIRE_JOB=a job
QUIRE_RUN_ID=$ID
$WORKSPACE
first
first
in the workspace
cat: /tmp/kept: No such file or directory
kept
kept
kernel
5
in the workspace
`
	if got := f.scrub(report, output(events)); got != want {
		t.Errorf("output:\n%s\nwant:\n%s", got, want)
	}
	wantSaid := `7
-1SIGTERM
-1SIGSEGV
command spawn failed: no-such-program in $WORKSPACE: no such file or directory
command spawn failed: ./sub/x in $WORKSPACE: permission denied
`
	if got := f.scrub(report, says(events)); got != wantSaid {
		t.Errorf("logged:\n%s\nwant:\n%s", got, wantSaid)
	}
	if events[0].Isolation != exec.InSandbox {
		t.Errorf("run_started is %+v", events[0])
	}
	if report.Isolation != exec.InSandbox {
		t.Errorf("the report says %q", report.Isolation)
	}
	if _, err := os.Stat(filepath.Join(report.Dir, "sandbox")); err == nil {
		t.Error("the sandbox is left behind")
	}
}

// TestSandboxKeepsOut has commands reach for what is outside.
func TestSandboxKeepsOut(t *testing.T) {
	t.Parallel()
	f := sandboxFixture(t, `(job :a [:quire/push]
  (fn [{: sh : env}]
    (let [try (fn [what] (sh (.. "if " what "; then echo reached '" what "'; else echo kept out; fi 2>/dev/null")))]
      (try "touch /etc/quire-was-here")
      (try "touch \"$OUTSIDE/was-here\"")
      (try "cat ~/.ssh/id")
      (try "cat ~/private")
      (try "cat \"$SECRET\" | grep .")
      (try "ls /run | grep .")
      (try "ls \"$XDG_STATE_HOME/quire/runs/\"*/active/*/events.jsonl")
      (try "mount -o remount,rw /")
      (try "touch /proc/sys/kernel/core_pattern")
      (try "touch \"$(cat .git/objects/info/alternates)/was-here\"")
      (try "kill -0 \"$OUTER\"")
      (sh "cat ~/bin/tool; cat ~/opt/lang/lib/part; cat ~/.gitconfig"))
    nil))`)
	home := filepath.Join(f.Base, "home")
	f.Write(filepath.Join(home, ".ssh/id"), "private key")
	f.Write(filepath.Join(home, "private"), "private")
	f.Write(filepath.Join(home, "bin/tool"), "tool\n")
	f.Write(filepath.Join(home, "opt/lang/bin/lang"), "")
	f.Write(filepath.Join(home, "opt/lang/lib/part"), "part\n")
	f.Write(filepath.Join(home, ".gitconfig"), "# settings\n")
	outside, err := os.MkdirTemp("/var", "quire-outside-")
	if err != nil {
		t.Skipf("needs a directory outside of /tmp: %v", err)
	}
	defer os.RemoveAll(outside)
	f.Write(filepath.Join(outside, "secret"), "secret of a file")
	f.Env = append(f.Env, "HOME="+home, "OUTSIDE="+outside, "SECRET="+filepath.Join(outside, "secret"), fmt.Sprint("OUTER=", os.Getpid()),
		"PATH="+filepath.Join(home, "bin")+":"+filepath.Join(home, "opt/lang/bin")+":"+os.Getenv("PATH"))
	report, events := f.succeed(exec.Options{Sandbox: true, Secrets: map[string]exec.Secret{"s": {File: filepath.Join(outside, "secret")}}})
	want := strings.Repeat("kept out\n", 11) + "tool\npart\n# settings\n"
	if got := f.scrub(report, output(events)); got != want {
		t.Errorf("output:\n%s\nwant:\n%s", got, want)
	}
	if _, err := os.Stat(filepath.Join(outside, "was-here")); err == nil {
		t.Error("a file was written outside")
	}
}

// TestSandboxNetwork has commands reach for a listener on this machine.
func TestSandboxNetwork(t *testing.T) {
	t.Parallel()
	if _, err := osexec.LookPath("bash"); err != nil {
		t.Skip("needs bash, which can open connections")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	f := sandboxFixture(t, fmt.Sprintf(`(job :a [:quire/push]
  (fn [{: sh}]
    (sh ["bash" "-c" "exec 3<>/dev/tcp/127.0.0.1/%d && echo reached || echo kept out"])
    nil))`, listener.Addr().(*net.TCPAddr).Port))
	for want, net := range map[string]bool{"kept out\n": false, "reached\n": true} {
		_, events := f.succeed(exec.Options{Sandbox: true, Net: net})
		var got strings.Builder
		for _, e := range events {
			if e.Stream == "stdout" {
				got.WriteString(e.Text)
			}
		}
		if got.String() != want {
			t.Errorf("with net %v: %q", net, got.String())
		}
	}
}

// TestSandboxEnds checks that nothing outlives its command, whatever it does
// to that end.
func TestSandboxEnds(t *testing.T) {
	t.Parallel()
	f := sandboxFixture(t, `(job :a [:quire/push]
  (fn [{: sh : log}]
    (log (select 2 (pcall sh "trap '' TERM; sleep 1000 & setsid sleep 1000 & echo started; wait; wait" {:timeout 0.5})))
    (log (select 2 (pcall sh "trap 'echo by itself; exit 3' TERM; sleep 1000 & echo waits; wait" {:timeout 0.5})))
    (sh "sleep 1000 & setsid -f sh -c 'trap \"\" TERM HUP; sleep 1000'; echo behind")
    (sh "ps -e -o args | grep '[s]leep' || echo nothing")
    nil))`)
	report, events := f.succeed(exec.Options{Sandbox: true})
	if left := marked(t, report.ID); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if got, want := output(events), "started\nwaits\nby itself\nbehind\nnothing\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
	var ends []string
	for _, e := range events {
		if e.Type == exec.ShFinished {
			ends = append(ends, fmt.Sprint(*e.Exit, e.Signal))
		}
	}
	if got, want := strings.Join(ends, " "), "-1SIGKILL 3 0 0"; got != want {
		t.Errorf("commands ended %s, want %s", got, want)
	}
	if got, want := says(events), "sh: timed out after 0.5 s\nsh: timed out after 0.5 s\n"; got != want {
		t.Errorf("logged %q", got)
	}
}

func TestSandboxCancelled(t *testing.T) {
	t.Parallel()
	f := sandboxFixture(t, `(job :a [:quire/push] (fn [{: sh}] (sh "trap '' TERM; setsid sleep 1000 & echo started; wait; echo never")))`)
	ctx, observe := cancelOn("started")
	report, _, err := f.runContext(ctx, exec.Options{Sandbox: true, Observe: observe})
	if err != nil || report.Outcome != exec.Cancelled {
		t.Fatalf("%s, %v", report.Outcome, err)
	}
	if left := marked(t, report.ID); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestSandboxHidesProgram has a program that exists outside only.
func TestSandboxHidesProgram(t *testing.T) {
	t.Parallel()
	f := sandboxFixture(t, `(job :a [:quire/push] (fn [{: sh : env}] (sh [(env "HIDDEN")])))`)
	hidden := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(hidden, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.Env = append(f.Env, "HIDDEN="+hidden)
	report, _, err := f.run(exec.Options{Sandbox: true})
	if err != nil {
		t.Fatal(err)
	}
	got := f.reportText(report)
	for _, want := range []string{"the command did not begin in the sandbox, which may hide its program", "bwrap: execvp " + hidden} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
}

// TestSandboxOfKilledRun has the process of a run killed, with which its
// commands end.
func TestSandboxOfKilledRun(t *testing.T) {
	if root := os.Getenv("EXEC_TEST_SANDBOX"); root != "" {
		r, err := exec.Local(root, exec.Options{Sandbox: true, Observe: func(e exec.Event) { fmt.Println(e.Text) }})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = exec.Run(context.Background(), r)
		return
	}
	f := sandboxFixture(t, `(job :a [:quire/push] (fn [{: sh}] (sh "setsid sleep 1000 & echo under way; exec sleep 1000")))`)
	cmd := osexec.Command(os.Args[0], "-test.run=^TestSandboxOfKilledRun$")
	cmd.Env = append(f.Env, "EXEC_TEST_SANDBOX="+f.Root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(out, "under way")
	id := onlyRun(t, f)
	if len(marked(t, id)) == 0 {
		t.Error("no command is under way")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for range 500 {
		if len(marked(t, id)) == 0 {
			return
		}
	}
	t.Errorf("left behind: %q", marked(t, id))
}

// TestNoBubblewrap checks what is said where it is missing.
func TestNoBubblewrap(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	bin := filepath.Join(f.Base, "bin")
	git, err := osexec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(bin, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(git, filepath.Join(bin, "git")); err != nil {
		t.Fatal(err)
	}
	f.Env = append(f.Env, "PATH="+bin+":/nowhere")
	_, _, err = f.run(exec.Options{Sandbox: true})
	if err == nil || !strings.Contains(err.Error(), "install the package bubblewrap") {
		t.Errorf("error %v", err)
	}
	// One that does not work is found out before a job starts.
	fakeRuntime(t, f, "bin/bwrap", "echo bwrap: no permission >&2; exit 1")
	f.Env = append(f.Env, "PATH="+bin+":"+os.Getenv("PATH"))
	_, events, err := f.run(exec.Options{Sandbox: true})
	if err == nil || !strings.Contains(err.Error(), "bubblewrap cannot make a sandbox here: ") || !strings.Contains(err.Error(), "bwrap: no permission") {
		t.Errorf("error %v", err)
	}
	for _, e := range events {
		if e.Type == exec.JobStarted {
			t.Error("a job started")
		}
	}
}
