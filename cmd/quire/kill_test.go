//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// stubborn are jobs that make it hard to end what they started. Each writes a
// line to the pipe READY when it is all there.
var stubborn = map[string]string{
	"plain":       `(sh "echo > \"$READY\"; exec sleep 1000")`,
	"background":  `(sh "sleep 1000 & echo > \"$READY\"; wait")`,
	"deaf":        `(sh "trap '' INT TERM HUP; echo > \"$READY\"; while :; do sleep 1000; done")`,
	"stopped":     `(sh "echo > \"$READY\"; kill -STOP $$")`,
	"chain":       `(sh "sh -c 'sh -c \"sh -c \\\"echo > \\$READY; sleep 1000\\\" & wait\" & wait' & wait")`,
	"session":     `(sh "setsid sleep 1000 & setsid -f sleep 1000; echo > \"$READY\"; wait")`,
	"held-output": `(do (sh "sleep 1000 & exit 0") (sh "echo > \"$READY\"; sleep 1000"))`,
	"output":      `(sh "echo > \"$READY\"; while echo line; do sleep 0.01; done")`,
}

// An ending ends a process of quire that runs in a terminal.
type ending struct {
	name    string
	signals []syscall.Signal
	hangUp  bool // the terminal goes away
}

var endings = []ending{
	{name: "interrupt", signals: []syscall.Signal{syscall.SIGINT}},
	{name: "terminate", signals: []syscall.Signal{syscall.SIGTERM}},
	{name: "hangup", signals: []syscall.Signal{syscall.SIGHUP}},
	{name: "twice", signals: []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}},
	{name: "terminal lost", hangUp: true},
	{name: "killed", signals: []syscall.Signal{syscall.SIGKILL}},
}

// TestNothingOutlivesQuire ends quire in all the ways there are while jobs of
// every kind run at once: when each is where it wants to be, or at a random
// moment before.
//
// A process of quire that is killed can do nothing any more. The kernel ends
// the commands then, and the next run what they started.
func TestNothingOutlivesQuire(t *testing.T) {
	rounds := 20
	if long {
		rounds = 200
	}
	limit := make(chan bool, 5) // most of the time is spent waiting
	var done sync.WaitGroup
	for i := range rounds {
		limit <- true
		done.Go(func() {
			defer func() { <-limit }()
			how := endings[i%len(endings)]
			t.Run(fmt.Sprintf("%d %s", i, how.name), func(t *testing.T) {
				f := newStubborn(t)
				f.start(t)
				if i/len(endings)%2 == 0 {
					f.awaitAll(t)
				} else {
					time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond) // any moment will do
				}
				f.end(t, how)
			})
		})
	}
	done.Wait()
}

// A stubbornRun is quire running the stubborn jobs. All processes of it have
// its mark in their environment.
type stubbornRun struct {
	dir, mark string
	ready     *os.File
	cmd       *exec.Cmd
	tty       *os.File
}

func newStubborn(t *testing.T) *stubbornRun {
	t.Helper()
	dir := t.TempDir()
	f := &stubbornRun{dir: dir, mark: "MARK=" + dir}
	var text strings.Builder
	text.WriteString("(local {: job} (require :quire.ci))\n(job :fine [:quire/push] (fn [{: sh}] (sh \"true\") nil))\n")
	for name, body := range stubborn {
		fmt.Fprintf(&text, "(job :%s [:quire/push] (fn [{: sh}] %s nil))\n", name, body)
	}
	if err := os.MkdirAll(filepath.Join(dir, "repo", ".quire"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "repo", ".quire", "ci.fnl"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "ready")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ready, err := os.OpenFile(fifo, os.O_RDWR, 0) // writers never wait
	if err != nil {
		t.Fatal(err)
	}
	f.ready = ready
	t.Cleanup(func() { ready.Close() })
	return f
}

func (f *stubbornRun) command(args ...string) *exec.Cmd {
	cmd := exec.Command("quire", append([]string{"ci", "run"}, args...)...)
	cmd.Dir = filepath.Join(f.dir, "repo")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.dir, "READY=" + filepath.Join(f.dir, "ready"), f.mark, "TERM=xterm", "LC_ALL=C.UTF-8"}
	return cmd
}

func (f *stubbornRun) start(t *testing.T) {
	t.Helper()
	f.cmd = f.command(append([]string{"--parallel", strconv.Itoa(len(stubborn))}, slices.Sorted(maps.Keys(stubborn))...)...)
	blocking, err := pty.StartWithSize(f.cmd, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		t.Fatal(err)
	}
	defer blocking.Close()
	// Closing a file ends reading from it only where reading does not block.
	fd, err := syscall.Dup(int(blocking.Fd()))
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.tty = os.NewFile(uintptr(fd), "terminal")
	go func() { _, _ = io.Copy(io.Discard, f.tty) }()
	t.Cleanup(func() {
		f.tty.Close()
		_ = f.cmd.Process.Kill()
		for _, p := range f.processes(t) { // those that the test has found wanting
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
	})
}

// awaitAll returns when every job is where it wants to be.
func (f *stubbornRun) awaitAll(t *testing.T) {
	t.Helper()
	_ = f.ready.SetReadDeadline(time.Now().Add(time.Minute))
	lines := bufio.NewScanner(f.ready)
	for range stubborn {
		if !lines.Scan() {
			t.Fatalf("the jobs did not start: %v", lines.Err())
		}
	}
}

// end ends quire, and fails the test when a process is left.
func (f *stubbornRun) end(t *testing.T, how ending) {
	t.Helper()
	pid := f.cmd.Process.Pid
	children := slices.DeleteFunc(f.processes(t), func(p liveProcess) bool { return p.parent != pid })
	if how.hangUp {
		f.tty.Close()
	}
	for _, sig := range how.signals {
		if err := f.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
	}
	_ = f.cmd.Wait()
	if !slices.Contains(how.signals, syscall.SIGKILL) {
		if left := f.processes(t); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		return
	}
	for _, child := range children {
		lives := func(p liveProcess) bool { return p.pid == child.pid }
		for deadline := time.Now().Add(10 * time.Second); slices.ContainsFunc(f.processes(t), lives); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("the command outlived quire: %v", child)
				break
			}
		}
	}
	next := f.command("fine")
	if out, err := next.CombinedOutput(); err != nil {
		t.Fatalf("the next run: %v\n%s", err, out)
	}
	if left := f.processes(t); len(left) > 0 {
		t.Errorf("left behind by the next run: %v", left)
	}
}

type liveProcess struct {
	pid, parent int
	command     string
}

// processes returns those that have the mark of the run, quire itself aside.
func (f *stubbornRun) processes(t *testing.T) []liveProcess {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("needs /proc: %v", err)
	}
	var found []liveProcess
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !bytes.Contains(env, []byte(f.mark+"\x00")) || pid == f.cmd.Process.Pid {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if err != nil || len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		found = append(found, liveProcess{pid, parent, strings.ReplaceAll(string(command), "\x00", " ")})
	}
	return found
}
