package exec_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"quire/exec"
	"quire/exec/rundir"
)

// marked returns the processes whose environment has the id of a run.
func marked(t *testing.T, id string) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		t.Skip("needs /proc")
	}
	var found []string
	for _, dir := range dirs {
		env, err := os.ReadFile(dir + "/environ")
		if err == nil && bytes.Contains(env, []byte("QUIRE_RUN_ID="+id)) && filepath.Base(dir) != strconv.Itoa(os.Getpid()) {
			cmd, _ := os.ReadFile(dir + "/cmdline")
			found = append(found, strings.ReplaceAll(string(cmd), "\x00", " "))
		}
	}
	return found
}

// cancelOn returns a context that ends when a command writes a text, and the
// observer that ends it.
func cancelOn(text string) (context.Context, func(exec.Event)) {
	ctx, cancel := context.WithCancel(context.Background())
	return ctx, func(e exec.Event) {
		if strings.Contains(e.Text, text) {
			cancel()
		}
	}
}

func TestCancel(t *testing.T) {
	for name, text := range map[string]string{
		"ordinary":        "sleep 1000 & echo started; wait",
		"ignores signals": "trap '' INT TERM HUP; (trap '' TERM; sleep 1000) & echo started; while :; do sleep 1; done",
		"leaves group":    "setsid sleep 1000 & setsid -f sh -c 'trap \"\" TERM; sleep 1000'; echo started; wait",
		"closes output":   "sleep 1000 >/dev/null 2>&1 & echo started; exec sleep 1000 >/dev/null 2>&1",
		"stopped":         "echo started; kill -STOP $$",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, fmt.Sprintf(`(local {: job} (require :quire.ci))
(job :done [:quire/push] (fn [{: sh}] (sh "true") nil))
(job :waits [:done] (fn [{: sh}] (pcall sh %q) (sh "echo never") nil))
(job :after [:waits] (fn [{: sh}] (sh "echo never") nil))`, text))
			ctx, observe := cancelOn("started")
			report, events, err := f.runContext(ctx, exec.Options{Observe: observe})
			if err != nil {
				t.Fatal(err)
			}
			if left := marked(t, report.ID); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			want := "cancelled\ndone succeeded\nwaits cancelled\nafter not-run\n"
			if got := f.reportText(report); got != want {
				t.Errorf("report:\n%s\nwant:\n%s", got, want)
			}
			if strings.Contains(output(events), "never") {
				t.Error("a command ran after the end")
			}
			if last := events[len(events)-1]; last.Type != exec.RunFinished || last.Outcome != "cancelled" {
				t.Errorf("last event %+v", last)
			}
			for _, e := range events {
				if e.Type == exec.ShFinished && e.JobID == "waits" && name == "stopped" && e.Signal != "SIGTERM" {
					t.Errorf("a stopped command ended by %s: it was not woken to end by itself", e.Signal)
				}
			}
			real, err := filepath.EvalSymlinks(report.Dir)
			if err != nil || filepath.Base(filepath.Dir(real)) != "failed" {
				t.Errorf("recorded at %s, %v", real, err)
			}
			stored, err := os.ReadFile(filepath.Join(report.Dir, "report.json"))
			if err != nil || !strings.Contains(string(stored), `"outcome": "cancelled"`) {
				t.Errorf("report.json: %s, %v", stored, err)
			}
		})
	}
}

