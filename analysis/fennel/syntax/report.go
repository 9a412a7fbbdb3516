package syntax

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"quire/analysis/diag"
	"quire/analysis/source"
)

const (
	// maxFindings is how many problems, and how many warnings, are kept of a
	// file. One more says how many there are besides.
	maxFindings = 1000
	// maxShown is how many bytes of a token a message repeats, and maxClosers
	// how many closing delimiters.
	maxShown   = 60
	maxClosers = 40
)

const invalidEscape = "invalid escape sequence"

// findings collects what was found wrong, as far as there is room.
type findings struct {
	kept diag.List
	more int // how many were not kept
}

// full reports whether there is no room for one more finding, which is then
// only counted. It spares the work of writing what nobody sees.
func (f *findings) full() bool {
	if len(f.kept) < maxFindings {
		return false
	}
	f.more++
	return true
}

func (f *findings) add(d diag.Diagnostic) { f.kept = append(f.kept, d) }

// list returns the findings in the order of their places.
func (f *findings) list() diag.List {
	l := slices.Clip(f.kept)
	l.Sort()
	if f.more > 0 {
		rest := l[len(l)-1]
		rest.Message = fmt.Sprintf("%d more of these follow, which are not shown", f.more)
		rest.Help, rest.Related, rest.Fixes = "", nil, nil
		l = append(l, rest)
	}
	return l
}

func (r *reader) problem(span source.Span, help, format string, args ...any) diag.Diagnostic {
	return diag.Diagnostic{File: r.file, Span: span, Code: diag.Syntax, Message: fmt.Sprintf(format, args...), Help: help}
}

func (r *reader) related(span source.Span, format string, args ...any) diag.Related {
	return diag.Related{File: r.file, Span: span, Message: fmt.Sprintf(format, args...)}
}

func (r *reader) fix(safe bool, span source.Span, text, title string) []diag.Fix {
	return []diag.Fix{{Title: title, Safe: safe, Edits: []diag.Edit{{File: r.file, Span: span, Text: text}}}}
}

func (r *reader) gluedOpener(t token) {
	if r.problems.full() {
		return
	}
	d := r.problem(source.Span{Start: t.start, End: t.end}, "Separate the two forms with a space.",
		"expected whitespace before opening delimiter %c", r.text[t.start])
	d.Fixes = r.insertSpace(t.start)
	r.problems.add(d)
}

// missingSpace warns that a token or string starts where a form ends.
func (r *reader) missingSpace(span source.Span, what string) {
	if r.warnings.full() {
		return
	}
	d := r.problem(span, "Separate the two forms with a space.", "expected whitespace before %s", what)
	d.As = diag.Warning
	d.Fixes = r.insertSpace(span.Start)
	r.warnings.add(d)
}

// insertSpace returns the fix that separates the form that starts at the
// offset, with its prefixes, from what stands before it.
func (r *reader) insertSpace(at int) []diag.Fix {
	for n := len(r.stack) - 1; n >= 0 && r.stack[n].closer == 0; n-- {
		at = r.stack[n].start
	}
	return r.fix(true, source.Span{Start: at, End: at}, " ", "Insert a space")
}

func (r *reader) badCharacter(span source.Span) {
	if r.problems.full() {
		return
	}
	r.problems.add(r.problem(span, "Remove it, or write it in a string.", "invalid character: %s", shown(r.text[span.Start:span.Start+1])))
}

func (r *reader) badNumber(span source.Span) {
	if r.problems.full() {
		return
	}
	r.problems.add(r.problem(span, "What starts with a digit must be a number; a name starts with another character.",
		"could not read number \"%s\"", shown(r.text[span.Start:span.End])))
}

// badSymbol reports a symbol that is malformed from the offset at on.
func (r *reader) badSymbol(span source.Span, at int, problem string) {
	if r.problems.full() {
		return
	}
	help := "Write a.b for a field, a.b.c for a field of a field and a.b:c for a method."
	if r.text[span.Start] == '~' {
		help = "Only ~= is a symbol with a tilde."
	}
	r.problems.add(r.problem(source.Span{Start: span.Start + at, End: span.End}, help, "%s", problem))
}

