package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/source"
)

// TestModules asks about names that a module of the repository defines or uses:
// answers are in the file where each place is.
func TestModules(t *testing.T) {
	const (
		pipeline = "(local tools (require :tools))\n(tools.start)\n(let [{: job} (require :quire.ci)] (job :c [:a] (fn [])))"
		module   = "\"é𝄞\" (local {: job} (require :quire.ci))\n\"é𝄞\" (fn start [] (job :a [:quire/push] (fn [] nil)) (job :b [:a] (fn [] nil)))\n{: start}\n"
	)
	c := start(t, `{}`)
	root := t.TempDir()
	path := filepath.Join(root, "tools.fnl")
	if err := os.WriteFile(path, []byte(module), 0o600); err != nil {
		t.Fatal(err)
	}
	u := c.openIn(root, ".quire/ci.fnl", pipeline)
	files := map[uri.URI]*source.File{
		u:              source.NewFile("ci.fnl", pipeline),
		uri.File(path): source.NewFile("tools.fnl", module),
	}
	text := func(u uri.URI, r protocol.Range) string {
		f := files[u]
		span := utf16.span(f, r)
		return f.Name() + ":" + f.Position(span.Start).String() + " " + f.Slice(span)
	}
	at := func(line, column uint32) protocol.TextDocumentPositionParams {
		return protocol.TextDocumentPositionParams{TextDocument: protocol.TextDocumentIdentifier{URI: u},
			Position: protocol.Position{Line: line, Character: column}}
	}

	var definition protocol.LocationSlice
	c.call("textDocument/definition", &protocol.DefinitionParams{TextDocumentPositionParams: at(1, 8)}, &definition)
	if len(definition) != 1 {
		t.Fatalf("definition: %+v", definition)
	}
	equal(t, "definition", text(definition[0].URI, definition[0].Range), "tools.fnl:2:14 start")

	var references []protocol.Location
	c.call("textDocument/references", &protocol.ReferenceParams{TextDocumentPositionParams: at(1, 8),
		Context: protocol.ReferenceContext{IncludeDeclaration: true}}, &references)
	var got []string
	for _, r := range references {
		got = append(got, text(r.URI, r.Range))
	}
	equal(t, "references", got, []string{"ci.fnl:2:8 start", "tools.fnl:2:14 start", "tools.fnl:3:4 start"})

	var highlights []protocol.DocumentHighlight
	c.call("textDocument/documentHighlight", &protocol.DocumentHighlightParams{TextDocumentPositionParams: at(1, 8)}, &highlights)
	equal(t, "highlights in the file", len(highlights), 1)

	var edit protocol.WorkspaceEdit
	c.call("textDocument/rename", &protocol.RenameParams{TextDocumentPositionParams: at(2, 44), NewName: "x"}, &edit)
	got = nil
	for u, edits := range edit.Changes {
		for _, e := range edits {
			got = append(got, text(u, e.Range)+" -> "+e.NewText)
		}
	}
	slices.Sort(got)
	equal(t, "renames", got, []string{"ci.fnl:3:46 a -> x", "tools.fnl:2:29 a -> x", "tools.fnl:2:68 a -> x"})
}
