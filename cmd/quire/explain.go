package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quire/analysis/diag"
	"quire/cmd/quire/internal/terminal"
)

func newExplain(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Explain what a diagnostic means",
		Long: `explain says what a diagnostic means, why it matters, and what a pipeline looks
like that has it and one that has not. Without a code it lists all codes.`,
		Example: `  quire explain            # all codes
  quire explain cycle`,
		Args: args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: func(_ *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(given) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var codes []string
			for _, e := range diag.Entries() {
				codes = append(codes, cobra.CompletionWithDesc(string(e.Code), e.Title))
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
	}
	format := addFormat(c)
	c.RunE = func(_ *cobra.Command, names []string) error {
		entries := diag.Entries()
		if len(names) > 0 {
			i := slices.IndexFunc(entries, func(e diag.Entry) bool { return string(e.Code) == names[0] })
			if i < 0 {
				return unknownCode(names[0])
			}
			entries = entries[i : i+1]
		}
		switch {
		case format.chosen == formatJSON:
			return writeJSON(s.stdout, jsonCodesOf(entries))
		case len(names) > 0:
			explain(s.stdout, entries[0])
		default:
			listCodes(s.stdout, entries)
		}
		return nil
	}
	return c
}

func unknownCode(name string) error {
	codes := func(yield func(string) bool) {
		for _, e := range diag.Entries() {
			if !yield(string(e.Code)) {
				return
			}
		}
	}
	return usagef("There is no code %q.%s\nquire explain lists all codes.", name, didYouMean(name, codes))
}

func explain(out *stream, e diag.Entry) {
	bold := func(text string) string { return out.screen.Paint(terminal.Bold, text) }
	fmt.Fprintf(out, "%s: %s\n", bold(fmt.Sprintf("%s[%s]", e.Severity, e.Code)), e.Title)
	for _, part := range []struct{ title, text string }{
		{"", wrap(e.Explain, min(out.screen.Width, 80))},
		{"This has it:", indent(e.Bad)},
		{"This has not:", indent(e.Good)},
	} {
		if strings.TrimSpace(part.text) == "" {
			continue
		}
		fmt.Fprintln(out)
		if part.title != "" {
			fmt.Fprintf(out, "%s\n\n", bold(part.title))
		}
		fmt.Fprintln(out, strings.TrimRight(part.text, "\n"))
	}
}

// wrap breaks the paragraphs of a text at white space so that lines fit.
func wrap(text string, width int) string {
	var b strings.Builder
	for paragraph := range strings.Lines(text) {
		column := 0
		for word := range strings.FieldsSeq(paragraph) {
			w := terminal.Width(word)
			switch {
			case column == 0:
			case column+1+w > width:
				b.WriteByte('\n')
				column = 0
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += w
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// indent moves every line of a text to the right.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		b.WriteString("  " + line)
	}
	return b.String()
}

func listCodes(out *stream, entries []diag.Entry) {
	code, severity := 0, 0
	for _, e := range entries {
		code = max(code, len(e.Code))
		severity = max(severity, len(e.Severity.String()))
	}
	for _, e := range entries {
		fmt.Fprintf(out, "%-*s  %-*s  %s\n", code, e.Code, severity, e.Severity, e.Title)
	}
}
