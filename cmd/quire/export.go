package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"quire/cmd/quire/internal/export"
)

func newExport(s *session) *cobra.Command {
	var engines, about []string
	for _, e := range export.Engines() {
		engines = append(engines, cobra.CompletionWithDesc(e.Name, e.Title))
		about = append(about, fmt.Sprintf("  %-10s %s", e.Name, e.Title))
	}
	c := &cobra.Command{
		Use:   "export ENGINE",
		Short: "Write the pipeline for a CI engine",
		Long: `export writes the plan of the pipeline in the form of a CI engine, which then runs
each job as a step of its own, on its machines and with its logs and secrets:

` + strings.Join(about, "\n") + `

A step calls "quire ci run --only JOB" in its checkout, so that quire has to be on
the PATH there, or --before puts it there. Results of jobs go from step to step as
artifacts, with a JUnit report of each; other files do not. Labels and timeouts
are those that jobs declare. The secret deploy-key is taken from the variable
DEPLOY_KEY, where the engine has one. quire/mirror is left out without --mirror.`,
		Example: `  quire ci export gitlab -o .gitlab-ci.yml
  quire ci export github -o .github/workflows/quire.yml
  quire ci export buildkite | buildkite-agent pipeline upload
  quire ci export gitlab --before 'curl -fsS https://example.org/quire.sh | sh'`,
		Args:      args(cobra.ExactArgs(1)),
		ValidArgs: engines,
	}
	var o export.Options
	flags := c.Flags()
	flags.SortFlags = false
	output := flags.StringP("output", "o", "", "write to this `file` instead of standard output")
	sha := flags.StringP("sha", "s", "", "export the pipeline of this `commit` instead of the working tree's")
	if err := c.RegisterFlagCompletionFunc("output", completeFiles); err != nil {
		panic(err)
	}
	flags.StringArrayVar(&o.Before, "before", nil, "have each step run this shell `command` first (repeatable)")
	flags.BoolVar(&o.Mirror, "mirror", false, "let quire/mirror take part, which pushes to another repository")
	c.RunE = func(c *cobra.Command, names []string) error {
		engine, err := findEngine(names[0])
		if err != nil {
			return err
		}
		p, err := planOf(c.Context(), s, *sha)
		if err != nil {
			return err
		}
		text, err := engine.Write(p, o)
		if err != nil {
			return usagef("cannot export the pipeline: %v", err)
		}
		if *output == "" || *output == "-" {
			_, err = s.stdout.Write(text)
			return err
		}
		err = os.MkdirAll(filepath.Dir(*output), 0o777) // a repository need not have .github/workflows yet
		if err == nil {
			err = writeWhole(*output, text)
		}
		if err != nil {
			return usagef("cannot write the pipeline: %v", err)
		}
		return nil
	}
	return c
}

func findEngine(name string) (export.Engine, error) {
	for _, e := range export.Engines() {
		if e.Name == name {
			return e, nil
		}
	}
	names := func(yield func(string) bool) {
		for _, e := range export.Engines() {
			if !yield(e.Name) {
				return
			}
		}
	}
	return export.Engine{}, usagef("there is no export for %q.%s\nSee quire ci export --help.", name, didYouMean(name, names))
}
