package main

import (
	"context"

	"go.lsp.dev/protocol"

	"quire/analysis"
)

var symbolKinds = map[analysis.ItemKind]protocol.SymbolKind{
	analysis.ImageItem:    protocol.SymbolKindPackage,
	analysis.JobItem:      protocol.SymbolKindClass,
	analysis.CommandItem:  protocol.SymbolKindEvent,
	analysis.FunctionItem: protocol.SymbolKindFunction,
	analysis.VariableItem: protocol.SymbolKindVariable,
	analysis.MacroItem:    protocol.SymbolKindOperator,
}

// DocumentSymbol returns the outline of a file.
func (s *server) DocumentSymbol(ctx context.Context, p *protocol.DocumentSymbolParams) (protocol.DocumentSymbolResult, error) {
	doc := s.pipeline(ctx, p.TextDocument)
	if doc == nil {
		return protocol.DocumentSymbolSlice{}, nil
	}
	return append(protocol.DocumentSymbolSlice{}, s.symbols(doc, doc.snapshot.Outline())...), ctx.Err()
}

func (s *server) symbols(doc *document, items []analysis.Item) []protocol.DocumentSymbol {
	var symbols []protocol.DocumentSymbol
	for _, x := range items {
		symbol := protocol.DocumentSymbol{
			Name:           x.Name,
			Kind:           symbolKinds[x.Kind],
			Range:          s.caps.encoding.rangeOf(doc.file, x.Span),
			SelectionRange: s.caps.encoding.rangeOf(doc.file, x.Select),
			Children:       s.symbols(doc, x.Children),
		}
		if x.Detail != "" {
			symbol.Detail = &x.Detail
		}
		symbols = append(symbols, symbol)
	}
	return symbols
}
