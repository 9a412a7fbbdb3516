//go:build linux

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// durations are how long one thing took, each time.
type durations []time.Duration

// percentile returns the least duration that so many percent do not exceed.
func (d durations) percentile(percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[(len(sorted)*percent+99)/100-1]
}

// A peerFigure is what was measured of one server with one pipeline.
type peerFigure struct {
	times      map[string]durations // by what was done
	empty      map[string]bool      // requests that were answered with nothing
	published  int                  // times in a burst, at most
	edits      int                  // after which the memory was read
	most, last int                  // bytes of memory
}

// A peerRun is a server and the number of jobs that it had before it.
type peerRun struct {
	name string
	jobs int
}

type peerFigures map[peerRun]*peerFigure

// afterChange marks what is asked before the diagnostics of a change are there.
const afterChange = " after a change"

// peerRows are the things that are done, in the order of the report.
func peerRows() []string {
	rows := []string{"initialize", "open", "letter", "letter without a pause", "error at the end", "burst"}
	for _, r := range peerRequests {
		rows = append(rows, r.name+afterChange, r.name)
	}
	return append(rows, "run to progress", "cancel to acknowledgement")
}

// table shows what was measured with one pipeline. A benchmark's own log is cut
// off after a few lines, so it goes to standard output.
func (all peerFigures) table(jobs int) {
	all.row(jobs, fmt.Sprintf("%d jobs, p50 and p95 in ms", jobs), func(name string, _ *peerFigure) string { return name })
	for _, done := range peerRows() {
		all.row(jobs, done, func(_ string, f *peerFigure) string {
			d := f.times[done]
			if len(d) == 0 {
				return "–"
			}
			mark := ""
			if f.empty[strings.TrimSuffix(done, afterChange)] {
				mark = "empty: "
			}
			return fmt.Sprintf("%s%.1f %9.1f", mark, inMs(d.percentile(50)), inMs(d.percentile(95)))
		})
	}
	all.row(jobs, "publishes in a burst", func(_ string, f *peerFigure) string { return fmt.Sprint(f.published) })
	all.row(jobs, "memory, most and last, in MB", func(_ string, f *peerFigure) string {
		return fmt.Sprintf("%.1f %9.1f", inMB(f.most), inMB(f.last))
	})
	all.row(jobs, "edits until then", func(_ string, f *peerFigure) string { return fmt.Sprint(f.edits) })
	fmt.Println()
}

// names are the servers that were measured, in their order.
func (all peerFigures) names() []string {
	return slices.DeleteFunc(slices.Clone(peerNames), func(name string) bool {
		return !slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(r peerRun) bool { return r.name == name })
	})
}

// row shows one line of the table of a pipeline.
func (all peerFigures) row(jobs int, title string, cell func(name string, f *peerFigure) string) {
	fmt.Printf("\n%-38s", title)
	for _, name := range all.names() {
		fmt.Printf("%24s", cell(name, all[peerRun{name, jobs}]))
	}
}

// compare shows how many times as long the others took with the largest
// pipeline, and how the times grow from the smallest to the largest.
func (all peerFigures) compare(b *testing.B) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // all of it together says nothing
	least, most := peerSizes[0], peerSizes[len(peerSizes)-1]
	own := all[peerRun{peerNames[0], most}]
	for _, name := range all.names() {
		few, many := all[peerRun{name, least}], all[peerRun{name, most}]
		for _, row := range []string{"open", "letter"} {
			median := many.times[row].percentile(50)
			line := fmt.Sprintf("%s: %s: %d jobs take ×%.1f of %d", name, row, most, inMs(median)/inMs(few.times[row].percentile(50)), least)
			if many != own {
				ratio := inMs(median) / inMs(own.times[row].percentile(50))
				line += fmt.Sprintf(", and ×%.0f of what quire-lsp takes", ratio)
				b.ReportMetric(ratio, "×"+strings.ReplaceAll(row+"/"+name, " ", "-"))
			} else {
				b.ReportMetric(inMs(median), "ms-"+row)
			}
			fmt.Println(line)
		}
	}
	b.ReportMetric(inMs(own.times["letter"].percentile(95)), "ms-letter-p95")
	b.ReportMetric(inMB(own.most), "MB")
}

func inMs(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func inMB(bytes int) float64 { return float64(bytes) / (1 << 20) }
