package exec_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/exec"
	"quire/exec/exectest"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == exectest.EngineName {
		exectest.Engine()
		return
	}
	code := m.Run()
	exectest.RemoveContainers()
	os.Exit(code)
}

// A contained is a fixture whose commands run in containers.
type contained struct {
	*fixture
	exectest.Containers
}

// containerFixture makes a repository with a pipeline of these jobs, which has
// an image.
func containerFixture(t testing.TB, jobs string) contained {
	t.Helper()
	c := exectest.NewContainers(t)
	return contained{pipelineFixture(t, fmt.Sprintf("(local ci (require :quire.ci))\n(ci.image %q)\n%s", c.Image, jobs)), c}
}

// options returns the options of a run in a container.
func (c contained) options() exec.Options {
	return exec.Options{Container: true, ContainerRuntime: c.Runtime}
}

// nothingLeft checks that a run left neither a container nor a process.
func (c contained) nothingLeft(report *exec.Report) {
	c.t.Helper()
	if left := c.Left(c.t, report.ID); left != "" {
		c.t.Errorf("containers left: %s", left)
	}
	if t, ok := c.t.(*testing.T); ok {
		if left := marked(t, report.ID); len(left) > 0 {
			c.t.Errorf("processes left: %q", left)
		}
	}
}

func TestContainer(t *testing.T) {
	t.Parallel()
	f := containerFixture(t, `(ci.job "a job" [:quire/push]
  (fn [{: sh : env : log}]
    (sh "env | grep -vE '^(HOSTNAME|container|TERM|HOME|SHLVL|PATH)=' | sort -r; id -u; id -g; test $(ps -o pid | grep -c .) -lt 20 && echo few processes" {:env {:ADDED "x=y" :UID "7" :LD_PRELOAD ""} :cwd "sub"})
    (sh ["sh" "-c" "pwd; echo written > made; cat"])
    (log (.. (tostring (env "KEEP")) " " (env "CI") " " (env "QUIRE_JOB")))
    (sh "printf %s \"$ADDED\"" {:env {:ADDED "two\n'lines' $HOME\n"}})
    (sh ["printf" "%s|" "an argument" "" "'$x'"])
    (sh "echo kept > /tmp/kept")
    (sh "cat /tmp/kept; cat made")
    (let [r (sh "exit 7")] (log r.exit))
    (let [r (sh "kill -TERM $$")] (log (.. r.exit r.signal)))
    (let [r (sh "kill -KILL $$")] (log (.. r.exit r.signal)))
    (log (select 2 (pcall sh ["no-such-program"])))
    (log (select 2 (pcall sh ["./sub/x"])))
    (log (select 2 (pcall sh "true" {:cwd ".."})))
    (log (select 2 (pcall sh "true" {:env {:a.b "dotted"}})))
    nil))
(ci.job :later ["a job"] (fn [{: sh : read-file}] (sh "cat made") {:made (read-file "made")}))`)
	f.Write(filepath.Join(f.Root, "sub/x"), "")
	f.Env = append(f.Env, "KEEP=kept")
	o := f.options()
	o.ContainerArgs = []string{"--env", "FROM_ARGUMENT=1"}
	report, events := f.succeed(o)
	f.nothingLeft(report)
	checkStored(t, report, events)
	want := fmt.Sprintf(`UID=7
QUIRE_RUN_ID=$ID
QUIRE_JOB=a job
PWD=$WORKSPACE/sub
LD_PRELOAD=
FROM_ARGUMENT=1
CI=true
ADDED=x=y
%d
%d
few processes
$WORKSPACE
two
'lines' $HOME
an argument||'$x'|
kept
written
written
`, os.Getuid(), os.Getgid())
	if got := f.scrub(report, output(events)); got != want {
		t.Errorf("output:\n%s\nwant:\n%s", got, want)
	}
	var said []string
	for _, e := range events {
		if e.Type == exec.Log && e.JobID != "" {
			said = append(said, f.scrub(report, e.Message))
		}
	}
	wantSaid := []string{"nil true a job", "7", "-1SIGTERM", "-1SIGKILL",
		"command spawn failed: no-such-program in $WORKSPACE: no such file or directory",
		"command spawn failed: ./sub/x in $WORKSPACE: permission denied",
		"sh: :cwd leaves the workspace: ..",
		`command spawn failed: sh in $WORKSPACE: the variable "a.b" cannot be passed into a container: its name is none that a shell knows`}
	if got := strings.Join(said, "\n"); got != strings.Join(wantSaid, "\n") {
		t.Errorf("logged:\n%s\nwant:\n%s", got, strings.Join(wantSaid, "\n"))
	}
	if first := events[0]; first.Isolation != exec.InContainer || first.Image != f.Image {
		t.Errorf("run_started is %+v", first)
	}
	text, err := os.ReadFile(filepath.Join(report.Dir, "report.json"))
	if err != nil || !strings.Contains(string(text), `"isolation": "container"`) || !strings.Contains(string(text), f.Image) {
		t.Errorf("report.json: %s, %v", text, err)
	}
}

