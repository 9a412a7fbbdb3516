package main

import (
	"slices"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/source"
)

// knowing is a pipeline whose lines hold characters of one to four bytes in
// front of what is asked about.
const knowing = `(local {: job} (require :quire.ci))
"é𝄞" (job :build [:quire/push] (fn [{: sh}] (sh "true" {:cwd "x"})))
"é𝄞" (job :test [:build] (fn [{: jobs}] (jobs :build)))
"é𝄞" (job :pack [:test :] (fn [] nil))
"é𝄞" (fn later [x] x)
`

// An asker asks about places of one document in an encoding.
type asker struct {
	*client
	uri  uri.URI
	file *source.File
	enc  encoding
}

// asked runs a test in both encodings.
func asked(t *testing.T, test func(t *testing.T, a asker)) {
	for _, enc := range []encoding{utf8, utf16} {
		t.Run(string(enc.kind()), func(t *testing.T) {
			c := start(t, `{"general": {"positionEncodings": ["`+string(enc.kind())+`"]}}`)
			test(t, asker{c, c.open(".quire/ci.fnl", knowing), source.NewFile("ci.fnl", knowing), enc})
		})
	}
}

// at returns the place of the | in a piece of the text.
func (a asker) at(piece string) protocol.TextDocumentPositionParams {
	a.t.Helper()
	before, after, _ := strings.Cut(piece, "|")
	i := strings.Index(knowing, before+after)
	if i < 0 {
		a.t.Fatalf("no %q", piece)
	}
	return protocol.TextDocumentPositionParams{
		TextDocument: protocol.TextDocumentIdentifier{URI: a.uri},
		Position:     a.enc.position(a.file, i+len(before)),
	}
}

// text returns the text of a range with its line in front.
func (a asker) text(r protocol.Range) string {
	span := a.enc.span(a.file, r)
	return a.file.Position(span.Start).String() + " " + a.file.Slice(span)
}

func TestHover(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var h protocol.Hover
		a.call("textDocument/hover", &protocol.HoverParams{TextDocumentPositionParams: a.at(":bu|ild [")}, &h)
		equal(t, "range", a.text(*h.Range), "2:16 build")
		contents := h.Contents.(*protocol.MarkupContent)
		equal(t, "kind", contents.Kind, protocol.MarkupKindMarkdown)
		if !strings.Contains(contents.Value, "needed by: `test`") {
			t.Errorf("contents: %s", contents.Value)
		}
		var nothing *protocol.Hover
		a.call("textDocument/hover", &protocol.HoverParams{TextDocumentPositionParams: a.at("\"é|𝄞")}, &nothing)
		if nothing != nil {
			t.Errorf("hover in a string: %+v", nothing)
		}
	})
}

func TestDefinitionAndReferences(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var definition protocol.LocationSlice
		a.call("textDocument/definition", &protocol.DefinitionParams{TextDocumentPositionParams: a.at("(jobs :b|uild")}, &definition)
		if len(definition) != 1 || definition[0].URI != a.uri {
			t.Fatalf("definition: %+v", definition)
		}
		equal(t, "definition", a.text(definition[0].Range), "2:16 build")

		var all, uses []protocol.Location
		p := &protocol.ReferenceParams{TextDocumentPositionParams: a.at(":|build ["), Context: protocol.ReferenceContext{IncludeDeclaration: true}}
		a.call("textDocument/references", p, &all)
		p.Context.IncludeDeclaration = false
		a.call("textDocument/references", p, &uses)
		var got []string
		for _, l := range all {
			got = append(got, a.text(l.Range))
		}
		equal(t, "references", got, []string{"2:16 build", "3:23 build", "3:52 build"})
		equal(t, "uses", uses, all[1:])

		var highlights []protocol.DocumentHighlight
		a.call("textDocument/documentHighlight", &protocol.DocumentHighlightParams{TextDocumentPositionParams: a.at("later [x|]")}, &highlights)
		got = nil
		for _, h := range highlights {
			got = append(got, a.text(h.Range))
		}
		equal(t, "highlights", got, []string{"5:21 x", "5:24 x"})
		equal(t, "kind of the first", highlights[0].Kind, protocol.DocumentHighlightKindWrite)
	})
}

func TestDocumentSymbol(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var symbols protocol.DocumentSymbolSlice
		a.call("textDocument/documentSymbol", &protocol.DocumentSymbolParams{
			TextDocument: protocol.TextDocumentIdentifier{URI: a.uri}}, &symbols)
		var got []string
		for _, x := range symbols {
			got = append(got, x.Name+" at "+a.text(x.SelectionRange))
			for _, y := range x.Children {
				got = append(got, "  "+y.Name+" at "+a.text(y.SelectionRange))
			}
		}
		equal(t, "symbols", got, []string{"job at 1:11 job", "build at 2:15 :build", "  \"true\" at 2:53 \"true\"",
			"test at 3:15 :test", "pack at 4:15 :pack", "later at 5:14 later"})
	})
}

