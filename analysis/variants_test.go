package analysis_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// TestCheckVariants loads each case of the suites analysis and load with CRLF, with
// a comment of characters from everywhere before each line, and with so many forms
// before or behind it that they are checked by several goroutines: the same is
// found, at the same texts.
func TestCheckVariants(t *testing.T) {
	variants := map[string]func(*source.File) string{
		"crlf":   func(f *source.File) string { return strings.ReplaceAll(f.Text(), "\n", "\r\n") },
		"astral": withComments,
		"before": func(f *source.File) string { return beside(f, manyForms, "") },
		"behind": func(f *source.File) string { return beside(f, "", "\n"+manyForms) },
	}
	for name, files := range cases(t) {
		for variant, change := range variants {
			if variant == "before" && strings.HasPrefix(name, "load/limits/") {
				continue // where a limit is met depends on all that came before
			}
			t.Run(name+"/"+variant, func(t *testing.T) {
				t.Parallel()
				changed := map[string]*source.File{}
				for path, f := range files {
					changed[path] = source.NewFile(path, change(f))
				}
				want, got := unplaced(snapshotOf(files, name).Diagnostics()), unplaced(snapshotOf(changed, name).Diagnostics())
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("(-as it is +%s):\n%s", variant, diff)
				}
			})
		}
	}
}

var manyForms = strings.Repeat("(do nil)\n", 150)

// beside puts forms before and behind those of a pipeline that can be read.
func beside(f *source.File, before, behind string) string {
	if f.Name() != pipeline.Path || strings.HasPrefix(f.Text(), "#!") || len(syntax.Read(f).Diagnostics) > 0 {
		return f.Text()
	}
	return before + f.Text() + behind
}

const astralComment = "; é𝄞\n"

// withComments puts a comment before each line of a file that does not begin within
// a string, nor behind a comment that silences the line.
func withComments(f *source.File) string {
	if strings.HasSuffix(f.Name(), ".lua") {
		return f.Text()
	}
	var b strings.Builder
	unbroken := multiline(f)
	silences := strings.HasPrefix(f.Text(), "#!")
	for line := 1; line <= f.LineCount(); line++ {
		at := f.Line(line)
		if !silences && at.Start < len(f.Text()) && !slices.ContainsFunc(unbroken, func(s source.Span) bool { return s.Start < at.Start && at.Start < s.End }) {
			b.WriteString(astralComment)
		}
		text := f.Text()[at.Start:]
		if line < f.LineCount() {
			text = f.Text()[at.Start:f.Line(line+1).Start]
		}
		silences = strings.HasPrefix(strings.TrimSpace(text), "; quire:ignore")
		b.WriteString(text)
	}
	return b.String()
}

// multiline returns the places of strings of several lines, and of what does not
// read.
func multiline(f *source.File) []source.Span {
	var all []source.Span
	for _, form := range syntax.Read(f).Forms {
		for n := range form.All() {
			if (n.Kind == syntax.String || n.Kind == syntax.Error) && strings.Contains(f.Slice(n.Span), "\n") {
				all = append(all, n.Span)
			}
		}
	}
	return all
}

// position matches the number of a line that a message has.
var position = regexp.MustCompile(`(\.fnl:|line )\d+`)

// unplaced returns what was found with the texts of places instead of these.
func unplaced(ds diag.List) []string {
	text := func(f *source.File, s source.Span) string {
		lines := strings.Split(strings.ReplaceAll(f.Slice(s), "\r", ""), "\n")
		lines = slices.DeleteFunc(lines, func(line string) bool { return line == strings.TrimSpace(astralComment) })
		return f.Name() + " " + strings.Join(lines, "\n")
	}
	var all []string
	for _, d := range ds {
		var b strings.Builder
		fmt.Fprintf(&b, "%s[%s] %q: %s\n", d.Severity(), d.Code, text(d.File, d.Span), position.ReplaceAllString(d.Message, "${1}N"))
		fmt.Fprintf(&b, "  help: %s\n", d.Help)
		for _, r := range d.Related {
			fmt.Fprintf(&b, "  related: %q %s\n", text(r.File, r.Span), r.Message)
		}
		for _, fix := range d.Fixes {
			fmt.Fprintf(&b, "  fix: %s\n", fix.Title)
			for _, e := range fix.Edits {
				fmt.Fprintf(&b, "    %q → %q\n", text(e.File, e.Span), e.Text)
			}
		}
		all = append(all, b.String())
	}
	return all
}
