package main

import (
	"sync"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/diag"
	"quire/analysis/source"
)

// A publisher sends the diagnostics of one buffer, one version at a time, so
// that no version overtakes a newer one.
type publisher struct{ mu sync.Mutex }

// publish sends the diagnostics of a version, unless there is a newer one by
// then. Of a burst of versions, those that are overtaken while they wait cost
// nothing.
func (s *server) publish(doc *document) {
	doc.publish.mu.Lock()
	defer doc.publish.mu.Unlock()
	if s.documents.get(doc.uri) != doc {
		return
	}
	found := doc.snapshot.Diagnostics()
	if s.documents.get(doc.uri) != doc {
		return
	}
	s.notifyDiagnostics(doc, s.diagnostics(doc, found))
}

// clear takes back the diagnostics of a closed buffer.
func (s *server) clear(doc *document) {
	doc.publish.mu.Lock()
	defer doc.publish.mu.Unlock()
	if s.documents.get(doc.uri) == nil {
		s.notifyDiagnostics(doc, []protocol.Diagnostic{})
	}
}

func (s *server) notifyDiagnostics(doc *document, ds []protocol.Diagnostic) {
	// When the client is gone the session ends by itself.
	_ = s.client.PublishDiagnostics(s.ctx, &protocol.PublishDiagnosticsParams{
		URI:         doc.uri,
		Version:     protocol.NewOptional(doc.version),
		Diagnostics: ds,
	})
}

// diagnostics returns the wire form of what was found in a document. What was
// found in another file stands at the start of the text that needs it, with
// the place as related information.
func (s *server) diagnostics(doc *document, found diag.List) []protocol.Diagnostic {
	ds := make([]protocol.Diagnostic, 0, len(found))
	for _, d := range found {
		ds = append(ds, s.diagnostic(doc, d))
	}
	return ds
}

func (s *server) diagnostic(doc *document, d diag.Diagnostic) protocol.Diagnostic {
	related := d.Related
	span := d.Span
	if d.File != doc.file {
		related = append([]diag.Related{{File: d.File, Span: d.Span, Message: d.Message}}, related...)
		span = source.Span{}
		for _, r := range d.Related {
			if r.File == doc.file {
				span = r.Span
				break
			}
		}
	}
	message := d.Message
	if d.Help != "" {
		message += "\n" + d.Help
	}
	out := protocol.Diagnostic{
		Range:    s.caps.encoding.rangeOf(doc.file, span),
		Severity: protocol.DiagnosticSeverity(d.Severity()),
		Code:     protocol.String(d.Code),
		Source:   protocol.NewOptional("quire"),
		Message:  protocol.String(message),
	}
	if s.caps.related {
		for _, r := range related {
			out.RelatedInformation = append(out.RelatedInformation, protocol.DiagnosticRelatedInformation{
				Location: protocol.Location{URI: doc.sibling(r.File), Range: s.caps.encoding.rangeOf(r.File, r.Span)},
				Message:  r.Message,
			})
		}
	}
	return out
}

// sibling returns the URI of a file of the same repository.
func (d *document) sibling(f *source.File) uri.URI {
	if f == d.file || d.root == "" {
		return d.uri
	}
	u, err := uri.JoinPath(uri.File(d.root), f.Name())
	if err != nil {
		return d.uri
	}
	return u
}
