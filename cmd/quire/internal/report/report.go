// Package report writes diagnostics for other programs: editors and terminals
// that make places clickable, code scanners, and workflows that annotate
// changes. What a file contains cannot forge an entry in any of them.
package report

import (
	"fmt"
	"io"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/cmd/quire/internal/terminal"
)

// Short writes each diagnostic on a line of its own, in the form
// file:line:column: severity[code]: message that editors and terminals take
// for a place. Lines and byte columns count from 1.
func Short(w io.Writer, list diag.List) error {
	for _, d := range list {
		where := ""
		if d.File != nil {
			where = source.Place{File: d.File, Span: d.Span}.String() + ": "
		}
		line := fmt.Sprintf("%s%s[%s]: %s", where, d.Severity(), d.Code, d.Message)
		if _, err := fmt.Fprintln(w, terminal.Inline(line)); err != nil {
			return err
		}
	}
	return nil
}

// GitHub writes each diagnostic as a command that a workflow of GitHub turns
// into an annotation. What is less than a warning becomes a notice.
func GitHub(w io.Writer, list diag.List) error {
	for _, d := range list {
		text := d.Message
		if d.Help != "" {
			text += "\n" + d.Help
		}
		properties := append(annotationPlace(d.File, d.Span), "title="+property(fmt.Sprintf("%s[%s]", d.Severity(), d.Code)))
		_, err := fmt.Fprintf(w, "::%s %s::%s\n", annotationKind(d.Severity()), strings.Join(properties, ","), data(text))
		if err != nil {
			return err
		}
	}
	return nil
}

func annotationKind(s diag.Severity) string {
	switch s {
	case diag.Error, diag.Warning:
		return s.String()
	}
	return "notice"
}

// annotationPlace returns the properties that say where. Columns count only
// within one line.
func annotationPlace(f *source.File, s source.Span) []string {
	if f == nil || f.Name() == standardInput {
		return nil
	}
	start, end := f.Position(s.Start), f.Position(s.End)
	place := []string{
		"file=" + property(f.Name()),
		fmt.Sprintf("line=%d", start.Line),
		fmt.Sprintf("endLine=%d", end.Line),
	}
	if start.Line == end.Line {
		place = append(place, fmt.Sprintf("col=%d", start.Column), fmt.Sprintf("endColumn=%d", max(end.Column, start.Column)))
	}
	return place
}

// standardInput is the name of a file that was read from standard input.
const standardInput = "-"

// A command ends with its line, and its properties at commas and colons.
var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func data(text string) string     { return dataEscapes.Replace(terminal.Plain(text)) }
func property(text string) string { return propertyEscapes.Replace(terminal.Plain(text)) }
