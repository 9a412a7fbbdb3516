package main

import (
	"fmt"
	"sync"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/exec"
)

// The notifications about runs. They go to clients that ask for them in their
// capabilities, {"experimental": {"quire": {"runOutput": true, "runState":
// true}}}: runOutput for the first, runState for the others. Those about commands
// are in run_commands.go.
const (
	notifyRunOutput   = "quire/runOutput"
	notifyRunStarted  = "quire/runStarted"
	notifyJobState    = "quire/jobState"
	notifyRunFinished = "quire/runFinished"
)

// A runOutputParams is what a command wrote, in pieces of no particular size.
// Text is redacted, and otherwise as it was written, with colours. A client that
// reads too slowly does not get all of it; a piece of the log says where and how
// much is missing.
type runOutputParams struct {
	RunID  string `json:"runId"`
	Job    string `json:"job"`
	Sh     int    `json:"sh"`     // number of the command in its job, from 1; 0: of none
	Stream string `json:"stream"` // stdout, stderr, or log for what the job or quire says
	Seq    int    `json:"seq"`    // from 1 in each run, without gaps
	Text   string `json:"text"`
}

// A runStartedParams says that a run begins. Its jobs follow as they are known.
type runStartedParams struct {
	RunID string  `json:"runId"`
	URI   uri.URI `json:"uri"`
	Title string  `json:"title"`
	Dry   bool    `json:"dryRun,omitzero"`
}

// A jobStateParams says what a job is doing, or how it went. In runFinished it
// has the place of the failure too.
type jobStateParams struct {
	RunID      string             `json:"runId"`
	Job        string             `json:"job"`
	State      exec.Outcome       `json:"state"`
	DurationMS *int64             `json:"durationMs,omitempty"` // of a job that has begun and ended
	Exit       *int               `json:"exit,omitempty"`       // the last that was not zero
	Message    string             `json:"message,omitempty"`    // why it failed or was skipped
	Location   *protocol.Location `json:"location,omitempty"`
	Failure    *jobFailureParams  `json:"failure,omitempty"` // in runFinished
}

// A runFinishedParams says how a run went. An outcome not-run means that it was
// refused before it began.
type runFinishedParams struct {
	RunID      string           `json:"runId"`
	Outcome    exec.Outcome     `json:"outcome"`
	DurationMS int64            `json:"durationMs"`
	Message    string           `json:"message"`
	Jobs       []jobStateParams `json:"jobs"`
}

// sendEvery and sendAt bound how long and how much output, in bytes, is
// gathered for one notification.
const (
	sendEvery = 30 * time.Millisecond
	sendAt    = 32 << 10
)

// runEvents tells a client what happens in a run.
type runEvents struct {
	run *liveRun

	// Only the goroutine that observes the run touches these.
	begun map[string]int64 // when each job started, in milliseconds
	exits map[string]*int  // the last of each job that was not zero

	mu    sync.Mutex // guards the fields below, and orders what is sent
	seq   int
	held  *runOutputParams // output that is to be sent
	timer *time.Timer      // sends it
	left  map[string]int   // bytes of output of each job that were left out since output of it was sent
}

func newRunEvents(run *liveRun) *runEvents {
	return &runEvents{run: run, begun: map[string]int64{}, exits: map[string]*int{}, left: map[string]int{}}
}

// send sends a notification. When the client is gone the session ends by
// itself.
func (r *runEvents) send(method string, params any) {
	_ = r.run.s.conn.Notify(r.run.s.ctx, method, params)
}

// state sends what only clients that follow runs want to know.
func (r *runEvents) state(method string, params any) {
	r.behindOutput(r.run.s.caps.runState, method, params)
}

// behindOutput sends what a client wants to know, behind the output that came
// before.
func (r *runEvents) behindOutput(wanted bool, method string, params any) {
	if !wanted {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flush()
	r.send(method, params)
}

func (r *runEvents) started() {
	r.state(notifyRunStarted, runStartedParams{RunID: r.run.id, URI: r.run.args.URI, Title: r.run.progress.title, Dry: r.run.dry})
}

// observe follows the run.
func (r *runEvents) observe(e exec.Event) {
	switch e.Type {
	case exec.RunStarted:
		for _, id := range e.Jobs {
			r.state(notifyJobState, jobStateParams{RunID: r.run.id, Job: id, State: exec.Queued})
		}
	case exec.JobStarted:
		r.begun[e.JobID] = e.AtMS
		r.state(notifyJobState, jobStateParams{RunID: r.run.id, Job: e.JobID, State: exec.Running})
	case exec.ShStarted:
		r.shStarted(e)
	case exec.Output:
		r.output(e.JobID, e.Sh, e.Stream, e.Text)
	case exec.Log:
		r.output(e.JobID, e.Sh, "log", e.Message+"\n")
	case exec.ShFinished:
		if e.Exit != nil && *e.Exit != 0 {
			r.exits[e.JobID] = e.Exit
		}
		r.shFinished(e)
	case exec.JobFinished:
		p := jobStateParams{RunID: r.run.id, Job: e.JobID, State: exec.Outcome(e.Outcome), Exit: r.exits[e.JobID], Message: e.Message}
		if begun, ok := r.begun[e.JobID]; ok {
			took := e.AtMS - begun
			p.DurationMS = &took
		}
		r.complete(e.JobID)
		r.state(notifyJobState, p)
	}
}

// output sends output, with what follows it at once from the same stream.
func (r *runEvents) output(job string, sh int, stream, text string) {
	if !r.run.s.caps.runOutput {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.held; h != nil && (h.Job != job || h.Sh != sh || h.Stream != stream) {
		r.flush()
	}
	if r.held == nil {
		r.held = &runOutputParams{RunID: r.run.id, Job: job, Sh: sh, Stream: stream}
		r.timer = time.AfterFunc(sendEvery, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.flush()
		})
	}
	if r.held.Text += text; len(r.held.Text) >= sendAt {
		r.flush()
	}
}

// flush sends the output that is held back, or leaves it out when the client is
// behind: the log has it, and neither the memory of the server nor the job is to
// suffer from a client that does not read.
func (r *runEvents) flush() {
	held := r.held
	if held == nil {
		return
	}
	r.timer.Stop()
	r.held = nil
	if r.run.s.outgoing.isBehind() {
		r.left[held.Job] += len(held.Text)
		return
	}
	r.tellLeft(held.Job)
	r.sendOutput(held)
}

// tellLeft says how much output of a job was left out.
func (r *runEvents) tellLeft(job string) {
	if n := r.left[job]; n > 0 {
		delete(r.left, job)
		r.sendOutput(&runOutputParams{RunID: r.run.id, Job: job, Stream: "log", Text: fmt.Sprintf("… %d bytes not shown; see the log …\n", n)})
	}
}

func (r *runEvents) sendOutput(p *runOutputParams) {
	r.seq++
	p.Seq = r.seq
	r.send(notifyRunOutput, p)
}

// complete sends what is left of the output of a job, or says how much it is.
func (r *runEvents) complete(job string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flush()
	r.tellLeft(job)
}

// finished tells how the run went.
func (r *runEvents) finished(report *exec.Report, err error) {
	p := runFinishedParams{RunID: r.run.id, Outcome: report.Outcome, DurationMS: report.Finished.Sub(report.Started).Milliseconds(),
		Message: outcome(report, err), Jobs: []jobStateParams{}}
	for _, j := range report.Jobs {
		state := jobStateParams{RunID: r.run.id, Job: j.ID, State: j.Outcome, Message: j.Notice}
		if took := lasted(j).Milliseconds(); !j.Started.IsZero() {
			state.DurationMS = &took
		}
		if n := len(j.IgnoredExits); n > 0 {
			state.Exit = &j.IgnoredExits[n-1]
		}
		if f := j.Failure; f != nil {
			state.Message, state.Location = f.Diagnostic.Message, r.run.s.failureLocation(r.run.root, f)
			state.Failure = r.failure(j)
			if f.Exit != 0 {
				state.Exit = &f.Exit
			}
		}
		p.Jobs = append(p.Jobs, state)
	}
	for _, j := range report.Jobs {
		r.complete(j.ID) // of one that did not finish
	}
	r.state(notifyRunFinished, p)
}

// refused tells that the run does not begin.
func (r *runEvents) refused(why string) {
	r.state(notifyRunFinished, runFinishedParams{RunID: r.run.id, Outcome: exec.NotRun, Message: why, Jobs: []jobStateParams{}})
}
