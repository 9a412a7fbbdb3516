package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quire/cmd/quire/internal/progress"
	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func newShow(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "show RUN",
		Short: "Show how a run went",
		Long: `show shows how each job of a recorded run went, and why jobs failed, with the
text of the pipeline as it was when it ran.

` + nameHelp,
		Example: `  quire ci show last
  quire ci show last-failed
  quire ci show 01a223e7 --format json`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: completeRuns,
	}
	format := addFormat(c)
	c.RunE = func(_ *cobra.Command, names []string) error {
		run, err := findRun(names[0])
		if err != nil {
			return err
		}
		if format.chosen == formatJSON {
			return writeJSON(s.stdout, jsonShownOf(run))
		}
		showRun(s.stdout, run)
		return nil
	}
	return c
}

// showRun writes what a run was of and how it went. What failed first stands
// last, as when it ran.
func showRun(out *stream, run *exec.StoredRun) {
	screen := out.screen
	fmt.Fprintf(out, "Run %s of %s\n", terminal.Inline(run.ID), terminal.Inline(run.Root))
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(out, "  %s %s\n", screen.Paint(terminal.Dim, fmt.Sprintf("%-9s", name)), text)
		}
	}
	row("started", fmt.Sprintf("%s, %s", run.Started.Local().Format(time.DateTime), age(time.Since(run.Started))))
	row("ref", shortRef(run.Ref))
	row("commit", shortSHA(run.SHA))
	row("directory", terminal.Inline(run.Dir))
	row("on", terminal.Inline(run.On))
	if len(run.Jobs) > 0 {
		fmt.Fprintln(out)
		progress.ListJobs(out, screen, run.Jobs)
	}
	r := namedRun(run)
	if found := aboutConfig(r.Diagnostics); len(found) > 0 {
		fmt.Fprintln(out)
		_ = render.Diagnostics(out, screen, found)
	}
	again := func(job string) string { return rerun(flagsOf(run), &exec.Report{}, job) }
	first := slices.IndexFunc(r.Jobs, func(j exec.JobReport) bool { return j.Failure != nil })
	for i, job := range slices.Backward(r.Jobs) {
		if i > first && job.Failure != nil {
			progress.Explain(out, screen, job, again(job.ID))
		}
	}
	if !run.Ended() {
		fmt.Fprintf(out, "\n%s %s\n", screen.Paint(terminal.Bold, "The run is under way."),
			screen.Paint(terminal.Dim, exec.Elapsed(took(run))))
		return
	}
	complainOf(out, screen, run)
	progress.Conclude(out, screen, r, again)
}

// flagsOf returns the flags that have a job run where that of a run did.
func flagsOf(run *exec.StoredRun) *pflag.FlagSet {
	flags := &pflag.FlagSet{}
	if run.On != "" {
		flags.String(onFlag, "", "")
		_ = flags.Set(onFlag, run.On) // any text will do
	}
	return flags
}

// complainOf says what quire or the machine could not do, if anything.
func complainOf(w io.Writer, screen terminal.Screen, run *exec.StoredRun) {
	if run.Error != "" {
		fmt.Fprintf(w, "\n%s: %s\n", screen.Paint(terminal.Red, "error"), strings.TrimSpace(terminal.Plain(run.Error)))
	}
}
