package exec

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// groupRuns reports whether a process group has members that run: not those
// that ended and that nobody has waited for yet.
func groupRuns(pgid int) bool {
	if syscall.Kill(-pgid, 0) != nil {
		return false
	}
	return slices.ContainsFunc(processes(), func(pid string) bool {
		state, pgrp := statOf(pid)
		return pgrp == strconv.Itoa(pgid) && state != 'Z' && state != 'X'
	})
}

// processes returns the names of all processes below /proc.
func processes() []string {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	return slices.DeleteFunc(names, func(name string) bool { return name[0] < '0' || name[0] > '9' })
}

// A stray is a process that outlived the command that started it.
type stray struct{ fd int }

// strays returns the processes of this user whose environment has the entry,
// in whatever group or session they are. Each is to be closed.
func strays(entry string) []stray {
	var found []stray
	for _, name := range processes() {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == os.Getpid() || !hasEntry(name, entry) {
			continue
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue
		}
		// The process found and the process opened may be two.
		if !hasEntry(name, entry) {
			unix.Close(fd)
			continue
		}
		found = append(found, stray{fd})
	}
	return found
}

// hasEntry reports whether the environment of a process has an entry. A process
// that is becoming another program has none to show, and is waited for.
func hasEntry(pid, entry string) bool {
	const patience = 200 * time.Millisecond
	for wait := 100 * time.Microsecond; ; wait *= 2 {
		env, err := os.ReadFile("/proc/" + pid + "/environ")
		if err != nil {
			return false
		}
		if len(env) > 0 || wait > patience || !becoming(pid) {
			return bytes.Contains(append([]byte{0}, env...), append(append([]byte{0}, entry...), 0))
		}
		time.Sleep(wait)
	}
}

// becoming reports whether a process without an environment may be becoming
// another program: it works or waits for a disk, and, unlike one of the kernel,
// has a file. A program that was given no environment looks the same while it
// works.
func becoming(pid string) bool {
	if _, err := os.Readlink("/proc/" + pid + "/exe"); err != nil {
		return false
	}
	state, _ := statOf(pid)
	return state == 'R' || state == 'D'
}

// statOf returns the state of a process, and its group, as the kernel writes them.
func statOf(pid string) (state byte, pgrp string) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	// pid (name) state ppid pgrp …, where the name may hold anything.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if err != nil || len(fields) < 3 {
		return 'X', ""
	}
	return fields[0][0], string(fields[2])
}

func (s stray) signal(sig syscall.Signal) { _ = unix.PidfdSendSignal(s.fd, sig, nil, 0) }

// ended waits for the process to end, and reports whether it did in time.
func (s stray) ended(within time.Duration) bool {
	poll := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, int(max(within, 0).Milliseconds()))
	return n > 0 && err == nil
}

func (s stray) close() { _ = unix.Close(s.fd) }
