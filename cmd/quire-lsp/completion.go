package main

import (
	"context"
	"fmt"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis"
)

// completionTriggers are the characters behind which a name begins.
func completionTriggers() []string { return []string{":", ".", `"`, "(", "[", "{"} }

var completionKinds = map[analysis.Kind]protocol.CompletionItemKind{
	analysis.SymbolName:    protocol.CompletionItemKindVariable,
	analysis.JobName:       protocol.CompletionItemKindClass,
	analysis.SourceName:    protocol.CompletionItemKindEvent,
	analysis.SecretName:    protocol.CompletionItemKindConstant,
	analysis.LabelName:     protocol.CompletionItemKindConstant,
	analysis.PrimitiveName: protocol.CompletionItemKindFunction,
	analysis.OptionName:    protocol.CompletionItemKindProperty,
	analysis.FieldName:     protocol.CompletionItemKindField,
	analysis.ModuleName:    protocol.CompletionItemKindModule,
	analysis.MemberName:    protocol.CompletionItemKindField,
	analysis.MacroName:     protocol.CompletionItemKindFunction,
	analysis.FormName:      protocol.CompletionItemKindKeyword,
	analysis.LibraryName:   protocol.CompletionItemKindVariable,
}

// Completion offers what could stand at the cursor.
func (s *server) Completion(ctx context.Context, p *protocol.CompletionParams) (protocol.CompletionResult, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	list := &protocol.CompletionList{Items: []protocol.CompletionItem{}}
	if doc == nil {
		return list, nil
	}
	for i, c := range doc.snapshot.Complete(offset) {
		if c.Snippet != "" && !s.caps.snippets {
			continue
		}
		item := protocol.CompletionItem{
			Label:    c.Label,
			Kind:     completionKinds[c.Kind],
			SortText: protocol.NewOptional(fmt.Sprintf("%05d", i)),
			TextEdit: &protocol.TextEdit{Range: s.caps.encoding.rangeOf(doc.file, c.Span), NewText: c.Text},
		}
		if c.Function && c.Kind != analysis.FormName {
			item.Kind = protocol.CompletionItemKindFunction
		}
		if c.Snippet != "" {
			item.Kind, item.InsertTextFormat = protocol.CompletionItemKindSnippet, protocol.InsertTextFormatSnippet
			item.TextEdit = &protocol.TextEdit{Range: s.caps.encoding.rangeOf(doc.file, c.Span), NewText: c.Snippet}
		}
		if c.Subject.Kind != 0 {
			item.Data = encode(completionSubject{doc.uri, c.Subject})
		}
		if c.Detail != "" {
			item.Detail = protocol.NewOptional(c.Detail)
		}
		if c.Doc != "" {
			item.Documentation = &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: c.Doc}
		}
		list.Items = append(list.Items, item)
	}
	return list, ctx.Err()
}

// A completionSubject is what an item stands for, and in which pipeline.
type completionSubject struct {
	URI     uri.URI          `json:"uri"`
	Subject analysis.Subject `json:"subject"`
}

// CompletionResolve adds everything that is known of what an item stands for.
func (s *server) CompletionResolve(ctx context.Context, item *protocol.CompletionItem) (*protocol.CompletionItem, error) {
	var of completionSubject
	if err := protocol.Unmarshal(item.Data, &of); err != nil {
		return item, nil // there is no more to it than it says
	}
	doc := s.pipeline(ctx, protocol.TextDocumentIdentifier{URI: of.URI})
	if doc == nil {
		return item, nil
	}
	if text := doc.snapshot.Describe(of.Subject); text != "" {
		item.Documentation = &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: text}
	}
	return item, ctx.Err()
}
