package main

import (
	"bytes"

	"github.com/spf13/cobra"

	"quire/cmd/quire/internal/page"
)

func newReport(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "report RUN --html FILE",
		Short: "Write a page about a run",
		Long: `report writes one page of HTML about a recorded run: how it went, what needs
what, when each command ran, and what it wrote. The page needs no other file, no
network and no scripts, so that it can be sent and kept as it is.

` + nameHelp,
		Example: `  quire ci report last --html run.html
  quire ci report last-failed --html - | gzip > run.html.gz`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: completeRuns,
	}
	file := c.Flags().String("html", "", "write the page to this `file`; - is standard output")
	c.RunE = func(_ *cobra.Command, names []string) error {
		if *file == "" {
			return usagef("say where the page goes, with --html FILE.\nSee %s --help.", c.CommandPath())
		}
		run, err := findRun(names[0])
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := page.Write(&text, run, namedRun(run), version()); err != nil {
			return err
		}
		if *file == "-" {
			_, err := s.stdout.Write(text.Bytes())
			return err
		}
		if err := writeWhole(*file, text.Bytes()); err != nil {
			return usagef("cannot write the page: %v", err)
		}
		return nil
	}
	return c
}
