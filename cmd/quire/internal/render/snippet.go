package render

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"quire/analysis/source"
	"quire/cmd/quire/internal/terminal"
)

// tab is the distance between the tab stops of source text.
const tab = 4

// At most maxLines lines of a span are shown, the first and the last of them.
const (
	maxLines  = 6
	headLines = 3
	tailLines = 2
)

// A mark is how a span is pointed at.
type mark struct {
	sign  rune
	style terminal.Style
}

// place writes where a span is and its lines, with the span marked.
func (p *printer) place(at source.Place, m mark) {
	arrow := p.screen.Paint(terminal.Blue, strings.Repeat(" ", p.gutter)+"-->")
	fmt.Fprintf(&p.out, "%s %s\n", arrow, terminal.Inline(at.String()))
	if p.bare {
		return
	}
	p.row(0, "")
	first := at.File.Position(at.Span.Start).Line
	last := lastLine(at.File, at.Span)
	if first == last {
		p.oneLine(at, first, m)
		return
	}
	p.manyLines(at, first, last, m)
}

// lastLine returns the number of the line that holds the last byte of a span.
func lastLine(f *source.File, s source.Span) int {
	return f.Position(max(s.Start, s.End-1)).Line
}

func (p *printer) oneLine(at source.Place, number int, m mark) {
	l := p.layout(at.File, number, at.Span.Start, 0)
	from, to := l.columns(at.Span)
	view := l.window(from, to)
	p.row(number, view.text)
	from, to = view.clip(from, to)
	p.row(0, strings.Repeat(" ", from)+p.screen.Paint(m.style, strings.Repeat(string(m.sign), to-from)))
}

// manyLines draws a bracket left of the lines, from where the span starts to
// where it ends.
func (p *printer) manyLines(at source.Place, first, last int, m mark) {
	const bracket = 2
	bar := p.screen.Sign("│", "|")
	for number := first; number <= last; number++ {
		if last-first >= maxLines && number == first+headLines {
			p.row(0, p.screen.Paint(m.style, p.screen.Sign("┆", ":")))
			number = last - tailLines + 1
		}
		near := at.Span.Start
		if number > first {
			near = at.File.Line(number).Start
		}
		if number == last {
			near = at.Span.End
		}
		l := p.layout(at.File, number, near, bracket)
		from, to := l.columns(at.Span)
		switch number {
		case first:
			p.opening(l, number, from, m)
		case last:
			view := l.window(max(to-1, 0), to)
			p.row(number, p.screen.Paint(m.style, bar)+" "+view.text)
			end, _ := view.clip(max(to-1, 0), to)
			p.row(0, p.screen.Paint(m.style, p.screen.Sign("╰", "|")+p.arm(end+1)+string(m.sign)))
		default:
			p.row(number, p.screen.Paint(m.style, bar)+" "+l.window(0, 1).text)
		}
	}
}

// opening draws the first line of a bracket: beside the line when nothing
// stands before the span, else below it with an arm to where the span starts.
func (p *printer) opening(l line, number, from int, m mark) {
	view := l.window(from, from+1)
	if from == l.indent() {
		p.row(number, p.screen.Paint(m.style, p.screen.Sign("╭", "/"))+" "+view.text)
		return
	}
	p.row(number, "  "+view.text)
	start, _ := view.clip(from, from+1)
	p.row(0, p.screen.Paint(m.style, p.screen.Sign("╭", " ")+p.arm(start+1)+string(m.sign)))
}

func (p *printer) arm(width int) string { return strings.Repeat(p.screen.Sign("─", "_"), width) }

// A line is one line of a file as it is drawn, or the part of a long one that can
// be seen.
type line struct {
	span     source.Span
	cells    []terminal.Cell
	width    int // that may be used
	ellipsis string
	// There is more of the line than the cells.
	moreBefore, moreBehind bool
}

// A laid is a line that was laid out.
type laid struct {
	file  *source.File
	span  source.Span
	cells []terminal.Cell
}

