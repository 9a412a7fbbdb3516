package fennel_test

import (
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
// before.
func TestCacheChangesNothing(t *testing.T) {
	for name, text := range programs(t) {
		if name == "limits.txtar" {
			continue // each version takes as long as the limits let it
		}
		t.Run(name, func(t *testing.T) {
			cache := new(fennel.Cache)
			lines := strings.SplitAfter(text, "\n")
			for i := range lines {
				without := strings.Join(append(append([]string(nil), lines[:i]...), lines[i+1:]...), "")
				for _, version := range []string{text, without, "\n" + without, text} {
					compareWithCold(t, version, cache)
				}
			}
		})
	}
}

func compareWithCold(t *testing.T, text string, cache *fennel.Cache) {
	t.Helper()
	file := source.NewFile("in.fnl", text)
	warm, cold := compileFile(file, cache), compileFile(file, nil)
	for _, show := range []func(*fennel.Module) string{showDiagnostics, showIndex, showFacts} {
		if diff := cmp.Diff(show(cold), show(warm)); diff != "" {
			t.Fatalf("with the cache (-cold +warm):\n%s\n%s", diff, text)
		}
	}
	// Addresses differ from run to run.
	coldResult, coldCallers := runModule(cold)
	warmResult, warmCallers := runModule(warm)
	if !strings.Contains(coldResult, "0x") && coldResult != warmResult || coldCallers != warmCallers {
		t.Fatalf("with the cache: %q, without: %q\n%s", warmResult+warmCallers, coldResult+coldCallers, text)
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
