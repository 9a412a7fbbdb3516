package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"quire/analysis/pipeline"
)

// A fakeHost is a world without machines: it writes down what is asked of it,
// and answers from its fields.
type fakeHost struct {
	secrets map[string]string
	files   map[string]string
	environ map[string]string
	outputs map[string]*pipeline.Data
	// sh answers commands; nil: answer.
	sh func(ctx context.Context, job string, c pipeline.Command) (*pipeline.ShResult, error)

	mu    sync.Mutex
	calls []string // guarded by mu
}

func (h *fakeHost) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, fmt.Sprintf(format, args...))
}

// log returns what was asked, a call a line.
func (h *fakeHost) log() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.calls, "\n")
}

func (h *fakeHost) Sh(ctx context.Context, job string, c pipeline.Command) (*pipeline.ShResult, error) {
	line := "sh " + c.String()
	for _, v := range c.Env {
		line += fmt.Sprintf(" %s=%s", v.Name, v.Value)
	}
	if c.Dir != "" {
		line += " in " + c.Dir
	}
	if c.Timeout != 0 {
		line += " within " + c.Timeout.String()
	}
	if c.Publishes != "" {
		line += " publishes " + c.Publishes
	}
	h.note("%s: %s", job, line)
	if h.sh != nil {
		return h.sh(ctx, job, c)
	}
	return answer(c)
}

// answer stands in for a shell: "exit N" exits, "kill" dies of a signal,
// "missing" is not found, "huge" writes more than can be read, and anything
// else succeeds and writes itself to stdout.
func answer(c pipeline.Command) (*pipeline.ShResult, error) {
	var exit int
	r := &pipeline.ShResult{Cmd: c.String(), Stdout: text(c.String() + "\n"), Stderr: text("")}
	switch {
	case c.String() == "missing":
		return nil, errors.New("command spawn failed: missing")
	case c.String() == "kill":
		r.Exit, r.Signal = -1, "SIGKILL"
	case c.String() == "huge":
		r.Stdout = func() (string, error) { return "", errors.New("the output is larger than 64 MiB; see sh-1.log") }
	default:
		if n, _ := fmt.Sscanf(c.Shell, "exit %d", &exit); n == 1 {
			r.Exit, r.Stdout, r.Stderr = exit, text(""), text("it failed\n\n")
		}
	}
	return r, nil
}

func text(s string) func() (string, error) { return func() (string, error) { return s, nil } }

func (h *fakeHost) Secret(_ context.Context, job, name string) (string, error) {
	h.note("%s: secret %s", job, name)
	if v, ok := h.secrets[name]; ok {
		return v, nil
	}
	return "", fmt.Errorf("unknown secret: %q", name)
}

func (h *fakeHost) Outputs(_ context.Context, job, name string) (*pipeline.Data, error) {
	h.note("%s: jobs %s", job, name)
	return h.outputs[name], nil
}

func (h *fakeHost) ReadFile(_ context.Context, job, path string) (string, error) {
	h.note("%s: read %s", job, path)
	if v, ok := h.files[path]; ok {
		return v, nil
	}
	return "", fmt.Errorf("read-file: %s: no such file", path)
}

func (h *fakeHost) WriteFile(_ context.Context, job, path, content string) error {
	h.note("%s: write %s %q", job, path, content)
	return nil
}

func (h *fakeHost) Log(_ context.Context, job, message string) { h.note("%s: log %s", job, message) }

func (h *fakeHost) Env(_ context.Context, job, name string) (string, bool) {
	h.note("%s: env %s", job, name)
	v, ok := h.environ[name]
	return v, ok
}
