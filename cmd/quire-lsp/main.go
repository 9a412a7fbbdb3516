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

const settingsHelp = `
Settings (initializationOptions, or the section "quire" of the editor's settings):
  trusted              run jobs without asking whether the workspace is trusted;
                       only in initializationOptions (false)
  codeLens             show above each job what runs it (true)
  inlayHints           order, dependents, lastDuration, parameterNames (all true)
  server               S1, S2 or H: report what that server would refuse ("")
  run                  options of runs: parallel (1), keepGoing, timeout, reuse,
                       container, sandbox, net, on (a URL: jobs run on its workers)
`

const commandsHelp = `
Commands (workspace/executeCommand, each with one JSON object). All return at
once; what they find out is shown as a document, or told in a message where the
editor shows none.
  quire.run        run jobs of the pipeline in a buffer; returns {"runId", "jobs",
                   "logUri"}, the last for editors that read quire-run: documents
                     uri      of the ci.fnl
                     jobs     ids; with what they need; none: everything a push runs
                     only     true leaves out what the jobs need
                     options  those of "quire ci run": sha, inPlace, reuse, resume,
                              resumeForce, ref, previousSha, mirror, except,
                              keepGoing, parallel, timeout ("10m"), inputs, config,
                              container, containerRuntime, containerArgs, sandbox,
                              net, on, secrets {NAME: {"env": VAR} or {"file": PATH}}
  quire.rerunLast  run what was run last of a repository, here or elsewhere
                     uri      of a file of it
  quire.dryRun     show the commands that quire.run would execute, with its fields
  quire.cancel     cancel runs; of a run that was cancelled already, kill what is
                   left
                     runId    one run
                     uri      all of the repository of a file
  quire.showLog    show what a run wrote
                     runId    without it: the last run of the repository, or the one
                              in which the job came to an end last
                     job      without it: the job that failed first, or all
                     uri      of a file of the repository; needed without runId
  quire.graph      draw the jobs of the pipeline in a buffer; returns {"format",
                   "text"}
                     uri      of the ci.fnl
                     format   text (the default), mermaid, dot or svg
                     quiet    true only returns it

What a run writes is shown by what the client can do:
  experimental.quire.runOutput       it is sent as it is written (quire/runOutput)
  experimental.quire.runState        what becomes of the jobs is sent (quire/runStarted,
                                     quire/jobState, quire/runFinished)
  experimental.quire.runCommands     so is which command runs where (quire/shStarted,
                                     quire/shFinished)
  experimental.quire.pipelines       so are the jobs of each pipeline, when they
                                     change (quire/pipeline)
  workspace.textDocumentContent      it is a document quire-run:/RUN/JOB.log, which
                                     follows the run
  window.showDocument                the log is opened as a file
  none of these                      the path of the log is told in a message
Without runOutput, the log of a job that fails is shown by itself. Progress needs
window.workDoneProgress; without it a message tells how the run went.

Jobs run when the workspace is trusted: when the initialization options are
{"trusted": true}, or when the user was asked and said so, once for each root.
`

func main() {
	// Whatever else writes to standard output must not get between the messages.
	stdout := os.Stdout
	os.Stdout = os.Stderr
	os.Exit(run(os.Args[1:], os.Stdin, stdout, os.Stderr))
}

// run is the program; it returns its exit code: 0 after an orderly shutdown, 1
// when the client went without one, 2 for a wrong call.
func run(args []string, stdin io.ReadCloser, stdout io.WriteCloser, stderr io.Writer) int {
	flags := pflag.NewFlagSet("quire-lsp", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.SetOutput(io.Discard)
	version := flags.Bool("version", false, "print the version and exit")
	help := flags.BoolP("help", "h", false, "print this help and exit")
	// Editors pass --stdio by habit; it is what happens anyway.
	flags.Bool("stdio", true, "speak over standard input and output")
	socket := flags.String("socket", "", "for debugging, listen on `[HOST:]PORT` of this machine and serve the first client")
	anyone := flags.Bool("any-address", false, "let --socket listen where other machines reach it: who does can run commands")
	if err := flags.Parse(args); err != nil && !errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintf(stderr, "quire-lsp: %v\nTry quire-lsp --help.\n", err)
		return 2
	}
	switch {
	case *help:
		fmt.Fprint(stdout, usage, flags.FlagUsages(), settingsHelp, commandsHelp)
		return 0
	case *version:
		fmt.Fprintln(stdout, "quire-lsp", exec.Version())
		return 0
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "quire-lsp: unexpected argument %q\nTry quire-lsp --help.\n", flags.Arg(0))
		return 2
	}
	keepLean()
	ctx, stop := untilSignal(context.Background())
	defer stop()
	if *socket != "" {
		l, err := listen(*socket, *anyone)
		if err != nil {
			fmt.Fprintf(stderr, "quire-lsp: %v\n", err)
			return 2
		}
		return serveSocket(ctx, l, stderr)
	}
	return serve(ctx, pipe{stdin, stdout}, stderr)
}

// pipe joins the two directions of standard input and output.
type pipe struct {
	io.ReadCloser
	out io.WriteCloser
}

func (p pipe) Write(b []byte) (int, error) { return p.out.Write(b) }

func (p pipe) Close() error { return errors.Join(p.ReadCloser.Close(), p.out.Close()) }
