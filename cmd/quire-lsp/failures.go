package main

import (
	"fmt"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// failures returns the diagnostics of jobs that failed when they ran last and have
// not changed since: those that a document registers, and those of which it holds
// what failed.
func (s *server) failures(doc *document, jobs *pipeline.Graph) []protocol.Diagnostic {
	if jobs == nil || doc.root == "" {
		return nil
	}
	known := s.knownResults(doc.root)
	if len(known) == 0 {
		return nil
	}
	var found []protocol.Diagnostic
	for _, job := range jobs.Jobs {
		r := known[job.ID]
		if job.Broken || r.Failure == nil || !r.holds(job) {
			continue
		}
		d, here := diagnose(doc.file, job, r)
		if _, registered := job.CallIn(doc.file); registered || here {
			out := s.diagnostic(doc, d)
			out.Source = protocol.NewOptional("quire run")
			found = append(found, out)
		}
	}
	return found
}

// knownResults returns the last results of a repository without reading
// anything: the first time, it has the run store read, and what there is shown.
func (s *server) knownResults(root string) map[string]result {
	if root == "" {
		return nil
	}
	h := s.results.of(root)
	h.first.Do(func() {
		s.goWork(func() {
			if h.update() {
				s.failuresChanged(root)
			}
			s.refreshResults()
			s.tellPipeline(root)
		})
	})
	return h.known()
}

// failuresChanged publishes the diagnostics of a repository again.
func (s *server) failuresChanged(root string) {
	s.documents.touch(root)
	s.goWork(func() { s.publish(root) })
}

// failedAt returns the place where a job failed, and what is related to it.
//
// That is the call of sh that did not end well, when it is within the form that
// raised, as in (assert (= 0 (. (sh "make") :exit))): the command is what
// failed then. Otherwise it is the form, which need have nothing to do with a
// command that ended badly some time before.
func failedAt(f *exec.Failure) (at source.Place, others []diag.Related) {
	places, others := failurePlaces(f), f.Diagnostic.Related
	at, n := places[0], len(others)
	if sh := places[n]; n > 0 && f.Command != "" && sh.File == at.File && at.Span.Encloses(sh.Span) {
		return sh, others[:n-1]
	}
	return at, others
}

// diagnose says what became of a job that failed, at a place of the text of a file
// that there is now, which is where [failedAt] says it failed, and whether what
// failed is in it.
func diagnose(now *source.File, job *pipeline.Job, r result) (d diag.Diagnostic, here bool) {
	f := r.Failure
	at, others := failedAt(f)
	d = diag.Diagnostic{File: now, Code: diag.RunFailed, Message: failureText(job.ID, f)}
	if d.Span, here = r.moved(at, now, job); !here {
		d.Span = nameSpan(now, job)
		if at.File != nil && at.File.Name() != now.Name() {
			d.Related = append(d.Related, diag.Related{File: at.File, Span: at.Span, Message: brief(f.Diagnostic.Message)})
		}
	}
	for _, other := range others {
		if span, ok := r.moved(source.Place{File: other.File, Span: other.Span}, now, job); ok {
			d.Related = append(d.Related, diag.Related{File: now, Span: span, Message: other.Message})
		}
	}
	return d, here
}

// maxTailLine is how many characters of a line of output a diagnostic shows.
const maxTailLine = 200

// failureText says why a job failed, with the last lines that its last command
// wrote that did not end well.
func failureText(job string, f *exec.Failure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "job '%s' failed: %s", job, f.Diagnostic.Message)
	if f.Diagnostic.Help != "" {
		b.WriteString("\n" + f.Diagnostic.Help)
	}
	if f.Command == "" {
		return b.String()
	}
	how := fmt.Sprintf("exited with %d", f.Exit)
	if f.Signal != "" {
		how = "was ended by " + f.Signal
	}
	fmt.Fprintf(&b, "\n%s %s", brief(f.Command), how)
	if len(f.Tail) > 0 {
		b.WriteString(":")
	}
	for _, line := range f.Tail {
		b.WriteString("\n  " + clipped(legible(line), maxTailLine))
	}
	return b.String()
}

// nameSpan returns where the id of a job is written in a file, or else its call.
func nameSpan(now *source.File, job *pipeline.Job) source.Span {
	if job.Name.File == now {
		return job.Name.Span
	}
	call, _ := job.CallIn(now)
	return call.Span
}

// moved returns where a place in the text that ran is in the text that there is
// now. The text of the job is the same in both, so what is in it is where it
// was in it. What is elsewhere, such as in a function that the job calls, is
// known as long as the form of top level that it is in is there as it was.
func (r result) moved(old source.Place, now *source.File, job *pipeline.Job) (source.Span, bool) {
	if old.File == nil || old.File.Name() != now.Name() {
		return source.Span{}, false
	}
	was, is := old.File.Text(), now.Text()
	if was == is {
		return old.Span, true
	}
	for _, part := range append([]source.Place{job.Run, job.Call}, job.Inner...) {
		if part.File != now {
			continue
		}
		if at, ok := around(was, now.Slice(part.Span), old.Span); ok {
			return old.Span.Shift(part.Span.Start - at), true
		}
	}
	if form, ok := r.around[old]; ok {
		at := strings.Index(is, old.File.Slice(form))
		return old.Span.Shift(at - form.Start), at >= 0
	}
	return source.Span{}, false
}

// around returns where the occurrence of part in text begins that a span lies
// within.
func around(text, part string, span source.Span) (start int, ok bool) {
	from, to := max(span.End-len(part), 0), min(span.Start+len(part), len(text))
	if from > to {
		return 0, false
	}
	i := strings.Index(text[from:to], part)
	return from + i, i >= 0
}

// failureLocation returns where a job raised its error, in the text that ran.
func (s *server) failureLocation(root string, f *exec.Failure) *protocol.Location {
	return s.ranAt(root, source.Place{File: f.Diagnostic.File, Span: f.Diagnostic.Span})
}

// ranAt returns a place in the text that a repository ran, or nil when it is in
// no file.
func (s *server) ranAt(root string, at source.Place) *protocol.Location {
	if at.File == nil {
		return nil
	}
	u, err := uri.JoinPath(uri.File(root), at.File.Name())
	if err != nil {
		return nil
	}
	return &protocol.Location{URI: u, Range: s.caps.encoding.rangeOf(at.File, at.Span)}
}
