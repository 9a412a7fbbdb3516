package analysis_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// TestExamplesAreClean checks that nothing is wrong with the pipelines that are
// shown to people: testdata/examples, and the project's own.
func TestExamplesAreClean(t *testing.T) {
	for name, text := range examples(t) {
		t.Run(name, func(t *testing.T) {
			s := analysis.New(source.NewFile(pipeline.Path, text), analysis.Options{})
			for _, d := range s.Diagnostics() {
				t.Error(d)
			}
			if len(s.Graph().Jobs) == 0 {
				t.Error("there are no jobs")
			}
			refuted := false
			for _, f := range s.Graph().Jobs {
				refuted = refuted || f.Broken
			}
			if refuted {
				t.Error("a job is broken")
			}
		})
	}
}

// TestExamplesForServers checks that examples which are written as one of the
// servers has it run there.
func TestExamplesForServers(t *testing.T) {
	all := examples(t)
	for server, names := range map[dsl.State][]string{
		dsl.S1: {"appliance", "container_image"},
		dsl.S2: {"mirrored", "observatory", "python_library"},
		dsl.H:  {"combinators", "observatory", "python_library", "static_site"},
	} {
		for _, name := range names {
			o := analysis.Options{Server: server}
			for _, d := range analysis.New(source.NewFile(pipeline.Path, all[name+".fnl"]), o).Diagnostics() {
				t.Errorf("%s on %s: %v", name, server, d)
			}
		}
	}
}

// examples returns the pipelines that are shown to people.
func examples(t testing.TB) map[string]string {
	paths, err := filepath.Glob("../testdata/examples/*.fnl")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d examples: %v", len(paths), err)
	}
	texts := map[string]string{}
	for _, path := range append(paths, "../.quire/ci.fnl") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(data)
	}
	return texts
}

// TestRunSuite checks that the pipelines which the run suite runs to a good end
// have no errors.
func TestRunSuite(t *testing.T) {
	for name, text := range runSuite(t) {
		s := analysis.New(source.NewFile(pipeline.Path, text), analysis.Options{})
		for _, d := range s.Diagnostics() {
			if d.Severity() == diag.Error {
				t.Errorf("%s: %v", name, d)
			}
		}
	}
}

// runSuite returns the pipelines of testdata/run whose run succeeds.
func runSuite(t testing.TB) map[string]string {
	paths, err := filepath.Glob("../testdata/run/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, ends := "", false
		for _, f := range archive.Files {
			switch f.Name {
			case "repo/" + pipeline.Path:
				text = string(f.Data)
			case "report":
				ends = strings.HasPrefix(string(f.Data), "succeeded")
			}
		}
		if text != "" && ends {
			texts[filepath.Base(path)] = text
		}
	}
	return texts
}