// TestContainerHasGit checks that git works in the container, though objects of
// the workspace are elsewhere, and cannot change those.
func TestContainerHasGit(t *testing.T) {
	t.Parallel()
	f := containerFixture(t, `(ci.job :a [:quire/push]
  (fn [{: sh}]
    (sh "git log --format=%s -1; git status --short; git tag made; git rev-parse made^0 | wc -c")
    (sh "touch \"$(cat .git/objects/info/alternates)/x\" 2>/dev/null || echo protected")))`)
	report, events := f.succeed(f.options())
	f.nothingLeft(report)
	if got := output(events); got != "first\n41\nprotected\n" {
		t.Errorf("output %q", got)
	}
	if tags := f.Git("tag"); tags != "" {
		t.Errorf("tags of the user's repository: %s", tags)
	}
}

// TestContainerInPlace has the container work on a working tree whose
// repository is elsewhere.
func TestContainerInPlace(t *testing.T) {
	t.Parallel()
	f := containerFixture(t, `(ci.job :a [:quire/push]
  (fn [{: sh}] (sh "git status --short --branch; git tag made; echo new > made") nil))`)
	tree := filepath.Join(f.Base, "tree")
	f.Git("worktree", "add", "-q", "-b", "other", tree)
	f.Root = tree
	o := f.options()
	o.InPlace = true
	report, events := f.succeed(o)
	f.nothingLeft(report)
	if got := output(events); got != "## other\n" {
		t.Errorf("output %q", got)
	}
	if tag := f.Git("tag"); tag != "made" {
		t.Errorf("tags %q", tag)
	}
	if text, err := os.ReadFile(filepath.Join(tree, "made")); string(text) != "new\n" {
		t.Errorf("made: %q, %v", text, err)
	}
}

