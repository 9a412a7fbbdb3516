package main

import (
	"context"
	"encoding/json"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/exec"
)

// The commands of the server. Each takes one JSON object and returns at once:
// what takes longer is shown when it is there. So any editor that can execute a
// command has all of them.
const (
	cmdRun       = "quire.run"
	cmdCancel    = "quire.cancel"
	cmdRerunLast = "quire.rerunLast"
	cmdDryRun    = "quire.dryRun"
	cmdShowLog   = "quire.showLog"
	cmdGraph     = "quire.graph"
)

func commands() []string {
	return []string{cmdRun, cmdCancel, cmdRerunLast, cmdDryRun, cmdShowLog, cmdGraph}
}

// runArgs is the argument of quire.run and quire.dryRun.
type runArgs struct {
	URI uri.URI `json:"uri"`
	// Jobs are run with what they need; none: everything that a push runs.
	Jobs []string `json:"jobs,omitzero"`
	// Only leaves out what the jobs need.
	Only bool `json:"only,omitzero"`
	// Options are those of quire ci run.
	Options runOptions `json:"options,omitzero"`
}

// runOptions holds what else can be said of a run; see [exec.Options].
type runOptions struct {
	SHA         string                  `json:"sha,omitzero"`
	InPlace     bool                    `json:"inPlace,omitzero"`
	Reuse       bool                    `json:"reuse,omitzero"`
	Resume      string                  `json:"resume,omitzero"`      // a run, such as last-failed
	ResumeForce bool                    `json:"resumeForce,omitzero"` // also over files that a job changed
	Ref         string                  `json:"ref,omitzero"`
	PreviousSHA string                  `json:"previousSha,omitzero"`
	Mirror      bool                    `json:"mirror,omitzero"`
	Except      []string                `json:"except,omitzero"`
	KeepGoing   bool                    `json:"keepGoing,omitzero"`
	Parallel    int                     `json:"parallel,omitzero"`
	Timeout     string                  `json:"timeout,omitzero"` // such as 10m
	Inputs      string                  `json:"inputs,omitzero"`  // path of a file
	Config      string                  `json:"config,omitzero"`
	Secrets     map[string]secretSource `json:"secrets,omitzero"`

	Container        bool     `json:"container,omitzero"`
	ContainerRuntime string   `json:"containerRuntime,omitzero"`
	ContainerArgs    []string `json:"containerArgs,omitzero"`
	Sandbox          bool     `json:"sandbox,omitzero"`
	Net              bool     `json:"net,omitzero"`
	On               string   `json:"on,omitzero"` // a URL; empty: this machine
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
		Parallel:  a.Options.Parallel,
		Container: a.Options.Container, ContainerRuntime: a.Options.ContainerRuntime, ContainerArgs: a.Options.ContainerArgs,
		Sandbox: a.Options.Sandbox, Net: a.Options.Net, On: a.Options.On,
		Reuse: a.Options.Reuse, Resume: a.Options.Resume, ResumeForce: a.Options.ResumeForce,
	}
	if path := a.Options.Inputs; path != "" {
		o.Inputs = []string{path}
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

// runResult is the result of quire.run, quire.rerunLast and quire.dryRun, which
// comes as the run starts.
type runResult struct {
	RunID string   `json:"runId"`
	Jobs  []string `json:"jobs,omitempty"`
	// LogURI is a document that shows what the run writes, for clients that read
	// documents from the server.
	LogURI uri.URI `json:"logUri,omitempty"`
}

// rerunArgs is the argument of quire.rerunLast.
type rerunArgs struct {
	URI uri.URI `json:"uri"`
}

// cancelArgs is the argument of quire.cancel: one run, or all that are under way
// of the repository of a file.
type cancelArgs struct {
	RunID string  `json:"runId,omitempty"`
	URI   uri.URI `json:"uri,omitempty"`
}

// ExecuteCommand carries out a command of the server.
func (s *server) ExecuteCommand(ctx context.Context, p *protocol.ExecuteCommandParams) (protocol.LSPAny, error) {
	switch p.Command {
	case cmdRun, cmdDryRun:
		usual := s.settings(rootOf(p)).Run.options()
		args := runArgs{Options: usual}
		if err := argument(p, &args); err != nil {
			return nil, err
		}
		if o := &args.Options; o.On == usual.On && (o.InPlace || o.Resume != "") {
			o.On = "" // it is about what is on this machine
		}
		return s.startRun(ctx, args, p.Command == cmdDryRun)
	case cmdRerunLast:
		var args rerunArgs
		if err := argument(p, &args); err != nil {
			return nil, err
		}
		last, err := s.rerunArgs(args)
		if err != nil {
			return nil, err
		}
		return s.startRun(ctx, last, false)
	case cmdCancel:
		var args cancelArgs
		if err := argument(p, &args); err != nil {
			return nil, err
		}
		release(ctx)
		return nil, s.cancel(args)
	case cmdShowLog:
		var args logArgs
		if err := argument(p, &args); err != nil {
			return nil, err
		}
		release(ctx)
		show, err := s.findLog(args)
		if err == nil {
			s.goWork(show)
		}
		return nil, err
	case cmdGraph:
		var args graphArgs
		if err := argument(p, &args); err != nil {
			return nil, err
		}
		doc := s.documents.get(args.URI)
		release(ctx)
		return s.graph(doc, args)
	}
	return nil, invalid("unknown command '%s'", p.Command)
}

// rootOf returns the root of the repository that a command is about, if it names a
// file.
func rootOf(p *protocol.ExecuteCommandParams) string {
	var of struct{ URI uri.URI }
	if len(p.Arguments) == 0 || json.Unmarshal(p.Arguments[0], &of) != nil {
		return "" // what is wrong with it is told elsewhere
	}
	root, _ := locate(of.URI)
	return root
}

// cancel ends the runs that the arguments of quire.cancel mean.
func (s *server) cancel(args cancelArgs) error {
	root, _ := locate(args.URI)
	switch {
	case args.RunID != "" && !s.runs.cancel(args.RunID):
		return invalid("no run '%s' is under way", args.RunID)
	case args.RunID != "":
		return nil
	case args.URI == "":
		return invalid("%s: give runId, or uri for all runs of its repository", cmdCancel)
	case root == "":
		return invalid("uri: %q is no file below a directory .quire", args.URI)
	}
	live := s.runs.of(root)
	if len(live) == 0 {
		return invalid("no run of %s is under way", root)
	}
	for _, run := range live {
		run.stop()
	}
	return nil
}
