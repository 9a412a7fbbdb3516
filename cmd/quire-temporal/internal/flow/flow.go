// Package flow is a run as Temporal carries it out: one workflow, and an activity
// for each job. The workflow decides which job runs when, and hands on what jobs
// left; what is large goes by reference.
//
// The server may have another worker go on with a workflow at any time, which
// repeats its decisions from the recorded events. So the code of the workflow
// neither looks at clocks nor iterates over maps, and a change of what it decides
// needs another name of the type.
package flow

import (
	"time"

	"quire/cmd/quire-temporal/internal/blob"
	"quire/exec"
)

// Names on the server.
const (
	Workflow = "quire-run-1"
	Activity = "quire-job-1"
	Earlier  = "results" // query of the workflow: what jobs left that a job needs
)

// An Input is what the workflow of a run is given.
type Input struct {
	Run        string         `json:"run"`        // id
	Repository string         `json:"repository"` // name, for people
	Queue      string         `json:"queue"`
	Work       blob.Ref       `json:"work"` // the JSON of exec.Work without its jobs
	Parcel     blob.Ref       `json:"parcel"`
	Jobs       []exec.WorkJob `json:"jobs"`
	KeepGoing  bool           `json:"keep_going,omitempty"`
	Parallel   int            `json:"parallel,omitempty"` // 0: as many as find a place
	Lost       time.Duration  `json:"lost"`               // a worker that is silent for so long is lost
}

// A Task is what the activity of a job is given.
type Task struct {
	Run        string       `json:"run"`
	Repository string       `json:"repository"`
	Job        exec.WorkJob `json:"job"`
	Work       blob.Ref     `json:"work"`
	Parcel     blob.Ref     `json:"parcel"`
	// Given is what the jobs left that this one needs, also those that they need.
	// Ask says that it is too much for here: the query Earlier has it.
	Given []Left `json:"given,omitempty"`
	Ask   bool   `json:"ask,omitempty"`
	// Room is how many bytes of results and of the record the activity may return
	// itself.
	Room int `json:"room"`
}

// A Left is what a job left for others.
type Left struct {
	Job     string   `json:"job"`
	Results blob.Ref `json:"results"`
	Files   blob.Ref `json:"files,omitzero"`
}

func (l Left) size() int {
	const ref = 150
	return len(l.Results.Inline) + len(l.Files.Inline) + ref
}

// A Beat is what an activity tells while it runs, and what the next attempt
// learns of this one when its worker is lost.
type Beat struct {
	Attempt int    `json:"attempt"`          // how often the job began, so far
	Faults  int    `json:"faults,omitempty"` // how often a machine could not begin it
	Worker  string `json:"worker"`           // name, for people
	Queue   string `json:"queue"`            // by which the worker is asked for pages
	Record  string `json:"record,omitempty"` // name there of the record; empty: not begun
}

// An Ended is how a job ended. One that failed ends well as an activity.
type Ended struct {
	Beat
	Left
	Notices []string     `json:"notices,omitempty"`
	Outcome exec.Outcome `json:"outcome"`
	Report  blob.Ref     `json:"report"`
	// Rest is what of the record was not asked for yet, if it is little.
	Rest *Rest `json:"rest,omitempty"`
}

// A Rest is the end of a record.
type Rest struct {
	From  string      `json:"from"`
	Pages []exec.Page `json:"pages"`
}

// room returns how many bytes each of n jobs may put into the history of the run,
// which the server limits to 50 MB.
func room(n int) int { return min(32<<10, 16<<20/max(n, 1)) }

// Each worker has a workflow on a queue of its own, by the name of that queue,
// which is queried for pages.
const (
	PagesWorkflow = "quire-worker-1"
	Pages         = "pages"
)

// A Question asks for a page of a record.
type Question struct {
	Run    string `json:"run"`
	Record string `json:"record"`
	From   string `json:"from,omitempty"`
}

// An Answer is what follows of the record.
type Answer struct {
	Page exec.Page `json:"page"`
	Gone bool      `json:"gone,omitempty"` // the worker does not have the record
}

// MostPage is about how many bytes of logs the answers to questions have together.
// An answer of the server has at most 2 MB.
const MostPage = 1 << 20
