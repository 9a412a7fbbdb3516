package exec

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/dsl"
	"quire/analysis/pipeline"
)

// TestPanicStopsAtTheJob has the loader's side of a job panic.
func TestPanicStopsAtTheJob(t *testing.T) {
	var values redactions
	x := &execution{pipe: &pipeline.Pipeline{}, report: &Report{}, record: &recorder{values: &values}}
	x.host = &host{record: x.record, jobs: map[string]*jobState{}}
	x.plan = plan{jobs: []*pipeline.Job{{ID: "broken"}, {ID: "after"}}}
	err := x.schedule(context.Background())
	if err == nil || !strings.Contains(err.Error(), "job 'broken': internal error: ") {
		t.Errorf("error %v", err)
	}
	if x.report.Outcome != Internal || x.report.Jobs[0].Outcome != Internal || x.report.Jobs[1].Outcome != NotRun {
		t.Errorf("report %+v", x.report)
	}
}

func TestSecretDoesNotPrint(t *testing.T) {
	s := Secret{Value: "correct-horse"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := fmt.Sprintf(format, s) + fmt.Sprintf(format, map[string]Secret{"a": s}); strings.Contains(got, "horse") {
			t.Errorf("%s prints %s", format, got)
		}
	}
}

// TestPushIsDocumented compares the fields of quire/push with what editors say
// of them.
func TestPushIsDocumented(t *testing.T) {
	src, ok := dsl.FindSource(dsl.Push)
	if !ok {
		t.Fatalf("there is no source %s", dsl.Push)
	}
	var documented, given []string
	for _, f := range src.Fields {
		documented = append(documented, f.Name)
	}
	for i, typ := 0, reflect.TypeFor[push](); i < typ.NumField(); i++ {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		given = append(given, name)
	}
	slices.Sort(documented)
	slices.Sort(given)
	if diff := cmp.Diff(documented, given); diff != "" {
		t.Errorf("fields (-documented +given):\n%s", diff)
	}
}
