package fennel_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// TestHelpersChangeNothing compiles long files, in which every program stands
// among many forms that define nothing, in one go and with helpers, cold and
// after an edit, and compares what comes out.
func TestHelpersChangeNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for name, program := range programs(t) {
		if name == "limits.txtar" {
			continue // each version takes as long as the limits let it
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := plainForms(0, 20) + program + plainForms(20, 120) + program + plainForms(120, 200)
			cache := new(fennel.Cache)
			compareWithHelpers(t, text, cache)
			compareWithHelpers(t, plainForms(0, 20)+"(local plain #nil)\n"+text, cache)
		})
	}
}

func plainForms(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "(plain %d (fn [x] (when x (plain x %d))))\n", i, i)
	}
	return b.String()
}

func compareWithHelpers(t *testing.T, text string, cache *fennel.Cache) {
	t.Helper()
	compile := func(concurrent bool, cache *fennel.Cache) *fennel.Module {
		return fennel.Compile(syntax.Read(source.NewFile("in.fnl", text)), fennel.Options{
			Globals:    func(name string) bool { return name != "plain" },
			Concurrent: concurrent,
			Deferred:   true,
			Cache:      cache,
		})
	}
	alone, helped := compile(false, nil), compile(true, cache)
	for _, show := range []func(*fennel.Module) string{showDiagnostics, showIndex, showFacts} {
		if diff := cmp.Diff(show(alone), show(helped)); diff != "" {
			t.Fatalf("with helpers (-alone +helped):\n%s", diff)
		}
	}
}

// TestHelpersRunNothing checks that code that runs while a file is compiled runs
// once, and in the order of the forms.
func TestHelpersRunNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	text := plainForms(0, 20)
	var want []string
	for i := range 100 {
		text += fmt.Sprintf("(eval-compiler (print %d))\n", i)
		want = append(want, fmt.Sprint(i))
	}
	var got []string
	fennel.Compile(syntax.Read(source.NewFile("in.fnl", text)), fennel.Options{
		Concurrent: true,
		Limits:     testLimits,
		Print:      func(line string) { got = append(got, line) },
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}
