package main

import (
	"slices"

	"github.com/spf13/cobra"

	"quire/analysis"
	"quire/exec"
)

func newJobs(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "jobs",
		Short: "List the jobs of the pipeline",
		Long: `jobs lists the jobs of the pipeline in the order they are registered, each with
its inputs: the jobs it needs, and the sources that start it.`,
		Example: `  quire ci jobs
  quire ci jobs --sha v1.2 --format json`,
		Args: args(cobra.NoArgs),
	}
	format := addFormat(c)
	sha := c.Flags().StringP("sha", "s", "", "list those of this `commit` instead of the working tree")
	c.RunE = func(c *cobra.Command, _ []string) error {
		src, err := exec.Find(here(), *sha)
		if err != nil {
			return missingListing(s, err, false, format.chosen, jsonJobsOf(nil))
		}
		settings, err := exec.ReadSettings(c.Context(), "")
		if err != nil {
			return err
		}
		snap := snapshot(src, analysis.Options{})
		faults := showFaults(s, slices.Concat(snap.Loaded(), settings.Diagnostics))
		if format.chosen == formatJSON {
			err = writeJSON(s.stdout, jsonJobsOf(listed(snap.Graph())))
		} else {
			listJobs(s.stdout, "", listed(snap.Graph()))
		}
		if err != nil {
			return err
		}
		return faults
	}
	return c
}
