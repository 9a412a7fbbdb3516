// Package source holds the text of a program and every way of naming a place
// in it.
//
// Four notations of a place meet in this product:
//
//   - a byte offset into the text, from 0: what everything inside uses;
//   - a [Span], two byte offsets, half-open: a region;
//   - a [Position], line and byte column from 1: what people read;
//   - a [Position16], line and UTF-16 column from 0: what LSP speaks by default.
//
// Only this package converts between them. Lines end at "\n", "\r\n" or a
// lone "\r", as LSP says; the line terminator belongs to the line it ends.
package source

import (
	"fmt"
	"sort"
	"strings"
	"sync"
)

// A Span is a half-open region of a text, in bytes from its start.
type Span struct{ Start, End int }

// Len returns the number of bytes in the span.
func (s Span) Len() int { return s.End - s.Start }

// Contains reports whether offset lies in the span. An offset at the end of
// the span is outside of it.
func (s Span) Contains(offset int) bool { return s.Start <= offset && offset < s.End }

// Touches reports whether offset lies in the span or at its end, as a cursor
// behind the last character does.
func (s Span) Touches(offset int) bool { return s.Start <= offset && offset <= s.End }

// Encloses reports whether t lies entirely in s.
func (s Span) Encloses(t Span) bool { return s.Start <= t.Start && t.End <= s.End }

// Shift returns the span moved by n bytes.
func (s Span) Shift(n int) Span { return Span{s.Start + n, s.End + n} }

// A Position is a place as people write it: line and byte column, both from 1.
type Position struct{ Line, Column int }

func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// A Position16 is a place as LSP writes it: line and UTF-16 column, both from 0.
type Position16 struct{ Line, Character int }

// A File is one immutable text under a name.
type File struct {
	name  string
	text  string
	lines func() []int // offset of the first byte of each line
	marks func() []mark16
}

// NewFile returns a file with the given name and text. The name is what
// diagnostics show: a slash-separated path relative to the repository root,
// or "-" for standard input. The text may hold any bytes.
func NewFile(name, text string) *File {
	return &File{
		name:  name,
		text:  text,
		lines: sync.OnceValue(func() []int { return lineStarts(text) }),
		marks: sync.OnceValue(func() []mark16 { return marks16(text) }),
	}
}

func lineStarts(text string) []int {
	starts := make([]int, 1, 2+strings.Count(text, "\n"))
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\n':
			starts = append(starts, i+1)
		case '\r':
			if i+1 == len(text) || text[i+1] != '\n' {
				starts = append(starts, i+1)
			}
		}
	}
	return starts
}

// Name returns the name the file was made with.
func (f *File) Name() string { return f.name }

// Same reports whether two files of a repository are one in the same state: of
// one name and text. What was compiled before is used again with the file that it
// was compiled from, which need not be the one at hand.
func Same(a, b *File) bool { return a == b || a.name == b.name && a.text == b.text }

// Text returns the whole text.
func (f *File) Text() string { return f.text }

// Slice returns the text of a span, which is clamped to the file.
func (f *File) Slice(s Span) string {
	s = f.clamp(s)
	return f.text[s.Start:s.End]
}

func (f *File) clamp(s Span) Span {
	start := min(max(s.Start, 0), len(f.text))
	return Span{start, min(max(s.End, start), len(f.text))}
}

// LineCount returns the number of lines, at least 1: a text that ends in a
// line terminator has an empty last line.
func (f *File) LineCount() int { return len(f.lines()) }

// Line returns the span of a line, numbered from 1, without its terminator.
// Lines outside of the file are empty spans at its nearest end.
func (f *File) Line(line int) Span {
	starts := f.lines()
	if line < 1 {
		return Span{}
	}
	if line > len(starts) {
		return Span{len(f.text), len(f.text)}
	}
	start, end := starts[line-1], len(f.text)
	if line < len(starts) {
		end = starts[line]
	}
	for end > start && (f.text[end-1] == '\n' || f.text[end-1] == '\r') {
		end--
	}
	return Span{start, end}
}

// lineOf returns the number from 0 of the line that holds offset, which must
// lie in [0, len(text)].
func (f *File) lineOf(offset int) int {
	starts := f.lines()
	return sort.Search(len(starts), func(i int) bool { return starts[i] > offset }) - 1
}

// Position returns the line and byte column of an offset, which is clamped to
// the file.
func (f *File) Position(offset int) Position {
	offset = min(max(offset, 0), len(f.text))
	line := f.lineOf(offset)
	return Position{line + 1, offset - f.lines()[line] + 1}
}

// Offset returns the byte offset of a position. A column behind the end of
// its line means the end of the line; a line outside of the file means the
// nearest end of the file.
func (f *File) Offset(p Position) int {
	if p.Line < 1 {
		return 0
	}
	line := f.Line(p.Line)
	return line.Start + min(max(p.Column-1, 0), line.Len())
}

// A Place is a span of a file.
type Place struct {
	File *File
	Span Span
}

// String returns the place in the form file:line:column that terminals and
// editors make clickable.
func (p Place) String() string {
	return fmt.Sprintf("%s:%s", p.File.Name(), p.File.Position(p.Span.Start))
}
