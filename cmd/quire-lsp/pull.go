package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// Diagnostic answers what is wrong with a file, for clients that ask.
func (s *server) Diagnostic(ctx context.Context, p *protocol.DocumentDiagnosticParams) (protocol.DocumentDiagnosticReport, error) {
	scope := s.scopeOf(p.TextDocument.URI)
	docs, _ := s.documents.in(scope)
	release(ctx)
	reports, ok := s.reports(scope, docs)
	if !ok {
		return nil, retrigger()
	}
	items := []protocol.Diagnostic{}
	for _, r := range reports {
		if r.uri == p.TextDocument.URI {
			items = r.items
			s.publisher.scope(scope).answered(r)
		}
	}
	id := resultID(items)
	if p.PreviousResultID != nil && *p.PreviousResultID == id {
		return &protocol.RelatedUnchangedDocumentDiagnosticReport{UnchangedDocumentDiagnosticReport: unchanged(id)}, nil
	}
	return &protocol.RelatedFullDocumentDiagnosticReport{FullDocumentDiagnosticReport: full(id, items)}, nil
}

// DiagnosticWorkspace answers what is wrong with all files: those that are open,
// the pipelines of the client's folders, and what they require. A file that had
// something wrong with it is told once more when it has not.
func (s *server) DiagnosticWorkspace(ctx context.Context, p *protocol.WorkspaceDiagnosticParams) (*protocol.WorkspaceDiagnosticReport, error) {
	type scoped struct {
		name string
		docs []*document
	}
	var scopes []scoped
	for _, name := range s.documents.scopes() {
		docs, _ := s.documents.in(name)
		scopes = append(scopes, scoped{name, docs})
	}
	if _, at := s.config.found(); at != "" && s.documents.get(at) == nil {
		scopes = append(scopes, scoped{string(at), nil})
	}
	release(ctx)
	previous := map[uri.URI]string{}
	for _, r := range p.PreviousResultIds {
		previous[r.URI] = r.Value
	}
	all := &protocol.WorkspaceDiagnosticReport{Items: []protocol.WorkspaceDocumentDiagnosticReport{}}
	add := func(u uri.URI, version *int32, items []protocol.Diagnostic) {
		id, before := resultID(items), previous[u]
		delete(previous, u)
		if id == before {
			all.Items = append(all.Items, &protocol.WorkspaceUnchangedDocumentDiagnosticReport{
				UnchangedDocumentDiagnosticReport: unchanged(id), URI: u, Version: version})
		} else {
			all.Items = append(all.Items, &protocol.WorkspaceFullDocumentDiagnosticReport{
				FullDocumentDiagnosticReport: full(id, items), URI: u, Version: version})
		}
	}
	for _, scope := range scopes {
		reports, ok := s.reports(scope.name, scope.docs)
		if !ok {
			return nil, retrigger()
		}
		for _, r := range reports {
			var version *int32
			if r.open {
				version = &r.version
			}
			add(r.uri, version, r.items)
		}
	}
	for _, r := range p.PreviousResultIds {
		if _, left := previous[r.URI]; left {
			add(r.URI, nil, []protocol.Diagnostic{})
		}
	}
	return all, nil
}

// resultID names a list of diagnostics: equal ones have the same name.
func resultID(items []protocol.Diagnostic) string {
	sum := sha256.Sum256(encode(items))
	return hex.EncodeToString(sum[:16])
}

func full(id string, items []protocol.Diagnostic) protocol.FullDocumentDiagnosticReport {
	return protocol.FullDocumentDiagnosticReport{Kind: "full", ResultID: &id, Items: items}
}

func unchanged(id string) protocol.UnchangedDocumentDiagnosticReport {
	return protocol.UnchangedDocumentDiagnosticReport{Kind: "unchanged", ResultID: id}
}

// retrigger is the answer that makes a client ask again, since what it asked
// about was superseded.
func retrigger() error {
	err := jsonrpc2.NewError(jsonrpc2.Code(protocol.LSPErrorCodesServerCancelled), "the file has changed")
	err.Data = jsonrpc2.RawMessage(encode(protocol.DiagnosticServerCancellationData{RetriggerRequest: true}))
	return err
}
