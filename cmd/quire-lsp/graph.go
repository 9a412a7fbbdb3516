package main

import (
	"path/filepath"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/drawing"
	"quire/exec"
)

// graphArgs is the argument of quire.graph.
type graphArgs struct {
	URI    uri.URI `json:"uri"`
	Format string  `json:"format,omitempty"` // text, which is the default, mermaid, dot or svg
	Quiet  bool    `json:"quiet,omitzero"`   // only return it
}

// graphResult is the result of quire.graph.
type graphResult struct {
	Format string `json:"format"`
	Text   string `json:"text"`
}

// graph draws the jobs of a pipeline that is open, with how they went last.
func (s *server) graph(doc *document, args graphArgs) (protocol.LSPAny, error) {
	if doc == nil || doc.snapshot == nil {
		return nil, invalid("uri: %q is no ci.fnl that is open", args.URI)
	}
	d := drawing.New(doc.snapshot.Graph(), doc.snapshot.Diagnostics()).Annotated(s.annotations(doc))
	result := graphResult{Format: args.Format}
	extension := ""
	switch args.Format {
	case "", "text":
		result.Format, result.Text, extension = "text", d.Text(drawing.TextStyle{}), "txt"
	case "mermaid":
		result.Text, extension = d.Mermaid(), "mmd"
	case "dot":
		result.Text, extension = d.DOT(), "dot"
	case "svg":
		result.Text, extension = d.SVG(), "svg"
	default:
		return nil, invalid("format: expected text, mermaid, dot or svg, got %q", args.Format)
	}
	if !args.Quiet {
		s.goWork(func() {
			s.showText(s.ctx, filepath.Base(doc.root)+"-graph."+extension, result.Text, "Graph")
		})
	}
	return encode(result), nil
}

// annotations returns what a picture says of each job.
func (s *server) annotations(doc *document) func(string) drawing.Annotation {
	marks := map[exec.Outcome]drawing.Mark{
		exec.Succeeded: drawing.Succeeded, exec.Failed: drawing.Failed, exec.Skipped: drawing.Skipped,
	}
	return func(id string) drawing.Annotation {
		if r, ok := s.lastResult(doc, id); ok {
			return drawing.Annotation{Mark: marks[r.Outcome], Note: r.title()}
		}
		return drawing.Annotation{}
	}
}