func (r *reader) badEscape(span source.Span, problem string) {
	if r.problems.full() {
		return
	}
	help := `Write \\ for a backslash; escapes are \n \t \" and their like, \xHH, \u{H} and \ddd up to \255.`
	r.problems.add(r.problem(span, help, "%s", problem))
}

// prefixApart reports that the form of the prefix t does not follow on it at
// once, but behind a gap, or not at all.
func (r *reader) prefixApart(t token, behindGap bool) {
	if r.problems.full() {
		return
	}
	gap := source.Span{Start: t.end, End: r.skipSpace(t.end)}
	d := r.problem(gap, "Write the prefix directly before the form it is for.", "invalid whitespace after quoting prefix")
	if behindGap {
		d.Fixes = r.fix(true, gap, "", "Remove the white space")
	}
	r.problems.add(d)
}

func (r *reader) lonePrefix(span source.Span) {
	if r.problems.full() {
		return
	}
	r.problems.add(r.problem(span, "Write the prefix directly before the form it is for.",
		"expected a form after the prefix %c", r.text[span.Start]))
}

// unexpectedCloser reports closing delimiters that close nothing.
func (r *reader) unexpectedCloser(span source.Span) {
	if r.problems.full() {
		return
	}
	text := r.text[span.Start:min(span.End, span.Start+maxClosers)]
	d := r.problem(span, "Remove it, or write what it is to close before it.", "unexpected closing delimiter%s %s", plural(span.Len()), text)
	d.Fixes = r.fix(false, span, "", "Remove "+text)
	d.Related = r.strayCause()
	r.problems.add(d)
}

// strayCause returns where the cause of a closer that closes nothing may be. It
// is at the last thing that stands in column 0: a form that ends although the
// lines behind it are indented, or a symbol that nothing opens a form for.
func (r *reader) strayCause() []diag.Related {
	const enough = 50 // nodes to look at, so that many stray closers take linear time
	indented := false
	for i := len(r.pending) - 1; i >= max(0, len(r.pending)-enough); i-- {
		n := r.pending[i]
		column, leads := r.indent(n.Span.Start)
		switch {
		case !leads || n.Kind == Comment:
		case column > 0:
			indented = true
		case n.Kind == Symbol:
			start := source.Span{Start: n.Span.Start, End: n.Span.Start}
			return []diag.Related{r.related(start, "an opening delimiter may be missing here")}
		case indented && !n.Open && (n.Kind == List || n.Kind == Sequence || n.Kind == Table):
			end := source.Span{Start: n.Span.End - 1, End: n.Span.End}
			return []diag.Related{r.related(end, "this ends the form, but the lines behind it are indented as if it went on")}
		default:
			return nil
		}
	}
	return nil
}

// indent returns how many blanks stand before an offset, and whether nothing else
// does on its line.
func (r *reader) indent(offset int) (column int, leads bool) {
	first := offset
	for first > 0 && (r.text[first-1] == ' ' || r.text[first-1] == '\t') {
		first--
	}
	return offset - first, first == 0 || r.text[first-1] == '\n' || r.text[first-1] == '\r'
}

// mismatched reports that t does not close the form f. What was made of it
// decides how to put it right.
func (r *reader) mismatched(t token, f frame, made wrongCloser) {
	if r.problems.full() {
		return
	}
	got, want, opened := r.text[t.start], f.closer, r.text[f.start]
	span := source.Span{Start: t.start, End: t.end}
	d := r.problem(span, fmt.Sprintf("Close what %c opened with %c.", opened, want),
		"mismatched closing delimiter %c, expected %c", got, want)
	d.Related = []diag.Related{r.related(source.Span{Start: f.start, End: f.start + 1}, "this %c is still open", opened)}
	switch made {
	case closeOuter:
		d.Fixes = r.fix(false, source.Span{Start: t.start, End: t.start}, string(want), fmt.Sprintf("Insert %c", want))
	case closeInner:
		d.Fixes = r.fix(false, span, string(want), fmt.Sprintf("Replace %c by %c", got, want))
	case closeNone:
		d.Fixes = r.fix(false, span, "", fmt.Sprintf("Remove %c", got))
	}
	r.problems.add(d)
}

