// Package exec runs the jobs of a pipeline. [Run] is the only way to run a
// job: the command line and the language server both fill [Options], make a
// [Request] with [Local] and call it.
//
// A run has a directory of its own in the run store, which package rundir
// keeps, and a workspace that no command of a job can leave by accident. A
// command is a process in a session of its own; what it writes goes through a
// redactor to its log, and from there as ranges to events.jsonl and as text to
// the observer. Nothing recorded or shown goes around the redactor. Processes
// that leave their session are known by QUIRE_RUN_ID in their environment, and
// none outlives its run. Where commands run, on this machine, in a sandbox on
// it or in a container, is a place; the rest of the package does not know which.
// Who carries out the jobs, this machine or an engine that has others do it, is a
// runner.
//
// [Results] are what a run hands on to one of the same commit on another machine,
// which to its jobs is then the same run.
package exec

import (
	"strconv"
	"strings"
	"time"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// Options holds every option of a run. The zero value is the default run.
type Options struct {
	Jobs      []string      // run these and what they need; empty: all that quire/push reaches
	Only      []string      // run just these
	Except    []string      // leave out these and what needs them
	KeepGoing bool          // after a failure, run what does not need what failed
	Parallel  int           // so many jobs at once; 0: one, or on other machines as many as they take
	Timeout   time.Duration // of commands that set none of their own; 0: none
	// Inputs are paths of files with results of jobs that do not run: the JSON
	// form of [Results], or an object of JSON with outputs by id. Of results of
	// the first kind, all that the jobs of the run need has to be there.
	Inputs []string
	// Given are further results, for callers that have no file; nil: none.
	Given       *Results
	SHA         string            // run this commit instead of the working tree
	InPlace     bool              // run in the working tree itself
	Reuse       bool              // keep in the workspace what the run before left there and git ignores
	Resume      string            // go on with this run, named as [Runs.Find] knows it
	ResumeForce bool              // also when a file changed that a job changed as well
	Get         []Get             // copy these out of the workspace when the jobs are done
	Ref         string            // overrides the ref of quire/push
	PreviousSHA string            // overrides previous-sha of quire/push
	Mirror      bool              // let quire/mirror take part
	Secrets     map[string]Secret // by name; they win over the configuration
	Config      string            // path of the global configuration; empty: the usual places
	State       string            // directory of the run store; empty: $XDG_STATE_HOME/quire
	Environ     []string          // of the commands; nil: this process's
	// Container runs the commands in one container, made from the image that the
	// pipeline names or that .quire/Dockerfile builds.
	Container        bool
	ContainerRuntime string   // path or name of the program that makes it; empty: docker or podman, whichever answers
	ContainerArgs    []string // further arguments of its run
	// Sandbox runs the commands under bubblewrap, where nothing but the
	// workspace can be written.
	Sandbox bool
	Net     bool // lets them reach the network from there
	// Leave is the path of a file that is written when the jobs are done, unless
	// the run was cancelled: what they added, changed or removed in the workspace.
	// Arrive are paths of such files, which are brought to the workspace before the
	// jobs begin; of two that changed a path the later wins. Carry is how many
	// bytes a file may hold before it is packed; 0: [DefaultCarry].
	Leave  string
	Arrive []string
	Carry  int64
	// On is the URL of what runs the jobs on other machines, such as
	// temporal://HOST:PORT/NAMESPACE; empty: this machine runs them. The program
	// quire-NAME of its scheme is started for it; see [Work].
	On string
	// Buffers are unsaved texts by path relative to the root; they win over
	// the disk.
	Buffers map[string]*source.File
	// Observe is told every event, in order, never concurrently, on a
	// goroutine of its own: a slow observer delays nothing but itself. Of a run
	// that is cancelled it does not see the output that it is behind with.
	Observe func(Event)
	// Kill, when it is closed after the context ended, ends the grace that
	// processes have to end by themselves, and lets the run end without an
	// observer that does not return.
	Kill <-chan struct{}
	// DryRun finds out what would be executed, and executes nothing: the report
	// has the commands of each job, no event happens and nothing is stored.
	DryRun bool
}

// A Secret says where the value of a secret comes from. Exactly one field is
// set.
type Secret struct {
	Value string
	Env   string
	File  string
}

// A UsageError says why a call cannot be carried out as it was made; the
// command line exits with 2.
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }

// A RecordError says that the run store could not take a run, or not all of it.
// The run itself went as its report says.
type RecordError struct{ Err error }

func (e *RecordError) Error() string { return "the run could not be recorded: " + e.Err.Error() }
func (e *RecordError) Unwrap() error { return e.Err }

// An Outcome says how a job or a run went.
type Outcome string

// The outcomes. A run ends succeeded, failed, cancelled or internal.
const (
	Queued    Outcome = "queued"
	Running   Outcome = "running"
	Succeeded Outcome = "succeeded"
	Failed    Outcome = "failed"
	Skipped   Outcome = "skipped"
	Cancelled Outcome = "cancelled"
	NotRun    Outcome = "not-run"
	Internal  Outcome = "internal"
)