// TestContainerEnds has commands that do not end by themselves, and checks that
// nothing of them is left while the container lives on.
func TestContainerEnds(t *testing.T) {
	t.Parallel()
	f := containerFixture(t, `(ci.job :a [:quire/push]
  (fn [{: sh : log}]
    (log (select 2 (pcall sh "trap '' TERM; sleep 1000 & (trap '' TERM; sleep 1001) & echo started; wait" {:timeout 1})))
    (log (select 2 (pcall sh "trap 'echo by itself; exit 3' TERM; sleep 1002 & wait" {:timeout 1})))
    (sh "sleep 1003 & echo behind")
    (sh "ps -o args | grep '[s]leep'")
    nil))`)
	calls := filepath.Join(f.Base, "calls")
	o := f.options()
	o.ContainerRuntime = fakeRuntime(t, f.fixture, "podman", fmt.Sprintf("echo $1 >> %s; exec %s \"$@\"", calls, f.Runtime))
	report, events := f.succeed(o)
	f.nothingLeft(report)
	if text, err := os.ReadFile(calls); err != nil || strings.Contains(string(text), "rm") {
		t.Errorf("the container did not end by itself: %s, %v", text, err)
	}
	if got, want := output(events), "started\nby itself\nbehind\nsleep 1003\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
	var said []string
	for _, e := range events {
		switch {
		case e.Type == exec.Log && e.JobID != "":
			said = append(said, e.Message)
		case e.Type == exec.ShFinished:
			said = append(said, fmt.Sprint(*e.Exit, e.Signal))
		}
	}
	want := []string{"-1SIGKILL", "sh: timed out after 1 s", "3", "sh: timed out after 1 s", "0", "0"}
	if strings.Join(said, "|") != strings.Join(want, "|") {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestContainerCancelled(t *testing.T) {
	t.Parallel()
	f := containerFixture(t, `(ci.job :a [:quire/push]
  (fn [{: sh}] (sh "trap '' TERM; setsid sleep 1000 & sleep 1000 & echo started; wait; echo never")))
(ci.job :b [:a] (fn [] nil))`)
	ctx, observe := cancelOn("started")
	o := f.options()
	o.Observe = observe
	report, events, err := f.runContext(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	f.nothingLeft(report)
	if got, want := f.reportText(report), "cancelled\na cancelled\nb not-run\n"; got != want {
		t.Errorf("report:\n%s\nwant:\n%s", got, want)
	}
	if last := events[len(events)-1]; last.Type != exec.RunFinished || last.Outcome != "cancelled" {
		t.Errorf("last event %+v", last)
	}
}

// TestContainerCancelledAtStart has the run cancelled while the container
// starts.
func TestContainerCancelledAtStart(t *testing.T) {
	t.Parallel()
	f := containerFixture(t, `(ci.job :a [:quire/push] (fn [{: sh}] (sh "echo never")))`)
	ctx, cancel := context.WithCancel(context.Background())
	o := f.options()
	o.Observe = func(e exec.Event) {
		if strings.HasPrefix(e.Message, "starting") {
			cancel()
		}
	}
	report, events, err := f.runContext(ctx, o)
	if err != nil || report.Outcome != exec.Cancelled || output(events) != "" {
		t.Errorf("%s, %v, output %q", report.Outcome, err, output(events))
	}
	f.nothingLeft(report)
}

// TestContainerParallel has jobs share the container.
func TestContainerParallel(t *testing.T) {
	t.Parallel()
	f := containerFixture(t, `(ci.job :a [:quire/push] (fn [{: sh}] (sh "mkfifo x 2>/dev/null; echo met > x") nil))
(ci.job :b [:quire/push] (fn [{: sh}] (sh "mkfifo x 2>/dev/null; cat x") nil))`)
	o := f.options()
	o.Parallel = 2
	report, events := f.succeed(o)
	f.nothingLeft(report)
	if got := output(events); got != "met\n" {
		t.Errorf("output %q", got)
	}
}

func TestContainerDies(t *testing.T) {
	t.Parallel()
	f := containerFixture(t, `(ci.job :a [:quire/push] (fn [{: sh}] (sh "echo started; exec sleep 1000")))`)
	o := f.options()
	o.Observe = func(e exec.Event) {
		if strings.Contains(e.Text, "started") {
			_, err := f.Call("kill", "quire-"+onlyRun(t, f.fixture))
			if err != nil {
				t.Error(err)
			}
		}
	}
	report, _, err := f.run(o)
	if err != nil {
		t.Fatal(err)
	}
	f.nothingLeft(report)
	if got := f.reportText(report); !strings.Contains(got, "sh: the container ended while the command ran: podman run failed (exit status 137)") {
		t.Errorf("report:\n%s", got)
	}
}

// onlyRun returns the id of the only run under way.
func onlyRun(t testing.TB, f *fixture) string {
	t.Helper()
	dirs, _ := filepath.Glob(filepath.Join(f.Base, "state/quire/runs/*/active/*"))
	if len(dirs) != 1 {
		t.Fatalf("runs under way: %q", dirs)
	}
	return filepath.Base(dirs[0])
}

func TestContainerBuilt(t *testing.T) {
	t.Parallel()
	c := exectest.NewContainers(t)
	archive := txtar.Parse(fmt.Appendf(nil, `
-- repo/.quire/ci.fnl --
(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "cat /built") nil))
-- repo/.quire/Dockerfile --
FROM %s
COPY words /copied
RUN tr a-z A-Z < /copied > /built && echo it builds
-- repo/words --
committed
-- work/words --
not committed
`, c.Image))
	f := contained{newFixture(t, archive), c}
	report, events := f.succeed(f.options())
	f.nothingLeft(report)
	if got := output(events); got != "NOT COMMITTED\n" {
		t.Errorf("output %q", got)
	}
	if text := exectest.EventsText(events); !strings.Contains(text, "log it builds\n") {
		t.Errorf("the build is not shown:\n%s", text)
	}
	if events[0].Image != ".quire/Dockerfile" {
		t.Errorf("run_started is %+v", events[0])
	}

	// One that does not build is the user's to mend.
	f.Write(filepath.Join(f.Root, ".quire/Dockerfile"), "FROM "+c.Image+"\nRUN echo what is wrong >&2; exit 9\n")
	report, _, err := f.run(f.options())
	if err != nil || report.Outcome != exec.Failed {
		t.Fatalf("%s, %v", report.Outcome, err)
	}
	d := report.Diagnostics[0]
	if d.Code != diag.NoImage || d.File.Name() != ".quire/Dockerfile" || !strings.Contains(d.Message, "podman build failed") ||
		!strings.Contains(d.Message, "what is wrong") {
		t.Errorf("diagnostic %s\n%s", d.Code, d.Error())
	}
	f.nothingLeft(report)
}

// TestContainerCannotStart checks what users are told.
func TestContainerCannotStart(t *testing.T) {
	t.Parallel()
	f := containerFixture(t, `(ci.job :a [:quire/push] (fn [{: sh}] (sh "echo never")))`)
	for _, tt := range []struct {
		name  string
		args  []string
		image string
		want  []string
	}{
		{"argument", []string{"--no-such-flag"}, f.Image, []string{"podman run failed (exit status 125)", "--no-such-flag"}},
		{"image", nil, "localhost/no-such:1", []string{"podman run failed (exit status 125)", "localhost/no-such:1"}},
		{"flag as image", nil, "--privileged", []string{"podman run failed (exit status 125)", "invalid reference format"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), fmt.Sprintf(
				"(local ci (require :quire.ci))\n(ci.image %q)\n(ci.job :a [:quire/push] (fn [{: sh}] (sh \"echo never\")))", tt.image))
			o := f.options()
			o.ContainerArgs = tt.args
			report, events, err := f.run(o)
			if err == nil || report.Outcome != exec.Internal || output(events) != "" {
				t.Fatalf("%s, %v", report.Outcome, err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q:\n%v", want, err)
				}
			}
			f.nothingLeft(report)
		})
	}
}

// TestContainerOfKilledRun has the process of a run killed. The container ends
// with it; where that is kept from happening the next run removes it.
func TestContainerOfKilledRun(t *testing.T) {
	if root := os.Getenv("EXEC_TEST_CONTAINER"); root != "" {
		r, err := exec.Local(root, exec.Options{Container: true, ContainerRuntime: os.Getenv("EXEC_TEST_RUNTIME"), Observe: func(e exec.Event) {
			fmt.Println(e.Type, e.Text, e.Message)
		}})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = exec.Run(context.Background(), r)
		return
	}
	f := containerFixture(t, `(ci.job :a [:quire/push] (fn [{: sh}] (sh "echo under way; exec sleep 1000")))
(ci.job :b [:other] (fn [] nil))
(ci.job :other [:quire/push] (fn [] nil))`)
	cmd := osexec.Command(os.Args[0], "-test.run=^TestContainerOfKilledRun$")
	cmd.Env = append(f.Env, "EXEC_TEST_CONTAINER="+f.Root, "EXEC_TEST_RUNTIME="+f.Runtime, "TMPDIR="+os.Getenv("TMPDIR"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(out, "under way")
	id := onlyRun(t, f.fixture)
	if f.Left(t, id) == "" {
		t.Fatal("the run has no container")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	// What keeps a container in the way of its end.
	if _, err := f.Call("run", "--detach", "--label", "quire.run="+id, f.Image, "sleep", "1000"); err != nil {
		t.Fatal(err)
	}
	report, events, err := f.run(exec.Options{Jobs: []string{"b"}})
	if err != nil || report.Outcome != exec.Succeeded {
		t.Fatalf("%s, %v", report.Outcome, err)
	}
	if left := f.Left(t, id); left != "" {
		t.Errorf("containers left: %s\n%s", left, exectest.EventsText(events))
	}
}

// waitFor reads until a text was read.
func waitFor(r interface{ Read([]byte) (int, error) }, text string) {
	var seen strings.Builder
	buf := make([]byte, 1024)
	for !strings.Contains(seen.String(), text) {
		n, err := r.Read(buf)
		seen.Write(buf[:n])
		if err != nil {
			return
		}
	}
}

// A fakeRuntime is a program that takes the place of docker.
func fakeRuntime(t *testing.T, f *fixture, name, script string) string {
	t.Helper()
	path := filepath.Join(f.Base, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNoRuntime checks what is said where nothing makes containers, and that
// nothing is left of such a run.
func TestNoRuntime(t *testing.T) {
	f := pipelineFixture(t, "(local ci (require :quire.ci))\n(ci.image \"x\")\n(ci.job :a [:quire/push] (fn [] nil))")
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
	f.Env = append(f.Env, "PATH="+bin)
	fakeRuntime(t, f, "bin/docker", "echo Cannot connect to the daemon. >&2; exit 1")
	_, events, err := f.run(exec.Options{Container: true})
	if err == nil || errors.As(err, new(*exec.UsageError)) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"docker info failed (exit status 1)", "Cannot connect to the daemon.", "podman: no such file", "--container-runtime"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	if len(events) > 0 {
		t.Errorf("events %v", events)
	}
	if runs, _ := filepath.Glob(filepath.Join(f.Base, "state/quire/runs/*/*/0*")); len(runs) > 0 {
		t.Errorf("runs left: %q", runs)
	}
	_, _, err = f.run(exec.Options{Container: true, ContainerRuntime: "/nowhere/docker"})
	if usage := (*exec.UsageError)(nil); !errors.As(err, &usage) || !strings.Contains(err.Error(), "/nowhere/docker") {
		t.Errorf("error %v", err)
	}
	silent := fakeRuntime(t, f, "silent", "echo hello")
	if _, _, err = f.run(exec.Options{Container: true, ContainerRuntime: silent}); err == nil || !strings.Contains(err.Error(), `silent info: expected JSON, got "hello"`) {
		t.Errorf("error %v", err)
	}
}

// TestUserInContainers checks for whom each kind of runtime is told to work.
func TestUserInContainers(t *testing.T) {
	user := fmt.Sprintf("--user %d:%d", os.Getuid(), os.Getgid())
	for name, tt := range map[string]struct{ info, want string }{
		"docker":          {`{"ServerVersion":"28.0","SecurityOptions":["name=seccomp,profile=default"]}`, user},
		"rootless docker": {`{"ServerVersion":"28.0","SecurityOptions":["name=rootless","name=selinux"]}`, "--user 0:0 --security-opt label=disable"},
		"podman":          {`{"host":{"security":{"rootless":false,"selinuxEnabled":true}}}`, user + " --security-opt label=disable"},
		"rootless podman": {`{"host":{"security":{"rootless":true}}}`, "--userns keep-id " + user},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, "(local ci (require :quire.ci))\n(ci.image \"x\")\n(ci.job :a [:quire/push] (fn [] nil))")
			runtime := fakeRuntime(t, f, "runtime", fmt.Sprintf(`case $1 in
info) echo '%s' ;;
run) echo "told: $*" >&2; exit 125 ;;
esac`, tt.info))
			_, _, err := f.run(exec.Options{Container: true, ContainerRuntime: runtime, ContainerArgs: []string{"--mine"}})
			if err == nil || !strings.Contains(err.Error(), tt.want+" --mine --interactive") {
				t.Errorf("want %q in:\n%v", tt.want, err)
			}
		})
	}
}

func TestNoImage(t *testing.T) {
	f := pipelineFixture(t, script("echo never"))
	for _, dry := range []bool{false, true} {
		report, events, err := f.run(exec.Options{Container: true, DryRun: dry})
		if err != nil || report.Outcome != exec.Failed || report.ID != "" || output(events) != "" {
			t.Fatalf("%s, %v", report.Outcome, err)
		}
		if d := report.Diagnostics[0]; d.Code != diag.NoImage || !strings.Contains(d.Help, ".quire/Dockerfile") {
			t.Errorf("diagnostic %+v", d)
		}
	}
}

// TestDryRunStartsNoContainer checks that a dry run does not even look for a
// runtime.
func TestDryRunStartsNoContainer(t *testing.T) {
	f := pipelineFixture(t, "(local ci (require :quire.ci))\n(ci.image \"x\")\n(ci.job :a [:quire/push] (fn [{: sh}] (sh \"true\")))")
	for _, o := range []exec.Options{{Container: true, ContainerRuntime: "/nowhere"}, {Sandbox: true}} {
		o.DryRun = true
		if report, _, err := f.run(o); err != nil || report.Outcome != exec.Succeeded {
			t.Errorf("%s, %v", report.Outcome, err)
		}
	}
}

func TestIsolationRefused(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	for want, o := range map[string]exec.Options{
		"leave out --container or --sandbox":   {Container: true, Sandbox: true},
		"leave out --sandbox or --in-place":    {Sandbox: true, InPlace: true},
		"add --sandbox or leave out --net":     {Net: true},
		"--container-runtime says what makes":  {ContainerRuntime: "docker"},
		"--container-arg is about a container": {ContainerArgs: []string{"-v"}},
	} {
		_, err := exec.Local(f.Root, o)
		if usage := (*exec.UsageError)(nil); !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
