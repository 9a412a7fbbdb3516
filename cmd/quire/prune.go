package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func newPrune(s *session) *cobra.Command {
	kept := exec.DefaultRetention()
	c := &cobra.Command{
		Use:   "prune",
		Short: "Remove old runs of this repository",
		Long: `prune removes the runs of this repository that are not among the newest or are
older than a time, and the copies of the working tree that ended runs left, and
says what it removed. Each run does the same when it ends, with the limits that
are the defaults here.

A run that is under way, the last run, and the last that did not succeed stay.`,
		Example: `  quire ci prune --keep 10
  quire ci prune --older-than 24h --dry-run`,
		Args: args(cobra.NoArgs),
	}
	c.Flags().IntVar(&kept.Runs, "keep", kept.Runs, "keep the newest `N` runs")
	c.Flags().DurationVar(&kept.Age, "older-than", kept.Age, "remove runs that are older than this `time`, such as 720h")
	dry := c.Flags().Bool("dry-run", false, "show what would be removed, and remove nothing")
	c.RunE = func(*cobra.Command, []string) error {
		switch {
		case kept.Runs < 0:
			return usagef("--keep %d: expected 0 or more.", kept.Runs)
		case kept.Age < 0:
			return usagef("--older-than %v: expected a time above zero.", kept.Age)
		}
		runs, err := recordedRuns()
		if err != nil {
			return err
		}
		removed, err := runs.Prune(kept, *dry)
		tellRemoved(s.stdout, removed, *dry)
		return err
	}
	return c
}

// tellRemoved says what was removed and how much room that made.
func tellRemoved(out *stream, removed []exec.RemovedRun, dry bool) {
	did := "Removed"
	if dry {
		did = "Would remove"
	}
	if len(removed) == 0 {
		fmt.Fprintln(out, did+" nothing.")
		return
	}
	var rows [][]string
	runs, bytes := 0, int64(0)
	for _, r := range removed {
		what := "run"
		if r.Workspace {
			what = "its workspace"
		} else {
			runs++
		}
		bytes += r.Bytes
		rows = append(rows, []string{terminal.Inline(r.ID), age(time.Since(r.Created)), what, byteCount(r.Bytes)})
	}
	table(out, rows)
	what := ""
	if runs > 0 {
		what = count(runs, "run")
	}
	if more := len(removed) - runs; more > 0 {
		if what != "" {
			what += " and "
		}
		what += count(more, "workspace")
	}
	fmt.Fprintf(out, "%s %s, %s.\n", did, what, byteCount(bytes))
}