// A Report is how a run went.
type Report struct {
	ID          string  // UUIDv7; empty when the pipeline did not load
	Dir         string  // <repo>/by-id/<id> in the run store; empty when that could not take it
	Outcome     Outcome // of the run
	Started     time.Time
	Finished    time.Time
	Diagnostics diag.List   // of loading, and of building an image
	Isolation   Isolation   // of the commands
	On          string      // as in [Options]
	Image       string      // of the container, or .quire/Dockerfile
	Jobs        []JobReport // in the order they ran, then those that did not run
	Resumed     string      // id of the run that this one went on with, or empty
	Changed     []string    // paths of the files that changed since that run, in order
	Push        *Push       // what quire/push told; nil when the run did not come that far
	Given       *Results    // what the run was given of jobs that ran elsewhere, or nil
	NotCarried  []string    // what jobs left that is not in the file that [Options].Leave names, and why
	Left        string      // path of that file once it is written, or empty
}

// An Isolation says what is between the commands of a run and this machine. It
// is empty when nothing is.
type Isolation string

// The isolations.
const (
	InContainer Isolation = "container"
	InSandbox   Isolation = "sandbox"
)

// A JobReport is how one job went.
type JobReport struct {
	ID string
	// Text is [JobText] of what ran: a result is of the job as long as that is
	// the same. It is empty in a dry run, and where a run was interrupted.
	Text     string
	Outcome  Outcome
	Started  time.Time
	Finished time.Time
	// Notice says something the user should know of a job that did not fail,
	// such as why it was skipped.
	Notice string
	// Reused is the id of the run that the job ran in, when its results there
	// still held. It has no times then.
	Reused string
	// IgnoredExits are the non-zero exits of commands of a job that succeeded.
	IgnoredExits []int
	Failure      *Failure
	// Outputs are what the job left, as far as they may leave this machine; nil:
	// nothing. Withheld says why they are not here although there are some.
	Outputs  *pipeline.Data
	Withheld string
	// Template and Secrets are as in [JobResult].
	Template *pipeline.Data
	Secrets  []string
	// Commands are what the job would execute, in a dry run.
	Commands []PlannedCommand
	// Assumed reports, in a dry run, that how the job ends depends on how its
	// commands go, which was made up: exit 0, and no output.
	Assumed bool
}

// IgnoredNote names the exits of commands that the job did not mind, as in
// "(exit 2 ignored)". It is empty when there are none.
func (r JobReport) IgnoredNote() string {
	if len(r.IgnoredExits) == 0 {
		return ""
	}
	exits := make([]string, len(r.IgnoredExits))
	for i, exit := range r.IgnoredExits {
		exits[i] = strconv.Itoa(exit)
	}
	return "(exit " + strings.Join(exits, ", ") + " ignored)"
}

// A Failure is why a job failed.
type Failure struct {
	Diagnostic diag.Diagnostic // the form that raised, the job's last non-zero sh as related place
	Command    string          // of that sh, or empty
	Exit       int
	Signal     string
	Tail       []string // last lines of its output
	Log        string   // path of its log, or empty when there is none
}

// An EventType names a kind of event.
type EventType string

// The events, with upstream's names where upstream has them.
const (
	RunStarted  EventType = "run_started"
	JobStarted  EventType = "job_started"
	ShStarted   EventType = "sh_started"
	Output      EventType = "output"
	Log         EventType = "log"
	ShFinished  EventType = "sh_finished"
	JobFinished EventType = "job_finished"
	RunFinished EventType = "run_finished"
)

// An Event is one thing that happened in a run. Its JSON form is one line of
// events.jsonl; the schema is events.schema.json beside this file.
type Event struct {
	AtMS    int64     `json:"at_ms"` // milliseconds since the Unix epoch
	Type    EventType `json:"type"`
	RunID   string    `json:"run_id,omitempty"`
	JobID   string    `json:"job_id,omitempty"`
	Sh      int       `json:"sh,omitempty"` // number of the sh call in its job, from 1
	Cmd     string    `json:"cmd,omitempty"`
	Stream  string    `json:"stream,omitempty"` // stdout or stderr
	Text    string    `json:"text,omitempty"`   // to observers
	Start   *int64    `json:"start,omitempty"`  // on disk: byte range of the log
	End     *int64    `json:"end,omitempty"`
	Exit    *int      `json:"exit_code,omitempty"`
	Signal  string    `json:"signal,omitempty"`
	Outcome string    `json:"outcome,omitempty"`
	Message string    `json:"message,omitempty"` // of a log event, or why a job failed or was skipped
	Jobs    []string  `json:"jobs,omitempty"`    // run_started: the selected jobs in their order
	SHA     string    `json:"sha,omitempty"`     // run_started: the commit checked out in the workspace, empty without git
	// Of run_started, as in [Report].
	Isolation Isolation `json:"isolation,omitempty"`
	Image     string    `json:"image,omitempty"`
	// Place is that of the call of sh, of sh_started: to observers only.
	Place source.Place `json:"-"`
}
