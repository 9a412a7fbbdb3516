package main

import (
	"testing"

	"go.lsp.dev/protocol"
)

func TestFoldingRange(t *testing.T) {
	c := start(t, everything)
	u := c.open(".quire/ci.fnl", "; é\n; 𝄞\n(fn f []\n  (g\n    1\n")
	var got []protocol.FoldingRange
	c.call("textDocument/foldingRange", &protocol.FoldingRangeParams{TextDocument: protocol.TextDocumentIdentifier{URI: u}}, &got)
	equal(t, "folds", got, []protocol.FoldingRange{
		{StartLine: 0, EndLine: 1, Kind: protocol.FoldingRangeKindComment},
		{StartLine: 2, EndLine: 4},
		{StartLine: 3, EndLine: 4},
	})
}

func TestSelectionRange(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		p := &protocol.SelectionRangeParams{TextDocument: protocol.TextDocumentIdentifier{URI: a.uri},
			Positions: []protocol.Position{a.at("[:te|st :]").Position, a.at("(fn later [x|]").Position, {Line: 99}}}
		var ranges []protocol.SelectionRange
		a.call("textDocument/selectionRange", p, &ranges)
		var got [][]string
		for _, r := range ranges {
			var texts []string
			for at := &r; at.Parent != nil; at = at.Parent {
				texts = append(texts, a.text(at.Range))
			}
			got = append(got, texts)
		}
		equal(t, "selections", got, [][]string{
			{"4:23 test", "4:22 :test", "4:21 [:test :]", `4:10 (job :pack [:test :] (fn [] nil))`},
			{"5:21 x", "5:20 [x]", "5:10 (fn later [x] x)"},
			nil,
		})
	})
}
