package main

import (
	"context"
	"os"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// DocumentLink returns the links to files of the repository that exist.
func (s *server) DocumentLink(ctx context.Context, p *protocol.DocumentLinkParams) ([]protocol.DocumentLink, error) {
	doc := s.pipeline(ctx, p.TextDocument)
	links := []protocol.DocumentLink{}
	if doc == nil || doc.root == "" {
		return links, nil
	}
	known := map[string]bool{} // by path: whether there is such a file
	for _, l := range doc.snapshot.Links() {
		target, err := uri.JoinPath(uri.File(doc.root), l.Path)
		if err != nil {
			continue
		}
		exists, ok := known[l.Path]
		if !ok {
			info, err := os.Stat(target.FsPath())
			exists = err == nil && info.Mode().IsRegular() || s.documents.get(target) != nil
			known[l.Path] = exists
		}
		if exists {
			links = append(links, protocol.DocumentLink{Range: s.caps.encoding.rangeOf(doc.file, l.Span), Target: &target, Tooltip: &l.Tooltip})
		}
	}
	return links, ctx.Err()
}
