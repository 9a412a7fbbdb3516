package main

import (
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/source"
)

// restructurings returns what can be done with the form at a place, as actions
// of the kinds that the client wants.
func (s *server) restructurings(doc *document, at source.Span, only []protocol.CodeActionKind) []protocol.CommandOrCodeAction {
	rewrite, extract := protocol.CodeActionKindRefactorRewrite, protocol.CodeActionKindRefactorExtract
	if !wanted(only, rewrite) && !wanted(only, extract) {
		return nil
	}
	var actions []protocol.CommandOrCodeAction
	for _, r := range doc.snapshot.Restructurings(at) {
		kind := rewrite
		if r.Extracts {
			kind = extract
		}
		if !wanted(only, kind) {
			continue
		}
		actions = append(actions, &protocol.CodeAction{
			Title: r.Title,
			Kind:  &kind,
			Edit:  &protocol.WorkspaceEdit{Changes: map[uri.URI][]protocol.TextEdit{doc.uri: s.textEdits(doc.file, r.Edits)}},
		})
	}
	return actions
}
