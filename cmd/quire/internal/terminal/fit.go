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

// Wrap returns plain text with line feeds between words, so that on a terminal
// its lines end before the edge. The first line begins in a column, those that
// Wrap begins are indented. Where nobody watches, lines stay as they are, for
// programs that search them.
func (s Screen) Wrap(text string, column, indent int) string {
	if !s.Terminal {
		return text
	}
	var b strings.Builder
	for i, word := range strings.Split(text, " ") {
		width := Width(word)
		switch {
		case i == 0:
		case column+1+width > s.Width && column > indent:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += width
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
