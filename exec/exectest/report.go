package exectest

import (
	"fmt"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/source"
	quire "quire/exec"
)

// ReportText shows how a run and its jobs went, in the order of the report.
func ReportText(r *quire.Report) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Outcome)
	for _, d := range r.Diagnostics {
		WriteDiagnostic(&b, "", d)
	}
	for _, j := range r.Jobs {
		fmt.Fprintf(&b, "%s %s", j.ID, j.Outcome)
		for _, exit := range j.IgnoredExits {
			fmt.Fprintf(&b, " (exit %d ignored)", exit)
		}
		if j.Notice != "" {
			fmt.Fprintf(&b, ": %s", j.Notice)
		}
		fmt.Fprintln(&b)
		if j.Failure == nil {
			continue
		}
		WriteDiagnostic(&b, "  ", j.Failure.Diagnostic)
		if j.Failure.Command != "" {
			fmt.Fprintf(&b, "  command %s\n  exit %d %s\n  log %s\n", j.Failure.Command, j.Failure.Exit, j.Failure.Signal, j.Failure.Log)
		}
		for _, line := range j.Failure.Tail {
			fmt.Fprintf(&b, "  | %s\n", line)
		}
	}
	return b.String()
}

// WriteDiagnostic shows a diagnostic with its related places, each line behind an
// indent.
func WriteDiagnostic(b *strings.Builder, indent string, d diag.Diagnostic) {
	fmt.Fprintf(b, "%s%s\n", indent, strings.ReplaceAll(d.Error(), "\n", "\n"+indent+"  "))
	for _, r := range d.Related {
		fmt.Fprintf(b, "%s  %s: %s\n", indent, source.Place{File: r.File, Span: r.Span}, r.Message)
	}
}
