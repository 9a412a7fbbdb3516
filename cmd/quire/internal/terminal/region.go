package terminal

import (
	"bytes"
	"io"
	"strconv"
)

// A Region is the last lines of a terminal, which are drawn anew in place below
// text that stays.
//
// The cursor rests on an empty line above the drawn ones, is never hidden, and
// no mode is changed: however the process ends, there is nothing to restore.
// Clearing from the cursor to the end of the screen removes the region also when
// the terminal has wrapped its lines anew after a change of width.
type Region struct {
	out   io.Writer
	drawn []byte // how the region looks; empty when nothing is drawn
	frame []byte
}

// NewRegion returns a region of the terminal that out leads to, whose cursor is
// at the start of an empty line.
func NewRegion(out io.Writer) *Region { return &Region{out: out} }

// The sequences that a region is drawn with.
const (
	clearLine = "\x1b[K"
)

// Draw writes text that stays, which is empty or ends with a line feed, and
// below it the lines of the region. Lines must be narrower than the terminal,
// and fewer than its rows. Everything is written at once, and nothing when
// nothing would change.
func (r *Region) Draw(text []byte, lines []string) {
	r.frame = r.frame[:0]
	if len(lines) > 0 {
		r.frame = append(r.frame, clearLine...)
	}
	for _, line := range lines {
		r.frame = append(r.frame, "\r\n"...)
		r.frame = append(r.frame, line...)
		r.frame = append(r.frame, clearLine...)
	}
	if len(lines) > 0 {
		r.frame = append(r.frame, "\x1b[J\x1b["+strconv.Itoa(len(lines))+"A\r"...)
	}
	if len(text) == 0 && bytes.Equal(r.frame, r.drawn) {
		return
	}
	var out bytes.Buffer
	out.Grow(len(text) + len(r.frame) + 8)
	out.WriteByte('\r')
	if len(text) > 0 || len(lines) == 0 {
		if len(r.drawn) > 0 {
			out.WriteString("\x1b[J")
		}
		out.Write(text)
	}
	out.Write(r.frame)
	r.drawn, r.frame = r.frame, r.drawn
	_, _ = r.out.Write(out.Bytes())
}

// Clear removes the region.
func (r *Region) Clear() {
	if len(r.drawn) > 0 {
		r.Draw(nil, nil)
	}
}
