package fennel_test

import (
	"fmt"
	"strings"
	"testing"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// manyJobs returns a pipeline of n jobs, six lines each.
func manyJobs(n int, edit string) string {
	var b strings.Builder
	b.WriteString("(local ci (require :quire.ci))\n(local {: sh} (require :quire.runtime))\n")
	for i := range n {
		changed := ""
		if i == n/2 {
			changed = edit
		}
		fmt.Fprintf(&b, `(ci.job "build-%d" [:quire/push]
  (fn [{: sh : jobs}]
    (let [out (sh ["make" "part-%d%s"] {:env {:N "%d"}})]
      (when (not= out.exit 0)
        (error (.. "part %d failed: " out.stderr)))
      {:part %d :log out.stdout})))
`, i, i, changed, i, i, i)
	}
	return b.String()
}

func read(text string) *syntax.Tree { return syntax.Read(source.NewFile("ci.fnl", text)) }

func options(c *fennel.Cache) fennel.Options {
	return fennel.Options{Globals: func(string) bool { return true }, Concurrent: true, Cache: c}
}

func readJobs(edit string) *syntax.Tree { return read(manyJobs(1000, edit)) }

func BenchmarkFacts(b *testing.B) {
	t := readJobs("")
	cache := new(fennel.Cache)
	b.ReportAllocs()
	for b.Loop() {
		m := fennel.Compile(t, options(cache))
		for range m.Calls() {
			break
		}
	}
}
