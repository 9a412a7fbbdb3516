package exec

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
	for i, typ := 0, reflect.TypeFor[Push](); i < typ.NumField(); i++ {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		given = append(given, name)
	}
	slices.Sort(documented)
	slices.Sort(given)
	if diff := cmp.Diff(documented, given); diff != "" {
		t.Errorf("fields (-documented +given):\n%s", diff)
	}
}

// TestBorrowed follows alternates, which may be relative, missing, and go round
// in circles.
func TestBorrowed(t *testing.T) {
	base := t.TempDir()
	at := func(name string) string { return filepath.Join(base, name) }
	for name, text := range map[string]string{
		"a": at("b") + "\n" + at("missing") + "\n",
		"b": "../c\n../a\n",
		"c": "",
	} {
		if err := os.MkdirAll(filepath.Join(at(name), "info"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at(name), "info/alternates"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{at("b"), at("c")}, borrowed(at("a"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMountFlag(t *testing.T) {
	for want, m := range map[string]mount{
		"type=bind,source=/a,target=/b":                   {from: "/a", to: "/b"},
		"type=bind,source=/a,target=/b,readonly":          {"/a", "/b", true},
		`type=bind,"source=/a, ""b""","target=/a, ""b"""`: {from: `/a, "b"`, to: `/a, "b"`},
	} {
		if got := m.flag(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestRelayed(t *testing.T) {
	for code, want := range map[int]string{0: "0", 1: "1", 127: "127", 128: "128", 137: "-1SIGKILL", 143: "-1SIGTERM", 145: "145", 255: "255"} {
		exit, signal := relayed(code)
		if got := fmt.Sprint(exit, signal); got != want {
			t.Errorf("%d: %s, want %s", code, got, want)
		}
	}
}
