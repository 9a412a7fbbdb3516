package exec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"quire/analysis/pipeline"
)

// ResultsVersion is the version of the JSON form of [Results].
const ResultsVersion = 1

// Results are how jobs of a pipeline went, wherever they ran, and what was
// pushed: all that a machine has to be given to run a job that needs them. They
// never hold the value of a secret. Their JSON form is documented by
// results.schema.json beside this file.
type Results struct {
	// Push is what quire/push told the jobs, but for the git directory; nil when
	// that is not known. A run that is given it is of the same commit, or refused.
	Push *Push
	// Jobs are the results by id.
	Jobs map[string]JobResult

	name string // where they are from, for messages
	// partial says that they only stand in for the jobs they have: nothing is
	// known of how those went, and others may be missing.
	partial bool
}

// A JobResult is how one job went.
type JobResult struct {
	Outcome Outcome
	Outputs *pipeline.Data // what (jobs id) gives; nil: nothing
	// Withheld says why the outputs are not there although the job left some, or
	// is empty: they hold the value of a secret, or what JSON cannot express.
	Withheld string
	// Template are outputs that are withheld for a secret, with its name in place
	// of its value, or nil when they cannot be written so. The machine that reads
	// them fills in the value that it has itself.
	Template     *pipeline.Data
	Secrets      []string  // names of the secrets that the job was told, in order
	Started      time.Time // zero when it did not start
	Finished     time.Time
	RunID        string // of the run that it ran in
	Dir          string // of that run, on the machine that it ran on
	Notice       string // as in [JobReport]
	IgnoredExits []int
	Failure      *ResultFailure
}

// A ResultFailure is why a job failed, without what only its own machine can
// show.
type ResultFailure struct {
	Message string
	Command string // the last that did not end well, or empty
	Exit    int    // of the command
	Signal  string
	Log     string // path of its log on the machine that it ran on, or empty
}

// Results returns how the jobs of the run went, and, unless that is nil, what
// the run was given of others.
func (r *Report) Results() *Results {
	all := &Results{Jobs: map[string]JobResult{}}
	if r.Given != nil {
		maps.Copy(all.Jobs, r.Given.Jobs)
	}
	if r.Push != nil {
		p := *r.Push
		p.GitDir = ""
		all.Push = &p
	}
	for _, j := range r.Jobs {
		all.Jobs[j.ID] = r.result(j)
	}
	return all
}

// Result returns how one job of the run went.
func (r *Report) Result(id string) (JobResult, bool) {
	i := slices.IndexFunc(r.Jobs, func(j JobReport) bool { return j.ID == id })
	if i < 0 {
		return JobResult{}, false
	}
	return r.result(r.Jobs[i]), true
}

func (r *Report) result(j JobReport) JobResult {
	out := JobResult{Outcome: j.Outcome, Outputs: j.Outputs, Withheld: j.Withheld, Started: j.Started, Finished: j.Finished,
		RunID: cmp.Or(j.Reused, r.ID), Dir: r.Dir, Notice: j.Notice, IgnoredExits: j.IgnoredExits, Template: j.Template, Secrets: j.Secrets}
	if f := j.Failure; f != nil {
		out.Failure = &ResultFailure{Message: f.Diagnostic.Message, Command: f.Command, Exit: f.Exit, Signal: f.Signal, Log: f.Log}
	}
	return out
}

// MergeResults returns what several results say together. Of a job that more
// than one has, the result that finished last counts, and where that is not
// known, the one of the results that come last. The error is a [*UsageError]
// when they are of different commits or refs.
func MergeResults(list ...*Results) (*Results, error) {
	all := &Results{Jobs: map[string]JobResult{}, partial: true}
	for _, r := range list {
		if err := all.mergePush(r); err != nil {
			return nil, err
		}
		all.partial = all.partial && r.partial
		for id, one := range r.Jobs {
			old, twice := all.Jobs[id]
			if !twice || one.Finished.IsZero() || !one.Finished.Before(old.Finished) {
				all.Jobs[id] = one
			}
		}
	}
	return all, nil
}

func (r *Results) mergePush(o *Results) error {
	switch old, p := r.Push, o.Push; {
	case p == nil:
	case old == nil:
		r.Push, r.name = p, o.name
	case old.SHA != p.SHA:
		return &UsageError{fmt.Sprintf("the inputs are of different commits: %s of %s, %s of %s",
			r.from(), noneOr(old.SHA), o.from(), noneOr(p.SHA))}
	case old.Ref != p.Ref:
		return &UsageError{fmt.Sprintf("the inputs are of pushes of different refs: %s of %s, %s of %s",
			r.from(), noneOr(old.Ref), o.from(), noneOr(p.Ref))}
	case p.PushedAt.Before(old.PushedAt):
		r.Push, r.name = p, o.name
	}
	return nil
}

func (r *Results) from() string { return cmp.Or(r.name, "what was given") }

func noneOr(name string) string { return cmp.Or(name, "none") }

// The JSON form of [Results]. Outputs are as they are stored.
type (
	jsonResults struct {
		Version int                   `json:"version"`
		Push    *Push                 `json:"push,omitempty"`
		Jobs    map[string]jsonResult `json:"jobs"`
	}
	jsonResult struct {
		Outcome      Outcome            `json:"outcome"`
		Outputs      json.RawMessage    `json:"outputs"` // null: none
		Withheld     string             `json:"withheld,omitempty"`
		Template     json.RawMessage    `json:"template,omitempty"`
		Secrets      []string           `json:"secrets,omitempty"`
		Started      *time.Time         `json:"started_at,omitempty"`
		Finished     *time.Time         `json:"finished_at,omitempty"`
		RunID        string             `json:"run_id,omitempty"`
		Dir          string             `json:"directory,omitempty"`
		Notice       string             `json:"notice,omitempty"`
		IgnoredExits []int              `json:"ignored_exits,omitempty"`
		Failure      *jsonResultFailure `json:"failure,omitempty"`
	}
	jsonResultFailure struct {
		Message string `json:"message"`
		Command string `json:"command,omitempty"`
		Exit    *int   `json:"exit_code,omitempty"`
		Signal  string `json:"signal,omitempty"`
		Log     string `json:"log,omitempty"`
	}
)

// JSON returns the JSON form, which ends with a line feed. The same results give
// the same text.
func (r *Results) JSON() ([]byte, error) {
	out := jsonResults{Version: ResultsVersion, Push: r.Push, Jobs: map[string]jsonResult{}}
	for id, j := range r.Jobs {
		one := jsonResult{Outcome: j.Outcome, Withheld: j.Withheld, Started: stamp(j.Started), Finished: stamp(j.Finished), RunID: j.RunID, Dir: j.Dir,
			Notice: j.Notice, IgnoredExits: j.IgnoredExits, Secrets: j.Secrets}
		for _, from := range []struct {
			data *pipeline.Data
			to   *json.RawMessage
		}{{j.Outputs, &one.Outputs}, {j.Template, &one.Template}} {
			if from.data == nil {
				continue
			}
			text, bad, ok := from.data.JSON()
			if !ok {
				return nil, fmt.Errorf("the outputs of '%s' cannot be written as JSON: `%s`", id, bad)
			}
			*from.to = text
		}
		if f := j.Failure; f != nil {
			one.Failure = &jsonResultFailure{Message: f.Message, Command: f.Command, Signal: f.Signal, Log: f.Log}
			if f.Command != "" {
				one.Failure.Exit = &f.Exit
			}
		}
		out.Jobs[id] = one
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(out)
	return text.Bytes(), err
}
