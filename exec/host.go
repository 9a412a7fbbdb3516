package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"quire/analysis/dsl"
	"quire/analysis/pipeline"
	"quire/exec/rundir"
)

// maxRead is the size in bytes of the largest file that read-file reads.
const maxRead = 64 << 20

// A host is the world as the run-fns of one run see it. It may be used by
// several goroutines, one for each job.
type host struct {
	run     *rundir.Run
	work    *workspace
	env     environ // of commands, but for what depends on the job
	record  *recorder
	place   place
	secrets *secrets
	push    *pipeline.Data
	graph   *pipeline.Graph
	kill    <-chan struct{} // ends the grace of processes
	timeout time.Duration   // of commands without one of their own
	// earlier returns the outputs of a job that is not in this run.
	earlier func(job string, ask revealer) (*pipeline.Data, error)

	mu   sync.Mutex // guards jobs, not what they point to
	jobs map[string]*jobState
}

// A jobState is what became of a job so far. It belongs to the job's
// goroutine until the job is done.
type jobState struct {
	shs      int
	wrote    bool
	exits    []int       // that were not zero, in order
	failed   *failedCall // the last of them
	cut      bool        // the end of the run cut a command short
	secrets  []string    // names of those that it was told
	outputs  *pipeline.Data
	withheld bool // it left outputs on another machine, which stay there
}

// A failedCall is a command that ended with an exit other than zero.
type failedCall struct {
	command pipeline.Command
	cmd     string // redacted
	exit    int
	signal  string
	log     string
}

// enter makes a job known.
func (h *host) enter(job string) *jobState {
	h.mu.Lock()
	defer h.mu.Unlock()
	st := &jobState{}
	h.jobs[job] = st
	return st
}

// leave lets other jobs read the outputs of a job.
func (h *host) leave(job string, outputs *pipeline.Data) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.jobs[job].outputs = outputs
}

// gave reports whether a job left outputs.
func (h *host) gave(job string) bool {
	st := h.state(job)
	return st != nil && (st.outputs != nil || st.withheld)
}

func (h *host) state(job string) *jobState {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.jobs[job]
}

// environment returns the environment of the commands of a job.
func (h *host) environment(job string) environ {
	return h.env.with("QUIRE_JOB", job)
}

// Sh runs a command.
func (h *host) Sh(ctx context.Context, job string, c pipeline.Command) (*pipeline.ShResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st := h.state(job)
	dir, err := h.directory(c.Dir)
	if err != nil {
		return nil, err
	}
	st.shs++
	sh := shCall{host: h, job: job, n: st.shs, command: c, dir: dir}
	h.record.emit(Event{Type: ShStarted, JobID: job, Sh: sh.n, Cmd: c.String(), Place: c.Place})
	exit, signal, err := sh.run(ctx)
	if sh.started {
		h.record.emit(Event{Type: ShFinished, JobID: job, Sh: sh.n, Exit: &exit, Signal: signal})
	}
	if exit != 0 && sh.started {
		st.failed = &failedCall{c, h.record.values.text(c.String()), exit, signal, h.run.LogFile(job, sh.n)}
	}
	if err != nil {
		st.cut = st.cut || ctx.Err() != nil
		return nil, err
	}
	if exit != 0 {
		st.exits = append(st.exits, exit)
	}
	return sh.result(exit, signal), nil
}

// directory returns where a command runs: below the workspace, whatever links
// are on the way.
func (h *host) directory(rel string) (string, error) {
	if rel == "" || rel == "." {
		return h.work.dir, nil
	}
	dir := filepath.Join(h.work.dir, rel)
	root, err := filepath.EvalSymlinks(h.work.dir)
	if err != nil {
		return "", fmt.Errorf("sh: the workspace is gone: %w", osError(err))
	}
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Rel(root, real)
	}
	switch info, statErr := os.Stat(dir); {
	case !filepath.IsLocal(rel), err == nil && !filepath.IsLocal(real):
		return "", fmt.Errorf("sh: :cwd leaves the workspace: %s", rel)
	case err != nil:
		return "", fmt.Errorf("sh: :cwd cannot be used: %s: %w", rel, osError(err))
	case statErr != nil || !info.IsDir():
		return "", fmt.Errorf("sh: :cwd is not a directory: %s", rel)
	}
	return dir, nil
}

