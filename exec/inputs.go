package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"quire/analysis/pipeline"
)

// maxInputs is the size in bytes of the largest file with results of jobs.
const maxInputs = 64 << 20

// readInputs reads the files that stand in for jobs which do not run, and puts
// them together with what else was given.
func (r *Request) readInputs(context.Context) error {
	var list []*Results
	for _, path := range r.options.Inputs {
		f, err := os.Open(path)
		if err != nil {
			return &UsageError{fmt.Sprintf("cannot read the inputs: %s: %s", path, osError(err))}
		}
		text, err := readAll(f, maxInputs)
		if err != nil {
			return &UsageError{fmt.Sprintf("cannot read the inputs: %s: %s", path, inWorkspace(err))}
		}
		one, err := ParseResults(path, text)
		if err != nil {
			return err
		}
		list = append(list, one)
	}
	if r.options.Given != nil {
		list = append(list, r.options.Given)
	}
	if list == nil {
		return nil
	}
	var err error
	r.given, err = MergeResults(list...)
	return err
}

// ParseResults reads the JSON form of results, or an object that holds nothing
// but outputs by job, which stands in for these jobs. The name says where it is
// from. The error is a [*UsageError].
func ParseResults(name string, text []byte) (*Results, error) {
	if _, err := pipeline.DataFromJSON(text); err != nil {
		return nil, &UsageError{fmt.Sprintf("cannot use the inputs: %s:%s", name, err)} // err starts with line and column
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return refuseInputs(name, "expected an object such as {\"build\": {\"artifact\": \"app\"}}, got %s", kindOf(text))
	}
	if version, ok := members["version"]; ok && kindOf(version) == "a number" {
		return parseVersioned(name, text, version)
	}
	r := &Results{Jobs: map[string]JobResult{}, name: name, partial: true}
	for _, id := range slices.Sorted(maps.Keys(members)) {
		data, err := parseOutputs(name, id, members[id])
		if err != nil {
			return nil, err
		}
		r.Jobs[id] = JobResult{Outcome: Succeeded, Outputs: data}
	}
	return r, nil
}

func refuseInputs(name, format string, args ...any) (*Results, error) {
	return nil, &UsageError{fmt.Sprintf("cannot use the inputs: %s: ", name) + fmt.Sprintf(format, args...)}
}

// parseVersioned reads the JSON form of results.
func parseVersioned(name string, text, version []byte) (*Results, error) {
	if string(version) != fmt.Sprint(ResultsVersion) {
		return refuseInputs(name, "it has version %s, and this quire reads %d", version, ResultsVersion)
	}
	var in jsonResults
	if err := json.Unmarshal(text, &in); err != nil {
		return refuseInputs(name, "%s", err)
	}
	if in.Jobs == nil {
		return refuseInputs(name, `it has no "jobs"`)
	}
	r := &Results{Push: in.Push, Jobs: map[string]JobResult{}, name: name}
	for _, id := range slices.Sorted(maps.Keys(in.Jobs)) {
		j := in.Jobs[id]
		if !slices.Contains(ended, j.Outcome) {
			return refuseInputs(name, "the outcome of '%s' must be one of %v, got %q", id, ended, j.Outcome)
		}
		one := JobResult{Outcome: j.Outcome, Withheld: j.Withheld, Started: timeOf(j.Started, time.Time{}), Finished: timeOf(j.Finished, time.Time{}),
			RunID: j.RunID, Dir: j.Dir, Notice: j.Notice, IgnoredExits: j.IgnoredExits, Secrets: j.Secrets}
		for _, from := range []struct {
			text json.RawMessage
			to   **pipeline.Data
		}{{j.Outputs, &one.Outputs}, {j.Template, &one.Template}} {
			if from.text == nil {
				continue
			}
			var err error
			if *from.to, err = parseOutputs(name, id, from.text); err != nil {
				return nil, err
			}
		}
		if one.Template != nil && (one.Outputs != nil || one.Withheld == "") {
			return refuseInputs(name, "'%s' has a template, which stands for outputs that are withheld, and they are not", id)
		}
		if f := j.Failure; f != nil {
			one.Failure = &ResultFailure{Message: f.Message, Command: f.Command, Signal: f.Signal, Log: f.Log}
			if f.Exit != nil {
				one.Failure.Exit = *f.Exit
			}
		}
		r.Jobs[id] = one
	}
	return r, nil
}

// ended are the outcomes of jobs that nothing runs any more.
var ended = []Outcome{Succeeded, Failed, Skipped, Cancelled, NotRun, Internal}

// parseOutputs reads the outputs of one job as they are stored; nil: none.
func parseOutputs(name, id string, text json.RawMessage) (*pipeline.Data, error) {
	switch kind := kindOf(text); kind {
	case "null":
		return nil, nil
	case "an object", "an array":
	default:
		_, err := refuseInputs(name, "the outputs of '%s' must be an object, an array or null, got %s", id, kind)
		return nil, err
	}
	data, err := pipeline.DataFromJSON(text)
	if err != nil {
		_, err = refuseInputs(name, "the outputs of '%s': %s", id, err)
	}
	return data, err
}

// kindOf names the type of a JSON text.
func kindOf(text []byte) string {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return "no JSON"
	}
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}

// check refuses results of jobs that do not exist, and such with which the jobs
// of a plan cannot run: what they need and does not run with them must have
// gone well. A job that pushes to another repository counts as left out unless
// it is there.
func (r *Results) check(g *pipeline.Graph, p plan) error {
	if r == nil {
		return nil
	}
	if err := known(g, slices.Sorted(maps.Keys(r.Jobs))); err != nil || r.partial {
		return err
	}
	for _, job := range p.jobs {
		for _, id := range g.Needs(job.ID) {
			if _, runs := p.in[id]; runs {
				continue
			}
			one, ok := r.Jobs[id]
			need, isJob := g.Job(id)
			switch {
			case !ok && isJob && need.Mirror:
				r.Jobs[id] = JobResult{Outcome: Skipped}
			case !ok:
				return &UsageError{fmt.Sprintf("job '%s' needs '%s', of which --inputs has no result: give it the file that --outputs wrote for '%[2]s'", job.ID, id)}
			case !one.Outcome.done():
				return &UsageError{fmt.Sprintf("job '%s' cannot run: '%s', which it needs, ended as %s%s", job.ID, id, one.Outcome, one.why())}
			}
		}
	}
	return nil
}

// why says why a job failed, behind a colon, if that is known.
func (j JobResult) why() string {
	if j.Failure == nil || j.Failure.Message == "" {
		return ""
	}
	return ": " + firstOf(j.Failure.Message)
}

// outputs returns what (jobs id) gives for a job that has a result. The error is
// the one of outputs that cannot be copied, as in the run that made them.
func (j JobResult) outputs(id string, ask revealer) (*pipeline.Data, error) {
	if j.Template != nil {
		filled, err := ask.fill(j.Template)
		if err != nil {
			return nil, fmt.Errorf("jobs: the outputs of '%s' cannot be read: %w", id, err)
		}
		return filled, nil
	}
	if j.Withheld != "" {
		return nil, fmt.Errorf("jobs: the outputs of '%s' cannot be read: %s", id, j.Withheld)
	}
	return j.Outputs, nil
}
