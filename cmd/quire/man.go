//go:build man

package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"quire/exec"
)

func init() { packaging = append(packaging, newMan) }

// newMan returns the command that writes a manual page for each command. Their
// date is that of $SOURCE_DATE_EPOCH.
func newMan(*session) *cobra.Command {
	c := &cobra.Command{
		Use:    "man DIR",
		Short:  "Write manual pages",
		Hidden: true,
		Args:   args(cobra.ExactArgs(1)),
	}
	c.RunE = func(c *cobra.Command, dirs []string) error {
		if err := os.MkdirAll(dirs[0], 0o777); err != nil {
			return err
		}
		addExitStatus(c.Root())
		header := &doc.GenManHeader{Section: "1", Source: "quire " + exec.Version(), Manual: "quire"}
		return doc.GenManTree(c.Root(), header, dirs[0])
	}
	return c
}

// addExitStatus appends a section about exit codes to the description of each
// command, which is taken for Markdown.
func addExitStatus(c *cobra.Command) {
	c.DisableAutoGenTag = true
	c.Long += "\n\n# EXIT STATUS\n\n```\n" + strings.TrimPrefix(exitTable, "Exit codes:\n") + "```\n"
	for _, sub := range c.Commands() {
		addExitStatus(sub)
	}
}
