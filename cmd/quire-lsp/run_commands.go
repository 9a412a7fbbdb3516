package main

import (
	"go.lsp.dev/protocol"

	"quire/exec"
)

// The notifications about the commands of a run. They go to clients whose
// capabilities have {"experimental": {"quire": {"runCommands": true}}}.
const (
	notifyShStarted  = "quire/shStarted"
	notifyShFinished = "quire/shFinished"
)

// A shStartedParams says that a command begins. Its output follows.
type shStartedParams struct {
	RunID    string             `json:"runId"`
	Job      string             `json:"job"`
	Sh       int                `json:"sh"`      // number of the command in its job, from 1
	Command  string             `json:"command"` // as logs show it; redacted
	Location *protocol.Location `json:"location,omitempty"`
}

// A shFinishedParams says how a command ended.
type shFinishedParams struct {
	RunID  string `json:"runId"`
	Job    string `json:"job"`
	Sh     int    `json:"sh"`
	Exit   int    `json:"exit"`             // -1 when a signal ended it
	Signal string `json:"signal,omitempty"` // such as SIGTERM
}

// A jobFailureParams says why a job failed, as the diagnostic does that is
// published for it: at the command that failed, if one did, with the last lines
// that it wrote.
type jobFailureParams struct {
	Message  string             `json:"message"`
	Location *protocol.Location `json:"location,omitempty"`
}

func (r *runEvents) shStarted(e exec.Event) {
	r.behindOutput(r.run.s.caps.runCommands, notifyShStarted, shStartedParams{RunID: r.run.id, Job: e.JobID, Sh: e.Sh,
		Command: e.Cmd, Location: r.run.s.ranAt(r.run.root, e.Place)})
}

func (r *runEvents) shFinished(e exec.Event) {
	p := shFinishedParams{RunID: r.run.id, Job: e.JobID, Sh: e.Sh, Signal: e.Signal}
	if e.Exit != nil {
		p.Exit = *e.Exit
	}
	r.behindOutput(r.run.s.caps.runCommands, notifyShFinished, p)
}

// failure returns why a job failed.
func (r *runEvents) failure(j exec.JobReport) *jobFailureParams {
	at, _ := failedAt(j.Failure)
	return &jobFailureParams{Message: failureText(j.ID, j.Failure), Location: r.run.s.ranAt(r.run.root, at)}
}
