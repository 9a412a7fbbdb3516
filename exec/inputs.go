package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"quire/analysis/pipeline"
)

// maxInputs is the size in bytes of the largest file with outputs of jobs.
const maxInputs = 64 << 20

// An inputs is the outputs of jobs that a file gives, by id; nil for a job
// without outputs.
type inputs map[string]*pipeline.Data

// readInputs reads the file that stands in for jobs which do not run.
func (r *Request) readInputs(context.Context) error {
	path := r.options.Inputs
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return &UsageError{fmt.Sprintf("cannot read the inputs: %s: %s", path, osError(err))}
	}
	text, err := readAll(f, maxInputs)
	if err != nil {
		return &UsageError{fmt.Sprintf("cannot read the inputs: %s: %s", path, inWorkspace(err))}
	}
	r.inputs, err = parseInputs(path, text)
	return err
}

// parseInputs reads an object of JSON that holds, by job, outputs as they are
// stored. The error is a [*UsageError].
func parseInputs(path string, text []byte) (inputs, error) {
	if _, err := pipeline.DataFromJSON(text); err != nil {
		return nil, &UsageError{fmt.Sprintf("cannot use the inputs: %s:%s", path, err)} // err starts with line and column
	}
	refuse := func(format string, args ...any) (inputs, error) {
		return nil, &UsageError{fmt.Sprintf("cannot use the inputs: %s: ", path) + fmt.Sprintf(format, args...)}
	}
	var byID map[string]json.RawMessage
	if err := json.Unmarshal(text, &byID); err != nil || byID == nil {
		return refuse("expected an object such as {\"build\": {\"artifact\": \"app\"}}, got %s", kindOf(text))
	}
	all := inputs{}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		kind := kindOf(byID[id])
		switch kind {
		case "null":
			all[id] = nil
			continue
		case "an object", "an array":
		default:
			return refuse("the outputs of '%s' must be an object, an array or null, got %s", id, kind)
		}
		data, err := pipeline.DataFromJSON(byID[id])
		if err != nil {
			return refuse("the outputs of '%s': %s", id, err)
		}
		all[id] = data
	}
	return all, nil
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

// check refuses inputs for jobs that do not exist.
func (in inputs) check(g *pipeline.Graph) error {
	return known(g, slices.Sorted(maps.Keys(in)))
}
