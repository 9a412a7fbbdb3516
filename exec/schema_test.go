package exec_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"quire/exec"
)

// A schema is the part of JSON Schema that events.schema.json uses. A boolean
// schema true is one without conditions.
type schema struct {
	Type       string
	Const      any
	Enum       []any
	Minimum    *float64
	Required   []string
	Properties map[string]*schema
	Additional *bool `json:"additionalProperties"`
	Items      *schema
	OneOf      []*schema
}

func (s *schema) UnmarshalJSON(text []byte) error {
	if string(text) == "true" {
		return nil
	}
	type plain schema
	return json.Unmarshal(text, (*plain)(s))
}

// check returns why a value does not meet the schema, or nothing.
func (s *schema) check(v any) string {
	switch {
	case s.Type != "" && !hasType(v, s.Type):
		return fmt.Sprintf("%v is no %s", v, s.Type)
	case s.Const != nil && s.Const != v:
		return fmt.Sprintf("%v is not %v", v, s.Const)
	case s.Enum != nil && !slices.Contains(s.Enum, v):
		return fmt.Sprintf("%v is none of %v", v, s.Enum)
	case s.Minimum != nil && v.(float64) < *s.Minimum:
		return fmt.Sprintf("%v is too small", v)
	}
	if list, ok := v.([]any); ok && s.Items != nil {
		for _, item := range list {
			if why := s.Items.check(item); why != "" {
				return why
			}
		}
	}
	if object, ok := v.(map[string]any); ok {
		if why := s.checkObject(object); why != "" {
			return why
		}
	}
	return s.checkOne(v)
}

func (s *schema) checkObject(object map[string]any) string {
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			return name + " is missing"
		}
	}
	for name, value := range object {
		p, ok := s.Properties[name]
		switch {
		case ok:
			if why := p.check(value); why != "" {
				return name + ": " + why
			}
		case s.Additional != nil && !*s.Additional:
			return name + " is not expected"
		}
	}
	return ""
}

func (s *schema) checkOne(v any) string {
	if s.OneOf == nil {
		return ""
	}
	var whys []string
	for _, one := range s.OneOf {
		if why := one.check(v); why != "" {
			whys = append(whys, why)
		}
	}
	if met := len(s.OneOf) - len(whys); met != 1 {
		return fmt.Sprintf("%d of the alternatives are met: %s", met, strings.Join(whys, "; "))
	}
	return ""
}

func hasType(v any, name string) bool {
	switch v := v.(type) {
	case string:
		return name == "string"
	case float64:
		return name == "integer" && v == float64(int64(v))
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}

func eventSchema(t *testing.T) *schema {
	t.Helper()
	text, err := os.ReadFile("events.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	s := &schema{}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEventsMeetTheirSchema(t *testing.T) {
	s := eventSchema(t)
	f := pipelineFixture(t, `(local ci (require :quire.ci))
(ci.image "x")
(ci.mirror "/nowhere" {:tag (fn [] "x") :secret :x})
(ci.job :a [:quire/push] (fn [{: sh : log}] (sh "echo out; echo err >&2") (log "said") (sh "kill -TERM $$") (pcall sh ["no-such-program"]) nil))
(ci.job :b [:a] (fn [] (error "failed")))
(ci.job :c [:b] (fn [] nil))`)
	report, events, err := f.run(exec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(report.Dir, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	seen := map[any]bool{}
	for _, line := range lines {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		seen[v["type"]] = true
		if why := s.check(v); why != "" {
			t.Errorf("%s\n%s", line, why)
		}
		if !strings.HasPrefix(line, `{"at_ms":`) {
			t.Errorf("at_ms is not first: %s", line)
		}
	}
	if len(seen) != len(s.OneOf) {
		t.Errorf("events of types %v, the schema has %d", seen, len(s.OneOf))
	}
}

// TestSchemaRefuses checks that the schema can fail.
func TestSchemaRefuses(t *testing.T) {
	s := eventSchema(t)
	for _, line := range []string{
		`{}`, `[]`, `{"at_ms":1,"type":"unheard_of"}`, `{"at_ms":-1,"type":"log"}`, `{"at_ms":1.5,"type":"log"}`,
		`{"at_ms":1,"type":"job_started"}`, `{"at_ms":1,"type":"job_started","job_id":"a","exit_code":1}`,
		`{"at_ms":1,"type":"job_finished","job_id":"a","outcome":"complete"}`,
		`{"at_ms":1,"type":"output","job_id":"a","sh":1,"stream":"stdout"}`,
		`{"at_ms":1,"type":"output","job_id":"a","sh":1,"stream":"stdin","text":""}`,
		`{"at_ms":1,"type":"run_started","run_id":"x","jobs":[1]}`,
	} {
		var v any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		if s.check(v) == "" {
			t.Errorf("the schema takes %s", line)
		}
	}
}

// TestUpstreamEvents pins the lines that upstream's tools read.
func TestUpstreamEvents(t *testing.T) {
	zero := 0
	for _, tt := range []struct {
		e    exec.Event
		want string
	}{
		{exec.Event{AtMS: 100, Type: exec.JobStarted, JobID: "build"}, `{"at_ms":100,"type":"job_started","job_id":"build"}`},
		{exec.Event{AtMS: 250, Type: exec.JobFinished, JobID: "build", Outcome: "succeeded"},
			`{"at_ms":250,"type":"job_finished","job_id":"build","outcome":"succeeded"}`},
		{exec.Event{AtMS: 250, Type: exec.JobFinished, JobID: "build", Outcome: "failed"},
			`{"at_ms":250,"type":"job_finished","job_id":"build","outcome":"failed"}`},
		{exec.Event{AtMS: 110, Type: exec.ShStarted, JobID: "build", Sh: 1, Cmd: "echo hi"},
			`{"at_ms":110,"type":"sh_started","job_id":"build","sh":1,"cmd":"echo hi"}`},
		{exec.Event{AtMS: 190, Type: exec.ShFinished, JobID: "build", Sh: 1, Exit: &zero},
			`{"at_ms":190,"type":"sh_finished","job_id":"build","sh":1,"exit_code":0}`},
	} {
		line, err := json.Marshal(tt.e)
		if err != nil || string(line) != tt.want {
			t.Errorf("%s, %v, want %s", line, err, tt.want)
		}
		var back exec.Event
		if err := json.Unmarshal(line, &back); err != nil || !reflect.DeepEqual(back, tt.e) {
			t.Errorf("%s reads back as %+v, %v", line, back, err)
		}
	}
}
