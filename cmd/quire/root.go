package main

import (
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"quire/analysis/diag"
	"quire/cmd/quire/internal/terminal"
)

// newRoot returns the command quire with everything below it.
func newRoot(s *session) *cobra.Command {
	root := group(&cobra.Command{
		Use:   "quire",
		Short: "Validate and run CI pipelines written in Fennel",
		Long: `quire validates and runs .quire/ci.fnl, a CI pipeline written in Fennel.

A pipeline is a set of jobs. Each says which jobs it needs, and has a function
that runs commands. quire runs them here as a server would: in the order they
need each other, in a copy of the repository.`,
		Example: `  quire ci validate         # is the pipeline right?
  quire ci run              # run what a push would start
  quire ci run test         # run one job and what it needs
  quire explain cycle       # what does this diagnostic mean?`,
		Version: version(),
	})
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetUsageTemplate(strings.TrimRight(root.UsageTemplate(), "\n") + "\n\n" + exitTable)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%v\nSee %s --help.", err, c.CommandPath())
	})
	root.PersistentFlags().Var(&colorFlag{s}, "color", "color the output: auto, always or never")
	root.AddCommand(newCI(s), newExplain(s), newFmt(s), newFennel(s), newVersion(s))
	for _, tool := range packaging {
		root.AddCommand(tool(s))
	}
	return root
}

// packaging makes further commands, in builds for those who package quire.
var packaging []func(*session) *cobra.Command

// group makes a command that only holds others: alone it shows its help, and a
// word that names none of them is an error.
func group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		names := func(yield func(string) bool) {
			for _, sub := range c.Commands() {
				if sub.IsAvailableCommand() && !yield(sub.Name()) {
					return
				}
			}
		}
		return usagef("%s has no command %q.%s\nSee %s --help.",
			c.CommandPath(), args[0], didYouMean(args[0], names), c.CommandPath())
	}
	return c
}

// didYouMean returns a sentence that suggests the nearest of the names, behind
// a space, or nothing when none is near.
func didYouMean(name string, names iter.Seq[string]) string {
	near, ok := diag.Nearest(name, names)
	if !ok {
		return ""
	}
	return fmt.Sprintf(" Did you mean %s?", near)
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

// A colorFlag overrides what was found out about the streams.
type colorFlag struct{ session *session }

func (f *colorFlag) String() string { return "auto" }
func (f *colorFlag) Type() string   { return "when" }

func (f *colorFlag) Set(when string) error {
	set := func(color bool) {
		for _, screen := range []*terminal.Screen{&f.session.stdout.screen, &f.session.stderr.screen} {
			screen.Color = color
		}
	}
	switch when {
	case "auto":
	case "always":
		set(true)
	case "never":
		set(false)
	default:
		return fmt.Errorf("expected auto, always or never")
	}
	return nil
}
