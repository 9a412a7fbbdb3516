package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// A format is the form in which a command writes what it found out.
type format string

const (
	formatText    format = "text"
	formatJSON    format = "json"
	formatShort   format = "short"
	formatSARIF   format = "sarif"
	formatGitHub  format = "github"
	formatDOT     format = "dot"
	formatMermaid format = "mermaid"
	formatSVG     format = "svg"
)

// A formatFlag chooses one of the formats that a command has.
type formatFlag struct {
	chosen format
	known  []format
}

func (f *formatFlag) String() string { return string(f.chosen) }
func (f *formatFlag) Type() string   { return "format" }

func (f *formatFlag) Set(value string) error {
	if !slices.Contains(f.known, format(value)) {
		return fmt.Errorf("expected %s", f.names())
	}
	f.chosen = format(value)
	return nil
}

// names lists the formats as a sentence does.
func (f *formatFlag) names() string {
	var names []string
	for _, k := range f.known {
		names = append(names, string(k))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// addFormat gives a command the flag --format with text, JSON and more.
func addFormat(c *cobra.Command, more ...format) *formatFlag {
	f := &formatFlag{formatText, append([]format{formatText, formatJSON}, more...)}
	c.Flags().Var(f, "format", "form of the output: "+f.names())
	var completions []string
	for _, k := range f.known {
		completions = append(completions, string(k))
	}
	complete := cobra.FixedCompletions(completions, cobra.ShellCompDirectiveNoFileComp)
	if err := c.RegisterFlagCompletionFunc("format", complete); err != nil {
		panic(err)
	}
	return f
}
