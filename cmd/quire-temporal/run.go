package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"quire/cmd/quire-temporal/internal/conn"
	"quire/cmd/quire-temporal/internal/engine"
	"quire/exec"
)

// errTold says that a run went wrong, and that this was told.
var errTold = errors.New("the run went no further")

func newRun() *cobra.Command {
	return &cobra.Command{
		Use:   "run ADDRESS",
		Short: "Carry out the run that comes on standard input, for quire",
		Long: `run carries out one run. It reads the run as a line of JSON from standard input,
and writes what happens as lines of JSON to standard output. That standard input
ends, or an interrupt, cancels the run; a second interrupt leaves it to itself.
quire starts it for quire ci run --on ADDRESS.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return runEngine(os.Stdin, os.Stdout, args[0]) },
	}
}

// runEngine carries out one run.
func runEngine(stdin io.Reader, stdout io.Writer, address string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// Nobody reading is a reason to cancel the run, not to drop dead.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go cancelBySignal(cancel)
	tell := func(t exec.Told) {
		if exec.WriteTold(stdout, t) != nil {
			cancel()
		}
	}
	err := func() error {
		a, err := conn.ParseAddress(address)
		if err != nil {
			return err
		}
		in := bufio.NewReader(stdin)
		work, err := exec.ReadWork(in)
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(io.Discard, in) // until the end, whatever comes
			cancel()
		}()
		return engine.Run(ctx, a, work, tell)
	}()
	if err != nil {
		tell(exec.Told{Error: err.Error()})
		return errTold
	}
	return nil
}

// cancelBySignal cancels the run with the first signal that asks to end, and ends
// this process with the second.
func cancelBySignal(cancel func()) {
	ends := make(chan os.Signal, 2)
	signal.Notify(ends, syscall.SIGINT, syscall.SIGTERM)
	<-ends
	cancel()
	<-ends
	fmt.Fprintln(os.Stderr, "interrupted twice: what is left of the run ends by itself")
	os.Exit(exitInternal)
}
