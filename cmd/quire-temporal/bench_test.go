//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkRun runs pipelines here, and on two workers on this machine that run
// two jobs at once each:
//
//	PATH=$(../../.ci/temporal) go test -run '^$' -bench . -benchtime 5x
func BenchmarkRun(b *testing.B) {
	var chain, wide strings.Builder
	for i := range 100 {
		needs := ""
		if i > 0 {
			needs = fmt.Sprintf(":j%d", i-1)
		}
		chain.WriteString(job(fmt.Sprintf("j%d", i), needs, "true"))
		wide.WriteString(job(fmt.Sprintf("j%d", i), "", "sleep .05"))
	}
	for _, load := range []struct {
		name, pipeline, parallel string
		jobs                     int
	}{
		{"one", job("j", "", "true"), "1", 1},
		{"chain", chain.String(), "1", 100},
		{"wide", wide.String(), "4", 100},
	} {
		b.Run(load.name, func(b *testing.B) {
			b.Run("here", func(b *testing.B) {
				w := newWorld(b, serverOf(b))
				w.write(load.pipeline)
				w.time(b, load.jobs, "--parallel", load.parallel)
			})
			b.Run("temporal", func(b *testing.B) {
				w := newWorld(b, serverOf(b))
				w.write(load.pipeline)
				w.worker("one", "--slots", "2")
				w.worker("two", "--slots", "2")
				w.time(b, load.jobs, "--on", w.address())
			})
		})
	}
}

// time measures quire ci run.
func (w *world) time(b *testing.B, jobs int, args ...string) {
	for b.Loop() {
		run := exec.Command(filepath.Join(w.programs, "quire"), append([]string{"ci", "run"}, args...)...)
		run.Dir, run.Env = w.repo, w.environ()
		if out, err := run.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N)/float64(jobs), "ms/job")
}
