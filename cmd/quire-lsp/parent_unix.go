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
// children can be waited for, so it looks every so often.
func waitFor(ctx context.Context, p *os.Process) bool {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			return true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}
