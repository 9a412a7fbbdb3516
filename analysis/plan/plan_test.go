package plan_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quire/analysis"
	"quire/analysis/plan"
	"quire/analysis/source"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(plan.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.schema.json", v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func planned(t *testing.T, text string, c plan.Commit) string {
	t.Helper()
	s := analysis.New(source.NewFile(".quire/ci.fnl", text), analysis.Options{})
	out, err := json.MarshalIndent(plan.New(s, c), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestPlan pins the plan of a pipeline that has all that a plan can say.
func TestPlan(t *testing.T) {
	sha := strings.Repeat("a", 40)
	got := planned(t, `(local ci (require :quire.ci))
(ci.image "golang:1.26")
(ci.mirror "/there" {:tag #:x :secret :header})
(ci.job :test [:build :quire/push :build] (fn [{: secret}] (secret (.. "t" "wo"))) {:timeout 0.5})
(ci.job "a b\n\"$X" [:quire/push] (fn [{: secret}] (secret :one) (secret :a)) {:labels [:linux :gpu] :timeout "1h"})
(ci.job :build ["a b\n\"$X" :nothing] (fn [] nil))`, plan.Commit{SHA: &sha, Changed: true})
	want := `{
  "version": 1,
  "pipeline": ".quire/ci.fnl",
  "sha": "` + sha + `",
  "changed": true,
  "image": "golang:1.26",
  "secrets": ["a", "header", "one"],
  "jobs": [
    {"id": "quire/mirror", "needs": [], "triggers": ["quire/push"], "labels": [], "timeout_s": null,
     "secrets": ["header"], "secrets_certain": true, "mirror": true},
    {"id": "a b\n\"$X", "needs": [], "triggers": ["quire/push"], "labels": ["linux", "gpu"], "timeout_s": 3600,
     "secrets": ["a", "one"], "secrets_certain": true, "mirror": false},
    {"id": "build", "needs": ["a b\n\"$X"], "triggers": [], "labels": [], "timeout_s": null,
     "secrets": [], "secrets_certain": true, "mirror": false},
    {"id": "test", "needs": ["build"], "triggers": ["quire/push"], "labels": [], "timeout_s": 0.5,
     "secrets": [], "secrets_certain": false, "mirror": false}
  ]
}`
	var wanted, found any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &found); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, found); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestPlansMeetTheirSchema plans every pipeline that the suites run.
func TestPlansMeetTheirSchema(t *testing.T) {
	s := schema(t)
	files, err := filepath.Glob("../../testdata/run/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	jobs := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(text).Files {
			if !strings.HasSuffix(f.Name, "/ci.fnl") {
				continue
			}
			out := planned(t, string(f.Data), plan.Commit{})
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
			if err == nil {
				err = s.Validate(v)
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
			jobs += strings.Count(out, `"id"`)
		}
	}
	if jobs == 0 {
		t.Error("no plan has a job")
	}
}

// TestSchemaRefuses checks that the schema can fail.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	good := planned(t, `(local ci (require :quire.ci)) (ci.job :a [:quire/push] #nil {:timeout 3})`, plan.Commit{})
	for _, change := range [][2]string{
		{`"version": 1`, `"version": 2`}, {`"sha": null`, `"sha": "main"`}, {`"sha": null`, `"commit": null`},
		{`"needs": []`, `"needs": null`}, {`"timeout_s": 3`, `"timeout_s": "3s"`}, {`"timeout_s": 3`, `"timeout_s": 0`},
		{`"mirror": false`, `"mirror": null`}, {`"id": "a"`, `"name": "a"`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if bad == good || s.Validate(v) == nil {
			t.Errorf("the schema takes %s for %s", change[1], change[0])
		}
	}
}
