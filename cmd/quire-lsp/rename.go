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

// Rename gives a job or a name of the file another name, a job and what a module
// gives in all files of the pipeline.
func (s *server) Rename(ctx context.Context, p *protocol.RenameParams) (*protocol.WorkspaceEdit, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	if doc == nil {
		return nil, nil
	}
	edits, err := doc.snapshot.Rename(offset, p.NewName)
	if err != nil {
		return nil, refused(err)
	}
	changes := map[uri.URI][]protocol.TextEdit{doc.uri: {}}
	for _, e := range edits {
		at := doc.sibling(e.File)
		changes[at] = append(changes[at], s.textEdit(e.File, e))
	}
	return &protocol.WorkspaceEdit{Changes: changes}, ctx.Err()
}

// refused is the answer that shows the user why a request was not done.
func refused(err error) error {
	return jsonrpc2.NewError(jsonrpc2.Code(protocol.LSPErrorCodesRequestFailed), err.Error())
}
