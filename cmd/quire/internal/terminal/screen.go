// Package terminal says what a stream can show and turns text that somebody
// else wrote into text that may be shown: whatever a file or a command
// contains, it cannot move the cursor, rewrite what stands above, or leave the
// terminal in another state.
package terminal

import (
	"os"
	"runtime"
	"strings"

	"github.com/fatih/color"
	"golang.org/x/term"
)

// A Screen is what a stream can show.
type Screen struct {
	Width    int  // columns, at least 40
	Terminal bool // somebody looks at it as it is written
	Color    bool // SGR sequences are understood and wanted
	Cursor   bool // the cursor can be moved to draw over what stands there
	Unicode  bool // signs outside of ASCII can be drawn
}

// The widths that are assumed when none is known.
const (
	minWidth      = 40
	terminalWidth = 80
	fileWidth     = 100
)

// Detect returns what f can show. It honours NO_COLOR, CI, TERM=dumb and the
// locale.
func Detect(f *os.File, getenv func(string) string) Screen {
	s := Screen{Width: fileWidth, Unicode: unicodeLocale(getenv)}
	if !term.IsTerminal(int(f.Fd())) {
		return s
	}
	s.Terminal = true
	s.Cursor = getenv("CI") == "" && getenv("TERM") != "dumb" && getenv("TERM") != ""
	s.Color = getenv("NO_COLOR") == "" && getenv("CI") == "" && getenv("TERM") != "dumb"
	s.Width = terminalWidth
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		s.Width = max(width, minWidth)
	}
	return s
}

// Size returns the columns and rows of the terminal f as they are now, and 0
// and 0 when f has none.
func Size(f *os.File) (columns, rows int) {
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, rows
}

// unicodeLocale asks the variables in the order in which setlocale does.
func unicodeLocale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(getenv(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return runtime.GOOS == "windows"
}

// A Style is a way to set text apart.
type Style int

// The styles.
const (
	None Style = iota
	Bold
	Dim
	Red
	Yellow
	Green
	Blue
	Cyan
	Magenta
)

var attributes = map[Style][]color.Attribute{
	Bold:    {color.Bold},
	Dim:     {color.Faint},
	Red:     {color.FgRed, color.Bold},
	Yellow:  {color.FgYellow, color.Bold},
	Green:   {color.FgGreen},
	Blue:    {color.FgBlue, color.Bold},
	Cyan:    {color.FgCyan},
	Magenta: {color.FgMagenta},
}

// Paint returns text in a style, or as it is when the screen has no colour.
func (s Screen) Paint(style Style, text string) string {
	if !s.Color || style == None || text == "" {
		return text
	}
	c := color.New(attributes[style]...)
	c.EnableColor()
	return c.Sprint(text)
}

// Sign returns the Unicode sign, or its replacement when the screen can only
// draw ASCII.
func (s Screen) Sign(unicode, ascii string) string {
	if s.Unicode {
		return unicode
	}
	return ascii
}
