package terminal

import (
	"iter"
	"strings"
	"unicode/utf8"
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
	line = strings.ToValidUTF8(line, replacement)
	last := strings.LastIndexByte(line, '\r') + 1
	var b strings.Builder
	b.Grow(len(line) + len(line)/4)
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

// draw writes text that begins in a column and returns the column behind it,
// as [Cells] lays it out.
func draw(b *strings.Builder, text string, column int) int {
	for len(text) > 0 {
		n := printableLen(text)
		wide := wideLen(text[n:])
		if n > 0 && wide > 0 { // what follows may combine with the last character
			n, wide = n-1, wide+1
		}
		b.WriteString(text[:n])
		column += n
		for _, c := range layout(text[n:n+wide], tab, column) {
			b.WriteString(c.Text)
			column += c.Width
		}
		for text = text[n+wide:]; len(text) > 0; text = text[1:] {
			if c := text[0]; c == '\t' {
				width := tab - column%tab
				b.WriteString("        "[:width])
				column += width
			} else if c < 0x20 || c == 0x7f {
				b.WriteString(hexes[c])
				column += len(hexes[c])
			} else {
				break
			}
		}
		for strings.HasPrefix(text, replacement) {
			b.WriteString(replacement)
			column++
			text = text[len(replacement):]
		}
	}
	return column
}

// replacement stands for bytes that are no character, of which there are many
// where there are any.
const replacement = "\uFFFD"

// wideLen returns the length of the longest prefix of text that has neither
// ASCII nor replacements in it.
func wideLen(text string) int {
	for i := range len(text) {
		if c := text[i]; c < utf8.RuneSelf || c == replacement[0] && strings.HasPrefix(text[i:], replacement) {
			return i
		}
	}
	return len(text)
}

// hexes are the visible forms of control characters.
var hexes = func() (hexes [utf8.RuneSelf]string) {
	for c := range hexes {
		hexes[c] = hex(string(rune(c)))
	}
	return hexes
}()

// printable reports whether a line is ASCII without any control character,
// as nearly all lines are.
func printable(line string) bool { return printableLen(line) == len(line) }

// printableLen returns the length of the longest prefix of text that is ASCII
// without any control character.
func printableLen(text string) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		// Eight bytes at once: a high bit is left where a byte is below 0x20 or
		// above 0x7e, and perhaps above such a byte.
		const each = 0x0101010101010101
		if w := word(text[i : i+8]); ((w-0x20*each)|(w+each)|w)&(0x80*each) != 0 {
			break
		}
	}
	for i < len(text) && 0x20 <= text[i] && text[i] < 0x7f {
		i++
	}
	return i
}

// word returns eight bytes as a number.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// parts yields the SGR sequences of a line and the pieces between them and its
// carriage returns, each with its offset.
func parts(line string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		start := 0
		for i := 0; i < len(line); {
			next := strings.IndexAny(line[i:], "\x1b\r")
			if next < 0 {
				break
			}
			i += next
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
