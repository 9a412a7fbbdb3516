package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that ends when the program is asked to end, as
// editors do that do not take the time for shutdown: Emacs hangs up. A hangup
// that the caller had ignored, as nohup does, stays ignored.
//
// SIGPIPE is taken so that writing to an editor that is gone is an error: the
// runtime would end the process at once, and with it the chance to end what
// runs.
func untilSignal(ctx context.Context) (until context.Context, stop func()) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ends := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	return signal.NotifyContext(ctx, ends...)
}
