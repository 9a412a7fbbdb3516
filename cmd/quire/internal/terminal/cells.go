package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// A Cell is one thing that is drawn: a character with its combining marks, the
// spaces of a tab, or the visible form of something that must not reach a
// terminal.
type Cell struct {
	Start, End int    // bytes of the text that the cell stands for
	Text       string // what is drawn
	Column     int    // where it is drawn, from 0
	Width      int    // in columns
}

// Cells lays out one line of text, with a tab stop every tab columns. What a
// terminal would obey instead of draw is shown as \xNN, byte by byte, or as
// \u{N} when it is a character that changes the direction of text or has no
// form at all.
func Cells(line string, tab int) []Cell { return layout(line, tab, 0) }

// layout is Cells for text that begins in a column.
func layout(line string, tab, column int) []Cell {
	cells := make([]Cell, 0, len(line))
	add := func(start, end int, text string, width int) {
		cells = append(cells, Cell{start, end, text, column, width})
		column += width
	}
	for i := 0; i < len(line); {
		if line[i] == '\t' {
			width := tab - column%tab
			add(i, i+1, strings.Repeat(" ", width), width)
			i++
			continue
		}
		if size, shown := visible(line[i:]); shown != "" {
			add(i, i+size, shown, len(shown))
			i += size
			continue
		}
		end := i + drawable(line[i:])
		for state := -1; i < end; {
			cluster, _, width, next := uniseg.FirstGraphemeClusterInString(line[i:end], state)
			add(i, i+len(cluster), cluster, width)
			i, state = i+len(cluster), next
		}
	}
	return cells
}

// drawable returns the length of the longest prefix that can be drawn as it is.
func drawable(text string) int {
	for i := 0; i < len(text); {
		size, shown := visible(text[i:])
		if shown != "" || text[i] == '\t' {
			return i
		}
		i += size
	}
	return len(text)
}

// visible returns the size of the first character of text, and the form it is
// shown in unless it can be drawn as it is.
func visible(text string) (size int, shown string) {
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case r == utf8.RuneError && size == 1, r < 0x20, 0x7f <= r && r < 0xa0:
		return size, hex(text[:size])
	case formless(r):
		return size, fmt.Sprintf(`\u{%x}`, r)
	}
	return size, ""
}

func hex(bytes string) string {
	var b strings.Builder
	for i := range len(bytes) {
		fmt.Fprintf(&b, `\x%02x`, bytes[i])
	}
	return b.String()
}

// formless reports whether r is drawn as nothing but changes how the text
// around it looks: the marks and overrides of direction, the separators of
// lines and paragraphs, and the byte order mark.
func formless(r rune) bool {
	switch {
	case r == 0x061c, r == 0x200e, r == 0x200f, r == 0xfeff:
		return true
	case 0x2028 <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
		return true
	}
	return false
}

// Width returns the number of columns that drawable text takes.
func Width(text string) int { return uniseg.StringWidth(text) }

// Columns returns the number of columns that a line takes, without its colours.
func Columns(line string) int {
	width := 0
	for _, part := range parts(line) {
		if sgr(part) == 0 {
			width += Width(part)
		}
	}
	return width
}

// Inline returns text as one line of what can be drawn: in it even line feeds
// are made visible.
func Inline(text string) string {
	if drawable(text) == len(text) {
		return text
	}
	var b strings.Builder
	for _, c := range Cells(text, tab) {
		b.WriteString(c.Text)
	}
	return b.String()
}

// Plain returns text, which may have several lines, with everything made
// visible that a terminal would obey instead of draw. Line feeds and tabs stay.
func Plain(text string) string {
	if drawable(text) == len(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		size, shown := visible(text[i:])
		if shown == "" || text[i] == '\n' || text[i] == '\t' {
			shown = text[i : i+size]
		}
		b.WriteString(shown)
		i += size
	}
	return b.String()
}
