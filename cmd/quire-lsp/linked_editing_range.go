package main

import (
	"context"

	"go.lsp.dev/protocol"
)

// jobPattern is what the id of a job may be made of while it is typed.
const jobPattern = `[^\s()\[\]{}"'` + "`" + `,;@/\\]+`

// LinkedEditingRange returns the places of the id of a job, for an editor to
// change them as one of them is typed.
func (s *server) LinkedEditingRange(ctx context.Context, p *protocol.LinkedEditingRangeParams) (*protocol.LinkedEditingRanges, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	if doc == nil {
		return nil, nil
	}
	spans := doc.snapshot.Linked(offset)
	if len(spans) == 0 {
		return nil, ctx.Err()
	}
	pattern := jobPattern
	linked := &protocol.LinkedEditingRanges{WordPattern: &pattern}
	for _, at := range spans {
		linked.Ranges = append(linked.Ranges, s.caps.encoding.rangeOf(doc.file, at))
	}
	return linked, ctx.Err()
}