// unclosed reports that the closers of the forms are missing, probably at the
// offset at. A safe fix is beyond doubt.
func (r *reader) unclosed(forms []frame, at int, safe bool) {
	if r.problems.full() {
		return
	}
	inner, outer := forms[len(forms)-1], forms[0]
	missing, text := missingClosers(forms)
	d := r.problem(source.Span{Start: inner.start, End: inner.start + 1}, "", "expected closing delimiter%s %s", plural(len(forms)), missing)
	place := source.Span{Start: at, End: at}
	d.Help = fmt.Sprintf("Write %s where the form ends.", text)
	d.Related = []diag.Related{r.related(place, "%s is probably missing here", text)}
	if outer.closer != 0 && outer.start != inner.start {
		d.Related = append(d.Related, r.related(source.Span{Start: outer.start, End: outer.start + 1}, "the outermost form that is still open"))
	}
	// Of two openers in a row, one may be too many.
	double := inner.start+1 < len(r.text) && classes[r.text[inner.start+1]] == opener
	d.Fixes = r.fix(safe && !double, place, text, "Insert "+text)
	r.problems.add(d)
}

// missingClosers returns the closers of forms, outermost first as a message
// lists them, and innermost first as they are to be written.
func missingClosers(forms []frame) (listed, written string) {
	var closers []byte
	for _, f := range forms {
		if f.closer != 0 {
			closers = append(closers, f.closer)
		}
	}
	listed = string(closers[:min(len(closers), maxClosers)])
	if len(closers) > maxClosers {
		listed += "…"
	}
	slices.Reverse(closers)
	return listed, string(closers)
}

// unclosedString reports that the quote at opening lacks a partner, for which
// the string t was cut.
func (r *reader) unclosedString(opening int, t token) {
	if r.problems.full() {
		return
	}
	d := r.problem(source.Span{Start: opening, End: opening + 1}, `Write " where the string ends.`, `expected closing delimiter "`)
	if opening != t.start {
		d.Related = []diag.Related{r.related(source.Span{Start: t.start, End: t.start + 1}, "this quote has no partner")}
	}
	// What closes the forms around the string is taken out of it.
	end := t.end
	for end > t.start+1 && classes[r.text[end-1]] == closer {
		end--
	}
	d.Fixes = r.closeString(end, `"`)
	r.problems.add(d)
}

// unclosedStringIn amends the report of the string t, when nothing but it
// follows on the start of the forms around it: their closers are missing too.
func (r *reader) unclosedStringIn(forms []frame, t token) {
	if r.problems.more > 0 {
		return
	}
	missing, text := missingClosers(forms)
	d := &r.problems.kept[len(r.problems.kept)-1]
	d.Message = fmt.Sprintf("expected closing delimiters %s\"", missing)
	d.Help = fmt.Sprintf("Write \" where the string ends, and %s behind it.", text)
	d.Fixes = r.closeString(t.end, `"`+text)
}

// closeString returns the fix that inserts text, which starts with a quote, at
// the offset end of a string; none where a backslash would take the quote away.
func (r *reader) closeString(end int, text string) []diag.Fix {
	if r.text[end-1] == '\\' {
		return nil
	}
	return r.fix(false, source.Span{Start: end, End: end}, text, "Insert "+text)
}

// oddTable reports that the table that t closes ends with a key, or has an
// odd number of forms for another reason.
func (r *reader) oddTable(t token, last source.Span) {
	if r.problems.full() {
		return
	}
	d := r.problem(source.Span{Start: t.start, End: t.end}, "Give every key a value.", "expected even number of values in table literal")
	d.Related = []diag.Related{r.related(last, "the last form has no partner")}
	r.problems.add(d)
}

func (r *reader) depthLimit(span source.Span) {
	if r.problems.full() {
		return
	}
	d := r.problem(source.Span{Start: span.Start, End: span.Start + 1}, "Move the inner forms to a function or a local of their own.",
		"forms are nested deeper than the limit of %d", MaxDepth)
	d.Code = diag.LoadLimit
	r.problems.add(d)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// shown returns text as a message may repeat it: not too long, and without
// bytes that a terminal or an editor would take for something else.
func shown(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if i >= maxShown {
			b.WriteString("…")
			break
		}
		c, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case c < utf8.RuneSelf && !unicode.IsPrint(c), c == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !unicode.IsPrint(c):
			fmt.Fprintf(&b, `\u{%x}`, c)
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

// firstRune returns the size of the first character of text in bytes.
func firstRune(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	return size
}
