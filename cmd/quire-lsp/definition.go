package main

import (
	"context"

	"go.lsp.dev/protocol"

	"quire/analysis/source"
)

// Definition leads to where the name under the cursor is bound, or the job is
// registered.
func (s *server) Definition(ctx context.Context, p *protocol.DefinitionParams) (protocol.DefinitionResult, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	if doc == nil {
		return protocol.LocationSlice{}, nil
	}
	return s.locations(doc, doc.snapshot.Definition(offset)), ctx.Err()
}

// locations returns the wire form of places that a document knows of.
func (s *server) locations(doc *document, places []source.Place) protocol.LocationSlice {
	locations := protocol.LocationSlice{}
	for _, at := range places {
		locations = append(locations, protocol.Location{
			URI: doc.sibling(at.File), Range: s.caps.encoding.rangeOf(at.File, at.Span)})
	}
	return locations
}
