package main

import (
	"context"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// PrepareRename says what would be renamed, or why nothing can be.
func (s *server) PrepareRename(ctx context.Context, p *protocol.PrepareRenameParams) (protocol.PrepareRenameResult, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	if doc == nil {
		return nil, nil
	}
	m, err := doc.snapshot.Renameable(offset)
	if err != nil {
		return nil, refused(err)
	}
	return &protocol.PrepareRenamePlaceholder{
		Range:       s.caps.encoding.rangeOf(doc.file, m.Span),
		Placeholder: doc.file.Slice(m.Span),
	}, ctx.Err()
}

// Rename gives a job or a name of the file another name.
func (s *server) Rename(ctx context.Context, p *protocol.RenameParams) (*protocol.WorkspaceEdit, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	if doc == nil {
		return nil, nil
	}
	edits, err := doc.snapshot.Rename(offset, p.NewName)
	if err != nil {
		return nil, refused(err)
	}
	changes := []protocol.TextEdit{}
	for _, e := range edits {
		changes = append(changes, s.textEdit(doc.file, e))
	}
	return &protocol.WorkspaceEdit{Changes: map[uri.URI][]protocol.TextEdit{doc.uri: changes}}, ctx.Err()
}

// refused is the answer that shows the user why a request was not done.
func refused(err error) error {
	return jsonrpc2.NewError(jsonrpc2.Code(protocol.LSPErrorCodesRequestFailed), err.Error())
}
