package exec

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sigContinue is what containers call it: nothing is stopped here.
const sigContinue = syscall.Signal(0x12)

// A groupLeader is a task whose processes are a job object, which none of them
// can leave, and which the system ends with quire. There is none when the system
// refused to make it. A process that the command starts before it is put into
// the object is not in it.
type groupLeader struct {
	*exec.Cmd
	job windows.Handle
}

// leaderOf returns the task of a command that was started.
func leaderOf(cmd *exec.Cmd) groupLeader {
	job, err := newJob(cmd.Process)
	if err != nil {
		return groupLeader{Cmd: cmd}
	}
	return groupLeader{cmd, job}
}

// newJob makes a job object that ends when it is closed, and puts a process into
// it.
func newJob(p *os.Process) (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err == nil {
		failed := p.WithHandle(func(handle uintptr) { err = windows.AssignProcessToJobObject(job, windows.Handle(handle)) })
		err = errors.Join(err, failed)
	}
	if err != nil {
		_ = windows.CloseHandle(job)
	}
	return job, err
}

// apart keeps an interrupt at the console from a command: it is quire that ends
// it.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// wait returns when the command ended, and ends what it left behind, so that the
// pipes of its output end: reading them cannot be given up here.
func (g groupLeader) wait() (int, string, error) {
	_ = g.Wait() // the state says all there is to know
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
	}
	exit, signal := exitOf(g.ProcessState)
	return exit, signal, nil
}

// signal ends the processes, or asks those at quire's console to end, as
// Ctrl-Break does.
func (g groupLeader) signal(signals ...syscall.Signal) {
	switch {
	case !slices.Contains(signals, syscall.SIGKILL):
		_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(g.Process.Pid))
	case g.job != 0:
		_ = windows.TerminateJobObject(g.job, 1)
	default:
		_ = g.Process.Kill()
	}
}

// runs is asked when wait has ended the rest.
func (groupLeader) runs() bool { return false }

// sendSignal cannot: there are no signals.
func sendSignal(int, syscall.Signal) error { return errors.ErrUnsupported }

// groupRuns cannot know of a group that is no job object.
func groupRuns(int) bool { return false }

// signals are the signals that a container reports.
var signals = map[syscall.Signal]string{
	syscall.SIGHUP: "SIGHUP", syscall.SIGINT: "SIGINT", syscall.SIGQUIT: "SIGQUIT", syscall.SIGABRT: "SIGABRT",
	syscall.SIGKILL: "SIGKILL", syscall.SIGSEGV: "SIGSEGV", syscall.SIGPIPE: "SIGPIPE", syscall.SIGTERM: "SIGTERM",
	sigContinue: "SIGCONT",
}

// signalName returns the name of a signal, such as SIGTERM.
func signalName(sig syscall.Signal) string { return signals[sig] }

// exitOf returns how a process ended: with an exit code, never by a signal.
func exitOf(state *os.ProcessState) (code int, signal string) { return state.ExitCode(), "" }

// relayed returns what an exit code says that came through a program which, as
// a shell does, reports a signal as 128 and its number.
func relayed(code int) (exit int, signal string) {
	if name := signalName(syscall.Signal(code - 128)); name != "" {
		return -1, name
	}
	return code, ""
}

// readWaiting is for pipes whose reading was given up, which no pipe's is here.
func readWaiting(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }
