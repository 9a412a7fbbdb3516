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
	run   *liveRun
	title string

	mu    sync.Mutex // guards the fields below
	token protocol.ProgressToken
	shown bool   // begin was sent
	note  string // what is to be known of the run, where there is no begin
	jobs  int
	done  int
	ends  bool        // the run has been asked to end
	last  time.Time   // when the last report was sent
	next  string      // what a held-back report will say
	timer *time.Timer // sends it
}

func newProgress(run *liveRun) *progress {
	title := "quire"
	if run.dry {
		title += " dry run"
	}
	if len(run.args.Jobs) > 0 {
		title += ": " + strings.Join(run.args.Jobs, ", ")
	}
	return &progress{run: run, title: title}
}

// begin asks the client for a progress and starts it. The token is the run's
// id, so a cancel of the progress names the run. Unsaved are the files of which
// the run takes the text in the editor.
func (p *progress) begin(unsaved []string) {
	message := "loading"
	if len(unsaved) > 0 {
		message = "running the unsaved text of " + strings.Join(unsaved, ", ")
		p.mu.Lock()
		p.note = " (of the unsaved text of " + strings.Join(unsaved, ", ") + ")"
		p.mu.Unlock()
	}
	if on := p.run.args.Options.On; on != "" && !p.run.dry {
		message += ", on " + on
	}
	s := p.run.s
	if !s.caps.progress {
		return
	}
	token := protocol.String(p.run.id)
	// A client that does not answer must not keep the run from starting.
	ctx, cancel := context.WithTimeout(p.run.ctx, time.Second)
	defer cancel()
	if err := s.client.WorkDoneProgressCreate(ctx, &protocol.WorkDoneProgressCreateParams{Token: token}); err != nil {
		return
	}
	yes, percentage := true, uint32(0)
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
		p.report(fmt.Sprintf("%s: %s", e.JobID, brief(e.Cmd)))
	case exec.Output:
		lines := strings.Split(strings.TrimSpace(e.Text), "\n")
		if line := brief(lines[len(lines)-1]); line != "" {
			p.report(fmt.Sprintf("%s: %s", e.JobID, line))
		}
	}
}

// report shows what the run is doing now. Of several reports within
// reportEvery, or while the client is behind, the last one is sent, at its end.
func (p *progress) report(message string) {
	if !p.shown || p.ends {
		return
	}
	p.next = message
	if p.timer != nil {
		return
	}
	if wait := reportEvery - time.Since(p.last); wait > 0 || p.run.s.outgoing.isBehind() {
		p.timer = time.AfterFunc(wait, p.due)
	} else {
		p.flush()
	}
}

// due sends the report that is held back, unless the client is behind.
func (p *progress) due() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.shown || p.timer == nil:
	case p.run.s.outgoing.isBehind():
		p.timer.Reset(reportEvery)
	default:
		p.flush()
	}
}

// cancelling says at once that the run has been asked to end: its commands may
// take a while to.
func (p *progress) cancelling() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shown || p.ends {
		return
	}
	p.ends, p.next = true, "cancelling"
	p.flush()
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
	shown, note := p.shown, p.note
	if shown {
		p.send(&protocol.WorkDoneProgressEnd{Kind: "end", Message: &text})
		p.shown = false
	}
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	s := p.run.s
	switch {
	case err != nil || report.Outcome == exec.Failed:
		s.message(s.ctx, protocol.MessageTypeError, p.title+": "+text)
	case !shown && !p.run.dry: // which shows what it found
		s.message(s.ctx, protocol.MessageTypeInfo, p.title+": "+text+note)
	}
}

// send sends one progress value. When the client is gone the session ends by
// itself.
func (p *progress) send(value any) {
	s := p.run.s
	_ = s.client.Progress(s.ctx, &protocol.ProgressParams{Token: p.token, Value: encode(value)})
}

// WorkDoneProgressCancel cancels the run whose progress the user cancelled.
func (s *server) WorkDoneProgressCancel(_ context.Context, p *protocol.WorkDoneProgressCancelParams) error {
	if id, ok := p.Token.(protocol.String); ok {
		s.runs.cancel(string(id))
	}
	return nil
}
