package main

import (
	"slices"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/source"
)

// A pipeline, and a module that registers a job between those of it, with
// characters of one to four bytes in front of what is asked about.
const (
	bufferPipeline = `"é𝄞" (local {: job} (require :quire.ci))
"é𝄞" (local lib (require :lib))
"é𝄞" (job :build [:quire/push] (fn [{: sh}] (lib.must sh "x")))
"é𝄞" (job :last [:middle] (fn [] nil))
`
	bufferModule = `"é𝄞" (local {: job} (require :quire.ci))
"é𝄞" (fn must [sh command] (sh command))
"é𝄞" (job :middle [:build] (fn [{: sh : jobs}] (must sh "y") (jobs :build)))
"é𝄞" {: must}
`
)

// TestModuleBuffer asks in the buffer of a module, in both encodings and with
// both line ends, while the pipeline is open and while it is not.
func TestModuleBuffer(t *testing.T) {
	for _, enc := range []encoding{utf8, utf16} {
		for _, end := range []string{"\n", "\r\n"} {
			for _, open := range []bool{false, true} {
				name := string(enc.kind()) + map[string]string{"\n": " LF", "\r\n": " CRLF"}[end] + map[bool]string{true: " open"}[open]
				t.Run(name, func(t *testing.T) {
					text := strings.NewReplacer("\n", end)
					root := t.TempDir()
					c := start(t, `{"general": {"positionEncodings": ["`+string(enc.kind())+`"]}}`)
					b := &buffers{client: c, enc: enc, files: map[uri.URI]*source.File{}}
					ci := b.add(root, ".quire/ci.fnl", text.Replace(bufferPipeline))
					b.uri = b.add(root, ".quire/lib.fnl", text.Replace(bufferModule))
					if open {
						c.openAs(ci, b.files[ci].Text())
					}
					c.openAs(b.uri, b.files[b.uri].Text())
					b.check()
				})
			}
		}
	}
}

// buffers are files of a repository, one of which is asked about.
type buffers struct {
	*client
	enc   encoding
	files map[uri.URI]*source.File
	uri   uri.URI
}

func (b *buffers) add(root, name, text string) uri.URI {
	u := write(b.t, root, name, text)
	b.files[u] = source.NewFile(name[len(".quire/"):], text)
	return u
}

// at returns the place of the | in a piece of the text.
func (b *buffers) at(piece string) protocol.TextDocumentPositionParams {
	b.t.Helper()
	f := b.files[b.uri]
	before, after, _ := strings.Cut(piece, "|")
	i := strings.Index(f.Text(), before+after)
	if i < 0 {
		b.t.Fatalf("no %q", piece)
	}
	return protocol.TextDocumentPositionParams{
		TextDocument: protocol.TextDocumentIdentifier{URI: b.uri}, Position: b.enc.position(f, i+len(before)),
	}
}

// text returns the text of a range with its place in front.
func (b *buffers) text(u uri.URI, r protocol.Range) string {
	f := b.files[u]
	span := b.enc.span(f, r)
	return f.Name() + ":" + f.Position(span.Start).String() + " " + f.Slice(span)
}

func (b *buffers) texts(locations []protocol.Location) []string {
	var all []string
	for _, l := range locations {
		all = append(all, b.text(l.URI, l.Range))
	}
	slices.Sort(all)
	return all
}

