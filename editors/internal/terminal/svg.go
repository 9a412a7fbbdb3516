package terminal

import (
	"fmt"
	"html"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// A style is how a piece of text is drawn.
type style struct {
	ink, paper                      string // colours of SVG, or empty for the default
	bold, italic, underline, strike bool
	reverse                         bool
}

// The colours of a terminal that a program names by number.
var palette = []string{
	"#45475a", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#bac2de",
	"#7f849c", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#ffffff",
}

// Of a screen without colours of its own.
const (
	defaultInk   = "#cdd6f4"
	defaultPaper = "#1e1e2e"
	cellWidth    = 8.4
	cellHeight   = 19.0
	margin       = 12.0
)

// Save writes what the screen shows as a picture, for a README, when the
// environment asks for pictures with QUIRE_SCREENS=1.
func (term *Terminal) Save(path string) {
	term.t.Helper()
	if os.Getenv("QUIRE_SCREENS") == "" {
		return
	}
	if err := os.WriteFile(path, []byte(SVG(term.Colours())), 0o644); err != nil {
		term.t.Fatal(err)
	}
	term.t.Logf("wrote %s", path)
}

var sequence = regexp.MustCompile("\x1b\\[([0-9;:]*)m|\x1b[^m]*?[@-Z\\\\-~]")

// SVG draws a screen, with the control sequences that colour it.
func SVG(screen string) string {
	lines := strings.Split(strings.TrimRight(screen, "\n"), "\n")
	columns := 0
	var b strings.Builder
	var s style
	for row, line := range lines {
		column := 0
		for line != "" {
			at := sequence.FindStringSubmatchIndex(line)
			text := line
			if at != nil {
				text = line[:at[0]]
			}
			draw(&b, s, text, column, row)
			column += Width(text)
			if at == nil {
				break
			}
			if at[2] >= 0 {
				s.apply(line[at[2]:at[3]])
			}
			line = line[at[1]:]
		}
		columns = max(columns, column)
	}
	width, height := float64(columns)*cellWidth+2*margin, float64(len(lines))*cellHeight+2*margin
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">
<rect width="100%%" height="100%%" rx="6" fill="%s"/>
%s</svg>
`, width, height, defaultPaper, b.String())
}

// draw draws a piece of a line.
func draw(b *strings.Builder, s style, text string, column, row int) {
	ink, paper := s.ink, s.paper
	if ink == "" {
		ink = defaultInk
	}
	if s.reverse {
		ink, paper = paper, ink
		if ink == "" {
			ink = defaultPaper
		}
	}
	x, y := margin+float64(column)*cellWidth, margin+float64(row)*cellHeight
	width := float64(Width(text)) * cellWidth
	if paper != "" && text != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.0f" fill="%s"/>`+"\n", x, y, width, cellHeight, paper)
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	more := ""
	if s.bold {
		more += ` font-weight="bold"`
	}
	if s.italic {
		more += ` font-style="italic"`
	}
	if s.underline {
		more += ` text-decoration="underline"`
	}
	if s.strike {
		more += ` text-decoration="line-through"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" fill="%s"%s>%s</text>`+"\n", x, y+14, width, ink, more,
		strings.ReplaceAll(html.EscapeString(text), " ", "\u00a0"))
}

// apply changes the style as the parameters of a sequence say.
func (s *style) apply(parameters string) {
	var codes []int
	for _, p := range strings.Split(parameters, ";") {
		n, _ := strconv.Atoi(strings.SplitN(p, ":", 2)[0])
		codes = append(codes, n)
	}
	for i := 0; i < len(codes); i++ {
		switch c := codes[i]; {
		case c == 0:
			*s = style{}
		case c == 1:
			s.bold = true
		case c == 3:
			s.italic = true
		case c == 4:
			s.underline = true
		case c == 7:
			s.reverse = true
		case c == 9:
			s.strike = true
		case c == 22:
			s.bold = false
		case c == 23:
			s.italic = false
		case c == 24:
			s.underline = false
		case c == 27:
			s.reverse = false
		case c == 29:
			s.strike = false
		case c >= 30 && c <= 37:
			s.ink = palette[c-30]
		case c == 38 || c == 48 || c == 58:
			colour, used := extended(codes[i+1:])
			i += used
			switch c {
			case 38:
				s.ink = colour
			case 48:
				s.paper = colour
			}
		case c == 39:
			s.ink = ""
		case c >= 40 && c <= 47:
			s.paper = palette[c-40]
		case c == 49:
			s.paper = ""
		case c >= 90 && c <= 97:
			s.ink = palette[c-90+8]
		case c >= 100 && c <= 107:
			s.paper = palette[c-100+8]
		}
	}
}

// extended returns the colour that the codes after 38 or 48 name, and how many
// they are.
func extended(codes []int) (colour string, used int) {
	switch {
	case len(codes) >= 4 && codes[0] == 2:
		return fmt.Sprintf("#%02x%02x%02x", codes[1], codes[2], codes[3]), 4
	case len(codes) >= 2 && codes[0] == 5:
		return indexed(codes[1]), 2
	}
	return "", len(codes)
}

// indexed returns one of the 256 colours.
func indexed(n int) string {
	switch {
	case n < 16:
		return palette[n]
	case n < 232:
		levels := []int{0, 95, 135, 175, 215, 255}
		n -= 16
		return fmt.Sprintf("#%02x%02x%02x", levels[n/36], levels[n/6%6], levels[n%6])
	}
	grey := 8 + 10*(n-232)
	return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
}
