package exec

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// A place is where the commands of jobs run: this machine, a sandbox on it, or
// a container. It may be used by several goroutines.
type place interface {
	// start starts a command that reads nothing and writes to the two files,
	// which stay the caller's.
	start(c invocation, stdout, stderr *os.File) (task, error)
	// close ends whatever the place itself keeps running.
	close() error
}

// An invocation is a command as a place starts it.
type invocation struct {
	argv []string
	dir  string  // absolute
	env  environ // all of it
}

// A task is a command that was started.
type task interface {
	// wait returns when the command ended, with its exit code, or −1 and the
	// name of the signal that ended it. It is called once. The error says that
	// the command did not run to its end; it is a [*spawnError] when it did not
	// even begin.
	wait() (exit int, signal string, err error)
	// signal sends signals to the processes of the command that stayed in its
	// group. None that is left survives SIGKILL, after which wait returns.
	signal(...syscall.Signal)
	// runs reports whether the command left a process in its group.
	runs() bool
}

// A spawnError says why a command did not begin.
type spawnError struct{ reason error }

func (e *spawnError) Error() string { return e.reason.Error() }
func (e *spawnError) Unwrap() error { return e.reason }

// A machine is the place of commands that nothing is put around.
type machine struct{ spawn *spawner }

func (m machine) start(c invocation, stdout, stderr *os.File) (task, error) {
	path, err := c.env.find(c.argv[0], c.dir)
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{Path: path, Args: c.argv, Env: c.env, Dir: c.dir, Stdout: stdout, Stderr: stderr}
	if err := m.spawn.start(cmd); err != nil {
		return nil, err
	}
	return groupLeader{cmd}, nil
}

func (machine) close() error { return nil }

// A groupLeader is a task whose processes are a group of this machine.
type groupLeader struct{ *exec.Cmd }

func (g groupLeader) wait() (int, string, error) {
	_ = g.Wait() // the state says all there is to know
	exit, signal := exitOf(g.ProcessState)
	return exit, signal, nil
}

func (g groupLeader) signal(signals ...syscall.Signal) {
	for _, sig := range signals {
		_ = syscall.Kill(-g.Process.Pid, sig)
	}
}

func (g groupLeader) runs() bool { return groupRuns(g.Process.Pid) }

// exitOf returns how a process ended, as an exit code, or −1 and the name of a
// signal.
func exitOf(state *os.ProcessState) (code int, signal string) {
	status, ok := state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return -1, unix.SignalName(status.Signal())
	}
	return state.ExitCode(), ""
}

// relayed returns what an exit code says that came through a program which, as
// a shell does, reports a signal as 128 and its number.
func relayed(code int) (exit int, signal string) {
	switch sig := syscall.Signal(code - 128); sig {
	case syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT, syscall.SIGBUS,
		syscall.SIGFPE, syscall.SIGKILL, syscall.SIGSEGV, syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGTERM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGSYS:
		return -1, unix.SignalName(sig)
	}
	return code, ""
}
