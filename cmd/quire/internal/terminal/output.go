package terminal

import (
	"iter"
	"strings"
)

// tab is the distance between the tab stops that commands count on.
const tab = 8

// Output returns one line of a command's output as it may be shown, without
// its line feed. Colours pass when the screen has colour and end with the
// line; of a line that rewrote itself with carriage returns the last state is
// shown; other control characters become visible.
func (s Screen) Output(line string) string {
	line = strings.TrimRight(line, "\r")
	if printable(line) {
		return line
	}
	line = strings.ToValidUTF8(line, "\uFFFD")
	last := strings.LastIndexByte(line, '\r') + 1
	var b strings.Builder
	column, painted := 0, false
	for start, part := range parts(line) {
		switch {
		case sgr(part) > 0:
			if s.Color {
				b.WriteString(part)
				painted = true
			}
		case start >= last:
			column = draw(&b, part, column)
		}
	}
	if painted {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}

// draw writes text that begins in a column and returns the column behind it.
func draw(b *strings.Builder, text string, column int) int {
	for _, c := range layout(text, tab, column) {
		b.WriteString(c.Text)
		column += c.Width
	}
	return column
}

// printable reports whether a line is ASCII without any control character,
// as nearly all lines are.
func printable(line string) bool {
	for i := range len(line) {
		if line[i] < 0x20 || line[i] >= 0x7f {
			return false
		}
	}
	return true
}

// parts yields the SGR sequences of a line and the pieces between them and its
// carriage returns, each with its offset.
func parts(line string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		start := 0
		for i := 0; i < len(line); {
			n := sgr(line[i:])
			if n == 0 && line[i] != '\r' {
				i++
				continue
			}
			if start < i && !yield(start, line[start:i]) {
				return
			}
			if n > 0 && !yield(i, line[i:i+n]) {
				return
			}
			i += max(n, 1)
			start = i
		}
		if start < len(line) {
			yield(start, line[start:])
		}
	}
}

// sgr returns the length of the SGR sequence that text begins with, or 0.
func sgr(text string) int {
	if !strings.HasPrefix(text, "\x1b[") {
		return 0
	}
	for i := 2; i < len(text); i++ {
		switch c := text[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && c != ':' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}