func (b *buffers) check() {
	t := b.t
	id := protocol.TextDocumentIdentifier{URI: b.uri}
	var hover protocol.Hover
	b.call("textDocument/hover", &protocol.HoverParams{TextDocumentPositionParams: b.at("[:bu|ild]")}, &hover)
	equal(t, "hover", b.text(b.uri, *hover.Range), "lib.fnl:3:25 build")
	if text := hover.Contents.(*protocol.MarkupContent).Value; !strings.Contains(text, "needed by: `middle`, `last`") {
		t.Errorf("hover: %s", text)
	}

	var definition []protocol.Location
	b.call("textDocument/definition", &protocol.DefinitionParams{TextDocumentPositionParams: b.at("(jobs :bu|ild)")}, &definition)
	equal(t, "definition", b.texts(definition), []string{"ci.fnl:3:16 build"})

	for piece, want := range map[string][]string{
		"(job :mid|dle": {"ci.fnl:4:23 middle", "lib.fnl:3:16 middle"},
		"fn mu|st":      {"ci.fnl:3:54 must", "lib.fnl:2:14 must", "lib.fnl:3:53 must", "lib.fnl:4:13 must"},
	} {
		var references []protocol.Location
		b.call("textDocument/references", &protocol.ReferenceParams{TextDocumentPositionParams: b.at(piece),
			Context: protocol.ReferenceContext{IncludeDeclaration: true}}, &references)
		equal(t, "references at "+piece, b.texts(references), want)
	}

	var highlights []protocol.DocumentHighlight
	b.call("textDocument/documentHighlight", &protocol.DocumentHighlightParams{TextDocumentPositionParams: b.at("fn mu|st")}, &highlights)
	equal(t, "highlights", len(highlights), 3)

	var edit protocol.WorkspaceEdit
	b.call("textDocument/rename", &protocol.RenameParams{TextDocumentPositionParams: b.at("(job :mid|dle"), NewName: "x"}, &edit)
	var edits []string
	for u, list := range edit.Changes {
		for _, e := range list {
			edits = append(edits, b.text(u, e.Range)+" -> "+e.NewText)
		}
	}
	slices.Sort(edits)
	equal(t, "renames", edits, []string{"ci.fnl:4:23 middle -> x", "lib.fnl:3:16 middle -> x"})

	var items []protocol.CallHierarchyItem
	b.call("textDocument/prepareCallHierarchy", &protocol.CallHierarchyPrepareParams{TextDocumentPositionParams: b.at("(job :mid|dle")}, &items)
	if len(items) != 1 {
		t.Fatalf("call hierarchy: %+v", items)
	}
	var incoming []protocol.CallHierarchyIncomingCall
	b.call("callHierarchy/incomingCalls", &protocol.CallHierarchyIncomingCallsParams{Item: items[0]}, &incoming)
	var outgoing []protocol.CallHierarchyOutgoingCall
	b.call("callHierarchy/outgoingCalls", &protocol.CallHierarchyOutgoingCallsParams{Item: items[0]}, &outgoing)
	if len(incoming) != 1 || len(outgoing) != 1 {
		t.Fatalf("calls: %+v, %+v", incoming, outgoing)
	}
	equal(t, "what needs it", b.text(incoming[0].From.URI, incoming[0].From.SelectionRange), "ci.fnl:4:15 :last")
	equal(t, "where", b.text(incoming[0].From.URI, incoming[0].FromRanges[0]), "ci.fnl:4:22 :middle")
	equal(t, "what it needs", b.text(outgoing[0].To.URI, outgoing[0].To.SelectionRange), "ci.fnl:3:15 :build")
	equal(t, "where", b.text(b.uri, outgoing[0].FromRanges[0]), "lib.fnl:3:24 :build")

	var help protocol.SignatureHelp
	b.call("textDocument/signatureHelp", &protocol.SignatureHelpParams{TextDocumentPositionParams: b.at(`(must sh |"y"`)}, &help)
	if len(help.Signatures) != 1 || help.Signatures[0].Label != "(must sh command)" {
		t.Errorf("signatures: %+v", help)
	}

	var symbols []protocol.DocumentSymbol
	b.call("textDocument/documentSymbol", &protocol.DocumentSymbolParams{TextDocument: id}, &symbols)
	var names []string
	for _, s := range symbols {
		names = append(names, s.Name)
	}
	equal(t, "symbols", names, []string{"job", "must", "middle"})

	var tokens protocol.SemanticTokens
	b.call("textDocument/semanticTokens/full", &protocol.SemanticTokensParams{TextDocument: id}, &tokens)
	if len(tokens.Data) == 0 {
		t.Error("no tokens")
	}
	var hints []protocol.InlayHint
	b.call("textDocument/inlayHint", &protocol.InlayHintParams{TextDocument: id, Range: b.enc.rangeOf(b.files[b.uri], source.Span{End: len(b.files[b.uri].Text())})}, &hints)
	var labels []string
	for _, h := range hints {
		labels = append(labels, string(h.Label.(protocol.String)))
	}
	equal(t, "hints", labels, []string{"command:", "#2, level 2 · 1 dependent"})
}
