package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"

	"quire/analysis/dsl"
	"quire/analysis/pipeline"
)

// maxPlanned is how many commands a dry run shows of one job.
const maxPlanned = 1000

// A dryHost stands in for the world: commands succeed without output, a secret
// is its name in braces, and files are what the repository holds. It serves one
// job after the other.
type dryHost struct {
	request Request
	graph   *pipeline.Graph
	plan    plan
	env     environ
	secrets *secrets
	values  *redactions
	push    *pipeline.Data
	earlier func(job string, ask revealer) (*pipeline.Data, error)

	jobs    map[string]*dryJob
	shs     int                 // commands so far, each of which may have changed any file
	written map[string]dryWrite // by path
}

// A dryJob is what became of a job so far.
type dryJob struct {
	commands []PlannedCommand
	shs      int
	wrote    bool
	// assumed reports that what it does from here on depends on something that
	// a stand-in made up.
	assumed bool
	outputs *pipeline.Data
	notice  string
}

// A dryWrite is a file that a job wrote when so many commands had run.
type dryWrite struct {
	content string
	shs     int
}

// enter makes a job known. When a job that it needs can fail by how a command
// goes, it may not run at all.
func (h *dryHost) enter(job *pipeline.Job) *dryJob {
	d := &dryJob{}
	for _, in := range job.Inputs {
		need := h.jobs[in.Name]
		d.assumed = d.assumed || need != nil && need.assumed
	}
	h.jobs[job.ID] = d
	return d
}

func newDryHost(x *execution, vault *secrets, push *pipeline.Data) *dryHost {
	return &dryHost{
		request: x.request,
		graph:   x.pipe.Graph,
		plan:    x.plan,
		env:     append(x.request.env.without(isGitLocation), "CI=true", runMark("{{ run }}")),
		secrets: vault,
		values:  &x.values,
		push:    push,
		earlier: x.earlier,
		jobs:    map[string]*dryJob{},
		written: map[string]dryWrite{},
	}
}

// Sh notes a command.
func (h *dryHost) Sh(ctx context.Context, job string, c pipeline.Command) (*pipeline.ShResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d := h.jobs[job]
	if len(d.commands) == maxPlanned {
		d.assumed = true
		return nil, fmt.Errorf("sh: a dry run shows at most %d commands of a job", maxPlanned)
	}
	h.shs++
	d.shs++
	d.commands = append(d.commands, PlannedCommand{h.shown(c), !d.assumed})
	nothing := func() (string, error) { return "", nil }
	return &pipeline.ShResult{Cmd: c.String(), Stdout: nothing, Stderr: nothing,
		Looked: func() { d.assumed = true }}, nil
}

// shown returns a command as it can be shown.
func (h *dryHost) shown(c pipeline.Command) pipeline.Command {
	c.Shell = h.text(c.Shell)
	c.Argv, c.Env = slices.Clone(c.Argv), slices.Clone(c.Env)
	for i := range c.Argv {
		c.Argv[i] = h.text(c.Argv[i])
	}
	for i := range c.Env {
		c.Env[i].Value = h.text(c.Env[i].Value)
	}
	if c.Timeout == 0 {
		c.Timeout = h.request.options.Timeout
	}
	return c
}

func (h *dryHost) text(s string) string { return lossy(h.values.text(s)) }

// standIn is what a secret is in a dry run.
func standIn(name string) string { return "{{ " + name + " }}" }

// Secret returns the name of a secret, in braces.
func (h *dryHost) Secret(_ context.Context, job, name string) (string, error) {
	if _, err := h.secrets.source(name); err != nil {
		h.jobs[job].notice = err.Error()
	}
	return standIn(name), nil
}

// Outputs returns what a source or a job gave.
func (h *dryHost) Outputs(ctx context.Context, job, name string) (*pipeline.Data, error) {
	if name == dsl.Push {
		return h.push, nil
	}
	if _, ok := h.graph.Job(name); !ok {
		return nil, nil
	}
	if _, planned := h.plan.in[name]; !planned {
		return h.earlier(name, func(secret string) (string, error) { return h.Secret(ctx, job, secret) })
	}
	d, ran := h.jobs[name]
	if !ran {
		return nil, nil // it was skipped
	}
	return d.outputs, nil
}

// ReadFile returns the content that a file has in the repository. Any command
// before may have made or changed it.
func (h *dryHost) ReadFile(ctx context.Context, job, path string) (string, error) {
	d := h.jobs[job]
	if w, ok := h.written[path]; ok {
		d.assumed = d.assumed || h.shs > w.shs
		return w.content, nil
	}
	d.assumed = d.assumed || h.shs > 0
	if name, ok := h.secretFile(path); ok {
		return standIn(name), nil
	}
	text, err := h.read(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && h.shs > 0:
		return "", nil
	case err != nil:
		return "", fmt.Errorf("cannot read %s: %w", path, inWorkspace(err))
	}
	return text, nil
}

// secretFile returns the name of the secret that a file holds.
func (h *dryHost) secretFile(path string) (string, bool) {
	root := h.request.source.Root
	for _, name := range h.secrets.names() {
		s := h.secrets.sources[name]
		if s.File == "" {
			continue
		}
		abs, err := filepath.Abs(s.File)
		if err != nil {
			continue
		}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			abs = real
		}
		asked := filepath.Join(root, path)
		if real, err := filepath.EvalSymlinks(asked); err == nil {
			asked = real
		}
		if asked == abs {
			return name, true
		}
	}
	return "", false
}

// read returns the content of a file that the workspace would have: none that
// git ignores.
func (h *dryHost) read(ctx context.Context, path string) (string, error) {
	r := h.request
	if _, unsaved := r.options.Buffers[path]; !unsaved && r.source.repo.vcs != nil && r.source.SHA == "" && !r.options.InPlace {
		ignored, err := r.source.repo.vcs.run(ctx, nil, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", path)
		if err != nil {
			return "", err
		}
		if len(ignored) > 0 {
			return "", &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
		}
	}
	f, err := r.tree.Read(path)
	if err != nil {
		return "", err
	}
	return f.Text(), nil
}

// WriteFile keeps the content for those who read it.
func (h *dryHost) WriteFile(_ context.Context, job, path, content string) error {
	h.jobs[job].wrote = true
	h.written[path] = dryWrite{content, h.shs}
	return nil
}

// Log drops a message.
func (h *dryHost) Log(context.Context, string, string) {}

// Env returns a variable of the environment of commands, unless it holds a
// secret.
func (h *dryHost) Env(_ context.Context, job, name string) (string, bool) {
	for _, secret := range h.secrets.names() {
		if from := h.secrets.sources[secret].Env; from != "" && from == name {
			return standIn(secret), true
		}
	}
	return h.env.with("QUIRE_JOB", job).lookup(name)
}
