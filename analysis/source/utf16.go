package source

import (
	"sort"
	"unicode/utf8"
)

// UTF-16 columns are counted from the start of a line, and a line can be as
// long as the file. So that a thousand places in such a line cost no more than
// in others, a file that is not pure ASCII remembers at regular distances how
// many units there are before.

// markDistance is the distance of two marks in bytes, at least.
const markDistance = 1 << 10

// A mark16 is the start of a character and how many UTF-16 units there are from
// the start of the text up to it.
type mark16 struct{ offset, units int }

// marks16 returns the marks of a text in order, the first at its start, or nil
// when a unit is a byte everywhere.
func marks16(text string) []mark16 {
	first := 0
	for first < len(text) && text[first] < utf8.RuneSelf {
		first++
	}
	if first == len(text) {
		return nil
	}
	marks := []mark16{{}}
	units, next := 0, markDistance
	for i := 0; i < len(text); {
		if i >= next {
			marks = append(marks, mark16{i, units})
			next = i + markDistance
		}
		size, width := char16(text[i:])
		i, units = i+size, units+width
	}
	return marks
}

// char16 returns the size in bytes of the first character of a text and its
// width in UTF-16 units. A byte that is not part of valid UTF-8 counts as one
// unit, as the replacement character does.
func char16(text string) (size, width int) {
	r, size := utf8.DecodeRuneInString(text)
	if r >= 0x10000 {
		return size, 2
	}
	return size, 1
}

// units returns how many UTF-16 units there are before the character that
// holds offset.
func (f *File) units(offset int) int {
	marks := f.marks()
	if marks == nil {
		return offset
	}
	at := marks[sort.Search(len(marks), func(i int) bool { return marks[i].offset > offset })-1]
	for {
		size, width := char16(f.text[at.offset:])
		if size == 0 || at.offset+size > offset {
			return at.units
		}
		at.offset, at.units = at.offset+size, at.units+width
	}
}

// offsetOf returns the start of the character that holds the UTF-16 unit of
// the given number, which must be in the text or at its end.
func (f *File) offsetOf(unit int) int {
	marks := f.marks()
	if marks == nil {
		return unit
	}
	at := marks[sort.Search(len(marks), func(i int) bool { return marks[i].units > unit })-1]
	for {
		size, width := char16(f.text[at.offset:])
		if size == 0 || at.units+width > unit {
			return at.offset
		}
		at.offset, at.units = at.offset+size, at.units+width
	}
}

// Position16 returns the line and UTF-16 column of an offset, which is clamped
// to the file. An offset inside a character means the start of that character;
// a byte that is not part of valid UTF-8 counts as one unit, as the replacement
// character does.
func (f *File) Position16(offset int) Position16 {
	offset = min(max(offset, 0), len(f.text))
	line := f.lineOf(offset)
	return Position16{line, f.units(offset) - f.units(f.lines()[line])}
}

// Offset16 returns the byte offset of a UTF-16 position, clamped as [File.Offset]
// clamps. A column inside a surrogate pair means the start of its character.
func (f *File) Offset16(p Position16) int {
	switch {
	case p.Line < 0:
		return 0
	case p.Line >= f.LineCount():
		return len(f.text)
	}
	line := f.Line(p.Line + 1)
	start, end := f.units(line.Start), f.units(line.End)
	return f.offsetOf(start + min(max(p.Character, 0), end-start))
}
