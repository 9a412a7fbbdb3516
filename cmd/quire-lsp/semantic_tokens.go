package main

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis"
)

// tokenTypes are the types of the legend in the order of analysis.TokenType.
var tokenTypes = []protocol.SemanticTokenTypes{
	analysis.CommentToken:   protocol.SemanticTokenTypesComment,
	analysis.StringToken:    protocol.SemanticTokenTypesString,
	analysis.NumberToken:    protocol.SemanticTokenTypesNumber,
	analysis.KeywordToken:   protocol.SemanticTokenTypesKeyword,
	analysis.OperatorToken:  protocol.SemanticTokenTypesOperator,
	analysis.MacroToken:     protocol.SemanticTokenTypesMacro,
	analysis.FunctionToken:  protocol.SemanticTokenTypesFunction,
	analysis.MethodToken:    protocol.SemanticTokenTypesMethod,
	analysis.ParameterToken: protocol.SemanticTokenTypesParameter,
	analysis.VariableToken:  protocol.SemanticTokenTypesVariable,
	analysis.PropertyToken:  protocol.SemanticTokenTypesProperty,
	analysis.NamespaceToken: protocol.SemanticTokenTypesNamespace,
	analysis.SecretToken:    protocol.SemanticTokenTypesEnumMember,
}

// tokenModifiers are those of the legend in the order of the bits of
// analysis.TokenModifier.
var tokenModifiers = []protocol.SemanticTokenModifiers{
	protocol.SemanticTokenModifiersDeclaration,
	protocol.SemanticTokenModifiersDefaultLibrary,
	protocol.SemanticTokenModifiersDocumentation,
}

// tokenOptions is what the server says of its semantic tokens.
func tokenOptions() *protocol.SemanticTokensOptions {
	var legend protocol.SemanticTokensLegend
	for _, t := range tokenTypes {
		legend.TokenTypes = append(legend.TokenTypes, string(t))
	}
	for _, m := range tokenModifiers {
		legend.TokenModifiers = append(legend.TokenModifiers, string(m))
	}
	yes := true
	return &protocol.SemanticTokensOptions{
		Legend: legend,
		Full:   &protocol.SemanticTokensFullDelta{Delta: &yes},
		Range:  protocol.Boolean(true),
	}
}

// A tokenMemory holds the last tokens that were sent of each open document, for
// the next answer to say only what is different.
type tokenMemory struct {
	mu   sync.Mutex
	last int // number of the last result
	sent map[uri.URI]sentTokens
}

type sentTokens struct {
	id   string
	data []uint32
}

// swap remembers tokens and returns their result id, and what was sent before.
// Documents that are not open any more are forgotten.
func (m *tokenMemory) swap(doc *document, data []uint32, open *documents) (id string, before sentTokens) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before = m.sent[doc.uri]
	kept := map[uri.URI]sentTokens{}
	for u, t := range m.sent {
		if open.get(u) != nil {
			kept[u] = t
		}
	}
	m.last++
	id = strconv.Itoa(m.last)
	kept[doc.uri] = sentTokens{id, data}
	m.sent = kept
	return id, before
}

// SemanticTokensFull classifies the text of a document.
func (s *server) SemanticTokensFull(ctx context.Context, p *protocol.SemanticTokensParams) (*protocol.SemanticTokens, error) {
	doc := s.pipeline(ctx, p.TextDocument)
	if doc == nil {
		return nil, nil
	}
	data := s.tokenData(doc, doc.snapshot.Tokens())
	id, _ := s.tokens.swap(doc, data, &s.documents)
	return &protocol.SemanticTokens{ResultID: &id, Data: data}, ctx.Err()
}

// SemanticTokensFullDelta says how the tokens of a document differ from those
// that were sent last.
func (s *server) SemanticTokensFullDelta(ctx context.Context, p *protocol.SemanticTokensDeltaParams) (protocol.SemanticTokensDeltaResult, error) {
	doc := s.pipeline(ctx, p.TextDocument)
	if doc == nil {
		return nil, nil
	}
	data := s.tokenData(doc, doc.snapshot.Tokens())
	id, before := s.tokens.swap(doc, data, &s.documents)
	if before.id != p.PreviousResultID {
		return &protocol.SemanticTokens{ResultID: &id, Data: data}, ctx.Err()
	}
	return &protocol.SemanticTokensDelta{ResultID: &id, Edits: tokenEdits(before.data, data)}, ctx.Err()
}

// SemanticTokensRange classifies the text of a range, and of the tokens that it
// begins or ends in.
func (s *server) SemanticTokensRange(ctx context.Context, p *protocol.SemanticTokensRangeParams) (*protocol.SemanticTokens, error) {
	doc := s.pipeline(ctx, p.TextDocument)
	if doc == nil {
		return nil, nil
	}
	span := s.caps.encoding.span(doc.file, p.Range)
	tokens := slices.DeleteFunc(doc.snapshot.Tokens(), func(t analysis.Token) bool {
		return t.Span.End <= span.Start || span.End <= t.Span.Start
	})
	return &protocol.SemanticTokens{Data: s.tokenData(doc, tokens)}, ctx.Err()
}

// tokenData returns the wire form of tokens: five numbers for each.
func (s *server) tokenData(doc *document, tokens []analysis.Token) []uint32 {
	data := make([]uint32, 0, 5*len(tokens))
	var last protocol.Position
	for _, t := range tokens {
		at := s.caps.encoding.rangeOf(doc.file, t.Span)
		column := at.Start.Character
		if at.Start.Line == last.Line {
			column -= last.Character
		}
		data = append(data, at.Start.Line-last.Line, column, at.End.Character-at.Start.Character, uint32(t.Type), uint32(t.Modifiers))
		last = at.Start
	}
	return data
}

// tokenEdits returns the change that makes one list of tokens of another: the
// numbers between what is the same at both ends.
func tokenEdits(from, to []uint32) []protocol.SemanticTokensEdit {
	start := 0
	for start < min(len(from), len(to)) && from[start] == to[start] {
		start++
	}
	end := 0
	for end < min(len(from), len(to))-start && from[len(from)-1-end] == to[len(to)-1-end] {
		end++
	}
	if start+end == len(from) && len(from) == len(to) {
		return []protocol.SemanticTokensEdit{}
	}
	return []protocol.SemanticTokensEdit{{
		Start: uint32(start), DeleteCount: uint32(len(from) - start - end), Data: to[start : len(to)-end],
	}}
}
