package analysis

import (
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A comment such as
//
//	; quire:ignore ignored-exit — the cleanup may fail
//
// silences the findings of that code, or of several with commas between them,
// that begin on its line, or when it stands on a line of its own, on the next
// line that is no comment. What refuses a run cannot be silenced.

// marker begins the comments that silence findings.
const marker = "quire:ignore"

// An ignore is one code of such a comment.
type ignore struct {
	code    diag.Code
	comment *syntax.Node
	line    int // that it is about
	used    bool
}

// ignores returns the comments of a file that silence findings.
func ignores(t *syntax.Tree) []*ignore {
	if !strings.Contains(t.File.Text(), marker) {
		return nil
	}
	var all []*ignore
	for _, form := range t.Forms {
		for n := range form.All() {
			rest, ok := strings.CutPrefix(strings.TrimLeft(n.Text, "; \t"), marker)
			if n.Kind != syntax.Comment || !ok {
				continue
			}
			line := aboutLine(t.File, n)
			codes, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			for code := range strings.SplitSeq(strings.TrimRight(codes, ",:;"), ",") {
				all = append(all, &ignore{code: diag.Code(code), comment: n, line: line})
			}
		}
	}
	return all
}

// aboutLine returns the line that a comment is about.
func aboutLine(f *source.File, comment *syntax.Node) int {
	line := f.Position(comment.Span.Start).Line
	text := f.Text()
	if strings.TrimSpace(text[f.Line(line).Start:comment.Span.Start]) != "" {
		return line
	}
	for {
		line++
		start := f.Line(line).Start
		if start >= len(text) || !strings.HasPrefix(strings.TrimLeft(text[start:f.Line(line).End], " \t"), ";") {
			return line
		}
	}
}

// A silencer takes away what comments silence.
type silencer struct {
	trees   map[*source.File]*syntax.Tree
	ignored map[*source.File]ignored
}

// An ignored is the comments of a file.
type ignored struct {
	all   []*ignore
	lines map[int][]*ignore // by the line that they are about
}

func newSilencer(t *syntax.Tree) *silencer {
	return &silencer{map[*source.File]*syntax.Tree{t.File: t}, map[*source.File]ignored{}}
}

func (s *silencer) tree(f *source.File) *syntax.Tree {
	if s.trees[f] == nil {
		s.trees[f] = syntax.Read(f)
	}
	return s.trees[f]
}

// of returns the comments of a file.
func (s *silencer) of(f *source.File) ignored {
	found, ok := s.ignored[f]
	if !ok {
		found = ignored{ignores(s.tree(f)), map[int][]*ignore{}}
		for _, i := range found.all {
			found.lines[i.line] = append(found.lines[i.line], i)
		}
		s.ignored[f] = found
	}
	return found
}

// filter returns the diagnostics that no comment silences. Refusing says that
// errors among them refuse a run.
func (s *silencer) filter(ds diag.List, refusing bool) diag.List {
	kept := make(diag.List, 0, len(ds))
	for _, d := range ds {
		if refusing && d.Severity() == diag.Error {
			kept = append(kept, d)
			continue
		}
		if s.silences(d) {
			continue
		}
		d.Fixes = append(slices.Clone(d.Fixes), s.fix(d)...)
		kept = append(kept, d)
	}
	return kept
}

// silences reports whether a comment is about a diagnostic.
func (s *silencer) silences(d diag.Diagnostic) (found bool) {
	comments := s.of(d.File)
	if len(comments.all) == 0 {
		return false
	}
	for _, i := range comments.lines[d.File.Position(d.Span.Start).Line] {
		if i.code == d.Code {
			i.used, found = true, true
		}
	}
	return found
}

// fix returns the fix that silences a diagnostic by a comment above it,
// or none where a comment cannot stand.
func (s *silencer) fix(d diag.Diagnostic) []diag.Fix {
	f := d.File
	line := f.Line(f.Position(d.Span.Start).Line)
	for _, n := range s.tree(f).Path(line.Start) {
		if n.Kind == syntax.String && n.Span.Start < line.Start {
			return nil
		}
	}
	text := f.Text()[line.Start:d.Span.Start]
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	return []diag.Fix{{
		Title: fmt.Sprintf("Ignore `%s` here", d.Code), Silences: true,
		Edits: []diag.Edit{{File: f, Span: source.Span{Start: line.Start, End: line.Start},
			Text: fmt.Sprintf("%s; %s %s\n", indent, marker, d.Code)}},
	}}
}

// unused returns the hints about comments in a file that silence nothing.
// checked reports whether findings of a code were looked for.
func (s *silencer) unused(f *source.File, checked func(diag.Code) bool) diag.List {
	var ds diag.List
	needed := map[*syntax.Node]bool{}
	for _, i := range s.of(f).all {
		needed[i.comment] = needed[i.comment] || i.used
	}
	for _, i := range s.of(f).all {
		// What one of the codes silences may keep the others from being found.
		if needed[i.comment] || !checked(i.code) {
			continue
		}
		d := diag.Diagnostic{File: f, Span: trimmed(f, i.comment.Span), Code: diag.UnusedIgnore,
			Message: fmt.Sprintf("There is no %s on line %d to ignore.", i.code, i.line),
			Help:    "Remove the comment."}
		switch e := i.code.Entry(); {
		case i.code == "":
			d.Message, d.Help = "The comment names no code to ignore.", "Write ; "+marker+" CODE, such as ignored-exit."
		case e.Title == "":
			d.Message = fmt.Sprintf("There is no code '%s'.", i.code)
			if near, ok := diag.Nearest(string(i.code), codes()); ok {
				d.Help = fmt.Sprintf("Did you mean `%s`?", near)
			}
		}
		d.Fixes = []diag.Fix{removeComment(f, i.comment)}
		ds = append(ds, d)
	}
	return ds
}

func codes() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, e := range diag.Entries() {
			if !yield(string(e.Code)) {
				return
			}
		}
	}
}

// trimmed returns a span without the line end that a comment may hold.
func trimmed(f *source.File, s source.Span) source.Span {
	s.End = s.Start + len(strings.TrimRight(f.Slice(s), "\r\n"))
	return s
}

// removeComment returns the fix that removes a comment, with its line when it
// is all there is on it.
func removeComment(f *source.File, n *syntax.Node) diag.Fix {
	line := f.Line(f.Position(n.Span.Start).Line)
	span := trimmed(f, n.Span)
	before := f.Text()[line.Start:span.Start]
	if trimmed := strings.TrimRight(before, " \t"); trimmed == "" {
		span.Start = line.Start
		rest := f.Text()[span.End:]
		span.End += len(rest) - len(strings.TrimPrefix(strings.TrimPrefix(rest, "\r"), "\n"))
	} else {
		span.Start -= len(before) - len(trimmed)
	}
	return diag.Fix{Title: "Remove the comment", Safe: true, Edits: []diag.Edit{{File: f, Span: span}}}
}