func TestWorkspaceSymbol(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		for query, want := range map[string][]string{
			"":   {"job 1:11 job", "build 2:15 :build", "test 3:15 :test", "pack 4:15 :pack", "later 5:14 later"},
			"TE": {"test 3:15 :test", "later 5:14 later"},
			"é":  nil,
		} {
			var found protocol.SymbolInformationSlice
			a.call("workspace/symbol", &protocol.WorkspaceSymbolParams{Query: query}, &found)
			var got []string
			for _, x := range found {
				equal(t, "document", x.Location.URI, a.uri)
				got = append(got, x.Name+" "+a.text(x.Location.Range))
			}
			equal(t, "symbols for "+query, got, want)
		}
	})
}

func TestCompletion(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var list protocol.CompletionList
		a.call("textDocument/completion", &protocol.CompletionParams{TextDocumentPositionParams: a.at("[:test :|]")}, &list)
		var got []string
		for _, item := range list.Items {
			edit := item.TextEdit.(*protocol.TextEdit)
			got = append(got, item.Label+" for "+a.text(edit.Range))
		}
		equal(t, "inputs of pack", got, []string{":build for 4:28 :", ":quire/push for 4:28 :"})
	})
}

// TestCompletionResolve asks for everything that is known of what is offered.
func TestCompletionResolve(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var list protocol.CompletionList
		a.call("textDocument/completion", &protocol.CompletionParams{TextDocumentPositionParams: a.at("[:test :|]")}, &list)
		var item protocol.CompletionItem
		a.call("completionItem/resolve", &list.Items[0], &item)
		equal(t, "label", item.Label, ":build")
		if doc := item.Documentation.(*protocol.MarkupContent).Value; !strings.Contains(doc, "needed by: `test`") {
			t.Errorf("documentation: %s", doc)
		}
		var same protocol.CompletionItem
		a.call("completionItem/resolve", &protocol.CompletionItem{Label: "x"}, &same)
		equal(t, "an item that nothing is known of", same.Label, "x")
	})
}

// TestSnippets offers snippets to editors that know them, and to no others.
func TestSnippets(t *testing.T) {
	for _, support := range []string{"true", "false"} {
		c := start(t, `{"textDocument": {"completion": {"completionItem": {"snippetSupport": `+support+`}}}}`)
		u := c.open(".quire/ci.fnl", "(local {: job} (require :quire.ci))\n(jo")
		var list protocol.CompletionList
		c.call("textDocument/completion", &protocol.CompletionParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: protocol.TextDocumentIdentifier{URI: u}, Position: protocol.Position{Line: 1, Character: 3}}}, &list)
		found := "false"
		for _, item := range list.Items {
			isSnippet := item.InsertTextFormat == protocol.InsertTextFormatSnippet
			if isSnippet != strings.Contains(item.TextEdit.(*protocol.TextEdit).NewText, "${") {
				t.Errorf("%s: %+v", item.Label, item.TextEdit)
			}
			if item.Label == "job …" && isSnippet {
				found = "true"
			}
		}
		equal(t, "a snippet for a job", found, support)
	}
}

func TestRename(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var prepared protocol.PrepareRenamePlaceholder
		a.call("textDocument/prepareRename", &protocol.PrepareRenameParams{TextDocumentPositionParams: a.at("{: s|h}")}, &prepared)
		equal(t, "prepared", prepared.Placeholder+" at "+a.text(prepared.Range), "sh at 2:44 sh")

		var edit protocol.WorkspaceEdit
		a.call("textDocument/rename", &protocol.RenameParams{TextDocumentPositionParams: a.at("{: s|h}"), NewName: "run"}, &edit)
		var got []string
		for _, e := range edit.Changes[a.uri] {
			got = append(got, a.text(e.Range)+" -> "+e.NewText)
		}
		slices.Sort(got)
		equal(t, "edits", got, []string{"2:42 : sh -> :sh run", "2:50 sh -> run"})

		err := a.try("textDocument/rename", &protocol.RenameParams{TextDocumentPositionParams: a.at(":bu|ild ["), NewName: "a/b"}, nil)
		if err == nil || !strings.Contains(err.Error(), "slash") {
			t.Errorf("a slash in the id of a job: %v", err)
		}
		err = a.try("textDocument/prepareRename", &protocol.PrepareRenameParams{TextDocumentPositionParams: a.at("(f|n later")}, nil)
		if err == nil || !strings.Contains(err.Error(), "'fn' is not a name of this file") {
			t.Errorf("renaming fn: %v", err)
		}
	})
}
