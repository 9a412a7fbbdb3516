package analysis_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// elsewhere holds the codes that no ci.fnl alone can have for certain.
var elsewhere = []diag.Code{diag.Config, diag.NoImage, diag.LoadTimeout}

// TestExamples runs the examples of the codes through the loader and the
// checks.
func TestExamples(t *testing.T) {
	for _, e := range diag.Entries() {
		if e.Bad == "" || e.Good == "" {
			t.Errorf("%s has no examples", e.Code)
		}
		if slices.Contains(elsewhere, e.Code) {
			continue
		}
		name := string(e.Code)
		if e.Code == diag.NotOnServer {
			name += "-on-H"
		}
		found := func(text string) diag.List {
			return snapshotOf(map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, text)}, name).Diagnostics()
		}
		bad := found(e.Bad)
		if !slices.ContainsFunc(bad, func(d diag.Diagnostic) bool { return d.Code == e.Code && d.Severity() == e.Severity }) {
			t.Errorf("the bad example of %s gives %v", e.Code, bad)
		}
		for _, d := range bad {
			if d.Code != e.Code {
				t.Errorf("the bad example of %s also gives %v", e.Code, d)
			}
		}
		if good := found(e.Good); len(good) > 0 {
			t.Errorf("the good example of %s gives %v", e.Code, good)
		}
	}
}

// TestCorpus checks that the suites show each code at least three times, and
// twice what comes close to it and does not have it.
func TestCorpus(t *testing.T) {
	shown, near := map[diag.Code]int{}, map[diag.Code]int{}
	paths, err := filepath.Glob("../testdata/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		suite := filepath.Base(filepath.Dir(path))
		if suite != "analysis" && suite != "load" {
			continue
		}
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			for _, e := range diag.Entries() {
				has := strings.Contains(string(f.Data), "["+string(e.Code)+"]")
				if strings.HasPrefix(f.Name, "near-"+string(e.Code)+"-") && strings.HasSuffix(f.Name, ".want") {
					if near[e.Code]++; has {
						t.Errorf("%s has %s", f.Name, e.Code)
					}
				} else if has && strings.HasSuffix(f.Name, "want") {
					shown[e.Code]++
				}
			}
		}
	}
	for _, e := range diag.Entries() {
		if slices.Contains(elsewhere, e.Code) {
			continue
		}
		if shown[e.Code] < 3 || near[e.Code] < 2 {
			t.Errorf("%s has %d cases, want 3, and %d near misses, want 2", e.Code, shown[e.Code], near[e.Code])
		}
	}
}
