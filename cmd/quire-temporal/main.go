// Command quire-temporal has jobs of quire run on other machines, by way of a
// Temporal server. quire and quire-lsp start it for addresses of the form
// temporal://HOST:PORT/NAMESPACE; as a worker it runs the jobs of others.
//
// It is a program and a module of its own because of the size of Temporal's SDK,
// which nobody has to carry along who does not use it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"quire/exec"
)

// The exit codes.
const (
	exitDone     = 0
	exitUsage    = 2
	exitInternal = 3
)

func main() { os.Exit(run(os.Args[1:])) }

// run carries out one invocation and returns its exit code.
func run(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errTold):
		return exitInternal
	}
	fmt.Fprintf(os.Stderr, "error: %s\n", strings.TrimSpace(err.Error()))
	if errors.As(err, new(*exec.UsageError)) {
		return exitUsage
	}
	return exitInternal
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "quire-temporal",
		Short: "Run jobs of quire on other machines by way of Temporal",
		Long: `quire-temporal runs jobs of quire on other machines, by way of a Temporal server.

A worker takes jobs from a queue of the server. Runs are started with quire:

  quire ci run --on temporal://HOST:PORT/NAMESPACE?queue=QUEUE

Certificates and keys for the server come from the variables TEMPORAL_* and the
configuration file of Temporal's own tools, such as TEMPORAL_API_KEY and
TEMPORAL_TLS_CLIENT_CERT_PATH. Jobs do not see these variables.`,
		Version:       exec.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usagef("quire-temporal has no command %q.\nSee quire-temporal --help.", args[0])
		},
	}
	root.SetVersionTemplate("quire-temporal {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%v\nSee %s --help.", err, c.CommandPath())
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newWorker(), newRun())
	return root
}

// usagef returns an error about the call.
func usagef(format string, args ...any) error {
	return &exec.UsageError{Message: fmt.Sprintf(format, args...)}
}

// args makes the error of a check of positional arguments one about the call.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usagef("%v\nSee %s --help.", err, c.CommandPath())
		}
		return nil
	}
}
