package exec

import (
	"syscall"
	"time"
)

func childAttributes() *syscall.SysProcAttr { return apart() }

// A stray is a process that outlived the command that started it.
type stray struct{}

// strays finds nothing: what a command leaves behind ends with it.
func strays(string) []stray { return nil }

func (stray) signal(syscall.Signal) {}

func (stray) ended(time.Duration) bool { return true }

func (stray) close() {}
