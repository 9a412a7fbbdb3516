package fennel_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/fennel"
	"quire/analysis/source"
)

// programs returns the programs of the archives by name.
func programs(t *testing.T) map[string]string {
	files, err := filepath.Glob(filepath.Join(compileSuite, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no test data: ", err)
	}
	out := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(file)] = string(txtar.Parse(text).Files[0].Data)
	}
	return out
}

// TestCacheChangesNothing removes and restores every line of every program
// and compares what comes out with and without the units of the versions
// before. Of a large program it takes every third line; -tags long has it take all.
func TestCacheChangesNothing(t *testing.T) {
	for name, text := range programs(t) {
		if name == "limits.txtar" {
			continue // each version takes as long as the limits let it
		}
		t.Run(name, func(t *testing.T) {
			cache := new(fennel.Cache)
			whole := resultOf(text, nil)
			lines := strings.SplitAfter(text, "\n")
			step := 1
			if len(lines) > 200 && !long {
				step = 3
			}
			for i := 0; i < len(lines); i += step {
				without := strings.Join(append(append([]string(nil), lines[:i]...), lines[i+1:]...), "")
				compareResults(t, text, whole, cache)
				for _, version := range []string{without, "\n" + without} {
					compareWithCold(t, version, cache)
				}
				compareResults(t, text, whole, cache)
			}
		})
	}
}

func compareWithCold(t *testing.T, text string, cache *fennel.Cache) {
	t.Helper()
	compareResults(t, text, resultOf(text, nil), cache)
}

// A compiled is what comes out of a program.
type compiled struct{ diagnostics, index, facts, result, callers string }

func resultOf(text string, cache *fennel.Cache) compiled {
	m := compileFile(source.NewFile("in.fnl", text), cache)
	c := compiled{diagnostics: showDiagnostics(m), index: showIndex(m), facts: showFacts(m)}
	c.result, c.callers = runModule(m)
	return c
}

func compareResults(t *testing.T, text string, cold compiled, cache *fennel.Cache) {
	t.Helper()
	warm := resultOf(text, cache)
	if strings.Contains(cold.result, "0x") {
		warm.result = cold.result // addresses differ from run to run
	}
	if diff := cmp.Diff(cold, warm, cmp.AllowUnexported(compiled{})); diff != "" {
		t.Fatalf("with the cache (-cold +warm):\n%s\n%s", diff, text)
	}
}

// TestModulesRunConcurrently runs one module in several states at once, while
// others read its facts.
func TestModulesRunConcurrently(t *testing.T) {
	for name, text := range programs(t) {
		t.Run(name, func(t *testing.T) {
			m := compileFile(source.NewFile("in.fnl", text), nil)
			want, _ := runModule(m)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if got, _ := runModule(m); got != want && !strings.Contains(want, "0x") {
						t.Errorf("got %q, want %q", got, want)
					}
					showFacts(m)
					showIndex(m)
				})
			}
			wg.Wait()
		})
	}
}

// TestIdenticalForms checks that forms of the same text keep their own places.
func TestIdenticalForms(t *testing.T) {
	cache := new(fennel.Cache)
	for _, text := range []string{"(here)\n(here)\n(here)\n1", "1\n(here)\n(here)\n2", "(here)\n(here)\n(here)\n(here)\n1"} {
		_, callers := runModule(compileFile(source.NewFile("in.fnl", text), cache))
		want := ""
		for i, line := range strings.Split(text, "\n") {
			if line == "(here)" {
				want += source.Position{Line: i + 1, Column: 1}.String() + " (here)\n"
			}
		}
		if callers != want {
			t.Errorf("callers %q, want %q", callers, want)
		}
	}
}

// TestCacheCountsNodes checks that what was compiled before counts against how
// much code a file may expand to, and that a form that there was no room for is
// compiled once there is.
func TestCacheCountsNodes(t *testing.T) {
	const head = "(macro big [] (var l `(print)) (for [_ 1 12] (set l `(print ,l ,l))) l)\n"
	forms := func(from, to int) string {
		var b strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "(fn [] (big) %d)\n", i)
		}
		return b.String()
	}
	cache := new(fennel.Cache)
	for _, version := range []string{
		head + forms(0, 16), head + forms(0, 16), head + forms(8, 16), head + forms(8, 16) + forms(0, 8), head + forms(0, 8),
	} {
		compareWithCold(t, version, cache)
	}
	if m := compileFile(source.NewFile("in.fnl", head+forms(0, 16)), cache); !m.Diagnostics.HasErrors() {
		t.Error("there is room for all of them")
	}
	if m := compileFile(source.NewFile("in.fnl", head+forms(8, 16)), cache); m.Diagnostics.HasErrors() {
		t.Errorf("half of them: %v", m.Diagnostics)
	}
}
