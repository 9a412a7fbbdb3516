package exec

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// WorkVersion is the version of the forms in which a run goes to an engine and
// comes back: [Work] and [Told].
const WorkVersion = 1

// A Work is a run as an engine is given it, which has its jobs run on other
// machines. An engine is the program quire-NAME of the scheme in [Options].On. It
// reads a Work as the first line of its standard input, writes a [Told] a line to
// its standard output, and exits when nothing of the run is left anywhere. That
// its standard input ends cancels the run. It is called as quire-NAME run URL.
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
	// Files are the texts of the pipeline and of the modules that it loads, by path:
	// they may be what an editor has not saved, or what git ignores.
	Files map[string]string `json:"files"`
	// Pipeline is what messages call the pipeline; empty: its path.
	Pipeline string `json:"pipeline,omitempty"`
	// Parcel is the path of the file from which [Unpack] makes the repository. It
	// is there until the engine exits.
	Parcel string `json:"parcel,omitempty"`
	// Get reports that the files which jobs leave are wanted with each [JobDone].
	Get bool `json:"get,omitempty"`
	// Given is the JSON form of the [Results] of jobs that do not run; null: none.
	Given json.RawMessage `json:"given,omitempty"`
}

// A WorkJob is one job of a [Work].
type WorkJob struct {
	ID      string   `json:"id"`
	Needs   []string `json:"needs"` // those jobs of the same work that have to end well before it; see [Work.Ancestors]
	Labels  []string `json:"labels,omitempty"`
	Timeout float64  `json:"timeout_s,omitempty"` // seconds, as it declares; 0: none
}

// ReadWork reads the first line of an engine's standard input.
func ReadWork(in *bufio.Reader) (*Work, error) {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("no work was given: %w", err)
	}
	w := &Work{}
	if err := json.Unmarshal(line, w); err != nil {
		return nil, fmt.Errorf("the work: %w", err)
	}
	return w, checkVersion("the work", w.Version)
}

func checkVersion(what string, version int) error {
	if version != WorkVersion {
		return fmt.Errorf("%s has form %d, and this quire reads %d: install the same version of quire everywhere", what, version, WorkVersion)
	}
	return nil
}

// A Told is what an engine tells of a run. Its JSON form has the version as well.
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
	// Error is why the run cannot be carried out, or not any further; of a job, why
	// no machine could run it, after which nothing is told of it.
	Error string `json:"error,omitempty"`
}

// A versioned is a Told in JSON.
type versioned struct {
	Version int `json:"version"`
	*told
}

type told Told

// MarshalJSON returns the JSON form.
func (t Told) MarshalJSON() ([]byte, error) { return json.Marshal(versioned{WorkVersion, (*told)(&t)}) }

// WriteTold writes the JSON form as a line, in one write.
func WriteTold(w io.Writer, t Told) error {
	// Without MarshalJSON, of which the text would be read once more.
	line, err := json.Marshal(versioned{WorkVersion, (*told)(&t)})
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// ParseTold reads the JSON form. The error says so when it is of another version.
func ParseTold(text []byte) (Told, error) {
	// Without an UnmarshalJSON, for which the text would be read twice.
	v := versioned{told: &told{}}
	if err := json.Unmarshal(text, &v); err != nil {
		return Told{}, err
	}
	return Told(*v.told), checkVersion("what it tells", v.Version)
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
	// Notices are what people should know of what the job left.
	Notices []string `json:"notices,omitempty"`
}

// A Page is a part of the record of a run.
type Page struct {
	Events []PageEvent `json:"events"`
	// Next is where the next page begins: opaque, and empty for the first.
	Next string `json:"next"`
	// Ended reports that the run has ended and nothing follows.
	Ended bool `json:"ended,omitempty"`
}

// A PageEvent is an event as it is stored where the job runs, and of an event of
// output the bytes of the log that it is about.
type PageEvent struct {
	Event
	Call *CallPlace `json:"call,omitempty"` // of sh_started
	Log  []byte     `json:"log,omitempty"`
}

// A CallPlace is where a file of the pipeline calls sh.
type CallPlace struct {
	File  string `json:"file"`  // its name
	Start int    `json:"start"` // in bytes, as is the end
	End   int    `json:"end"`
}
