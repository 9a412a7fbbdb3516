package syntax

import "strings"

// A remark is a comment behind code, or one that goes on below it. One right
// behind an opening delimiter is none: it takes the place of a first child.
type remark struct {
	piece int
	code  int // column where the code before it will end, 0 when there is none
}

// continues reports whether the comment i is alone in its line and goes on with
// the remark in the line before, because it stands under it.
func (f *formatter) continues(i int) bool {
	p := &f.pieces[i]
	if p.breaks != 1 || len(f.remarks) == 0 {
		return false
	}
	last := f.remarks[len(f.remarks)-1].piece
	return last == i-1 && f.pieces[last].column == p.column
}

// placeRemarks decides the white space before the remarks. Those that are
// aligned in lines that follow each other stay so, behind the longest of the
// lines, and as near to it as now.
func (f *formatter) placeRemarks() {
	for first := 0; first < len(f.remarks); {
		last := first + 1
		for last < len(f.remarks) && f.aligned(f.remarks[last-1], f.remarks[last]) {
			last++
		}
		f.placeBlock(f.remarks[first:last])
		first = last
	}
}

// aligned reports whether a remark is right under another.
func (f *formatter) aligned(above, below remark) bool {
	a, b := &f.pieces[above.piece], &f.pieces[below.piece]
	return b.line == a.line+1 && b.column == a.column
}

func (f *formatter) placeBlock(block []remark) {
	column, near := 0, -1
	for _, r := range block {
		p := &f.pieces[r.piece]
		if p.breaks > 0 {
			continue
		}
		column = max(column, r.code)
		end := &f.pieces[r.piece-1]
		gap := p.column - end.endColumn
		if len(block) == 1 && strings.Contains(f.text[end.end:p.start], "\t") {
			gap = 1 // how wide a tab is was chance
		}
		if near < 0 || gap < near {
			near = gap
		}
	}
	column += max(near, 1)
	for _, r := range block {
		p := &f.pieces[r.piece]
		p.before.breaks = p.breaks
		p.before.blanks = column - r.code
	}
}
