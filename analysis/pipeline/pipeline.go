// Package pipeline evaluates a ci.fnl in a sandbox to a graph of jobs and
// calls the run-fns of those jobs through a [Host].
package pipeline

import (
	"context"
	"time"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// Path is where a repository keeps its pipeline.
const Path = ".quire/ci.fnl"

// Limits bound what loading a file and running a job may use.
type Limits struct {
	Load    sandbox.Limits // for evaluating a file, and for its macros
	Run     sandbox.Limits // for each run-fn
	Jobs    int
	Modules int
	File    int // bytes of one file
}

// DefaultLimits returns the limits that the product promises.
func DefaultLimits() Limits { panic("not yet") }

// Compile reads and compiles a file as a pipeline: with the globals of the
// sandbox, the macro modules of the product, and workspace modules read from
// tree (nil: none). The cache may be nil.
func Compile(f *source.File, tree source.Tree, cache *fennel.Cache, l Limits) *fennel.Module {
	panic("not yet")
}

// Load evaluates a compiled file to its jobs. The list holds everything that
// is wrong: the module's own diagnostics, what evaluation raised, and all
// definition and graph errors. The pipeline is never nil and holds what could
// be known; it can run only when the list has no errors. Load has no effect
// outside of the process.
//
// The context only shortens the wall-time budget; that it ended is reported
// like a met limit.
func Load(ctx context.Context, m *fennel.Module, tree source.Tree, l Limits) (*Pipeline, diag.List) {
	panic("not yet")
}

// A Pipeline is a loaded ci.fnl: its graph, and the state its run-fns live in.
type Pipeline struct {
	Graph *Graph
	// Image is what (ci.image …) declared, or empty.
	Image string
	// Files are the files that were read to load it, ci.fnl first.
	Files []*source.File
}

// Close releases the state. No run may be under way.
func (p *Pipeline) Close() { panic("not yet") }

// A Graph is the jobs of a pipeline in the order they were registered, and
// what needs what. It is immutable.
type Graph struct{ Jobs []*Job }

// A Job is one registered job.
type Job struct {
	ID     string
	Inputs []Input
	// Call is the place of the call that registered the job: in ci.fnl, the
	// outermost one when a helper or module made it.
	Call source.Place
	// Name is the place of the id, or Call when it is not written there.
	Name source.Place
	// Run is the place of the run-fn's form. Its File is nil when the function
	// is not code of a file, such as ci.mirror's.
	Run source.Place
	// Mirror reports that (ci.mirror …) registered it.
	Mirror bool
	// Broken reports that a diagnostic refused it: it stands in the graph only
	// so that nothing else is blamed.
	Broken bool
}

// An Input is one entry of a job's inputs, as written.
type Input struct {
	Name  string
	Place source.Place // the entry, or the job's Call when it is not written there
}

// Job returns the job of that id that can run.
func (g *Graph) Job(id string) (*Job, bool) { panic("not yet") }

// Needs returns the ids of the jobs that a job needs, directly or not, in the
// order of registration.
func (g *Graph) Needs(id string) []string { panic("not yet") }

// Dependents returns the ids of the jobs that need a job, directly or not, in
// the order of registration.
func (g *Graph) Dependents(id string) []string { panic("not yet") }

// Order returns the jobs in the order they run: of those whose needs have run,
// the one registered first.
func (g *Graph) Order() []*Job { panic("not yet") }

// Readable says why a job may not read the outputs of name, or nil: the rule
// behind (jobs name). The error's text is what the user sees.
func (g *Graph) Readable(job, name string) error { panic("not yet") }

// Run calls the run-fn of a job. It may be called from several goroutines:
// they take turns while Lua runs and go on side by side while a method of the
// host does. The error is a [*JobError] when the run-fn raised, and ctx's
// error when that ended first.
func (p *Pipeline) Run(ctx context.Context, job string, h Host) (Result, error) { panic("not yet") }

// A Result is what a run-fn returned.
type Result struct {
	// Outputs is the table it returned, copied; nil when it returned none.
	Outputs *Data
	// Discarded is the type of a result that is neither a table nor nil.
	Discarded string
}

// A JobError is an error that a run-fn raised and did not catch.
type JobError struct {
	Diagnostic diag.Diagnostic // code runtime, with the exact form and the trace
}

func (e *JobError) Error() string { return e.Diagnostic.Message }

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
	Dir     string        // relative to the workspace, empty for its root
	Timeout time.Duration // 0: none
	// Place is the call's.
	Place source.Place
}

// String returns the form that logs and events show: the shell text, or
// ["prog", "arg"] without escapes.
func (c Command) String() string { panic("not yet") }

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
}

// Data is a plain Lua value that was copied out of one state and can be copied
// into another: strings, numbers, booleans and tables of these.
type Data struct{}

// JSON returns the data as decisions.md stores it. ok is false, with the path
// of the offending key, when it cannot be stored.
func (d *Data) JSON() (text []byte, badPath string, ok bool) { panic("not yet") }

// DataFromJSON is the inverse of [Data.JSON].
func DataFromJSON(text []byte) (*Data, error) { panic("not yet") }

// Strings calls yield with every string in the data, keys included, until it
// returns false: for finding secrets in it.
func (d *Data) Strings(yield func(string) bool) { panic("not yet") }