// Secret reveals a secret.
func (h *host) Secret(ctx context.Context, job, name string) (string, error) {
	value, warnings, err := h.secrets.reveal(name)
	for _, warning := range warnings {
		h.Log(ctx, job, warning)
	}
	if err == nil {
		st := h.state(job)
		st.secrets = append(st.secrets, name)
	}
	return value, err
}

// Outputs returns what a source or a job gave.
func (h *host) Outputs(ctx context.Context, job, name string) (*pipeline.Data, error) {
	if name == dsl.Push {
		return h.push, nil
	}
	if _, ok := h.graph.Job(name); !ok {
		return nil, nil
	}
	h.mu.Lock()
	st := h.jobs[name]
	h.mu.Unlock()
	if st == nil {
		return h.earlier(name, func(secret string) (string, error) { return h.Secret(ctx, job, secret) })
	}
	return st.outputs, nil
}

// ReadFile reads a file of the workspace.
func (h *host) ReadFile(_ context.Context, _, path string) (string, error) {
	text, err := readBelow(h.work.dir, path, maxRead)
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %w", path, inWorkspace(err))
	}
	return string(text), nil
}

// WriteFile writes a file of the workspace.
func (h *host) WriteFile(_ context.Context, job, path, content string) error {
	h.state(job).wrote = true
	if err := writeBelow(h.work.dir, path, content); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, inWorkspace(err))
	}
	return nil
}

// inWorkspace returns what went wrong with a file, without its path.
func inWorkspace(err error) error {
	var pathErr interface{ Unwrap() error }
	switch {
	case errors.Is(err, errLeaves):
		return errors.New("path leaves the workspace")
	case errors.As(err, &pathErr):
		return pathErr.Unwrap()
	}
	return err
}

// Log records a message of a job.
func (h *host) Log(_ context.Context, job, message string) {
	h.record.emit(Event{Type: Log, JobID: job, Message: message})
}

// Env returns a variable of the environment of commands.
func (h *host) Env(_ context.Context, job, name string) (string, bool) {
	return h.environment(job).lookup(name)
}

// store keeps the outputs of a job on disk, unless they cannot be stored or
// hold a secret, which other jobs of the run have anyway. It returns them as far
// as they may leave this machine, or else why they may not.
func (h *host) store(job string, outputs *pipeline.Data) (kept *pipeline.Data, withheld string) {
	text, bad, ok := outputs.JSON()
	switch err := outputs.Err(); {
	case err != nil:
		return nil, err.Error()
	case !ok:
		return nil, fmt.Sprintf("`%s` cannot be written as JSON", bad)
	case h.holdsSecret(outputs):
		return nil, holdSecret
	}
	if err := h.run.WriteJob(job, outputsFile, append(text, '\n')); err != nil {
		h.run.Lose(err)
	}
	return outputs, ""
}

// holdSecret is why outputs are withheld that hold a secret.
const holdSecret = "they hold the value of a secret, which stays on its machine"

// withhold takes from the report the outputs that hold a secret which another
// job revealed later, and leaves the template of those that hold any.
func (x *execution) withhold() {
	for i := range x.report.Jobs {
		j := &x.report.Jobs[i]
		if x.host != nil && j.Outputs != nil && x.host.holdsSecret(j.Outputs) {
			j.Outputs, j.Withheld = nil, holdSecret
		}
		if j.Withheld == holdSecret && x.host.state(j.ID).outputs != nil { // else they are on another machine
			j.Template = x.values.set.Load().template(x.host.state(j.ID).outputs)
		}
	}
}

func (h *host) holdsSecret(d *pipeline.Data) (found bool) {
	d.Strings(func(s string) bool {
		found = h.record.values.in(s)
		return !found
	})
	text, _, _ := d.JSON() // a value of digits may be a number
	return found || h.record.values.in(string(text))
}

// seconds returns a duration as people write it.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}
