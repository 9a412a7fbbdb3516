package exec

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// jobForms returns a hash for each job of a pipeline, which changes with anything
// that what the job does is made of: its own call and function, the names of
// what it needs, the modules, and what of ci.fnl belongs to no job, such as the
// functions that several call.
func jobForms(p *pipeline.Pipeline) map[string]string {
	calls := map[*source.File][]source.Span{}
	for _, job := range p.Graph.Jobs {
		calls[job.Call.File] = append(calls[job.Call.File], job.Call.Span)
	}
	shared := sha256.New()
	for _, f := range p.Files {
		fmt.Fprintf(shared, "%q ", f.Name())
		writeOutside(shared, f, calls[f])
	}
	all := map[string]string{}
	for _, job := range p.Graph.Jobs {
		h := sha256.New()
		h.Write(shared.Sum(nil))
		io.WriteString(h, JobText(job))
		for _, in := range job.Inputs {
			fmt.Fprintf(h, " %q", in.Name)
		}
		all[job.ID] = hex.EncodeToString(h.Sum(nil))
	}
	return all
}

// writeOutside writes the text of a file that lies in none of the spans, but for
// the space around it.
func writeOutside(w io.Writer, f *source.File, spans []source.Span) {
	slices.SortFunc(spans, func(a, b source.Span) int { return cmp.Compare(a.Start, b.Start) })
	at := 0
	for _, s := range append(spans, source.Span{Start: len(f.Text()), End: len(f.Text())}) {
		if s.Start > at {
			if text := strings.TrimSpace(f.Slice(source.Span{Start: at, End: s.Start})); text != "" {
				fmt.Fprintf(w, "%q ", text)
			}
		}
		at = max(at, s.End)
	}
}
