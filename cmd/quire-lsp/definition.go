package main

import (
	"context"

	"go.lsp.dev/protocol"
)

// Definition leads to where the name under the cursor is bound, or the job is
// registered.
func (s *server) Definition(ctx context.Context, p *protocol.DefinitionParams) (protocol.DefinitionResult, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	locations := protocol.LocationSlice{}
	if doc == nil {
		return locations, nil
	}
	for _, at := range doc.snapshot.Definition(offset) {
		locations = append(locations, protocol.Location{
			URI: doc.sibling(at.File), Range: s.caps.encoding.rangeOf(at.File, at.Span)})
	}
	return locations, ctx.Err()
}
