package exec

import (
	"os"
	"os/exec"
	"syscall"
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
type machine struct {
	spawn *spawner
	guard guard
}

func (m machine) start(c invocation, stdout, stderr *os.File) (task, error) {
	path, err := c.env.find(c.argv[0], c.dir)
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{Path: path, Args: c.argv, Env: c.env, Dir: c.dir, Stdout: stdout, Stderr: stderr}
	if err := m.spawn.start(cmd); err != nil {
		return nil, err
	}
	m.guard.began(cmd.Process.Pid)
	return guarded{leaderOf(cmd), m.guard}, nil
}

func (m machine) close() error {
	m.guard.close()
	return nil
}

// A guarded task is one whose processes end with quire.
type guarded struct {
	groupLeader
	guard guard
}

func (g guarded) wait() (exit int, signal string, err error) {
	exit, signal, err = g.groupLeader.wait()
	g.guard.ended(g.Process.Pid)
	return exit, signal, err
}
