package pipeline

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/fennel/view"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// What an error can end.
const (
	loading    = "loading"
	running    = "the run-fn"
	evaluating = "evaluating"
)

// diagnose returns the diagnostic of an error, shown in main where that led to
// it. What names what was running.
func diagnose(p *fennel.Program, err *sandbox.Error, main *source.File, what string) diag.Diagnostic {
	d := p.Diagnose(err, main)
	d.Related = trace(d)
	if err.Limit != nil {
		d.Message = fmt.Sprintf("%s went over its limit of %s", what, err.Limit)
		if what == loading {
			d.Help = "Loading only registers jobs: let a run-fn do the work."
		}
	} else if t, ok := err.Value.(*lua.LTable); ok && strings.HasPrefix(err.Message, "table: ") {
		d.Message = tableText(t)
	}
	return d
}

// tableText shows a table that was raised.
func tableText(t *lua.LTable) (text string) {
	const enough = 10_000 // units of work of the view, about bytes
	work := 0
	defer func() {
		if work > enough {
			_ = recover() // our own
			text = "a large table was raised"
		}
	}()
	return view.View(t, view.Options{OneLine: true, PreferColon: true, Charge: func(n int) {
		if work += n; work > enough {
			panic("enough")
		}
	}})
}

// maxTrace is how many places of a trace are shown, half of them innermost.
const maxTrace = 20

// trace returns the related places of an error, without those that recursion
// repeats and without the middle of a long trace.
func trace(d diag.Diagnostic) []diag.Related {
	last := diag.Related{File: d.File, Span: d.Span}
	kept := slices.DeleteFunc(slices.Clone(d.Related), func(r diag.Related) bool {
		same := r.File == last.File && r.Span == last.Span
		last = r
		return same
	})
	if len(kept) <= maxTrace {
		return kept
	}
	return slices.Concat(kept[:maxTrace/2], kept[len(kept)-maxTrace/2:])
}

// maxShown is how much of a text from a program is shown in a message.
const maxShown = 1000

// printable returns a diagnostic whose texts are all plain.
func printable(d diag.Diagnostic) diag.Diagnostic {
	d.Message, d.Help = plain(d.Message), plain(d.Help)
	d.Related = slices.Clone(d.Related)
	for i, r := range d.Related {
		d.Related[i].Message = plain(r.Message)
	}
	d.Fixes = slices.Clone(d.Fixes)
	for i, f := range d.Fixes {
		d.Fixes[i].Title = plain(f.Title)
	}
	return d
}

// plain returns a message without control characters, and of bounded length.
func plain(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	isControl := func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 }
	if !strings.ContainsFunc(s, isControl) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isControl(r) {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
