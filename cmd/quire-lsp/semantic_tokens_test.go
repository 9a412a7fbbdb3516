package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

// tokens returns the text of tokens with its place, type and modifiers, by the
// legend that the server gave.
func (a asker) tokens(data []uint32) []string {
	var out []string
	var line, column uint32
	for t := range slices.Chunk(data, 5) {
		line += t[0]
		if t[0] > 0 {
			column = 0
		}
		column += t[1]
		text := a.text(protocol.Range{Start: protocol.Position{Line: line, Character: column},
			End: protocol.Position{Line: line, Character: column + t[2]}})
		text += " " + string(tokenTypes[t[3]])
		for i, m := range tokenModifiers {
			if t[4]&(1<<i) != 0 {
				text += " " + string(m)
			}
		}
		out = append(out, text)
	}
	return out
}

func TestSemanticTokens(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		id := protocol.TextDocumentIdentifier{URI: a.uri}
		var full protocol.SemanticTokens
		a.call("textDocument/semanticTokens/full", &protocol.SemanticTokensParams{TextDocument: id}, &full)
		all := a.tokens(full.Data)
		equal(t, "the first line and what follows it", all[:8], []string{
			"1:2 local keyword defaultLibrary",
			"1:9 : operator defaultLibrary",
			"1:11 job function declaration defaultLibrary",
			"1:17 require function defaultLibrary",
			"1:25 :quire.ci namespace",
			`2:1 "é𝄞" string`,
			"2:11 job function defaultLibrary",
			"2:15 :build function declaration",
		})

		var part protocol.SemanticTokens
		third := protocol.Range{Start: protocol.Position{Line: 2}, End: protocol.Position{Line: 2, Character: 2}}
		a.call("textDocument/semanticTokens/range", &protocol.SemanticTokensRangeParams{TextDocument: id, Range: third}, &part)
		equal(t, "a range within a token", a.tokens(part.Data), []string{`3:1 "é𝄞" string`})

		// What the edits make of the old tokens is what a new session gets.
		changed := strings.Replace(knowing, "(sh \"true\"", "; new\n(sh 1 2", 1)
		a.change(a.uri, 2, changed)
		p := &protocol.SemanticTokensDeltaParams{TextDocument: id, PreviousResultID: *full.ResultID}
		var delta protocol.SemanticTokensDelta
		a.call("textDocument/semanticTokens/full/delta", p, &delta)
		data := full.Data
		for _, e := range delta.Edits {
			data = slices.Concat(data[:e.Start], e.Data, data[e.Start+e.DeleteCount:])
			if len(e.Data) > len(full.Data)/2 {
				t.Errorf("%d of %d numbers are sent", len(e.Data), len(full.Data))
			}
		}
		fresh := a.client.open(".quire/ci.fnl", changed)
		var want protocol.SemanticTokens
		a.call("textDocument/semanticTokens/full", &protocol.SemanticTokensParams{
			TextDocument: protocol.TextDocumentIdentifier{URI: fresh}}, &want)
		equal(t, "tokens by edits", data, want.Data)

		// A result that is not the last one cannot be the base of edits.
		var raw json.RawMessage
		a.call("textDocument/semanticTokens/full/delta", p, &raw)
		if !strings.Contains(string(raw), `"data"`) {
			t.Errorf("for an old result id: %s", raw)
		}
		p.PreviousResultID = *delta.ResultID
		var last protocol.SemanticTokens
		a.call("textDocument/semanticTokens/full/delta", p, &last)
		equal(t, "tokens", last.Data, want.Data)
	})
}
