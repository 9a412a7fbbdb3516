package export

import (
	"bytes"
	"encoding/json"
	"strings"

	"quire/analysis/plan"
)

// The JSON of a pipeline of Buildkite.
type (
	buildkitePipeline struct {
		Steps []buildkiteStep `json:"steps"`
	}
	buildkiteStep struct {
		Label     string            `json:"label"`
		Key       string            `json:"key"`
		Command   string            `json:"command"`
		DependsOn []string          `json:"depends_on,omitempty"`
		Agents    map[string]string `json:"agents,omitempty"`
		Timeout   int               `json:"timeout_in_minutes,omitempty"`
		Artifacts []string          `json:"artifact_paths"`
	}
)

// escaped returns a text as it is before the upload of a pipeline, which puts
// values in the place of variables.
func escaped(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// buildkite writes a pipeline of Buildkite.
func buildkite(p *plan.Plan, o Options) ([]byte, error) {
	all, err := steps(p, o)
	if err != nil {
		return nil, err
	}
	doc := buildkitePipeline{Steps: []buildkiteStep{}}
	for _, s := range all {
		doc.Steps = append(doc.Steps, s.buildkite(o))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(doc)
	return b.Bytes(), err
}

func (s step) buildkite(o Options) buildkiteStep {
	script := append([]string{}, o.Before...)
	script = append(script, "mkdir -p "+results)
	for _, need := range s.needs {
		script = append(script, "buildkite-agent artifact download "+file(need)+" . --step "+need)
	}
	script = append(script,
		`if [ -n "$BUILDKITE_TAG" ]; then QUIRE_REF="refs/tags/$BUILDKITE_TAG"; else QUIRE_REF="refs/heads/$BUILDKITE_BRANCH"; fi`,
		s.command(`"$QUIRE_REF"`))
	out := buildkiteStep{Label: escaped(s.ID), Key: s.key, Command: escaped(strings.Join(script, "\n")), DependsOn: s.needs, Timeout: s.minutes(),
		Artifacts: []string{file(s.key), junit(s.key)}}
	if s.ID == "" {
		out.Label = s.key
	}
	for _, label := range s.Labels {
		name, value, given := strings.Cut(label, "=")
		if !given {
			value = "*" // any agent that has the tag
		}
		if out.Agents == nil {
			out.Agents = map[string]string{}
		}
		out.Agents[escaped(name)] = escaped(value)
	}
	return out
}
