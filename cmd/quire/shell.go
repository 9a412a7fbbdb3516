package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func newShell(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "shell [RUN [JOB]] [-- PROGRAM [ARG]...]",
		Short: "Look at what a failed run left, from inside of it",
		Long: `shell starts your shell, or the program behind --, in the workspace that a run
left, with the environment that the commands of its job had. Without a name that
is the run that failed last and the job that failed first; only the workspace of
that run is kept.

Secrets are not in that environment, and what ran in a container or a sandbox is
looked at from outside of it.

` + nameHelp,
		Example: `  quire ci shell
  quire ci shell last-failed test
  quire ci shell -- git status --short`,
		ValidArgsFunction: completeRunAndJob,
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		var program []string
		if at := c.ArgsLenAtDash(); at >= 0 {
			args, program = args[:at], args[at:]
		}
		if len(args) > 2 {
			return usagef("expected a run and a job, and -- before a program: got %q as well.\nSee %s --help.", args[2], c.CommandPath())
		}
		name, job := exec.LastFailedRun, ""
		if len(args) > 0 {
			name = args[0]
		}
		if len(args) > 1 {
			job = args[1]
		}
		run, err := findRun(name)
		if err != nil {
			return err
		}
		if len(program) == 0 && s.stderr.screen.Terminal {
			fmt.Fprintf(s.stderr, "Run %s as it left its workspace, %s. Leave it with exit.\n", run.ID, terminal.Inline(asJob(run, job)))
		}
		return run.Shell(job, program)
	}
	return c
}

// asJob says whose environment a shell has.
func asJob(run *exec.StoredRun, job string) string {
	if job == "" {
		job = run.FirstFailed()
	}
	if job == "" {
		return "without a job"
	}
	return "as job '" + job + "' had it"
}
