package main

import (
	"context"
	"slices"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis"
	"quire/analysis/source"
)

// restructurings returns what can be done with the form at a place, as actions
// of the kinds that the client wants. Their edits, which can hold much text and of
// which one at most is used, come when a client that can wants them.
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
		action := &protocol.CodeAction{Title: r.Title, Kind: &kind}
		if s.caps.resolveEdits {
			action.Data = encode(restructuringData{doc.uri, doc.version, at.Start, at.End, r.Title})
		} else {
			action.Edit = s.restructuringEdit(doc, r)
		}
		actions = append(actions, action)
	}
	return actions
}

func (s *server) restructuringEdit(doc *document, r analysis.Restructuring) *protocol.WorkspaceEdit {
	return &protocol.WorkspaceEdit{Changes: map[uri.URI][]protocol.TextEdit{doc.uri: s.textEdits(doc.file, r.Edits)}}
}

// restructuringData says which restructuring an action is, at which place of which
// version of a file.
type restructuringData struct {
	URI     uri.URI `json:"uri"`
	Version int32   `json:"version"`
	Start   int     `json:"start"` // in bytes
	End     int     `json:"end"`
	Title   string  `json:"title"`
}

// CodeActionResolve adds the edit of an action that was offered without.
func (s *server) CodeActionResolve(ctx context.Context, action *protocol.CodeAction) (*protocol.CodeAction, error) {
	var of restructuringData
	if len(action.Data) == 0 || protocol.Unmarshal(action.Data, &of) != nil {
		return action, nil // it has all that there is
	}
	doc := s.pipeline(ctx, protocol.TextDocumentIdentifier{URI: of.URI})
	if doc == nil || doc.version != of.Version {
		return nil, jsonrpc2.NewError(jsonrpc2.Code(protocol.LSPErrorCodesContentModified), "the file has changed since this was offered")
	}
	at := source.Span{Start: of.Start, End: of.End}
	all := doc.snapshot.Restructurings(at)
	i := slices.IndexFunc(all, func(r analysis.Restructuring) bool { return r.Title == of.Title })
	if i < 0 {
		return nil, invalid("nothing called %q can be done there", of.Title)
	}
	action.Edit = s.restructuringEdit(doc, all[i])
	return action, ctx.Err()
}