// TestCancelledBeforeItStarts checks that nothing runs when the context has
// ended already.
func TestCancelledBeforeItStarts(t *testing.T) {
	f := pipelineFixture(t, script("echo never"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report, events, err := f.runContext(ctx, exec.Options{})
	if err != nil || report.Outcome != exec.Cancelled || output(events) != "" {
		t.Errorf("%s, %v, output %q", report.Outcome, err, output(events))
	}
}

// TestKillEndsTheGrace has a command that does not end when it is asked to.
func TestKillEndsTheGrace(t *testing.T) {
	f := pipelineFixture(t, script("trap '' TERM; echo started; while :; do sleep 1000; done"))
	ctx, cancel := context.WithCancel(context.Background())
	kill := make(chan struct{})
	report, events, err := f.runContext(ctx, exec.Options{Kill: kill, Observe: func(e exec.Event) {
		if strings.Contains(e.Text, "started") {
			cancel()
			close(kill)
		}
	}})
	if err != nil || report.Outcome != exec.Cancelled {
		t.Fatalf("%s, %v", report.Outcome, err)
	}
	for _, e := range events {
		if e.Type == exec.ShFinished && e.Signal != "SIGKILL" {
			t.Errorf("the command ended by %q", e.Signal)
		}
	}
	if left := marked(t, report.ID); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestKilledProcess has the process of a run killed, which can do nothing about
// it. The next run ends what it left behind and records what became of it.
func TestKilledProcess(t *testing.T) {
	if root := os.Getenv("EXEC_TEST_ROOT"); root != "" {
		r, err := exec.Local(root, exec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString(r.ID() + "\n")
		_, _ = exec.Run(context.Background(), r)
		return
	}
	f := pipelineFixture(t, script(`test -n "$NEXT" || { sleep 1000 & echo >> "$FIFO"; wait; }`))
	fifo := filepath.Join(f.Base, "fifo")
	mkfifo(t, fifo)
	f.Env = append(f.Env, "FIFO="+fifo)
	cmd := osexec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
	cmd.Env = append(f.Env, "EXEC_TEST_ROOT="+f.Root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	id = strings.TrimSpace(id)
	if _, err := os.ReadFile(fifo); err != nil { // the command is under way
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	f.Env = append(f.Env, "NEXT=1")
	f.succeed(exec.Options{})
	if left := marked(t, id); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if found, _ := filepath.Glob(filepath.Join(f.Base, "state/quire/runs/*/failed", id, "times.yml")); len(found) != 1 {
		t.Errorf("the killed run is not under failed/")
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	f := pipelineFixture(t, script("(setsid sleep 1000; true) >/dev/null 2>&1 & sleep 1000 >/dev/null 2>&1 & echo $QUIRE_RUN_ID"))
	report, events := f.succeed(exec.Options{})
	if got := strings.TrimSpace(output(events)); got != report.ID {
		t.Errorf("QUIRE_RUN_ID=%s in run %s", got, report.ID)
	}
	if left := marked(t, report.ID); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestBecomingAnother has commands leave processes that become another program
// again and again, and show no environment while they do.
func TestBecomingAnother(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	f := pipelineFixture(t, script(`echo 'exec sh "$0"' > again
for i in 1 2 3 4 5 6; do setsid sh -c 'echo $$ >> pids; exec sh again' >/dev/null 2>&1 & done
while test "$(cat pids | wc -l)" -lt 6; do sleep 0.01; done; cat pids`))
	_, events := f.succeed(exec.Options{})
	for pid := range strings.FieldsSeq(output(events)) {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err == nil && !bytes.Contains(stat, []byte(") Z ")) {
			t.Errorf("left behind: %s", stat)
			if id, err := strconv.Atoi(pid); err == nil {
				left, _ := os.FindProcess(id) // never fails here
				_ = left.Kill()
			}
		}
	}
}

// TestBackgroundServer checks that what one command leaves running is there for
// the next.
func TestBackgroundServer(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push]
  (fn [{: sh}]
    (sh "mkfifo ask; (read x < ask; echo \"answer to $x\" > answer) >/dev/null 2>&1 &")
    (sh "echo question > ask; while ! test -s answer; do sleep 0.01; done; cat answer")))`)
	_, events := f.succeed(exec.Options{})
	if got := output(events); got != "answer to question\n" {
		t.Errorf("output %q", got)
	}
}

func TestEnvironmentOfCommands(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job "a job" [:quire/push]
  (fn [{: sh}]
    (sh "env | grep -E '^(CI|QUIRE_JOB|KEEP|OVER|ADDED|PWD|GIT_)' | sort; test -t 0 && echo terminal; cat; ps -o pgid= -p $$ | tr -d ' ' | sed \"s/^$$$/own group/\""
      {:env {:OVER "new" :ADDED "x=y z"} :cwd "sub"})))`)
	f.Write(filepath.Join(f.Root, "sub/x"), "")
	f.Env = append(f.Env, "KEEP=kept", "OVER=old", "GIT_DIR=/nowhere", "GIT_INDEX_FILE=/nowhere", "GIT_PREFIX=x", "CI=false")
	report, events := f.succeed(exec.Options{})
	want := `ADDED=x=y z
CI=true
GIT_CONFIG_GLOBAL=$BASE/gitconfig
GIT_CONFIG_NOSYSTEM=1
KEEP=kept
OVER=new
PWD=$WORKSPACE/sub
QUIRE_JOB=a job
own group
`
	if got := f.scrub(report, output(events)); got != want {
		t.Errorf("environment:\n%s\nwant:\n%s", got, want)
	}
}

// TestBothStreams has a command write to both its streams at once, and an observer
// that sees nothing of it until it is all there.
func TestBothStreams(t *testing.T) {
	const lines = 600_000
	f := pipelineFixture(t, fmt.Sprintf(`(local {: job} (require :quire.ci))
(job :both [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "yes 'a line of output' | head -%d & yes 'a line of errors' | head -%d >&2; wait") :exit)))))`, lines, lines))
	var once sync.Once
	count := map[string]int{}
	report, _, err := f.run(exec.Options{Observe: func(e exec.Event) {
		if e.Type == exec.Output {
			once.Do(func() {
				for !stored(f, `"sh_finished"`) {
					time.Sleep(time.Millisecond)
				}
			})
		}
		count[e.Stream] += strings.Count(e.Text, "\n")
	}})
	if err != nil || report.Outcome != exec.Succeeded {
		t.Fatalf("%v\n%s", err, f.reportText(report))
	}
	if count[rundir.Stdout] != lines || count[rundir.Stderr] != lines {
		t.Errorf("observed %d lines of output and %d of errors, want %d of each", count[rundir.Stdout], count[rundir.Stderr], lines)
	}
}

// TestVolume has a command write more than a run-fn can read, and an observer
// that sees nothing of it until it is all there.
func TestVolume(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100 MB")
	}
	const lines = 1_000_000
	f := pipelineFixture(t, fmt.Sprintf(`(local {: job} (require :quire.ci))
(job :much [:quire/push]
  (fn [{: sh : log}]
    (let [r (sh "yes 'a line of output that has about eighty bytes, give or take a few of them in the end' | head -%d; echo all written >&2")]
      (log (select 2 (pcall #(length r.stdout))))
      (log r.stderr))
    (let [r (sh "head -c 3000000 /dev/zero | tr '\\0' x")]
      (log (length r.stdout)))
    nil))`, lines))
	var peak uint64
	released := make(chan struct{})
	count, first := 0, true
	report, events, err := f.run(exec.Options{Observe: func(e exec.Event) {
		if e.Type == exec.Output && first {
			first = false
			go func() {
				defer close(released)
				for !stored(f, `"sh_finished"`) {
					time.Sleep(5 * time.Millisecond)
				}
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = m.HeapInuse
			}()
			<-released
		}
		count += strings.Count(e.Text, "\n")
	}})
	if err != nil || report.Outcome != exec.Succeeded {
		t.Fatalf("%v\n%s", err, f.reportText(report))
	}
	if count != lines+2 {
		t.Errorf("observed %d lines, want %d", count, lines+2)
	}
	if peak > 64<<20 {
		t.Errorf("the heap had %d MiB while the observer did not look", peak>>20)
	}
	var logs []string
	for _, e := range events {
		if e.Type == exec.Log {
			logs = append(logs, f.scrub(report, e.Message))
		}
	}
	want := []string{"sh: :stdout has 80 MiB, more than the 64 MiB that can be read; its log is $RUN/jobs/much/sh-1.log", "all written\n", "3000000"}
	if strings.Join(logs, "|") != strings.Join(want, "|") {
		t.Errorf("logged %q, want %q", logs, want)
	}
	n := 0
	log, err := os.Open(filepath.Join(report.Dir, rundir.LogName("much", 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for e, err := range rundir.ReadLog(log) {
		if err != nil {
			t.Fatal(err)
		}
		if !e.Piece {
			n++
		}
	}
	if n != lines+1 {
		t.Errorf("the log has %d lines, want %d", n, lines+1)
	}
}

// stored reports whether events.jsonl of the only run holds a text.
func stored(f *fixture, text string) bool {
	logs, _ := filepath.Glob(filepath.Join(f.Base, "state/quire/runs/*/by-id/*/events.jsonl"))
	if len(logs) != 1 {
		return false
	}
	events, err := os.ReadFile(logs[0])
	return err == nil && bytes.Contains(events, []byte(text))
}

// TestPartialLines checks that the start of a line is seen before its end.
func TestPartialLines(t *testing.T) {
	f := pipelineFixture(t, script("printf 'your name? '; mkfifo go; read x < go; echo $x"))
	answered := false
	_, events := f.succeed(exec.Options{Observe: func(e exec.Event) {
		if e.Text == "your name? " && !answered {
			answered = true
			dirs, _ := filepath.Glob(filepath.Join(f.Base, "state/quire/runs/*/workspaces/1/go"))
			for len(dirs) == 0 {
				dirs, _ = filepath.Glob(filepath.Join(f.Base, "state/quire/runs/*/workspaces/1/go"))
			}
			f.Write(dirs[0], "Ada\n")
		}
	}})
	if got := output(events); got != "your name? Ada\n" {
		t.Errorf("output %q", got)
	}
}

// TestCancelDoesNotCatchUp has a run cancelled whose observer is far behind.
func TestCancelDoesNotCatchUp(t *testing.T) {
	f := pipelineFixture(t, script("head -c 20000000 /dev/zero | tr '\\\\0' x; echo all written > all; sleep 1000"))
	ctx, cancel := context.WithCancel(context.Background())
	shown, last := 0, ""
	_, _, err := f.runContext(ctx, exec.Options{Observe: func(e exec.Event) {
		shown += len(e.Text)
		if e.Type == exec.Output && ctx.Err() == nil {
			for written := 0; written == 0; {
				all, _ := filepath.Glob(filepath.Join(f.Base, "state/quire/runs/*/workspaces/1/all"))
				written = len(all)
			}
			cancel()
		}
		if e.Type == exec.Log {
			last = e.Message
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if shown > 10_000_000 || last != "more of its output is in the log" {
		t.Errorf("%d bytes were shown, and at last %q", shown, last)
	}
}

// TestKillLeavesTheObserver has an observer that never returns.
func TestKillLeavesTheObserver(t *testing.T) {
	f := pipelineFixture(t, script("echo started; sleep 1000"))
	ctx, cancel := context.WithCancel(context.Background())
	kill, never := make(chan struct{}), make(chan struct{})
	defer close(never)
	r, err := exec.Local(f.Root, exec.Options{Environ: f.Env, Kill: kill, Observe: func(e exec.Event) {
		if e.Text == "started\n" {
			cancel()
			close(kill)
			<-never
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if report, err := exec.Run(ctx, r); err != nil || report.Outcome != exec.Cancelled {
		t.Errorf("%s, %v", report.Outcome, err)
	}
	if left := marked(t, r.ID()); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
