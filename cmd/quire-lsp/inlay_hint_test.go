package main

import (
	"testing"

	"go.lsp.dev/protocol"
)

func TestInlayHint(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var hints []protocol.InlayHint
		second := protocol.Range{Start: protocol.Position{Line: 1}, End: protocol.Position{Line: 1, Character: 200}}
		a.call("textDocument/inlayHint", &protocol.InlayHintParams{
			TextDocument: protocol.TextDocumentIdentifier{URI: a.uri}, Range: second}, &hints)
		if len(hints) != 1 {
			t.Fatalf("%d hints: %+v", len(hints), hints)
		}
		equal(t, "label", hints[0].Label, protocol.InlayHintLabel(protocol.String("#1, level 1 · 1 dependent")))
		equal(t, "place", hints[0].Position, a.at(`{:cwd "x"})))|`).Position)
	})
}
