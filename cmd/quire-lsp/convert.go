package main

import (
	"go.lsp.dev/protocol"

	"quire/analysis/source"
)

// An encoding is the unit in which columns are counted on the wire. Lines and
// columns count from 0 there; everywhere else in the program a place is a byte
// offset.
type encoding int

const (
	utf16 encoding = iota
	utf8
)

func (e encoding) kind() protocol.PositionEncodingKind {
	if e == utf8 {
		return protocol.PositionEncodingKindUTF8
	}
	return protocol.PositionEncodingKindUTF16
}

// position returns the wire form of an offset.
func (e encoding) position(f *source.File, offset int) protocol.Position {
	if e == utf8 {
		p := f.Position(offset)
		return protocol.Position{Line: uint32(p.Line - 1), Character: uint32(p.Column - 1)}
	}
	p := f.Position16(offset)
	return protocol.Position{Line: uint32(p.Line), Character: uint32(p.Character)}
}

// offset returns the byte offset of a wire position, clamped to the text: a
// column behind the end of its line means the end of the line, as the protocol
// says, and a line behind the last one the end of the text.
func (e encoding) offset(f *source.File, p protocol.Position) int {
	if e == utf8 {
		return f.Offset(source.Position{Line: int(p.Line) + 1, Column: int(p.Character) + 1})
	}
	return f.Offset16(source.Position16{Line: int(p.Line), Character: int(p.Character)})
}

// rangeOf returns the wire form of a span.
func (e encoding) rangeOf(f *source.File, s source.Span) protocol.Range {
	return protocol.Range{Start: e.position(f, s.Start), End: e.position(f, s.End)}
}

// span returns the span of a wire range. A range whose end lies before its
// start is empty.
func (e encoding) span(f *source.File, r protocol.Range) source.Span {
	start := e.offset(f, r.Start)
	return source.Span{Start: start, End: max(start, e.offset(f, r.End))}
}
