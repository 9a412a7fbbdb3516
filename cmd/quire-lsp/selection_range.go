package main

import (
	"context"

	"go.lsp.dev/protocol"

	"quire/analysis/source"
)

// SelectionRange returns what selections at each position grow over.
func (s *server) SelectionRange(ctx context.Context, p *protocol.SelectionRangeParams) ([]protocol.SelectionRange, error) {
	doc := s.pipeline(ctx, p.TextDocument)
	ranges := []protocol.SelectionRange{}
	if doc == nil {
		return ranges, nil
	}
	for _, at := range p.Positions {
		ranges = append(ranges, s.selection(doc, doc.snapshot.Selections(s.caps.encoding.offset(doc.file, at))))
	}
	return ranges, ctx.Err()
}

// selection links spans, of which there is one at least, from the smallest to
// the largest.
func (s *server) selection(doc *document, spans []source.Span) protocol.SelectionRange {
	r := protocol.SelectionRange{Range: s.caps.encoding.rangeOf(doc.file, spans[0])}
	if len(spans) > 1 {
		parent := s.selection(doc, spans[1:])
		r.Parent = &parent
	}
	return r
}
