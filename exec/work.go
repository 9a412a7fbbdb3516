package exec

import "encoding/json"

// WorkVersion is the version of the forms in which a run goes to an engine and
// comes back: [Work] and [Told].
const WorkVersion = 1

// A Work is a run as an engine is given it, which has its jobs run on other
// machines. An engine is the program quire-NAME of the scheme in [Options].On. It
// reads a Work as the first line of its standard input, writes a [Told] a line to
// its standard output, and exits when nothing of the run is left anywhere. That
// its standard input ends cancels the run.
type Work struct {
	Version    int       `json:"version"`
	RunID      string    `json:"run_id"`
	Repository string    `json:"repository"` // base name of its root, for people
	Jobs       []WorkJob `json:"jobs"`       // in the order they run one at a time
	KeepGoing  bool      `json:"keep_going,omitempty"`
	Parallel   int       `json:"parallel,omitempty"`  // at most so many jobs at once; 0: as many as find a place
	Timeout    float64   `json:"timeout_s,omitempty"` // seconds, of commands that set none of their own; 0: none
	// Isolation of the commands, as in [Options].
	Container     bool     `json:"container,omitempty"`
	ContainerArgs []string `json:"container_args,omitempty"`
	Sandbox       bool     `json:"sandbox,omitempty"`
	Net           bool     `json:"net,omitempty"`
	Push          Push     `json:"push"`
	// Files are texts that lie over those of the commit, by path: what an editor
	// has not saved.
	Files map[string]string `json:"files,omitempty"`
	// Parcel is the path of the file from which [Unpack] makes the repository. It
	// is there until the engine exits.
	Parcel string `json:"parcel,omitempty"`
	// Given is the JSON form of the [Results] of jobs that do not run; null: none.
	Given json.RawMessage `json:"given,omitempty"`
}

// A WorkJob is one job of a [Work].
type WorkJob struct {
	ID      string   `json:"id"`
	Needs   []string `json:"needs"` // those jobs of the same work that have to end well before it
	Labels  []string `json:"labels,omitempty"`
	Timeout float64  `json:"timeout_s,omitempty"` // seconds, as it declares; 0: none
}

// A Told is what an engine tells of a run.
type Told struct {
	Job     string `json:"job,omitempty"`     // of which it is told; empty: of the run
	Attempt int    `json:"attempt,omitempty"` // from 1; it grows when the machine that ran the job was lost
	Worker  string `json:"worker,omitempty"`  // name of the machine, for people
	// Page is the next part of what happens in the job. Those of one attempt come
	// in order and without gaps.
	Page *Page `json:"page,omitempty"`
	// Done is how the job ended. It comes once, after all pages of its attempt.
	Done *JobDone `json:"done,omitempty"`
	// Notice is something people should know, such as that no machine serves a
	// queue.
	Notice string `json:"notice,omitempty"`
	// Error is why the run cannot be carried out, or not any further.
	Error string `json:"error,omitempty"`
}

// A JobDone is how a job ended on another machine.
type JobDone struct {
	// Report is the report.json of the run there.
	Report json.RawMessage `json:"report"`
	// Results is the JSON form of the [Results] that has just this job.
	Results json.RawMessage `json:"results"`
	// Files is the path of a file with what the job left in its workspace, or
	// empty. It is there until the engine exits.
	Files string `json:"files,omitempty"`
}

// A Page is a part of the record of a run.
type Page struct {
	Events []PageEvent `json:"events"`
	// Next is where the next page begins: opaque, and empty for the first.
	Next string `json:"next"`
	// Ended reports that the run has ended and nothing follows.
	Ended bool `json:"ended,omitempty"`
}

// A PageEvent is an event as it is stored, and of an event of output the bytes
// of the log that it is about.
type PageEvent struct {
	Event
	Log []byte `json:"log,omitempty"`
}

// The functions of workers, for which the engine's program calls this package:
//
//	Unpack(ctx, dir, parcel)                makes the repository of a work
//	Order(dir, work, job, given, options)   makes the request of one job; options say State, Config, Observe, Kill
//	Request.Record()                        is where the record of its run will be
//	ReadPage(record, from, most)            reads a part of that
//	Report.Done(job)                        is what goes back
