// Quire-lsp is the language server for .quire/ci.fnl. It speaks the Language
// Server Protocol over standard input and output, shows everything that is
// wrong with a pipeline as it is typed, and runs jobs exactly as "quire ci run"
// does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"quire/exec"
)

const usage = `quire-lsp is the language server for .quire/ci.fnl.

An editor starts it and speaks the Language Server Protocol with it over
standard input and output. The server shows what is wrong with a pipeline while
it is typed, offers fixes, and runs jobs from code lenses and code actions, just
as "quire ci run" does, on the text in the editor.

Usage:
  quire-lsp [flags]

Flags:
`

const commandsHelp = `
Commands (workspace/executeCommand, each with one JSON object):
  quire.run      run jobs of the pipeline in a buffer; returns {"runId"} at once
                   uri      of the ci.fnl
                   jobs     ids; with what they need; none: everything a push runs
                   only     true leaves out what the jobs need
                   options  those of "quire ci run": sha, inPlace, ref,
                            previousSha, mirror, config, container,
                            containerRuntime, containerArgs, sandbox, net,
                            secrets {NAME: {"env": VAR} or {"file": PATH}}
  quire.cancel   cancel a run
                   runId
  quire.showLog  open the log of an ended run
                   runId
                   job      without it: the job that failed first
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program; it returns its exit code: 0 after an orderly shutdown, 1
// when the client went without one, 2 for a wrong call.
func run(args []string, stdin io.ReadCloser, stdout io.WriteCloser, stderr io.Writer) int {
	flags := pflag.NewFlagSet("quire-lsp", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.SetOutput(io.Discard)
	version := flags.Bool("version", false, "print the version and exit")
	help := flags.BoolP("help", "h", false, "print this help and exit")
	// Editors pass --stdio by habit; it is the only transport.
	flags.Bool("stdio", true, "speak over standard input and output")
	if err := flags.Parse(args); err != nil && !errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintf(stderr, "quire-lsp: %v\nTry quire-lsp --help.\n", err)
		return 2
	}
	switch {
	case *help:
		fmt.Fprint(stdout, usage, flags.FlagUsages(), commandsHelp)
		return 0
	case *version:
		fmt.Fprintln(stdout, "quire-lsp", exec.Version())
		return 0
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "quire-lsp: unexpected argument %q\nTry quire-lsp --help.\n", flags.Arg(0))
		return 2
	}
	return serve(context.Background(), pipe{stdin, stdout}, stderr)
}

// pipe joins the two directions of standard input and output.
type pipe struct {
	io.ReadCloser
	out io.WriteCloser
}

func (p pipe) Write(b []byte) (int, error) { return p.out.Write(b) }

func (p pipe) Close() error { return errors.Join(p.ReadCloser.Close(), p.out.Close()) }
