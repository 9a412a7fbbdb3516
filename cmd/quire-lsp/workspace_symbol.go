package main

import (
	"context"
	"slices"
	"unicode"

	"go.lsp.dev/protocol"

	"quire/analysis"
)

// Symbols finds jobs and names by parts of their names in the pipelines, open or not.
func (s *server) Symbols(ctx context.Context, p *protocol.WorkspaceSymbolParams) (protocol.WorkspaceSymbolResult, error) {
	docs := s.documents.pipelines()
	release(ctx)
	found := protocol.SymbolInformationSlice{}
	for _, doc := range docs {
		for _, x := range doc.snapshot.Outline() {
			if x.Kind == analysis.ImageItem || !fits(p.Query, x.Name) {
				continue
			}
			found = append(found, protocol.SymbolInformation{
				BaseSymbolInformation: protocol.BaseSymbolInformation{Name: x.Name, Kind: symbolKinds[x.Kind]},
				Location:              protocol.Location{URI: doc.uri, Range: s.caps.encoding.rangeOf(doc.file, x.Select)},
			})
		}
	}
	return found, ctx.Err()
}

// fits reports whether the characters of a query appear in a name in their
// order, whatever their case.
func fits(query, name string) bool {
	rest := []rune(name)
	for _, want := range query {
		i := slices.IndexFunc(rest, func(r rune) bool { return unicode.ToLower(r) == unicode.ToLower(want) })
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
	}
	return true
}
