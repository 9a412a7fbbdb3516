package main

import (
	"context"
	"strings"

	"go.lsp.dev/protocol"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// Formatting lays out a buffer. What the client says of tabs and spaces does
// not matter: in Fennel, forms are aligned.
func (s *server) Formatting(ctx context.Context, p *protocol.DocumentFormattingParams) ([]protocol.TextEdit, error) {
	doc := s.documents.get(p.TextDocument.URI)
	release(ctx)
	if !doc.isFennel() {
		return nil, nil
	}
	return s.textEdits(doc.file, syntax.Format(syntax.Read(doc.file))), ctx.Err()
}

// RangeFormatting lays out the forms that a range touches.
func (s *server) RangeFormatting(ctx context.Context, p *protocol.DocumentRangeFormattingParams) ([]protocol.TextEdit, error) {
	doc := s.documents.get(p.TextDocument.URI)
	release(ctx)
	if !doc.isFennel() {
		return nil, nil
	}
	span := s.caps.encoding.span(doc.file, p.Range)
	return s.textEdits(doc.file, syntax.FormatRange(syntax.Read(doc.file), span)), ctx.Err()
}

// OnTypeFormatting indents the line that a line feed has begun.
func (s *server) OnTypeFormatting(ctx context.Context, p *protocol.DocumentOnTypeFormattingParams) ([]protocol.TextEdit, error) {
	doc := s.documents.get(p.TextDocument.URI)
	release(ctx)
	if !doc.isFennel() || p.Ch != "\n" {
		return nil, nil
	}
	offset := s.caps.encoding.offset(doc.file, p.Position)
	line := doc.file.Line(doc.file.Position(offset).Line)
	text := doc.file.Slice(line)
	blanks := source.Span{Start: line.Start, End: line.Start + len(text) - len(strings.TrimLeft(text, " \t"))}
	column, ok := syntax.Indentation(syntax.Read(doc.file), blanks.End)
	indent := strings.Repeat(" ", column)
	if !ok || doc.file.Slice(blanks) == indent {
		return []protocol.TextEdit{}, ctx.Err()
	}
	return s.textEdits(doc.file, []diag.Edit{{File: doc.file, Span: blanks, Text: indent}}), ctx.Err()
}

func (s *server) textEdits(f *source.File, edits []diag.Edit) []protocol.TextEdit {
	all := make([]protocol.TextEdit, len(edits))
	for i, e := range edits {
		all[i] = s.textEdit(f, e)
	}
	return all
}
