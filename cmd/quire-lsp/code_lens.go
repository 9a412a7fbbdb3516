package main

import (
	"context"
	"fmt"

	"go.lsp.dev/protocol"

	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// CodeLens offers to run each job, above the form that registers it.
func (s *server) CodeLens(ctx context.Context, p *protocol.CodeLensParams) ([]protocol.CodeLens, error) {
	doc := s.documents.get(p.TextDocument.URI)
	release(ctx)
	lenses := []protocol.CodeLens{}
	if doc == nil || doc.snapshot == nil {
		return lenses, nil
	}
	jobs := doc.jobs()
	shared := map[source.Span]int{}
	for _, j := range jobs {
		shared[j.Call.Span]++
	}
	for _, j := range jobs {
		title := "▶ run"
		if shared[j.Call.Span] > 1 { // such as jobs that a loop registers
			title = "▶ run " + j.ID
		}
		lenses = append(lenses, protocol.CodeLens{
			Range:   s.caps.encoding.rangeOf(doc.file, doc.lensSpan(j)),
			Command: runCommand(title, doc, j.ID),
		})
	}
	return lenses, ctx.Err()
}

// jobs returns the jobs that the text of the document registers and that can
// run.
func (d *document) jobs() []*pipeline.Job {
	var jobs []*pipeline.Job
	for _, j := range d.snapshot.Graph().Jobs {
		if !j.Broken && j.Call.File == d.file {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// lensSpan returns where the lens of a job stands: at its form, as far as that
// is on the first line, since a lens covers one line.
func (d *document) lensSpan(j *pipeline.Job) source.Span {
	start := j.Call.Span.Start
	line := d.file.Line(d.file.Position(start).Line)
	return source.Span{Start: start, End: min(j.Call.Span.End, line.End)}
}

// runCommand returns the command that runs a job with what it needs.
func runCommand(title string, doc *document, job string) protocol.Command {
	tooltip := fmt.Sprintf("Run '%s' and the jobs it needs", job)
	return protocol.Command{
		Title:     title,
		Tooltip:   &tooltip,
		Command:   cmdRun,
		Arguments: []protocol.LSPAny{encode(runArgs{URI: doc.uri, Jobs: []string{job}})},
	}
}
