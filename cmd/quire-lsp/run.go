package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/diag"
	"quire/exec"
	"quire/exec/rundir"
)

// runs holds the runs that this session started.
type runs struct {
	mu      sync.Mutex // guards the fields below
	active  map[string]context.CancelFunc
	ended   map[string]*exec.Report
	stopped bool // no run may start any more
	wg      sync.WaitGroup
}

// start notes a run, unless the session is ending.
func (r *runs) start(id string, cancel context.CancelFunc) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return false
	}
	if r.active == nil {
		r.active, r.ended = map[string]context.CancelFunc{}, map[string]*exec.Report{}
	}
	r.active[id] = cancel
	r.wg.Add(1)
	return true
}

func (r *runs) end(id string, report *exec.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.active, id)
	r.ended[id] = report
	r.wg.Done()
}

// cancel ends a run under way and reports whether there is one of that id.
func (r *runs) cancel(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	cancel, ok := r.active[id]
	if ok {
		cancel()
	}
	return ok
}

// cancelAll ends all runs and lets no other start.
func (r *runs) cancelAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	for _, cancel := range r.active {
		cancel()
	}
}

// wait returns when no run is left.
func (r *runs) wait() { r.wg.Wait() }

// report returns how an ended run went, or nil.
func (r *runs) report(id string) *exec.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended[id]
}

// startRun starts the run of quire.run, on the text in the editor, and returns
// its id at once.
func (s *server) startRun(ctx context.Context, args runArgs) (protocol.LSPAny, error) {
	doc := s.documents.get(args.URI)
	root, _ := locate(args.URI)
	buffers := s.documents.buffers(root)
	release(ctx)
	if root == "" {
		return nil, invalid("%s is no file below a directory .quire", args.URI)
	}
	options, err := args.options()
	if err != nil {
		return nil, err
	}
	if options.SHA == "" { // a commit is run as it was committed
		options.Buffers = buffers
	}
	progress := newProgress(s, args, doc != nil)
	options.Observe = progress.observe
	request, err := exec.Local(root, options)
	if err != nil {
		return nil, invalid("%v", err)
	}
	runCtx, cancel := context.WithCancel(s.ctx)
	id := request.ID()
	if !s.runs.start(id, cancel) {
		cancel()
		return nil, invalid("the session is ending")
	}
	s.goWork(func() {
		defer cancel()
		progress.begin(id)
		report, err := exec.Run(runCtx, request)
		s.runs.end(id, report)
		progress.end(report, err)
		s.afterRun(report)
	})
	return encode(runResult{RunID: id, Jobs: args.Jobs}), nil
}

// afterRun shows the log of what failed, where the client can show it.
func (s *server) afterRun(report *exec.Report) {
	if report.Outcome == exec.Failed {
		if log := failureLog(report); log != "" {
			s.showFile(s.ctx, log)
		}
	}
}

// failureLog returns the log of the first job that failed.
func failureLog(report *exec.Report) string {
	for _, j := range report.Jobs {
		if j.Failure != nil {
			return j.Failure.Log
		}
	}
	return ""
}

func (s *server) showLog(ctx context.Context, args logArgs) error {
	report := s.runs.report(args.RunID)
	if report == nil {
		return invalid("no ended run '%s' of this session", args.RunID)
	}
	log := failureLog(report)
	if args.Job != "" {
		log = lastLog(report.Dir, args.Job)
	}
	if log == "" {
		return invalid("the run '%s' has no log of a command", args.RunID)
	}
	s.showFile(ctx, log)
	return nil
}

// lastLog returns the log of the last command of a job, or nothing when it ran
// none.
func lastLog(dir, job string) string {
	log := ""
	for n := 1; ; n++ {
		next := filepath.Join(dir, rundir.LogName(job, n))
		if _, err := os.Stat(next); err != nil {
			return log
		}
		log = next
	}
}

// showFile opens a file in the editor, or names it in a message where that
// cannot be done.
func (s *server) showFile(ctx context.Context, path string) {
	if s.caps.showDocument {
		focus := false
		shown, err := s.client.ShowDocument(ctx, &protocol.ShowDocumentParams{URI: uri.File(path), TakeFocus: &focus})
		if err == nil && shown != nil && shown.Success {
			return
		}
	}
	s.message(ctx, protocol.MessageTypeInfo, "Log: "+path)
}

func (s *server) message(ctx context.Context, kind protocol.MessageType, text string) {
	// When the client is gone the session ends by itself.
	_ = s.client.ShowMessage(ctx, &protocol.ShowMessageParams{Type: kind, Message: text})
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
	took := report.Finished.Sub(report.Started).Round(100 * time.Millisecond)
	return fmt.Sprintf("✓ %s in %v", count(len(report.Jobs), "job"), took)
}

// failure says in a few words what made a run fail.
func failure(report *exec.Report) string {
	for _, j := range report.Jobs {
		if j.Failure != nil {
			return j.ID + ": " + j.Failure.Diagnostic.Message
		}
	}
	for _, d := range report.Diagnostics {
		if d.Severity() == diag.Error {
			return d.Message
		}
	}
	return "failed"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
