// Package diag says what is wrong with a program, where, and what would be
// right. A [Diagnostic] is about what the user wrote; an error is about what
// this product could not do. The command line, the language server and run
// reports all render the same values.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"quire/analysis/source"
)

// A Severity says how much a diagnostic matters. Lower is worse.
type Severity int

// The severities, with the numbers LSP gives them. Zero means the severity
// that the code has in the table.
const (
	Error Severity = iota + 1
	Warning
	Information
	Hint
)

func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Information:
		return "info"
	case Hint:
		return "hint"
	}
	return fmt.Sprintf("Severity(%d)", int(s))
}

// A Diagnostic is one finding about one span of one file. It is immutable.
type Diagnostic struct {
	File *source.File
	Span source.Span
	Code Code
	// Message is one sentence that says what is wrong. It holds no control
	// characters of a terminal.
	Message string
	// Help is one sentence that says what would be right; it may be empty.
	Help string
	// As overrides the severity that the table gives the code; zero keeps it.
	As      Severity
	Related []Related
	Fixes   []Fix
}

// Related is another place that explains a diagnostic.
type Related struct {
	File    *source.File
	Span    source.Span
	Message string
}

// A Fix is a change of the text that would end a diagnostic. A safe fix keeps
// the meaning or is what was meant beyond doubt; at most one fix of a
// diagnostic is safe.
type Fix struct {
	Title string
	Safe  bool
	// Silences reports that the fix leaves what is wrong as it is and only ends
	// the diagnostic, so that it is offered to those who ask for fixes and not
	// shown to others.
	Silences bool
	Edits    []Edit
}

// An Edit replaces the text of a span. The edits of one fix do not overlap.
type Edit struct {
	File *source.File
	Span source.Span
	Text string
}

// Apply returns a text with edits made, which are in the order of their places.
func Apply(text string, edits []Edit) string {
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(text[at:e.Span.Start])
		b.WriteString(e.Text)
		at = e.Span.End
	}
	b.WriteString(text[at:])
	return b.String()
}

// Severity returns how much the diagnostic matters.
func (d Diagnostic) Severity() Severity {
	if d.As != 0 {
		return d.As
	}
	return d.Code.Entry().Severity
}

// Error returns the one-line form file:line:column: severity[code]: message.
func (d Diagnostic) Error() string {
	return fmt.Sprintf("%s: %s[%s]: %s", source.Place{File: d.File, Span: d.Span}, d.Severity(), d.Code, d.Message)
}

// A List is diagnostics in the order they are shown.
type List []Diagnostic

// HasErrors reports whether one of the diagnostics is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity() == Error })
}

// Sort orders the list by file name, place and code, and keeps the order of
// equals.
func (l List) Sort() {
	slices.SortStableFunc(l, Compare)
}

// Compare orders diagnostics as [List.Sort] does.
func Compare(a, b Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.File.Name(), b.File.Name()),
		cmp.Compare(a.Span.Start, b.Span.Start),
		cmp.Compare(a.Span.End, b.Span.End),
		cmp.Compare(a.Code, b.Code),
	)
}