// layout lays out a line, as far as it is near an offset, for the columns right of
// the gutter and of another indent columns.
func (p *printer) layout(f *source.File, number, near, indent int) line {
	whole := f.Line(number)
	width := max(p.screen.Width-p.gutter-len(" | ")-indent, 20)
	span := around(f.Text(), whole, near, width)
	if p.last.file != f || p.last.span != span {
		*p.last = laid{f, span, terminal.Cells(f.Slice(span), tab)}
	}
	return line{
		span:       span,
		cells:      p.last.cells,
		width:      width,
		ellipsis:   p.screen.Sign("…", "..."),
		moreBefore: span.Start > whole.Start,
		moreBehind: span.End < whole.End,
	}
}

// around returns the part of a line around an offset that has more than enough
// characters for a number of columns. To lay out all of a long line takes long,
// and it may have a thousand diagnostics.
func around(text string, line source.Span, near, width int) source.Span {
	reach := max(4*width, 256)
	if line.End-line.Start <= 4*reach {
		return line
	}
	part := source.Span{Start: max(near-reach, line.Start), End: min(near+reach, line.End)}
	for part.Start > line.Start && !utf8.RuneStart(text[part.Start]) {
		part.Start--
	}
	for part.End < line.End && !utf8.RuneStart(text[part.End]) {
		part.End++
	}
	return part
}

// columns returns the columns that the part of s on this line takes, at least
// one of them, which may be behind the end of the line.
func (l line) columns(s source.Span) (from, to int) {
	start, end := s.Start-l.span.Start, s.End-l.span.Start
	from = l.first(func(c terminal.Cell) bool { return c.End > start })
	to = l.first(func(c terminal.Cell) bool { return c.End > start && c.Start >= end })
	return from, max(to, from+1)
}

// first returns the column of the first cell that is as is asked for, as are all
// behind it, or the one behind the last character.
func (l line) first(is func(terminal.Cell) bool) int {
	if i := sort.Search(len(l.cells), func(i int) bool { return is(l.cells[i]) }); i < len(l.cells) {
		return l.cells[i].Column
	}
	return l.end()
}

// end returns the column behind the last character.
func (l line) end() int {
	if len(l.cells) == 0 {
		return 0
	}
	last := l.cells[len(l.cells)-1]
	return last.Column + last.Width
}

// indent returns the column of the first character that is not white space.
func (l line) indent() int {
	for _, c := range l.cells {
		if strings.TrimSpace(c.Text) != "" {
			return c.Column
		}
	}
	return l.end()
}

// A view is the part of a line that fits.
type view struct {
	text     string
	from, to int // columns of the line that are shown
	shift    int // added to a column of the line to find it in text
}

// window returns the part of the line around the columns [from, to): all of
// it when it fits, else as much of the columns as fits, in the middle.
func (l line) window(from, to int) view {
	end := max(l.end(), to)
	if end <= l.width && !l.moreBefore && !l.moreBehind {
		return l.cut(0, end)
	}
	room := l.width - 2*terminal.Width(l.ellipsis)
	left := from
	if to-from < room {
		left = from - (room-(to-from))/2
	}
	left = max(min(left, end-room), 0)
	return l.cut(left, left+room)
}

// cut returns the cells that lie entirely in the columns [from, to).
func (l line) cut(from, to int) view {
	var text strings.Builder
	v := view{from: to, to: to}
	start := sort.Search(len(l.cells), func(i int) bool { return l.cells[i].Column >= from })
	for _, c := range l.cells[start:] {
		if c.Column > to {
			break
		}
		if c.Column+c.Width <= to {
			v.from = min(v.from, c.Column)
			text.WriteString(c.Text)
		}
	}
	v.from = min(v.from, max(from, l.end()))
	v.text = text.String()
	v.shift = -v.from
	if v.from > 0 || l.moreBefore {
		v.text = l.ellipsis + v.text
		v.shift += terminal.Width(l.ellipsis)
	}
	if to < l.end() || l.moreBehind {
		v.text += l.ellipsis
	}
	return v
}

// clip returns where columns of the line stand in the text of the view; at
// least one of them is there.
func (v view) clip(from, to int) (int, int) {
	from = min(max(from, v.from), max(v.to-1, v.from))
	to = min(max(to, from+1), max(v.to, from+1))
	return from + v.shift, to + v.shift
}
