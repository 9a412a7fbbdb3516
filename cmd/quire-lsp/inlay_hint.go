package main

import (
	"context"
	"time"

	"go.lsp.dev/protocol"

	"quire/analysis"
	"quire/exec"
)

// InlayHint shows when the jobs in a range run and what needs them, and the
// names of parameters.
func (s *server) InlayHint(ctx context.Context, p *protocol.InlayHintParams) ([]protocol.InlayHint, error) {
	doc := s.pipeline(ctx, p.TextDocument)
	hints := []protocol.InlayHint{}
	if doc == nil {
		return hints, nil
	}
	yes := true
	for _, h := range doc.snapshot.Hints(s.caps.encoding.span(doc.file, p.Range), s.hintOptions(doc)) {
		hint := protocol.InlayHint{Position: s.caps.encoding.position(doc.file, h.Offset), Label: protocol.String(h.Label)}
		if h.Parameter {
			hint.Kind, hint.PaddingRight = protocol.InlayHintKindParameter, &yes
		} else {
			hint.PaddingLeft = &yes
		}
		if h.Tooltip != "" {
			hint.Tooltip = &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: h.Tooltip}
		}
		hints = append(hints, hint)
	}
	return hints, ctx.Err()
}

// hintOptions says which hints a document has.
func (s *server) hintOptions(doc *document) analysis.HintOptions {
	shown := s.settings(doc.root).InlayHints
	o := analysis.HintOptions{Order: shown.Order, Dependents: shown.Dependents, Parameters: shown.ParameterNames}
	if shown.LastDuration {
		o.Duration = func(id string) (time.Duration, bool) {
			r, ok := s.lastResult(doc, id)
			return lasted(r.JobReport), ok && r.Outcome != exec.Skipped
		}
	}
	return o
}
