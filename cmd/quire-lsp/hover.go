package main

import (
	"context"
	"time"

	"go.lsp.dev/protocol"

	"quire/analysis"
)

// Hover shows what the name under the cursor refers to.
func (s *server) Hover(ctx context.Context, p *protocol.HoverParams) (*protocol.Hover, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	if doc == nil {
		return nil, nil
	}
	h, ok := doc.snapshot.Hover(offset, analysis.HoverOptions{Result: func(id string) (string, bool) {
		r, ok := s.knownResults(doc.root)[id]
		if !ok {
			return "", false
		}
		job, _ := doc.snapshot.Graph().Job(id)
		return r.since(job) + " (" + r.Finished.Local().Format(time.DateTime) + ")", true
	}})
	if !ok {
		return nil, ctx.Err()
	}
	span := s.caps.encoding.rangeOf(doc.file, h.Span)
	return &protocol.Hover{
		Contents: &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: h.Markdown},
		Range:    &span,
	}, ctx.Err()
}

// place takes the version of a document that a request is about, lets the next
// message in, and returns the offset of the position. The document is nil
// where there is no pipeline.
func (s *server) place(ctx context.Context, p protocol.TextDocumentPositionParams) (*document, int) {
	doc := s.pipeline(ctx, p.TextDocument)
	if doc == nil {
		return nil, 0
	}
	return doc, s.caps.encoding.offset(doc.file, p.Position)
}

// pipeline takes the version of a document that a request is about and lets the
// next message in. It returns nil where there is no pipeline.
func (s *server) pipeline(ctx context.Context, id protocol.TextDocumentIdentifier) *document {
	doc := s.documents.get(id.URI)
	release(ctx)
	if doc == nil || doc.snapshot == nil {
		return nil
	}
	return doc
}
