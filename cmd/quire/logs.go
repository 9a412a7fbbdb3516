package main

import (
	"slices"

	"github.com/spf13/cobra"

	"quire/cmd/quire/internal/progress"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func newLogs(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "logs RUN [JOB]",
		Short: "Show what the jobs of a run wrote",
		Long: `logs shows what happened in a recorded run line by line, as run did when it ran.
Of a single job it shows only what its commands wrote, with nothing around it.

` + nameHelp,
		Example: `  quire ci logs last
  quire ci logs last -f                # until the run has ended
  quire ci logs last-failed test | less
  quire ci logs last test --sh 2       # of the second command only`,
		Args:              args(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: completeRunAndJob,
	}
	follow := c.Flags().BoolP("follow", "f", false, "go on until the run has ended")
	sh := c.Flags().Int("sh", 0, "show only what the `N`th command of the job wrote")
	c.RunE = func(c *cobra.Command, names []string) error {
		run, err := findRun(names[0])
		if err != nil {
			return err
		}
		options := progress.Options{Mode: progress.Prefix, Out: s.stdout, Screen: s.stdout.screen,
			Started: func(exec.Event) string { return placeOf(run) }}
		view := progress.New(options)
		switch {
		case len(names) == 2 && !run.HasJob(names[1]):
			ids := slices.Values(jobIDs(run))
			return usagef("the run %s has no job %q.%s", run.ID, names[1], didYouMean(names[1], ids))
		case len(names) == 2:
			view = progress.NewRaw(options, names[1], *sh)
		case c.Flags().Changed("sh"):
			return usagef("--sh %d: commands are counted in a job, so name one.", *sh)
		}
		defer view.Close()
		if *sh < 0 {
			return usagef("--sh %d: commands are counted from 1.", *sh)
		}
		return run.Replay(c.Context(), *follow, view.Observe)
	}
	return c
}

func jobIDs(run *exec.StoredRun) []string {
	var ids []string
	for _, j := range run.Jobs {
		ids = append(ids, j.ID)
	}
	return ids
}

// placeOf names what a run ran.
func placeOf(run *exec.StoredRun) string {
	where := terminal.Inline(run.Root)
	if run.SHA != "" {
		where += " (" + shortSHA(run.SHA) + ")"
	}
	return where
}
