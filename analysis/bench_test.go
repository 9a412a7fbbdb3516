package analysis_test

import (
	"fmt"
	"strings"
	"testing"

	"quire/analysis"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// BenchmarkKeystroke measures all that a change of one job costs: reading,
// compiling, loading and the checks.
func BenchmarkKeystroke(b *testing.B) {
	for _, jobs := range []int{100, 1000} {
		b.Run(fmt.Sprint(jobs), func(b *testing.B) {
			cache := new(fennel.Cache)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f := source.NewFile(pipeline.Path, manyJobs(jobs, i))
				analysis.New(f, analysis.Options{Cache: cache}).Diagnostics()
			}
		})
	}
}

// manyJobs returns a pipeline of n jobs, six lines each; edit is part of the one
// in the middle.
func manyJobs(n, edit int) string {
	var b strings.Builder
	b.WriteString("(local ci (require :quire.ci))\n")
	for i := range n {
		target := i
		if i == n/2 {
			target = n + edit
		}
		fmt.Fprintf(&b, `(ci.job "build-%d" [:quire/push]
  (fn [{: sh}]
    (let [out (sh ["make" "part-%d"] {:env {:N "%d"}})]
      (when (not= out.exit 0)
        (error (.. "part failed: " out.stderr)))
      {:part %d :log out.stdout})))
`, i, target, i, i)
	}
	return b.String()
}
