//go:build linux

package main

import (
	"slices"
	"testing"
	"time"

	"quire/exec/exectest"
)

// BenchmarkHostile has one session of the program itself open all of
// testdata/hostile, one after another, while someone hovers in a good file. It
// tells how long a hover takes to be answered, and how much memory the server
// takes at most and has when all is closed.
func BenchmarkHostile(b *testing.B) {
	cases := exectest.ReadHostile(b, "../../testdata/hostile")
	var took []time.Duration
	var peak, left int
	for b.Loop() {
		c, cmd, good := hostileSession(b)
		before := resident(b, cmd, "VmRSS")
		hovers := c.hoverAlong(good)
		for _, h := range cases {
			if !c.openHostile(h) {
				b.Logf("%s: nothing was found", h.Name)
			}
		}
		took = append(took, hovers()...)
		peak = max(peak, resident(b, cmd, "VmHWM"))
		now, _ := c.memoryReturns(cmd, good, before+96<<20)
		left = max(left, now)
		c.conn.Close()
		c.exited()
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[min(len(took)-1, int(share*float64(len(took))))]) / float64(time.Millisecond)
	}
	b.ReportMetric(float64(len(took)), "hovers")
	b.ReportMetric(at(0.50), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(at(1), "max-ms")
	b.ReportMetric(float64(peak>>20), "peak-MiB")
	b.ReportMetric(float64(left>>20), "left-MiB")
}
