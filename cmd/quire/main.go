// Command quire validates and runs .quire/ci.fnl, a pipeline of jobs written
// in Fennel.
//
// The commands are thin: what is true of a pipeline comes from package
// analysis, what a run does from package exec. Here flags become options, and
// diagnostics, events and reports become text or JSON.
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// roomy is how many bytes the process may have before memory is dearer than time:
// then garbage is collected as often as it takes.
const roomy = 256 << 20

func main() { os.Exit(run(os.Args[1:])) }

// run carries out one invocation and returns its exit code.
func run(args []string) int {
	if os.Getenv("GOGC") == "" {
		// Little is alive at any time: collecting it half as often costs a few
		// megabytes and saves a fifth of the time that much output takes.
		debug.SetGCPercent(200)
		if debug.SetMemoryLimit(-1) == math.MaxInt64 {
			debug.SetMemoryLimit(roomy)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	s := &session{
		stdin:  os.Stdin,
		stdout: newStream(os.Stdout, cancel),
		stderr: newStream(os.Stderr, cancel),
	}
	s.kill = watchSignals(cancel)
	code := make(chan int, 1)
	go func() {
		err := guard(func() error { return execute(ctx, s, args) })
		code <- s.finish(ctx, err)
	}()
	select {
	case c := <-code:
		return c
	case <-s.stuck():
		return s.finish(ctx, nil)
	}
}

// stuck returns a channel that is closed when everything was to end at once and
// nothing but showing it is left, which whoever reads our output keeps from
// ending.
func (s *session) stuck() <-chan struct{} {
	stuck := make(chan struct{})
	go func() {
		<-s.kill
		s.runs.Wait()
		time.Sleep(time.Second)
		close(stuck)
	}()
	return stuck
}

// execute finds and runs the command that args name.
func execute(ctx context.Context, s *session, args []string) error {
	root := newRoot(s)
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// A session is what surrounds an invocation.
type session struct {
	stdin          *os.File
	stdout, stderr *stream
	kill           <-chan struct{} // closed when everything is to end at once
	runs           sync.WaitGroup  // those under way
}

// finish reports the error that ended an invocation, and returns the exit code.
func (s *session) finish(ctx context.Context, err error) int {
	var signal signalError
	if errors.As(context.Cause(ctx), &signal) {
		return signal.exitCode()
	}
	if err == nil && s.stdout.err != nil {
		err = fmt.Errorf("cannot write the output: %w", s.stdout.err)
	}
	var bug *panicError
	var usage *exec.UsageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errPipeline):
		return exitPipeline
	case errors.As(err, &usage):
		s.complain(err)
		return exitUsage
	case errors.As(err, &bug):
		s.complain(err)
		fmt.Fprintf(s.stderr, "\nThis is a bug in quire, not in your pipeline. Please report it with what follows.\n\n%s\n%s",
			version(), bug.stack)
		return exitInternal
	}
	s.complain(err)
	return exitInternal
}

// complain writes an error that is about no place of a file.
func (s *session) complain(err error) {
	message := strings.TrimSpace(terminal.Plain(err.Error()))
	fmt.Fprintf(s.stderr, "%s: %s\n", s.stderr.screen.Paint(terminal.Red, "error"), message)
}

// A panicError is a panic that was caught.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("quire failed: %v", e.value) }

// guard calls f and returns a panic as an error.
func guard(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value, debug.Stack()}
		}
	}()
	return f()
}
