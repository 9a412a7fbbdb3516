package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.lsp.dev/protocol"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/exec"
)

// running are the capabilities of the client that matter to runs.
type running struct {
	refreshLenses bool // workspace/codeLens/refresh
	refreshHints  bool // workspace/inlayHint/refresh
	logDocuments  bool // workspace/textDocumentContent
	// Of the client's experimental quire: it takes quire/runOutput;
	// quire/runStarted, quire/jobState and quire/runFinished; quire/shStarted and
	// quire/shFinished; and quire/pipeline.
	runOutput, runState, runCommands, pipelines bool
}

func runningCapabilities(c protocol.ClientCapabilities) running {
	var r running
	if w := c.Workspace; w != nil {
		r.refreshLenses = w.CodeLens != nil && isTrue(w.CodeLens.RefreshSupport)
		r.refreshHints = w.InlayHint != nil && isTrue(w.InlayHint.RefreshSupport)
		r.logDocuments = w.TextDocumentContent != nil
	}
	var experimental struct {
		Quire struct{ RunOutput, RunState, RunCommands, Pipelines bool }
	}
	// What is not of this form asks for nothing.
	_ = json.Unmarshal(c.Experimental, &experimental)
	wants := experimental.Quire
	r.runOutput, r.runState, r.runCommands, r.pipelines = wants.RunOutput, wants.RunState, wants.RunCommands, wants.Pipelines
	return r
}

func (s *server) initRunning() {
	s.runs.init()
	s.results.init()
	s.trust.init()
	s.lenses.every, s.hints.every = reportEvery, reportEvery
}

// startRun starts the run of quire.run, on the text in the editor, and returns
// its id at once.
func (s *server) startRun(ctx context.Context, args runArgs, dry bool) (protocol.LSPAny, error) {
	root, _ := locate(args.URI)
	buffers := s.documents.buffers(root)
	release(ctx)
	if root == "" {
		return nil, invalid("uri: %q is no file below a directory .quire", args.URI)
	}
	options, err := args.options()
	if err != nil {
		return nil, err
	}
	if options.SHA == "" { // a commit is run as it was committed
		options.Buffers = buffers
	}
	run := s.newRun(root, args, dry)
	options.DryRun, options.Observe, options.Kill = dry, run.observe, run.kill
	request, err := exec.Local(root, options)
	if err != nil {
		run.cancel()
		return nil, invalid("%v", err)
	}
	run.named(request.ID())
	if !s.runs.start(run) {
		run.cancel()
		return nil, invalid("the session is ending")
	}
	s.goWork(func() {
		defer run.cancel()
		s.carryOut(run, request, options.Buffers)
	})
	result := runResult{RunID: run.id, Jobs: args.Jobs}
	if s.caps.logDocuments && !dry {
		result.LogURI = logURI(run.id, "")
	}
	return encode(result), nil
}

func (s *server) newRun(root string, args runArgs, dry bool) *liveRun {
	run := &liveRun{s: s, root: root, args: args, dry: dry, kill: make(chan struct{})}
	run.ctx, run.cancel = context.WithCancel(s.ctx)
	return run
}

// named gives the run its id, before anything happens in it.
func (r *liveRun) named(id string) {
	r.id = id
	r.progress = newProgress(r)
	r.events = newRunEvents(r)
}

// carryOut runs a request and shows how it goes and how it went.
func (s *server) carryOut(run *liveRun, request exec.Request, buffers map[string]*source.File) {
	if !run.dry && !s.trusted(run) {
		s.runs.end(run)
		run.events.refused("the workspace is not trusted")
		s.runs.done()
		s.refreshLenses()
		return
	}
	s.refreshLenses()
	run.events.started()
	run.progress.begin(unsaved(run.root, buffers))
	report, err := exec.Run(run.ctx, request)
	changed := !run.dry && s.results.add(run.root, report)
	s.runs.end(run)
	run.events.finished(report, err)
	run.progress.end(report, err)
	s.runs.done()
	s.refreshResults()
	s.tellPipeline(run.root)
	s.logChanged(run.id)
	if changed {
		s.failuresChanged(run.root)
	}
	switch {
	case run.dry:
		s.showPlan(run, report, err)
	case report.Outcome == exec.Failed && !s.caps.runOutput:
		if job := failedJob(report); job != nil {
			s.showLog(s.ctx, report.ID, job.ID, job.Failure.Log)
		}
	}
}

// unsaved returns the paths, relative to the root, of the buffers that differ
// from their files.
func unsaved(root string, buffers map[string]*source.File) []string {
	var names []string
	for name, f := range buffers {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || string(text) != f.Text() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// failedJob returns the first job of a run that failed, or nil.
func failedJob(report *exec.Report) *exec.JobReport {
	for i, j := range report.Jobs {
		if j.Failure != nil {
			return &report.Jobs[i]
		}
	}
	return nil
}

// outcome says in a few words how a run went.
func outcome(report *exec.Report, err error) string {
	var usage *exec.UsageError
	var lost *exec.RecordError
	switch {
	case errors.As(err, &lost):
		return outcome(report, nil) + "; " + lost.Error()
	case errors.As(err, &usage):
		return "✗ " + usage.Message
	case err != nil:
		return "✗ quire failed: " + err.Error()
	}
	switch report.Outcome {
	case exec.Cancelled:
		return "cancelled"
	case exec.Failed:
		return "✗ " + failure(report)
	}
	text := fmt.Sprintf("✓ %s in %s", count(len(report.Jobs), "job"), exec.Elapsed(report.Finished.Sub(report.Started)))
	for _, j := range report.Jobs {
		if len(j.IgnoredExits) > 0 {
			text += fmt.Sprintf(", %s %s", j.ID, j.IgnoredNote())
		}
	}
	return text
}

// failure says in a few words what made a run fail.
func failure(report *exec.Report) string {
	if j := failedJob(report); j != nil {
		return j.ID + ": " + brief(j.Failure.Diagnostic.Message)
	}
	for _, d := range report.Diagnostics {
		if d.Severity() == diag.Error {
			return brief(d.Message)
		}
	}
	return "failed"
}

// lasted returns how long a job ran, or zero when it did not.
func lasted(j exec.JobReport) time.Duration {
	if j.Started.IsZero() {
		return 0
	}
	return j.Finished.Sub(j.Started)
}
