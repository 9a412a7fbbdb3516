package syntax

import (
	"slices"
	"strings"
)

// A row is the part of a line that starts with a child of some form and holds
// nothing of a form inside that has rows itself. Rows below each other may be
// those of a table whose columns the author has aligned with spaces.
type row struct {
	cells []cell
	wide  bool // several spaces are somewhere in it
	kept  bool // they stay
	messy bool // some white space in it cannot stay as it is
}

// A cell is a piece in a row, other than a closing delimiter.
type cell struct {
	piece     int
	raw, neat place
	aligned   bool // it is under or over another one because of the spaces
}

// A place says how far from the start of its row a cell is, and how many spaces
// are before it: as it is, or with no more spaces than needed.
type place struct{ column, gap int }

// at returns where a cell will be.
func (r *row) at(c int) place {
	if r.kept {
		return r.cells[c].raw
	}
	return r.cells[c].neat
}

// maxSweeps is how often the rows of a form are looked at again because some of
// them are given up. Tables that anyone aligned need two.
const maxSweeps = 20

// align finds the spaces that stay because they align the rows of a form.
func (f *formatter) align() {
	if !f.wide {
		return
	}
	for _, rows := range f.rows() {
		for _, r := range rows {
			r.kept = r.wide && !r.messy
		}
		for sweep := 1; giveUp(rows, sweep == maxSweeps); sweep++ {
		}
		for _, r := range rows {
			for _, c := range r.cells {
				f.pieces[c.piece].keep = r.kept && c.raw.gap > 1
			}
		}
	}
}

// giveUp gives up the rows in which some spaces have no reason, or all, and
// reports whether there were any. Spaces have a reason when they bring a piece
// to where the same piece of the rows beside it will be, and not all of these
// have as many.
func giveUp(rows []*row, all bool) bool {
	for _, r := range rows {
		for c := range r.cells {
			r.cells[c].aligned = false
		}
	}
	for i := 1; i < len(rows); i++ {
		compare(rows[i], rows[i-1])
	}
	for i := len(rows) - 2; i >= 0; i-- {
		compare(rows[i], rows[i+1])
	}
	some := false
	for _, r := range rows {
		if r.kept && (all || slices.ContainsFunc(r.cells, func(c cell) bool { return c.raw.gap > 1 && !c.aligned })) {
			r.kept, some = false, true
		}
	}
	return some
}

// compare marks the cells of a row that are aligned with those of another.
func compare(r, other *row) {
	for c := range min(len(r.cells), len(other.cells)) {
		here, there := r.at(c), other.at(c)
		if here.column == there.column && (here.gap != there.gap || other.cells[c].aligned) {
			r.cells[c].aligned = true
		}
	}
}

// rows returns the rows of the top level and of each form that has several.
func (f *formatter) rows() [][]*row {
	var done [][]*row
	open := [][]*row{nil} // the rows of each open form, outermost first
	var current *row
	var start, neat int // where the row starts and where its last piece ends
	var gap, needed int // how many spaces are and must be before a piece
	for i := range f.pieces {
		p := &f.pieces[i]
		switch {
		case p.part == comment, p.part == closing && p.breaks > 0:
			current = nil
		case i == 0, p.breaks > 0, f.pieces[i-1].part == opening && f.hasRows(f.pieces[i-1].node):
			current, start, neat = &row{}, p.column, 0
			gap, needed = 0, 0
			top := &open[len(open)-1]
			*top = append(*top, current)
		case current != nil:
			gap, needed = p.column-f.pieces[i-1].endColumn, f.gap(current, i)
			neat += needed
			current.wide = current.wide || gap > 1
		}
		if current != nil && p.part != closing {
			current.cells = append(current.cells, cell{piece: i, raw: place{p.column - start, gap}, neat: place{neat, needed}})
		}
		switch text := f.text[p.start:p.end]; {
		case p.part == opening:
			open = append(open, nil)
			neat++
		case strings.Contains(text, "\n"):
			current = nil
		default:
			neat += width(text)
		}
		if p.part == closing {
			last := len(open) - 1
			if len(open[last]) > 1 {
				done = append(done, open[last])
			}
			open = open[:last]
		}
	}
	return append(done, open[0])
}

// gap returns how many spaces are needed before a piece of a row that follows
// another, and notes when those that are there cannot stay.
func (f *formatter) gap(r *row, i int) int {
	p, before := &f.pieces[i], &f.pieces[i-1]
	if p.part == closing || p.fixed || before.part == opening {
		r.messy = r.messy || p.start > before.end
		return 0
	}
	r.messy = r.messy || p.start == before.end || strings.Contains(f.text[before.end:p.start], "\t")
	return 1
}

// hasRows reports whether children of a form, other than the first, start
// lines. Those of a list are no rows before they do: what follows a callee
// stands elsewhere.
func (f *formatter) hasRows(n *Node) bool {
	if n.Kind == List {
		return false
	}
	for i := 1; i < len(n.Children); i++ {
		if breaks(f.text[n.Children[i-1].Span.End:n.Children[i].Span.Start]) {
			return true
		}
	}
	return false
}
