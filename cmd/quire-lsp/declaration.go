package main

import (
	"context"

	"go.lsp.dev/protocol"
)

// Declaration leads to where the name under the cursor is bound, also where its
// definition is what another job returns.
func (s *server) Declaration(ctx context.Context, p *protocol.DeclarationParams) (protocol.DeclarationResult, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	if doc == nil {
		return protocol.LocationSlice{}, nil
	}
	return s.locations(doc, doc.snapshot.Declaration(offset)), ctx.Err()
}
