package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.lsp.dev/protocol"

	"quire/exec"
)

// reportEvery is the least time between two progress reports of a run, so that
// a chatty job does not flood the editor.
const reportEvery = 100 * time.Millisecond

// A progress shows one run in the editor: as work-done progress where the
// client has it, and by one message at the end where it does not.
type progress struct {
	s      *server
	title  string
	buffer bool // what runs is a buffer, perhaps unsaved

	mu    sync.Mutex // guards the fields below
	token protocol.ProgressToken
	shown bool // begin was sent
	jobs  int
	done  int
	last  time.Time   // when the last report was sent
	next  string      // what a held-back report will say
	timer *time.Timer // sends it
}

func newProgress(s *server, args runArgs, buffer bool) *progress {
	title := "quire"
	if len(args.Jobs) > 0 {
		title += ": " + strings.Join(args.Jobs, ", ")
	}
	return &progress{s: s, title: title, buffer: buffer}
}

// begin asks the client for a progress and starts it. The token is the run's
// id, so a cancel of the progress names the run.
func (p *progress) begin(runID string) {
	token := protocol.String(runID)
	if !p.s.caps.progress {
		return
	}
	// A client that does not answer must not keep the run from starting.
	ctx, cancel := context.WithTimeout(p.s.ctx, time.Second)
	defer cancel()
	if err := p.s.client.WorkDoneProgressCreate(ctx, &protocol.WorkDoneProgressCreateParams{Token: token}); err != nil {
		return
	}
	yes, percentage, message := true, uint32(0), "loading"
	if p.buffer {
		message = "loading the text in the editor"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token, p.shown = token, true
	p.send(&protocol.WorkDoneProgressBegin{
		Kind: "begin", Title: p.title, Cancellable: &yes, Message: &message, Percentage: &percentage,
	})
}

// observe follows the run: its jobs, its commands, and the last line they
// wrote.
func (p *progress) observe(e exec.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Type {
	case exec.RunStarted:
		p.jobs = len(e.Jobs)
	case exec.JobStarted:
		p.report(e.JobID)
	case exec.JobFinished:
		p.done++
		p.report(fmt.Sprintf("%s: %s", e.JobID, e.Outcome))
	case exec.ShStarted:
		p.report(fmt.Sprintf("%s: %s", e.JobID, e.Cmd))
	case exec.Output:
		if line := strings.TrimSpace(e.Text); line != "" {
			p.report(fmt.Sprintf("%s: %s", e.JobID, line))
		}
	}
}

// report shows what the run is doing now. Of several reports within
// reportEvery the last one is sent, at its end.
func (p *progress) report(message string) {
	if !p.shown {
		return
	}
	p.next = message
	switch wait := reportEvery - time.Since(p.last); {
	case wait <= 0:
		p.flush()
	case p.timer == nil:
		p.timer = time.AfterFunc(wait, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.shown && p.timer != nil {
				p.flush()
			}
		})
	}
}

// flush sends the report that is held back.
func (p *progress) flush() {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	p.last = time.Now()
	percentage := uint32(0)
	if p.jobs > 0 {
		percentage = uint32(min(100*p.done/p.jobs, 100))
	}
	message := p.next
	p.send(&protocol.WorkDoneProgressReport{Kind: "report", Message: &message, Percentage: &percentage})
}

// end says how the run went.
func (p *progress) end(report *exec.Report, err error) {
	text := outcome(report, err)
	p.mu.Lock()
	shown := p.shown
	if shown {
		p.send(&protocol.WorkDoneProgressEnd{Kind: "end", Message: &text})
		p.shown = false
	}
	p.mu.Unlock()
	switch {
	case err != nil || report.Outcome == exec.Failed:
		p.s.message(p.s.ctx, protocol.MessageTypeError, p.title+": "+text)
	case !shown:
		p.s.message(p.s.ctx, protocol.MessageTypeInfo, p.title+": "+text)
	}
}

// send sends one progress value. When the client is gone the session ends by
// itself.
func (p *progress) send(value any) {
	_ = p.s.client.Progress(p.s.ctx, &protocol.ProgressParams{Token: p.token, Value: encode(value)})
}

// WorkDoneProgressCancel cancels the run whose progress the user cancelled.
func (s *server) WorkDoneProgressCancel(_ context.Context, p *protocol.WorkDoneProgressCancelParams) error {
	if id, ok := p.Token.(protocol.String); ok {
		s.runs.cancel(string(id))
	}
	return nil
}
