package fennel

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/source"
)

// An errorStyle is how a program wants errors of its texts worded.
type errorStyle struct {
	before, after string // mark the code at fault
	brief         bool   // the message alone, without the line and what would be right
}

// errorStyleOf reads the options error-pinpoint, two marks, and unfriendly.
func errorStyleOf(options *lua.LTable) errorStyle {
	style := errorStyle{brief: lua.LVAsBool(options.RawGetString("unfriendly"))}
	if marks, ok := options.RawGetString("error-pinpoint").(*lua.LTable); ok {
		style.before, style.after = lua.LVAsString(marks.RawGetInt(1)), lua.LVAsString(marks.RawGetInt(2))
	}
	return style
}

// errorText returns errors as the reference's compiler raises them: the first
// one, with its line and what would be right, and the others below.
func errorText(list diag.List, name string, style errorStyle) string {
	var b strings.Builder
	for _, syntaxFirst := range []bool{true, false} {
		for _, d := range list {
			if d.Severity() != diag.Error || syntaxFirst != (d.Code == diag.Syntax) {
				continue
			}
			if b.Len() > 0 {
				b.WriteString("\n\n")
			}
			style.write(&b, d, name)
		}
	}
	return b.String()
}

func (s errorStyle) write(b *strings.Builder, d diag.Diagnostic, name string) {
	kind := "Compile"
	if d.Code == diag.Syntax {
		kind = "Parse"
	}
	if d.File != nil && !strings.HasPrefix(d.File.Name(), "[string ") {
		name = d.File.Name()
	}
	at := d.File.Position(d.Span.Start)
	fmt.Fprintf(b, "%s:%d:%d: %s error: %s", name, at.Line, at.Column-1, kind, d.Message)
	if s.brief {
		return
	}
	b.WriteString("\n\n" + s.marked(d.File, d.Span))
	if d.Help != "" {
		fmt.Fprintf(b, "\n* %s", d.Help)
	}
}

// marked returns the line of a file that a span starts on, with the marks
// around what of the span is on it.
func (s errorStyle) marked(f *source.File, span source.Span) string {
	text := f.Text()
	start := strings.LastIndexByte(text[:span.Start], '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	line = strings.TrimSuffix(line, "\r")
	from := min(span.Start-start, len(line))
	to := min(max(span.End-start, from), len(line))
	return line[:from] + s.before + line[from:to] + s.after + line[to:]
}
