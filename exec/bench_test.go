package exec_test

import (
	"fmt"
	"strings"
	"testing"

	"quire/exec"
)

// BenchmarkChain runs jobs that need one another, each with one command.
func BenchmarkChain(b *testing.B) {
	const jobs = 100
	var text strings.Builder
	text.WriteString("(local {: job} (require :quire.ci))\n")
	for i := range jobs {
		need := ":quire/push"
		if i > 0 {
			need = fmt.Sprintf(":j%d", i-1)
		}
		fmt.Fprintf(&text, "(job :j%d [%s] (fn [{: sh}] (sh [\"true\"]) nil))\n", i, need)
	}
	f := pipelineFixture(b, text.String())
	for b.Loop() {
		f.succeed(exec.Options{})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/jobs, "µs/job")
}

// BenchmarkStart runs a pipeline of one job that does nothing.
func BenchmarkStart(b *testing.B) {
	f := pipelineFixture(b, "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [] nil))\n")
	for b.Loop() {
		f.succeed(exec.Options{})
	}
}

// BenchmarkVolume records a lot of output of one command.
func BenchmarkVolume(b *testing.B) {
	const size = 200_000_000
	for name, command := range map[string]string{
		"lines":    "yes 'a line of output that has about eighty bytes, give or take a few of them in the end' | head -c %d",
		"one line": "head -c %d /dev/zero",
	} {
		b.Run(name, func(b *testing.B) {
			f := pipelineFixture(b, script(fmt.Sprintf(command, size)))
			b.SetBytes(size)
			for b.Loop() {
				f.succeedQuietly(exec.Options{})
			}
		})
	}
}
