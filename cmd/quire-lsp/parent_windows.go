package main

import (
	"context"
	"os"
)

// waitFor returns when a process has ended, or ctx has, and reports which.
func waitFor(ctx context.Context, p *os.Process) bool {
	ended := make(chan bool, 1)
	go func() { // which ends with the program, when the process does not
		_, err := p.Wait()
		ended <- err == nil
	}()
	select {
	case ok := <-ended:
		return ok
	case <-ctx.Done():
		return false
	}
}
