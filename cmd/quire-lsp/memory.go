package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// lean is how many bytes the server may have before the garbage collector works
// harder. A pipeline of a thousand jobs needs about half of it.
const lean = 45 << 20

// keepLean keeps the memory of the process near what it needs: what a burst of
// changes leaves behind is collected before the memory grows. A GOMEMLIMIT in the
// environment takes its place.
func keepLean() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		limitMemory()
	}
}

// limitMemory sets a limit that leaves room above what is in use, lest the
// collector do nothing but look for what it could free, and does so again after
// each collection.
func limitMemory() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetMemoryLimit(max(lean, int64(live[0].Value.Uint64())*5/4+4<<20))
	runtime.AddCleanup(&collected{}, func(struct{}) { limitMemory() }, struct{}{})
}

// A collected is garbage, which the next collection tells of.
type collected struct{ _ *byte }
