package analysis_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// elsewhere holds the codes that a ci.fnl alone does not have. The package that
// reports them runs their examples.
var elsewhere = []diag.Code{diag.Config, diag.NoImage, diag.RunFailed}

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
		if e.Code == diag.LoadTimeout {
			bad = hurried(e.Bad)
		}
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

// hurried loads a pipeline in far less time than the one it is for needs.
func hurried(text string) diag.List {
	o := analysis.Options{Limits: pipeline.DefaultLimits()}
	o.Limits.Load.Instructions, o.Limits.Load.Time = 0, time.Millisecond.Nanoseconds()
	return analysis.New(source.NewFile(pipeline.Path, text), o).Diagnostics()
}

// A tally says which cases of the suites show a code.
type tally struct {
	shown    []string // that have it
	indirect []string // those of them that say they go through a helper or a macro
	near     []string // that come close to it and say so
}

// TestCorpus checks that the suites analysis and load show each code at least
// three times with exact places, once of these through a helper or a macro, and
// twice what comes close to it and does not have it.
func TestCorpus(t *testing.T) {
	tallies := talliesOf(t)
	for _, e := range diag.Entries() {
		// Where a limit of time is met depends on the machine, so no case has it.
		if slices.Contains(elsewhere, e.Code) || e.Code == diag.LoadTimeout {
			continue
		}
		got := tallies[e.Code]
		t.Logf("%s: %d cases, %d indirect, %d near", e.Code, len(got.shown), len(got.indirect), len(got.near))
		if len(got.shown) < 3 || len(got.indirect) < 1 || len(got.near) < 2 {
			t.Errorf("%s is shown by %q, through helpers and macros by %q, and nearly by %q", e.Code, got.shown, got.indirect, got.near)
		}
	}
}

// placed is a diagnostic of what a case is expected to give, with its place.
var placed = regexp.MustCompile(`(?m)^(?:\S+:)?\d+:\d+-\d+:\d+ [a-z]+\[([a-z-]+)\] `)

// indirectly matches the names of cases in which a helper or a macro does it.
var indirectly = regexp.MustCompile(`helper|macro`)

func talliesOf(t *testing.T) map[diag.Code]*tally {
	tallies := map[diag.Code]*tally{}
	for _, e := range diag.Entries() {
		tallies[e.Code] = &tally{}
	}
	for _, suite := range []string{"analysis", "load"} {
		paths, err := filepath.Glob("../testdata/" + suite + "/*.txtar")
		if err != nil || len(paths) == 0 {
			t.Fatalf("no test data: %v", err)
		}
		for _, path := range paths {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range archiveCases(archive) {
				if c.want != nil {
					addTo(t, tallies, c)
				}
			}
		}
	}
	return tallies
}

// addTo adds a case to the tallies.
func addTo(t *testing.T, tallies map[diag.Code]*tally, c *suiteCase) {
	has := map[diag.Code]bool{}
	for _, found := range placed.FindAllStringSubmatch(string(c.want.Data), -1) {
		has[diag.Code(found[1])] = true
	}
	for code, tally := range tallies {
		if strings.HasPrefix(c.name, "near-"+string(code)+"-") {
			tally.near = append(tally.near, c.name)
			if has[code] {
				t.Errorf("%s has %s", c.name, code)
			}
		}
		if !has[code] {
			continue
		}
		tally.shown = append(tally.shown, c.name)
		if indirectly.MatchString(c.name) {
			tally.indirect = append(tally.indirect, c.name)
		}
	}
}

// TestHelp checks that what the suites say would be right is told in sentences,
// which begin in upper case or with code.
func TestHelp(t *testing.T) {
	help := regexp.MustCompile(`(?m)^\s+help: (.*)$`)
	sentence := regexp.MustCompile(`^([A-Z]|\(|quire\.).*[.?]$`)
	for _, suite := range []string{"analysis", "load", "reader"} {
		paths, err := filepath.Glob("../testdata/" + suite + "/*.txtar")
		if err != nil || len(paths) == 0 {
			t.Fatalf("no test data: %v", err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range help.FindAllSubmatch(text, -1) {
				if !sentence.Match(found[1]) {
					t.Errorf("%s: %q is no sentence", path, found[1])
				}
			}
		}
	}
}
