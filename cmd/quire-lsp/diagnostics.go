package main

import (
	"cmp"
	"fmt"
	"slices"

	"go.lsp.dev/protocol"

	"quire/analysis/diag"
	"quire/analysis/source"
)

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
	message := cmp.Or(d.Message, d.Code.Entry().Title, string(d.Code), "something is wrong here")
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
	if s.caps.unnecessary && d.File == doc.file && slices.Contains(unnecessary, d.Code) {
		out.Tags = protocol.NewDiagnosticTags(protocol.DiagnosticTagUnnecessary)
	}
	if s.caps.related {
		for _, r := range related {
			out.RelatedInformation = append(out.RelatedInformation, protocol.DiagnosticRelatedInformation{
				Location: protocol.Location{URI: doc.sibling(r.File), Range: s.caps.encoding.rangeOf(r.File, r.Span)},
				Message:  cmp.Or(r.Message, "see here"),
			})
		}
	}
	if s.caps.data && len(d.Fixes) > 0 {
		out.Data = encode(s.fixData(doc, d))
	}
	return out
}

// unnecessary are the codes of what can be removed, which editors show faded.
var unnecessary = []diag.Code{diag.UnusedLocal, diag.UnusedIgnore, diag.DuplicateInput, diag.Unreachable}
