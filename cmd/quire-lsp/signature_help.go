package main

import (
	"context"
	"strconv"
	stdutf16 "unicode/utf16"

	"go.lsp.dev/protocol"

	"quire/analysis"
)

// SignatureHelp shows how the form around the cursor is called.
func (s *server) SignatureHelp(ctx context.Context, p *protocol.SignatureHelpParams) (*protocol.SignatureHelp, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	if doc == nil {
		return nil, nil
	}
	sig, ok := doc.snapshot.SignatureAt(offset)
	if !ok {
		return nil, ctx.Err()
	}
	help := &protocol.SignatureHelp{Signatures: []protocol.SignatureInformation{s.signature(sig)}}
	active := sig.Active
	if active < 0 {
		active = len(sig.Params) // a number behind the last parameter is none of them
	}
	// The library can only read such a number.
	if err := protocol.Unmarshal(strconv.AppendInt(nil, int64(active), 10), &help.ActiveParameter); err != nil {
		return nil, err
	}
	return help, ctx.Err()
}

func (s *server) signature(sig analysis.Signature) protocol.SignatureInformation {
	info := protocol.SignatureInformation{Label: sig.Label}
	if sig.Doc != "" {
		info.Documentation = &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: sig.Doc}
	}
	for _, p := range sig.Params {
		param := protocol.ParameterInformation{Label: protocol.String(sig.Label[p.Span.Start:p.Span.End])}
		if s.caps.labelOffsets {
			param.Label = protocol.ParameterInformationLabelTuple{units(sig.Label[:p.Span.Start]), units(sig.Label[:p.Span.End])}
		}
		if p.Doc != "" {
			param.Documentation = &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: p.Doc}
		}
		info.Parameters = append(info.Parameters, param)
	}
	return info
}

// units returns the length of text that is no document: in UTF-16, whatever the
// encoding of positions.
func units(text string) uint32 {
	return uint32(len(stdutf16.Encode([]rune(text))))
}
