//go:build unix && !linux

package exec

import (
	"syscall"
	"time"
)

func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// groupRuns reports whether a process group has members.
func groupRuns(pgid int) bool { return syscall.Kill(-pgid, 0) == nil }

// A stray is a process that outlived the command that started it.
type stray struct{}

// strays finds nothing: there is no portable way to look.
func strays(string) []stray { return nil }

func (stray) signal(syscall.Signal) {}

func (stray) ended(time.Duration) bool { return true }

func (stray) close() {}
