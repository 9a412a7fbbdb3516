package main

import (
	"context"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis"
	"quire/analysis/source"
)

// A hierarchyNode says which job or source of which pipeline an item stands
// for.
type hierarchyNode struct {
	URI  uri.URI `json:"uri"`
	Name string  `json:"name"`
}

// PrepareCallHierarchy returns the job or source under the cursor, or the job
// around it. What calls a job is what needs it.
func (s *server) PrepareCallHierarchy(ctx context.Context, p *protocol.CallHierarchyPrepareParams) ([]protocol.CallHierarchyItem, error) {
	doc, offset := s.place(ctx, p.TextDocumentPositionParams)
	if doc == nil {
		return nil, nil
	}
	n, ok := doc.snapshot.NodeAt(offset)
	if !ok {
		return nil, ctx.Err()
	}
	return []protocol.CallHierarchyItem{s.hierarchyItem(doc, n)}, ctx.Err()
}

// IncomingCalls returns the jobs that need a job or source.
func (s *server) IncomingCalls(ctx context.Context, p *protocol.CallHierarchyIncomingCallsParams) ([]protocol.CallHierarchyIncomingCall, error) {
	calls := []protocol.CallHierarchyIncomingCall{}
	doc, name := s.hierarchyOf(ctx, p.Item)
	if doc == nil {
		return calls, nil
	}
	for _, e := range doc.snapshot.Dependents(name) {
		calls = append(calls, protocol.CallHierarchyIncomingCall{From: s.hierarchyItem(doc, e.Node), FromRanges: s.ranges(e.Inputs, e.Node.Form.File)})
	}
	return calls, ctx.Err()
}

// OutgoingCalls returns the jobs and sources that a job needs.
func (s *server) OutgoingCalls(ctx context.Context, p *protocol.CallHierarchyOutgoingCallsParams) ([]protocol.CallHierarchyOutgoingCall, error) {
	calls := []protocol.CallHierarchyOutgoingCall{}
	doc, name := s.hierarchyOf(ctx, p.Item)
	if doc == nil {
		return calls, nil
	}
	from, _ := doc.snapshot.Node(name)
	for _, e := range doc.snapshot.Needs(name) {
		calls = append(calls, protocol.CallHierarchyOutgoingCall{To: s.hierarchyItem(doc, e.Node), FromRanges: s.ranges(e.Inputs, from.Form.File)})
	}
	return calls, ctx.Err()
}

// hierarchyOf returns the pipeline and the name that an item stands for.
func (s *server) hierarchyOf(ctx context.Context, item protocol.CallHierarchyItem) (*document, string) {
	var n hierarchyNode
	if err := protocol.Unmarshal(item.Data, &n); err != nil {
		n.URI, n.Name = item.URI, item.Name // from a client that keeps no data
	}
	return s.pipeline(ctx, protocol.TextDocumentIdentifier{URI: n.URI}), n.Name
}

func (s *server) hierarchyItem(doc *document, n analysis.Node) protocol.CallHierarchyItem {
	item := protocol.CallHierarchyItem{
		Name:           n.Name,
		Kind:           symbolKinds[analysis.JobItem],
		URI:            doc.sibling(n.Form.File),
		Range:          s.caps.encoding.rangeOf(n.Form.File, n.Form.Span),
		SelectionRange: s.caps.encoding.rangeOf(n.ID.File, n.ID.Span),
		Data:           encode(hierarchyNode{doc.uri, n.Name}),
	}
	if n.Source {
		item.Kind = protocol.SymbolKindEvent
	}
	if n.Detail != "" {
		item.Detail = &n.Detail
	}
	return item
}

// ranges returns those of the places that are in a file.
func (s *server) ranges(places []source.Place, in *source.File) []protocol.Range {
	ranges := []protocol.Range{}
	for _, p := range places {
		if p.File == in {
			ranges = append(ranges, s.caps.encoding.rangeOf(p.File, p.Span))
		}
	}
	return ranges
}
