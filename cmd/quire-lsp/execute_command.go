package main

import (
	"context"
	"fmt"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/exec"
)

// The commands of the server. Each takes one JSON object.
const (
	cmdRun     = "quire.run"
	cmdCancel  = "quire.cancel"
	cmdShowLog = "quire.showLog"
)

func commands() []string { return []string{cmdRun, cmdCancel, cmdShowLog} }

// runArgs is the argument of quire.run.
type runArgs struct {
	URI uri.URI `json:"uri"`
	// Jobs are run with what they need; none: everything that a push runs.
	Jobs []string `json:"jobs,omitempty"`
	// Only leaves out what the jobs need.
	Only bool `json:"only,omitempty"`
	// Options are those of quire ci run.
	Options runOptions `json:"options,omitzero"`
}

// runOptions holds what else can be said of a run; see [exec.Options].
type runOptions struct {
	SHA         string                  `json:"sha,omitempty"`
	InPlace     bool                    `json:"inPlace,omitempty"`
	Reuse       bool                    `json:"reuse,omitempty"`
	Resume      string                  `json:"resume,omitempty"`      // a run, such as last-failed
	ResumeForce bool                    `json:"resumeForce,omitempty"` // also over files that a job changed
	Ref         string                  `json:"ref,omitempty"`
	PreviousSHA string                  `json:"previousSha,omitempty"`
	Mirror      bool                    `json:"mirror,omitempty"`
	Except      []string                `json:"except,omitempty"`
	KeepGoing   bool                    `json:"keepGoing,omitempty"`
	Parallel    int                     `json:"parallel,omitempty"`
	Timeout     string                  `json:"timeout,omitempty"` // such as 10m
	Inputs      string                  `json:"inputs,omitempty"`  // path of a file
	Config      string                  `json:"config,omitempty"`
	Secrets     map[string]secretSource `json:"secrets,omitempty"`

	Container        bool     `json:"container,omitempty"`
	ContainerRuntime string   `json:"containerRuntime,omitempty"`
	ContainerArgs    []string `json:"containerArgs,omitempty"`
	Sandbox          bool     `json:"sandbox,omitempty"`
	Net              bool     `json:"net,omitempty"`
}

// secretSource says where the value of a secret comes from: a variable of the
// server's environment or a file. The value itself is not sent, since editors
// log what they send.
type secretSource struct {
	Env  string `json:"env,omitempty"`
	File string `json:"file,omitempty"`
}

// options returns what a run of these arguments is asked for.
func (a runArgs) options() (exec.Options, error) {
	o := exec.Options{
		SHA: a.Options.SHA, InPlace: a.Options.InPlace, Ref: a.Options.Ref, PreviousSHA: a.Options.PreviousSHA,
		Mirror: a.Options.Mirror, Config: a.Options.Config, Except: a.Options.Except, KeepGoing: a.Options.KeepGoing,
		Parallel: a.Options.Parallel, Inputs: a.Options.Inputs,
		Container: a.Options.Container, ContainerRuntime: a.Options.ContainerRuntime, ContainerArgs: a.Options.ContainerArgs,
		Sandbox: a.Options.Sandbox, Net: a.Options.Net,
		Reuse: a.Options.Reuse, Resume: a.Options.Resume, ResumeForce: a.Options.ResumeForce,
	}
	if text := a.Options.Timeout; text != "" {
		var err error
		if o.Timeout, err = time.ParseDuration(text); err != nil {
			return o, invalid("%s: timeout: expected a time such as 90s or 10m, got %q", cmdRun, text)
		}
	}
	if a.Only {
		o.Only = a.Jobs
	} else {
		o.Jobs = a.Jobs
	}
	for name, from := range a.Options.Secrets {
		if o.Secrets == nil {
			o.Secrets = map[string]exec.Secret{}
		}
		o.Secrets[name] = exec.Secret{Env: from.Env, File: from.File}
	}
	return o, nil
}

// runResult is the result of quire.run, which comes as the run starts.
type runResult struct {
	RunID string   `json:"runId"`
	Jobs  []string `json:"jobs,omitempty"`
}

// cancelArgs is the argument of quire.cancel.
type cancelArgs struct {
	RunID string `json:"runId"`
}

// logArgs is the argument of quire.showLog. Without a job it is the log of the
// job that failed first, or else of the last one.
type logArgs struct {
	RunID string `json:"runId"`
	Job   string `json:"job,omitempty"`
}

func (s *server) ExecuteCommand(ctx context.Context, p *protocol.ExecuteCommandParams) (protocol.LSPAny, error) {
	switch p.Command {
	case cmdRun:
		var args runArgs
		if err := argument(p, &args); err != nil {
			return nil, err
		}
		return s.startRun(ctx, args)
	case cmdCancel:
		var args cancelArgs
		if err := argument(p, &args); err != nil {
			return nil, err
		}
		release(ctx)
		if !s.runs.cancel(args.RunID) {
			return nil, invalid("no run '%s' is under way", args.RunID)
		}
		return nil, nil
	case cmdShowLog:
		var args logArgs
		if err := argument(p, &args); err != nil {
			return nil, err
		}
		release(ctx)
		return nil, s.showLog(ctx, args)
	}
	return nil, invalid("unknown command '%s'", p.Command)
}

// argument decodes the one argument of a command.
func argument(p *protocol.ExecuteCommandParams, into any) error {
	if len(p.Arguments) != 1 {
		return invalid("%s takes one JSON object, got %d arguments", p.Command, len(p.Arguments))
	}
	if err := protocol.Unmarshal(p.Arguments[0], into); err != nil {
		return invalid("%s: %v", p.Command, err)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return jsonrpc2.NewError(jsonrpc2.InvalidParams, fmt.Sprintf(format, args...))
}

// encode returns the JSON of a value that always has one.
func encode(v any) protocol.LSPAny {
	text, err := protocol.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
