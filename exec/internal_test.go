package exec

import (
	"context"
	"fmt"
	"strings"
	"testing"

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
