//go:build unix

package exec

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// sigContinue lets a stopped process go on.
const sigContinue = syscall.SIGCONT

// A groupLeader is a task whose processes are a process group of this machine.
type groupLeader struct{ *exec.Cmd }

// leaderOf returns the task of a command that was started apart.
func leaderOf(cmd *exec.Cmd) groupLeader { return groupLeader{cmd} }

// apart starts a command in a session of its own, and so as the leader of a
// group.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func (g groupLeader) wait() (int, string, error) {
	_ = g.Wait() // the state says all there is to know
	exit, signal := exitOf(g.ProcessState)
	return exit, signal, nil
}

func (g groupLeader) signal(signals ...syscall.Signal) {
	for _, sig := range signals {
		_ = sendSignal(-g.Process.Pid, sig)
	}
}

func (g groupLeader) runs() bool { return groupRuns(g.Process.Pid) }

// sendSignal sends a signal to a process, or to the group of the negative of a
// number.
func sendSignal(pid int, sig syscall.Signal) error { return syscall.Kill(pid, sig) }

// signalName returns the name of a signal, such as SIGTERM.
func signalName(sig syscall.Signal) string { return unix.SignalName(sig) }

// exitOf returns how a process ended, as an exit code, or −1 and the name of a
// signal.
func exitOf(state *os.ProcessState) (code int, signal string) {
	status, ok := state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return -1, signalName(status.Signal())
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
		return -1, signalName(sig)
	}
	return code, ""
}

// readWaiting reads what a pipe holds now. The error says that it holds nothing
// more and that others keep it open.
func readWaiting(conn syscall.RawConn, buf []byte) (n int, err error) {
	failed := conn.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), buf)
		return true
	})
	if failed != nil {
		return 0, failed
	}
	return max(n, 0), err
}
