package main

import (
	"os"
	"path/filepath"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

func TestCallHierarchy(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var items []protocol.CallHierarchyItem
		a.call("textDocument/prepareCallHierarchy", &protocol.CallHierarchyPrepareParams{TextDocumentPositionParams: a.at("(jobs :bui|ld)")}, &items)
		if len(items) != 1 {
			t.Fatalf("%d items: %+v", len(items), items)
		}
		build := items[0]
		equal(t, "item", []string{build.Name, a.text(build.SelectionRange)}, []string{"build", "2:15 :build"})

		var incoming []protocol.CallHierarchyIncomingCall
		a.call("callHierarchy/incomingCalls", &protocol.CallHierarchyIncomingCallsParams{Item: build}, &incoming)
		if len(incoming) != 1 || incoming[0].From.Name != "test" {
			t.Fatalf("incoming: %+v", incoming)
		}
		equal(t, "where test names build", a.text(incoming[0].FromRanges[0]), "3:22 :build")

		var outgoing []protocol.CallHierarchyOutgoingCall
		a.call("callHierarchy/outgoingCalls", &protocol.CallHierarchyOutgoingCallsParams{Item: build}, &outgoing)
		if len(outgoing) != 1 || outgoing[0].To.Name != "quire/push" || outgoing[0].To.Kind != protocol.SymbolKindEvent {
			t.Fatalf("outgoing: %+v", outgoing)
		}
		equal(t, "where build names it", a.text(outgoing[0].FromRanges[0]), "2:23 :quire/push")
		a.call("callHierarchy/incomingCalls", &protocol.CallHierarchyIncomingCallsParams{Item: outgoing[0].To}, &incoming)
		equal(t, "what a push starts", incoming[0].From.Name, "build")
	})
}

func TestLinkedEditingRange(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var linked protocol.LinkedEditingRanges
		a.call("textDocument/linkedEditingRange", &protocol.LinkedEditingRangeParams{TextDocumentPositionParams: a.at("(jobs :build|)")}, &linked)
		var got []string
		for _, r := range linked.Ranges {
			got = append(got, a.text(r))
		}
		equal(t, "linked", got, []string{"2:16 build", "3:23 build", "3:52 build"})
		var nothing *protocol.LinkedEditingRanges
		a.call("textDocument/linkedEditingRange", &protocol.LinkedEditingRangeParams{TextDocumentPositionParams: a.at(":quire|/push")}, &nothing)
		if nothing != nil {
			t.Errorf("linked to a source: %+v", nothing)
		}
	})
}

func TestDocumentLink(t *testing.T) {
	c := start(t, everything)
	root := t.TempDir()
	for _, name := range []string{"make.sh", "directory/x"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	u := c.openIn(root, ".quire/ci.fnl", `(local ci (require :quire.ci))
(ci.image "x")
(ci.job :a [:quire/push] (fn [{: sh}] (sh ["./make.sh" "./missing.sh" "./directory"])))`)
	var links []protocol.DocumentLink
	c.call("textDocument/documentLink", &protocol.DocumentLinkParams{TextDocument: protocol.TextDocumentIdentifier{URI: u}}, &links)
	if len(links) != 1 {
		t.Fatalf("%d links: %+v", len(links), links)
	}
	equal(t, "target", *links[0].Target, uri.File(filepath.Join(root, "make.sh")))
	equal(t, "range", links[0].Range, protocol.Range{
		Start: protocol.Position{Line: 2, Character: 44}, End: protocol.Position{Line: 2, Character: 53}})
}

func TestDeclaration(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var at protocol.LocationSlice
		a.call("textDocument/declaration", &protocol.DeclarationParams{TextDocumentPositionParams: a.at("(s|h \"true\"")}, &at)
		if len(at) != 1 {
			t.Fatalf("declarations: %+v", at)
		}
		equal(t, "declaration", a.text(at[0].Range), "2:44 sh")
	})
}
