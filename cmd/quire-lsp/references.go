package main

import (
	"context"

	"go.lsp.dev/protocol"
)

// References lists where the name under the cursor stands.
func (s *server) References(ctx context.Context, p *protocol.ReferenceParams) ([]protocol.Location, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	locations := []protocol.Location{}
	if doc == nil {
		return locations, nil
	}
	for _, r := range doc.snapshot.References(offset) {
		if !r.Defines || p.Context.IncludeDeclaration {
			locations = append(locations, protocol.Location{URI: doc.sibling(r.File), Range: s.caps.encoding.rangeOf(r.File, r.Span)})
		}
	}
	return locations, ctx.Err()
}

// DocumentHighlight marks where the name under the cursor stands.
func (s *server) DocumentHighlight(ctx context.Context, p *protocol.DocumentHighlightParams) ([]protocol.DocumentHighlight, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	highlights := []protocol.DocumentHighlight{}
	if doc == nil {
		return highlights, nil
	}
	for _, r := range doc.snapshot.References(offset) {
		if r.File != doc.file {
			continue
		}
		kind := protocol.DocumentHighlightKindRead
		if r.Defines {
			kind = protocol.DocumentHighlightKindWrite
		}
		highlights = append(highlights, protocol.DocumentHighlight{Range: s.caps.encoding.rangeOf(doc.file, r.Span), Kind: kind})
	}
	return highlights, ctx.Err()
}
