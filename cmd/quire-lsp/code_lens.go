package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// CodeLens offers to run all jobs above the first line, and to run each above
// the form that registers it, with how it went the last time.
func (s *server) CodeLens(ctx context.Context, p *protocol.CodeLensParams) ([]protocol.CodeLens, error) {
	doc := s.documents.get(p.TextDocument.URI)
	release(ctx)
	lenses := []protocol.CodeLens{}
	if doc == nil || doc.snapshot == nil || !s.settings(doc.root).CodeLens {
		return lenses, nil
	}
	s.readResults(doc.root)
	forms := doc.jobForms()
	shared := map[source.Span]int{}
	for _, f := range forms {
		shared[f.span]++
	}
	lens := func(at source.Span, o offer) {
		lenses = append(lenses, protocol.CodeLens{Range: s.caps.encoding.rangeOf(doc.file, at), Command: o.command(o.title)})
	}
	for _, o := range s.fileOffers(doc, forms) {
		lens(source.Span{}, o)
	}
	of := s.jobOffers(doc)
	for _, f := range forms {
		for _, o := range of(f) {
			if shared[f.span] > 1 || !f.named { // such as jobs that a loop or a module registers
				o.title += " " + f.id
			}
			lens(doc.lensSpan(f.span), o)
		}
	}
	return lenses, ctx.Err()
}

// readResults reads what other sessions ran of a repository.
func (s *server) readResults(root string) {
	if root == "" {
		return
	}
	if s.results.of(root).update() {
		s.failuresChanged(root)
	}
	s.goWork(func() { s.tellPipeline(root) })
}

// A jobForm is the form of a document that registers a job.
type jobForm struct {
	id    string
	span  source.Span
	job   *pipeline.Job // nil when only the text is known, in a file with errors
	needs bool          // other jobs
	named bool          // the form says which job it is
}

// jobForms returns the forms that register jobs, in the order of their places.
// What cannot be evaluated, as in a file that does not read yet, is taken from
// the text: who types in one form does not lose what there was above the others.
func (d *document) jobForms() []jobForm {
	var forms []jobForm
	at := map[source.Span]bool{}
	for _, j := range d.snapshot.Graph().Jobs {
		call, here := j.CallIn(d.file)
		if j.Broken || !here {
			continue
		}
		f := jobForm{id: j.ID, span: call.Span, job: j, named: j.Name.File == d.file && call.Span.Encloses(j.Name.Span)}
		for _, in := range j.Inputs {
			f.needs = f.needs || !isSource(in.Name)
		}
		forms = append(forms, f)
		at[f.span] = true
	}
	var outline []analysis.Item
	if d.snapshot.Broken() {
		outline = d.snapshot.Outline()
	}
	for _, item := range outline {
		if item.Kind != analysis.JobItem || at[item.Span] {
			continue
		}
		f := jobForm{id: item.Name, span: item.Span, named: true}
		for in := range strings.FieldsSeq(item.Detail) {
			f.needs = f.needs || !isSource(in)
		}
		forms = append(forms, f)
	}
	slices.SortStableFunc(forms, func(a, b jobForm) int { return a.span.Start - b.span.Start })
	return forms
}

// lensSpan returns where the lens of a form stands: at its start, as far as that
// is on the first line, since a lens covers one line.
func (d *document) lensSpan(form source.Span) source.Span {
	line := d.file.Line(d.file.Position(form.Start).Line)
	return source.Span{Start: form.Start, End: min(form.End, line.End)}
}

// An offer is something that a lens or an action does.
type offer struct {
	title   string // of a lens, which stands beside what it is about
	action  string // of an action
	tooltip string
	name    string // of the command
	args    any
}

func (o offer) command(title string) protocol.Command {
	tooltip := o.tooltip
	if tooltip == "" {
		tooltip = o.action
	}
	return protocol.Command{Title: title, Tooltip: &tooltip, Command: o.name, Arguments: []protocol.LSPAny{encode(o.args)}}
}

// fileOffers returns what can be done with all jobs of a document.
func (s *server) fileOffers(doc *document, forms []jobForm) []offer {
	var offers []offer
	if len(forms) > 0 {
		offers = append(offers, offer{title: "▶ run all", action: "▶ Run all jobs", tooltip: "Run what a push would start",
			name: cmdRun, args: runArgs{URI: doc.uri}})
	}
	if len(s.runs.of(doc.root)) > 0 {
		offers = append(offers, offer{title: "■ cancel", action: "■ Cancel what runs", name: cmdCancel, args: cancelArgs{URI: doc.uri}})
	}
	return offers
}

// jobOffers returns what can be done with a job: to cancel the run that is at
// work on it, or else to run it, and to see how it went the last time.
//
// A job that needs no other is not offered to be run alone, which would be the
// same.
func (s *server) jobOffers(doc *document) func(jobForm) []offer {
	live, known := s.runs.of(doc.root), s.results.of(doc.root).known()
	return func(f jobForm) []offer {
		var offers []offer
		for _, run := range live {
			if _, ok := run.busy(f.id); ok {
				offers = append(offers, cancelOffer(run, f.id))
			}
		}
		if len(offers) == 0 {
			offers = append(offers, runOffers(doc.uri, f)...)
		}
		if r, ok := known[f.id]; ok {
			offers = append(offers, r.offer(doc.uri, f))
		}
		return offers
	}
}

func cancelOffer(run *liveRun, job string) offer {
	o := offer{title: "■ cancel", action: "■ Cancel the run of job '" + job + "'", name: cmdCancel, args: cancelArgs{RunID: run.id}}
	if run.isStopping() {
		o.title, o.action = "■ kill", "■ Kill the run of job '"+job+"'"
		o.tooltip = "The run ends; do not give its commands time to clean up"
	}
	return o
}

func runOffers(u uri.URI, f jobForm) []offer {
	run := offer{title: "▶ run", action: "▶ Run job '" + f.id + "'", name: cmdRun, args: runArgs{URI: u, Jobs: []string{f.id}}}
	if !f.needs {
		return []offer{run}
	}
	run.tooltip = "Run '" + f.id + "' and the jobs it needs"
	return []offer{run, {title: "▶ run only", action: "▶ Run only job '" + f.id + "'",
		tooltip: "Run '" + f.id + "' with what the jobs it needs returned the last time",
		name:    cmdRun, args: runArgs{URI: u, Jobs: []string{f.id}, Only: true}}}
}

// offer returns what shows the log of the run that a result is of.
func (r result) offer(u uri.URI, f jobForm) offer {
	o := offer{title: r.since(f.job), name: cmdShowLog, args: logArgs{URI: u, RunID: r.RunID, Job: f.id},
		action: "Show the log of job '" + f.id + "' (" + r.title() + ")"}
	o.tooltip = "Last run: " + r.Finished.Local().Format(time.DateTime) + ", " + exec.Elapsed(lasted(r.JobReport)) + ". Show the log"
	return o
}

// since says in a few words how a job went, and whether it is another one now.
func (r result) since(job *pipeline.Job) string {
	if r.holds(job) {
		return r.title()
	}
	return r.title() + ", edited since"
}

// title says in a few words how a job went.
func (r result) title() string {
	switch {
	case r.Outcome == exec.Failed && r.Failure != nil:
		return "✗ " + brief(r.Failure.Diagnostic.Message)
	case r.Outcome == exec.Skipped:
		return "– skipped"
	case len(r.IgnoredExits) > 0:
		return "✓ " + r.IgnoredNote()
	}
	return "✓ " + exec.Elapsed(lasted(r.JobReport))
}
