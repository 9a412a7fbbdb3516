package main

import (
	"context"

	"go.lsp.dev/protocol"

	"quire/analysis"
)

// FoldingRanges returns the forms, comments and strings of several lines.
func (s *server) FoldingRanges(ctx context.Context, p *protocol.FoldingRangeParams) ([]protocol.FoldingRange, error) {
	doc := s.pipeline(ctx, p.TextDocument)
	ranges := []protocol.FoldingRange{}
	if doc == nil {
		return ranges, nil
	}
	for _, f := range doc.snapshot.Folds() {
		at := s.caps.encoding.rangeOf(doc.file, f.Span)
		r := protocol.FoldingRange{StartLine: at.Start.Line, EndLine: at.End.Line}
		if f.Kind == analysis.CommentFold {
			r.Kind = protocol.FoldingRangeKindComment
		}
		ranges = append(ranges, r)
	}
	return ranges, ctx.Err()
}
