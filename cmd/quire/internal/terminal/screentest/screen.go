// Package screentest has a terminal for tests: it obeys what quire may send to
// one, takes anything else as a fault, and shows what a user would see.
package screentest

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// A Screen is a terminal. It is safe for use by several goroutines.
type Screen struct {
	mu            sync.Mutex // guards what follows
	changed       *sync.Cond
	columns, rows int
	above         []string   // lines that scrolled away
	cells         [][]string // by row and column; wide characters take an empty cell
	row, column   int
	pending       []byte // of a sequence or character that is not complete
	writes        int
	faults        []string
}

// New returns an empty screen.
func New(columns, rows int) *Screen {
	s := &Screen{columns: columns, rows: rows}
	s.changed = sync.NewCond(&s.mu)
	s.cells = make([][]string, rows)
	return s
}

// Size returns the size of the screen.
func (s *Screen) Size() (columns, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.columns, s.rows
}

// Resize changes the size in the way of terminals that do not wrap lines anew:
// what no longer fits is cut off on the right and, below the cursor first,
// taken away.
func (s *Screen) Resize(columns, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.columns = columns
	for i, row := range s.cells {
		s.cells[i] = row[:min(len(row), columns)]
	}
	for len(s.cells) > rows && len(s.cells)-1 > s.row {
		s.cells = s.cells[:len(s.cells)-1]
	}
	for len(s.cells) > rows {
		s.scroll()
		s.cells = s.cells[:len(s.cells)-1]
		s.row--
	}
	for len(s.cells) < rows {
		s.cells = append(s.cells, nil)
	}
	s.rows, s.column = rows, min(s.column, columns-1)
}

// Write obeys what is sent. A line feed begins a line, as the line discipline of
// a terminal has it.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.changed.Broadcast()
	s.writes++
	text := append(s.pending, p...)
	for len(text) > 0 {
		n := s.obey(text)
		if n == 0 {
			break
		}
		text = text[n:]
	}
	s.pending = append([]byte(nil), text...)
	return len(p), nil
}

// obey carries out what text begins with and returns its length, 0 when that is
// not complete.
func (s *Screen) obey(text []byte) int {
	switch c := text[0]; {
	case c == '\r':
		s.column = 0
		return 1
	case c == '\n':
		s.column = 0
		s.down()
		return 1
	case c == 0x1b:
		return s.sequence(text)
	case c < 0x20 || c == 0x7f:
		s.fault("control character %q", c)
		return 1
	}
	if !utf8.FullRune(text) {
		return 0
	}
	r, n := utf8.DecodeRune(text)
	if r == utf8.RuneError && n == 1 || 0x80 <= r && r < 0xa0 {
		s.fault("no character: %q", text[:n])
		return n
	}
	s.draw(string(text[:n]))
	return n
}

// sequence obeys a control sequence.
func (s *Screen) sequence(text []byte) int {
	if len(text) == 1 {
		return 0
	}
	if text[1] != '[' {
		s.fault("sequence %q", text[:2])
		return 2
	}
	end := 2
	for end < len(text) && (text[end] < 0x40 || text[end] > 0x7e) {
		end++
	}
	if end == len(text) {
		return 0
	}
	params := string(text[2:end])
	switch final := text[end]; {
	case final == 'm':
	case final == 'J' && params == "":
		s.clear()
		for i := s.row + 1; i < s.rows; i++ {
			s.cells[i] = nil
		}
	case final == 'K' && params == "":
		s.clear()
	case final == 'A':
		n, err := strconv.Atoi(params)
		if err != nil || n < 1 || n > s.row {
			s.fault("cursor up %q from row %d", params, s.row)
		}
		s.row = max(s.row-n, 0)
	default:
		s.fault("sequence %q", text[:end+1])
	}
	return end + 1
}

// clear empties the row from the cursor on.
func (s *Screen) clear() {
	s.cells[s.row] = s.cells[s.row][:min(len(s.cells[s.row]), s.column)]
}

func (s *Screen) draw(char string) {
	width := uniseg.StringWidth(char)
	if width == 0 {
		return
	}
	if s.column+width > s.columns {
		s.column = 0
		s.down()
	}
	row := s.cells[s.row]
	for len(row) < s.column+width {
		row = append(row, " ")
	}
	row[s.column] = char
	for i := 1; i < width; i++ {
		row[s.column+i] = ""
	}
	s.cells[s.row] = row
	s.column += width
}

func (s *Screen) down() {
	if s.row+1 < s.rows {
		s.row++
		return
	}
	s.scroll()
}

// scroll moves everything one row up.
func (s *Screen) scroll() {
	s.above = append(s.above, line(s.cells[0]))
	s.cells = append(s.cells[1:], nil)
}

func line(cells []string) string { return strings.TrimRight(strings.Join(cells, ""), " ") }

func (s *Screen) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// Text returns what scrolled away and what is on the screen, without the empty
// lines at the end.
func (s *Screen) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text()
}

func (s *Screen) text() string {
	lines := append([]string(nil), s.above...)
	for _, row := range s.cells {
		lines = append(lines, line(row))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// Faults returns what was sent that should not have been.
func (s *Screen) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// Writes returns how often something was written.
func (s *Screen) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// Wait returns the text as soon as it meets a condition.
func (s *Screen) Wait(met func(text string) bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if text := s.text(); met(text) {
			return text
		}
		s.changed.Wait()
	}
}
