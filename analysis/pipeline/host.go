package pipeline

import (
	"context"
	"strings"
	"time"

	"quire/analysis/source"
)

// A Host is the world as a run-fn sees it: one method for each primitive of
// dsl.Runtime. An error that a method returns is raised in the run-fn with its
// text. Methods may be called from several goroutines, for different jobs.
type Host interface {
	// Sh runs a command to its end, whatever its exit. The error says that it
	// could not be started, timed out, or was cancelled.
	Sh(ctx context.Context, job string, c Command) (*ShResult, error)
	// Secret reveals a secret.
	Secret(ctx context.Context, job, name string) (string, error)
	// Outputs returns what (jobs name) gives for a name that the job may read,
	// nil for a job that has no outputs.
	Outputs(ctx context.Context, job, name string) (*Data, error)
	// ReadFile returns the content of a file of the workspace.
	ReadFile(ctx context.Context, job, path string) (string, error)
	// WriteFile replaces the content of a file of the workspace.
	WriteFile(ctx context.Context, job, path, content string) error
	// Log adds a message to the job's log.
	Log(ctx context.Context, job, message string)
	// Env returns a variable of the environment that commands get.
	Env(ctx context.Context, job, name string) (string, bool)
}

// A Command is what (sh …) asks for.
type Command struct {
	// Argv is the program and its arguments; nil for a shell command.
	Argv []string
	// Shell is the text for "sh -c" when Argv is nil.
	Shell   string
	Env     []EnvVar      // in the order of their names
	Dir     string        // relative to the workspace, slash-separated and clean; empty for its root
	Timeout time.Duration // 0: none
	// Publishes is the commit that the command would push to another
	// repository. It is set only by the mirror functions.
	Publishes string
	// Place is the call's.
	Place source.Place
}

// String returns the form that logs and events show: the shell text, or
// ["prog", "arg"] without escapes.
func (c Command) String() string {
	if c.Argv == nil {
		return c.Shell
	}
	return `["` + strings.Join(c.Argv, `", "`) + `"]`
}

// An EnvVar is one entry of :env.
type EnvVar struct{ Name, Value string }

// A ShResult is how a command ended.
type ShResult struct {
	Exit   int    // −1 when a signal ended it
	Signal string // such as SIGKILL, or empty
	Cmd    string // the display form
	// Stdout and Stderr return what the command wrote, invalid UTF-8 replaced.
	// They are called when the run-fn reads the field. The error is raised.
	Stdout, Stderr func() (string, error)
	// Looked, unless it is nil, is called whenever the run-fn comes to know how
	// the command ended or what it wrote. It is for results that only stand in
	// for others: what the run-fn does before that does not depend on them.
	Looked func()
}

func (r *ShResult) look() {
	if r.Looked != nil {
		r.Looked()
	}
}
