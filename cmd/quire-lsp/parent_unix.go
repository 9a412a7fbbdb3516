//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// waitFor returns when a process has ended, or ctx has, and reports which. Only
// children can be waited for, so it looks every so often, unless there is no such
// process to begin with.
func waitFor(ctx context.Context, p *os.Process) bool {
	gone := func() bool { return errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) }
	if gone() {
		return false
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if gone() {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}
