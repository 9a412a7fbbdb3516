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
// returned channel with the second one. A hangup that the caller had ignored,
// as nohup does, stays ignored; an interrupt does not, because shells ignore it
// for whatever they start in the background.
//
// SIGPIPE is taken so that writing to a closed pipe is an error: the runtime
// would end the process at once, and with it the chance to end its children.
func watchSignals(cancel context.CancelCauseFunc) <-chan struct{} {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ends := make(chan os.Signal, 2)
	signal.Notify(ends, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(ends, syscall.SIGHUP)
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
