package syntax

import (
	"strings"

	"github.com/rivo/uniseg"

	"quire/analysis/diag"
	"quire/analysis/source"
)

// Format returns the edits that lay out the text of a tree in Fennel's usual
// style, in the order of their places.
//
// Only white space between tokens changes, and never so that the text reads
// differently. The line breaks are the author's, save that a closing delimiter
// goes behind what it closes, unless that is a comment. Between forms one blank
// line is kept, two at the top level. A form of the top level that does not
// read is left as it is, with the white space around it, and so is all of a text
// of which such a form would get more or less.
func Format(t *Tree) []diag.Edit {
	return harmless(t, newFormatter(t).edits(source.Span{End: len(t.File.Text())}))
}

// FormatRange returns those of the edits of [Format] that lie in the forms of
// the top level that a span touches, with their lines.
func FormatRange(t *Tree, s source.Span) []diag.Edit {
	return harmless(t, newFormatter(t).edits(touched(t, s)))
}

// touched returns the span of the forms of the top level that s touches and of
// what shares a line with them, from the end of the form before.
func touched(t *Tree, s source.Span) source.Span {
	text := t.File.Text()
	apart := func(i int) bool { // a line break is before form i
		return i == 0 || breaks(text[t.Forms[i-1].Span.End:t.Forms[i].Span.Start])
	}
	first, last := -1, -1
	for i, n := range t.Forms {
		if n.Span.Start <= s.End && s.Start <= n.Span.End {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return source.Span{Start: s.Start, End: s.Start}
	}
	for !apart(first) {
		first--
	}
	for last+1 < len(t.Forms) && !apart(last+1) {
		last++
	}
	span := source.Span{End: t.Forms[last].Span.End}
	if first > 0 {
		span.Start = t.Forms[first-1].Span.End
	}
	if last == len(t.Forms)-1 && s.End > span.End {
		span.End = len(text)
	}
	return span
}

// A formatter lays out the pieces of one text.
type formatter struct {
	file    *source.File
	text    string
	style   style
	pieces  []piece
	remarks []remark
	newline string // what ends a line in this file
	start   int    // where the text begins, behind a byte order mark
	wide    bool   // several spaces are between two pieces of a line
}

// A part says what a piece is.
type part uint8

const (
	atom    part = iota // also a form that is left as it is
	opening             // the delimiter that opens node
	closing             // the delimiter that closes node
	sign                // a prefix
	comment
)

// A piece is what stands between white space: a token, or a form that is left
// as it is.
type piece struct {
	part       part
	node       *Node
	start, end int
	// fixed reports that the white space before the piece stays.
	fixed bool
	// unread reports that it is a form that does not read.
	unread bool
	// breaks is how many line breaks are in the white space before it, and line
	// how many are before the piece in the whole text.
	breaks, line int
	// column and endColumn say where it starts and ends in its line as it is.
	column, endColumn int
	// keep reports that several spaces before it stay: they align it.
	keep bool
	// before is the white space before it as it will be.
	before spacing
}

// A spacing is white space: line breaks, and then blanks.
type spacing struct{ breaks, blanks int }

func newFormatter(t *Tree) *formatter {
	f := &formatter{file: t.File, text: t.File.Text(), style: styleOf(t), newline: "\n"}
	if i := strings.IndexByte(f.text, '\n'); i > 0 && f.text[i-1] == '\r' {
		f.newline = "\r\n"
	}
	if strings.HasPrefix(f.text, "\ufeff") {
		f.start = len("\ufeff")
	}
	f.pieces = make([]piece, 0, countPieces(t))
	left := f.leftAlone(t.Forms)
	for i, n := range t.Forms {
		if left[i] {
			f.pieces = append(f.pieces, piece{node: n, start: n.Span.Start, end: n.Span.End, fixed: true, unread: true})
		} else {
			f.take(n, false)
		}
	}
	f.measure()
	f.align()
	f.lay()
	f.placeRemarks()
	return f
}

// countPieces returns how many pieces a tree has at most.
func countPieces(t *Tree) int {
	count := 0
	for _, top := range t.Forms {
		for n := range top.All() {
			count++
			if n.Kind == List || n.Kind == Sequence || n.Kind == Table {
				count++
			}
		}
	}
	return count
}

// leftAlone reports of each form of the top level whether it stays as it is:
// those that do not read, because where their parts stand may say which are
// theirs, and so those that share a line with one.
func (f *formatter) leftAlone(forms []*Node) []bool {
	left := make([]bool, len(forms))
	for i, n := range forms {
		if !unreadable(n) {
			continue
		}
		left[i] = true
		for j := i; j > 0 && !left[j-1] && !breaks(f.text[forms[j-1].Span.End:forms[j].Span.Start]); j-- {
			left[j-1] = true
		}
	}
	for i := 1; i < len(forms); i++ {
		left[i] = left[i] || left[i-1] && !breaks(f.text[forms[i-1].Span.End:forms[i].Span.Start])
	}
	return left
}

// breaks reports whether white space holds a line break.
func breaks(gap string) bool { return strings.Contains(gap, "\n") }

// unreadable reports whether something in a form does not read.
func unreadable(n *Node) bool {
	for c := range n.All() {
		if c.Open || c.Kind == Error || c.Kind == Prefix && len(c.Items()) == 0 {
			return true
		}
	}
	return false
}

// take appends the pieces of a node. What stands between a prefix and its form
// means something, and stays.
func (f *formatter) take(n *Node, prefixed bool) {
	start, end := n.Span.Start, n.Span.End
	switch n.Kind {
	case List, Sequence, Table:
		f.pieces = append(f.pieces, piece{part: opening, node: n, start: start, end: start + 1, fixed: prefixed})
		for _, c := range n.Children {
			f.take(c, false)
		}
		f.pieces = append(f.pieces, piece{part: closing, node: n, start: end - 1, end: end})
	case Prefix:
		f.pieces = append(f.pieces, piece{part: sign, node: n, start: start, end: start + 1, fixed: prefixed})
		for _, c := range n.Children {
			f.take(c, true)
		}
	case Comment:
		f.pieces = append(f.pieces, piece{part: comment, node: n, start: start, end: end, fixed: prefixed})
	default:
		f.pieces = append(f.pieces, piece{node: n, start: start, end: end, fixed: prefixed})
	}
}

// measure finds out where the pieces are.
func (f *formatter) measure() {
	at, line, column := f.start, 0, 0
	for i := range f.pieces {
		p := &f.pieces[i]
		gap := f.text[at:p.start]
		p.breaks = strings.Count(gap, "\n")
		if i > 0 && f.pieces[i-1].unread || !plain(gap) {
			p.fixed = true
		}
		line += p.breaks
		p.line, p.column = line, widen(column, gap)
		p.endColumn = f.endColumn(p, p.column)
		f.wide = f.wide || p.breaks == 0 && len(gap) > 1
		line += strings.Count(f.text[p.start:p.end], "\n")
		at, column = p.end, p.endColumn
	}
}

// plain reports whether white space is only what a formatter may write: blanks
// and line breaks, not the control characters that some use to part pages.
func plain(gap string) bool {
	for i := range len(gap) {
		switch gap[i] {
		case ' ', '\t', '\n':
		case '\r':
			if i+1 == len(gap) || gap[i+1] != '\n' {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// endColumn returns the column behind a piece that starts at a column.
func (f *formatter) endColumn(p *piece, column int) int {
	text := f.text[p.start:p.end]
	if i := strings.LastIndexAny(text, "\r\n"); i >= 0 {
		return width(text[i+1:])
	}
	return column + width(text)
}

// widen returns the column behind white space that starts at a column.
func widen(column int, gap string) int {
	for i := range len(gap) {
		switch gap[i] {
		case '\n', '\r':
			column = 0
		case '\t':
			column += 8 - column%8
		default:
			column++
		}
	}
	return column
}

// width returns how many columns text takes where it is shown.
func width(text string) int {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return uniseg.StringWidth(text)
		}
	}
	return len(text)
}

// lay decides the white space before every piece, except that of the comments
// behind code, which it collects.
func (f *formatter) lay() {
	var nests []nest
	top := &nest{open: -1}
	at, column := f.start, 0
	for i := range f.pieces {
		p := &f.pieces[i]
		if p.part == closing {
			top = &nests[len(nests)-1]
		}
		gap := f.text[at:p.start]
		startsLine := p.breaks > 0
		switch {
		case p.fixed:
			column = widen(column, gap)
		case i == 0:
		case p.part == comment && !startsLine && (gap != "" || f.pieces[i-1].part != opening):
			f.remarks = append(f.remarks, remark{piece: i, code: column})
		case p.part == comment && f.continues(i):
			f.remarks = append(f.remarks, remark{piece: i})
		case p.part == closing && f.pieces[i-1].part != comment:
			startsLine = false
		case startsLine:
			p.before.breaks = min(p.breaks, 2)
			if len(nests) == 0 {
				p.before.breaks = min(p.breaks, 3)
			}
			if f.pieces[i-1].part == opening || p.part == closing {
				p.before.breaks = 1
			}
			if column = top.column(); f.trails(p, top) {
				column = top.open + 2
			}
			p.before.blanks = column
		default:
			p.before.blanks = f.between(i)
			column += p.before.blanks
		}
		formStarts := p.part != closing && p.part != comment && (i == 0 || f.pieces[i-1].part != sign)
		if formStarts {
			top.place(column, startsLine)
		}
		if p.part == opening {
			nests = append(nests, nest{shape: f.style.shape(p.node), open: column, node: p.node, was: p.column})
			top = &nests[len(nests)-1]
		}
		if p.part == closing {
			nests = nests[:len(nests)-1]
			top = &nest{open: -1}
			if len(nests) > 0 {
				top = &nests[len(nests)-1]
			}
		}
		at, column = p.end, f.endColumn(p, column)
	}
}

// trails reports whether a piece that starts a line is a function that ends a
// call, and stands two columns in as a body does. Some calls look better so, and
// it is for the author to say.
func (f *formatter) trails(p *piece, call *nest) bool {
	if call.under == 0 || call.shape != arguments || p.column != call.was+2 {
		return false
	}
	children := call.node.Children
	if p.node != children[len(children)-1] {
		return false
	}
	if p.node.Kind == Prefix {
		return p.node.Text == "#"
	}
	name := callee(p.node)
	return name == "fn" || name == "lambda" || name == "λ"
}

// between returns how many blanks go before a piece that follows another in its
// line.
func (f *formatter) between(i int) int {
	p := &f.pieces[i]
	switch {
	case f.pieces[i-1].part == opening: // also before a comment that stands there
		return 0
	case p.keep:
		return p.column - f.pieces[i-1].endColumn
	}
	return 1
}

// edits returns what has to change in a span.
func (f *formatter) edits(within source.Span) []diag.Edit {
	var edits []diag.Edit
	add := func(gap source.Span, want spacing) {
		if within.Encloses(gap) && !matches(f.text[gap.Start:gap.End], want) {
			edits = append(edits, f.edit(gap, want))
		}
	}
	at := f.start
	for i := range f.pieces {
		p := &f.pieces[i]
		if !p.fixed {
			add(source.Span{Start: at, End: p.start}, p.before)
		}
		at = p.end
	}
	tail := source.Span{Start: at, End: len(f.text)}
	switch n := len(f.pieces); {
	case n == 0:
		add(tail, spacing{})
	case !f.pieces[n-1].unread:
		add(tail, spacing{breaks: 1})
	}
	return edits
}

// matches reports whether white space is as wanted.
func matches(gap string, want spacing) bool {
	for range want.breaks {
		gap = strings.TrimPrefix(gap, "\r")
		if !strings.HasPrefix(gap, "\n") {
			return false
		}
		gap = gap[1:]
	}
	return len(gap) == want.blanks && strings.Trim(gap, " ") == ""
}

// edit returns the smallest edit that makes white space as wanted. Line breaks
// stay of the kind that they are.
func (f *formatter) edit(gap source.Span, want spacing) diag.Edit {
	old := f.text[gap.Start:gap.End]
	var b strings.Builder
	for rest := old; b.Len() < len(old) && want.breaks > 0; want.breaks-- {
		i := strings.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		if i > 0 && rest[i-1] == '\r' {
			b.WriteByte('\r')
		}
		b.WriteByte('\n')
		rest = rest[i+1:]
	}
	b.WriteString(strings.Repeat(f.newline, want.breaks) + strings.Repeat(" ", want.blanks))
	text := b.String()
	for old != "" && text != "" && old[0] == text[0] {
		old, text = old[1:], text[1:]
		gap.Start++
	}
	for old != "" && text != "" && old[len(old)-1] == text[len(text)-1] {
		if n := len(old); old[n-1] == '\n' && n > 1 && old[n-2] == '\r' && !strings.HasSuffix(text, "\r\n") {
			break // between the two there is no place
		}
		old, text = old[:len(old)-1], text[:len(text)-1]
		gap.End--
	}
	return diag.Edit{File: f.file, Span: gap, Text: text}
}
