// Package render shows diagnostics to people: what is wrong, the lines it is
// about with the exact span underlined, the places that explain it, and what
// would be right.
package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/cmd/quire/internal/terminal"
)

// Diagnostics writes a list in its order, each diagnostic followed by an empty
// line, and then how many there are of each severity. It writes nothing for an
// empty list.
func Diagnostics(w io.Writer, s terminal.Screen, list diag.List) error {
	if len(list) == 0 {
		return nil
	}
	last := new(laid)
	for _, d := range list {
		if err := diagnostic(w, s, d, last); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, Summary(list))
	return err
}

// Summary counts a list by severity, as in "2 errors, 1 warning".
func Summary(list diag.List) string {
	counts := map[diag.Severity]int{}
	for _, d := range list {
		counts[d.Severity()]++
	}
	var parts []string
	for _, severity := range []diag.Severity{diag.Error, diag.Warning, diag.Information, diag.Hint} {
		if n := counts[severity]; n > 0 {
			parts = append(parts, count(n, severity.String()))
		}
	}
	return strings.Join(parts, ", ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Diagnostic writes one diagnostic.
func Diagnostic(w io.Writer, s terminal.Screen, d diag.Diagnostic) error {
	return diagnostic(w, s, d, new(laid))
}

// diagnostic writes one diagnostic of several, which share the line that was laid
// out last: a long line can have many.
func diagnostic(w io.Writer, s terminal.Screen, d diag.Diagnostic, last *laid) error {
	// Lines of the configuration hold secrets.
	p := &printer{screen: s, gutter: gutterWidth(d), bare: d.Code == diag.Config, last: last}
	style := severityStyle(d.Severity())
	p.header(style, fmt.Sprintf("%s[%s]", d.Severity(), d.Code), strings.TrimRight(d.Message, "\n"))
	if d.File != nil {
		p.place(source.Place{File: d.File, Span: d.Span}, mark{'^', style})
	}
	for _, r := range d.Related {
		p.header(terminal.Cyan, "note", r.Message)
		if r.File != nil {
			p.place(source.Place{File: r.File, Span: r.Span}, mark{'-', terminal.Cyan})
		}
	}
	if d.Help != "" {
		p.note("help", d.Help)
	}
	for _, fix := range d.Fixes {
		if !fix.Silences {
			p.note("fix", fix.Title)
		}
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

func severityStyle(s diag.Severity) terminal.Style {
	switch s {
	case diag.Error:
		return terminal.Red
	case diag.Warning:
		return terminal.Yellow
	}
	return terminal.Cyan
}

// gutterWidth returns the digits of the largest line number that a diagnostic
// shows, so that all its snippets line up.
func gutterWidth(d diag.Diagnostic) int {
	last := 1
	see := func(f *source.File, s source.Span) {
		if f != nil {
			last = max(last, f.Position(s.Start).Line, f.Position(s.End).Line)
		}
	}
	see(d.File, d.Span)
	for _, r := range d.Related {
		see(r.File, r.Span)
	}
	return len(strconv.Itoa(last))
}

// A printer writes the parts of one diagnostic.
type printer struct {
	screen terminal.Screen
	gutter int  // digits of a line number
	bare   bool // of places, the text is left out
	last   *laid
	out    strings.Builder
}

func (p *printer) header(style terminal.Style, kind, message string) {
	const indent = 2
	lines := strings.Split(terminal.Plain(message), "\n")
	for i, column := 0, len(kind)+len(": "); i < len(lines); i, column = i+1, 0 {
		lines[i] = p.screen.Wrap(lines[i], column, indent)
	}
	fmt.Fprintf(&p.out, "%s%s\n", p.screen.Paint(style, kind),
		p.screen.Paint(terminal.Bold, ": "+strings.Join(lines, "\n")))
}

func (p *printer) note(kind, text string) {
	indent := p.gutter + len(" = ") + len(kind) + len(": ")
	lines := strings.Split(terminal.Plain(text), "\n")
	for i, line := range lines {
		lines[i] = p.screen.Wrap(line, indent, indent)
	}
	fmt.Fprintf(&p.out, "%*s %s %s\n", p.gutter, "", p.screen.Paint(terminal.Blue, "="),
		p.screen.Paint(terminal.Bold, kind+":")+" "+strings.Join(lines, "\n"+strings.Repeat(" ", indent)))
}

// row writes one row of a snippet. A number of 0 leaves the gutter empty.
func (p *printer) row(number int, text string) {
	digits := ""
	if number > 0 {
		digits = strconv.Itoa(number)
	}
	bar := p.screen.Sign("│", "|")
	gutter := p.screen.Paint(terminal.Blue, fmt.Sprintf("%*s %s", p.gutter, digits, bar))
	if text = strings.TrimRight(text, " "); text != "" {
		gutter += " "
	}
	p.out.WriteString(gutter + text + "\n")
}
