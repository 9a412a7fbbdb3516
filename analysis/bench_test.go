package analysis_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"quire/analysis"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// BenchmarkKeystroke measures all that a change of one job in the middle costs:
// reading, compiling, loading and the checks, and then what an editor asks
// first: about the changed place, and about every name. Beside the mean it gives
// the 95th percentile.
func BenchmarkKeystroke(b *testing.B) {
	ask := map[string]func(s *analysis.Snapshot, at int){
		"hover":      func(s *analysis.Snapshot, at int) { s.Hover(at, analysis.HoverOptions{}) },
		"completion": func(s *analysis.Snapshot, at int) { s.Complete(at) },
		"references": func(s *analysis.Snapshot, at int) { s.References(at) },
	}
	for _, jobs := range []int{100, 400, 1000} {
		b.Run(fmt.Sprintf("diagnostics/%d", jobs), func(b *testing.B) {
			cache := new(fennel.Cache)
			typing(b, jobs, func(f *source.File) func() {
				return func() { analysis.New(f, analysis.Options{Cache: cache}).Diagnostics() }
			})
		})
		for _, name := range slices.Sorted(maps.Keys(ask)) {
			b.Run(fmt.Sprintf("%s/%d", name, jobs), func(b *testing.B) {
				cache := new(fennel.Cache)
				typing(b, jobs, func(f *source.File) func() {
					s := analysis.New(f, analysis.Options{Cache: cache})
					s.Diagnostics()
					at := strings.Index(f.Text(), fmt.Sprintf("\"build-%d\"", jobs/2))
					at += strings.Index(f.Text()[at:], "(sh ") + 2
					return func() { ask[name](s, at) }
				})
			})
		}
	}
}

// typing runs what prepare returns for one version of a pipeline after the other.
func typing(b *testing.B, jobs int, prepare func(*source.File) func()) {
	b.ReportAllocs()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		run := prepare(source.NewFile(pipeline.Path, manyJobs(jobs, i)))
		b.StartTimer()
		start := time.Now()
		run()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Nanoseconds()), "p95-ns")
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

// BenchmarkModuleKeystroke measures what a change of one job in the middle of a
// module costs: the pipeline that requires it is understood anew, and then the
// module.
func BenchmarkModuleKeystroke(b *testing.B) {
	main := source.NewFile(pipeline.Path, "(require :lib)\n")
	for _, jobs := range []int{100, 400, 1000} {
		b.Run(fmt.Sprint(jobs), func(b *testing.B) {
			caches := new(pipeline.Caches)
			typing(b, jobs, func(f *source.File) func() {
				f = source.NewFile(".quire/lib.fnl", f.Text())
				o := analysis.Options{Tree: fileMap{f.Name(): f}, Cache: caches.Of(main.Name()), Modules: caches}
				return func() {
					p := analysis.New(main, o)
					o.Module, o.Pipeline, o.Cache = true, p, caches.Of(f.Name())
					p.Diagnostics()
					s := analysis.New(f, o)
					s.Diagnostics()
					s.Hover(strings.Index(f.Text(), "(sh ")+2, analysis.HoverOptions{})
				}
			})
		})
	}
}
