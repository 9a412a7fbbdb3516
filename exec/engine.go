package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// engineGrace is how long an engine has to end after it closed its output, told
// of an error or did what no engine should do.
const engineGrace = 10 * time.Second

// An engine is a program that has jobs run on other machines, under way.
type engine struct {
	name   string
	task   groupLeader
	stdin  *os.File
	stdout *os.File
	last   tail // of what it wrote to standard error; read it only after it ended
	exit   int
	signal string
	exited chan struct{}
}

// startEngine starts an engine. It has a session of its own, so that no signal
// for quire's group reaches it, and nothing ends it with quire: it then has to
// end what it started, which it learns from the end of its input.
func startEngine(env environ, path, on string) (*engine, error) {
	e := &engine{name: strings.TrimSuffix(filepath.Base(path), ".exe"), exited: make(chan struct{})}
	cmd := exec.Command(path, "run", on)
	cmd.Env, cmd.SysProcAttr, cmd.WaitDelay = env, apart(), drainGrace
	in, stdin, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	stdout, out, err := os.Pipe()
	if err != nil {
		stdin.Close()
		return nil, err
	}
	defer out.Close()
	said, stderr := io.Pipe()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, stderr
	e.stdin, e.stdout = stdin, stdout
	if err := cmd.Start(); err != nil {
		stdin.Close()
		stdout.Close()
		return nil, err
	}
	e.task = groupLeader{Cmd: cmd}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		eachLine(said, e.last.add)
	}()
	go func() {
		defer close(e.exited)
		e.exit, e.signal, _ = e.task.wait()
		stderr.Close()
		<-heard
		// Whatever it left would keep its output open.
		e.task.signal(syscall.SIGKILL)
		_ = e.stdout.SetReadDeadline(time.Now().Add(drainGrace))
	}()
	return e, nil
}

// follow gives the engine a work, and take each line that it tells, until it has
// ended. The end of ctx, or an error of take, cancels the run; closing kill then
// ends the engine. The error is the first of take, or else how the engine ended if
// that was not well.
func (e *engine) follow(ctx context.Context, w *Work, kill <-chan struct{}, take func(line []byte) error) error {
	go func() { _ = json.NewEncoder(e.stdin).Encode(w) }() // an engine that does not read it tells nothing
	lines, taken := make(chan []byte), make(chan struct{})
	go func() {
		defer close(lines)
		in := newLineReader(e.stdout)
		for {
			line, ok := in.next()
			if !ok {
				return
			}
			lines <- line
			<-taken
		}
	}()
	var failed error
	var killed <-chan struct{}
	var late <-chan time.Time
	cancelled, reading := ctx.Done(), lines
	hurry := func() {
		e.stdin.Close()
		if late == nil {
			late = time.After(engineGrace)
		}
	}
	for ended := e.exited; reading != nil || ended != nil; {
		select {
		case line, ok := <-reading:
			switch {
			case !ok:
				reading = nil
				hurry()
				continue
			case failed == nil:
				if failed = take(line); failed != nil {
					hurry()
				}
			}
			taken <- struct{}{}
		case <-ended:
			ended = nil
		case <-cancelled:
			cancelled, killed = nil, kill
			e.stdin.Close()
			if kill == nil {
				hurry() // nobody else will
			}
		case <-killed:
			killed = nil
			e.task.signal(syscall.SIGKILL)
		case <-late:
			late = nil
			e.task.signal(syscall.SIGKILL)
		}
	}
	e.stdin.Close()
	e.stdout.Close()
	if failed == nil && (e.exit != 0 || e.signal != "") {
		failed = fmt.Errorf("%s ended in the middle of the run, with %s", e.name, e.how())
	}
	if failed != nil && len(e.last) > 0 {
		failed = fmt.Errorf("%w\n%s", failed, strings.Join(e.last, "\n"))
	}
	return failed
}

// how says how the engine ended.
func (e *engine) how() string {
	if e.signal != "" {
		return e.signal
	}
	return fmt.Sprintf("exit status %d", e.exit)
}
