package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// A signalError is the cause of a context that a signal ended.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return e.signal.String() }

func (e signalError) exitCode() int { return exitSignal + int(e.signal) }

// watchSignals cancels with the first signal that asks to end, and closes the
// returned channel with the second one. Signals that the caller had ignored,
// as nohup does, stay ignored.
//
// SIGPIPE is taken so that writing to a closed pipe is an error: the runtime
// would end the process at once, and with it the chance to end its children.
func watchSignals(cancel context.CancelCauseFunc) <-chan struct{} {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ends := make(chan os.Signal, 2)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(ends, s)
		}
	}
	kill := make(chan struct{})
	go func() {
		first := <-ends
		cancel(signalError{first.(syscall.Signal)})
		<-ends
		close(kill)
	}()
	return kill
}
