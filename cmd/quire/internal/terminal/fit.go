package terminal

import "strings"

// Fit returns one line of what [Screen.Output] or [Inline] gave, cut so that it
// takes at most width columns. Colours stay, and end with the line.
func (s Screen) Fit(line string, width int) string {
	if len(line) <= width {
		return line // every column takes a byte at least
	}
	var b strings.Builder
	column, painted, cut := 0, false, -1
	for _, part := range parts(line) {
		if sgr(part) > 0 {
			b.WriteString(part)
			painted = true
			continue
		}
		for _, c := range layout(part, tab, column) {
			column += c.Width
			if column < width {
				b.WriteString(c.Text)
				continue
			}
			if cut < 0 {
				cut = b.Len()
			}
			if column > width {
				return s.ellipsis(b.String()[:cut], painted)
			}
			b.WriteString(c.Text)
		}
	}
	return b.String()
}

// ellipsis ends a line that was cut, in the last of its columns.
func (s Screen) ellipsis(line string, painted bool) string {
	line += s.Sign("…", "~")
	if painted {
		line += "\x1b[0m"
	}
	return line
}
