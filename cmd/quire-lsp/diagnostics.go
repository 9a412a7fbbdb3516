package main

import (
	"fmt"
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
	s.notifyDiagnostics(doc, append(s.diagnostics(doc, found), s.failures(doc)...))
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

// maxPublished is how many diagnostics of a file an editor is given. One more
// says how many there are besides.
const maxPublished = 200

// diagnostics returns the wire form of what was found in a document, as far as
// there is room, the worst of it. What was found in another file
// stands at the start of the text that needs it, with the place as related
// information.
func (s *server) diagnostics(doc *document, found diag.List) []protocol.Diagnostic {
	shown, left := bounded(found)
	ds := make([]protocol.Diagnostic, 0, len(shown)+1)
	for _, d := range shown {
		ds = append(ds, s.diagnostic(doc, d))
	}
	if len(left) > 0 {
		rest := s.diagnostic(doc, diag.Diagnostic{File: left[0].File, Span: left[0].Span, As: diag.Information,
			Message: fmt.Sprintf("%d more diagnostics are not shown, of which this would be the first.", len(left)),
			Help:    "quire ci validate shows all."})
		rest.Code = nil
		ds = append(ds, rest)
	}
	return ds
}

// bounded divides diagnostics into the worst, no more than are published, and
// those that are left, each in the order of places.
func bounded(found diag.List) (shown, left diag.List) {
	if len(found) <= maxPublished {
		return found, nil
	}
	var counts [diag.Hint + 1]int
	for _, d := range found {
		counts[d.Severity()]++
	}
	var room [diag.Hint + 1]int
	free := maxPublished
	for severity, n := range counts {
		room[severity] = min(n, free)
		free -= room[severity]
	}
	for _, d := range found {
		if severity := d.Severity(); room[severity] > 0 {
			room[severity]--
			shown = append(shown, d)
		} else {
			left = append(left, d)
		}
	}
	return shown, left
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
