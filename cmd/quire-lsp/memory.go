package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// lean is how many bytes the process may have before the garbage collector works. A
// pipeline of a thousand jobs needs about half of it.
const lean = 43 << 20

// idle is how long a large limit holds when nothing else starts the collector.
const idle = 10 * time.Second

// Who types lets the server rest between two letters. When it has rested for
// pause, what worthwhile bytes or more of allocations may have left behind is
// collected then rather than during one of the next letters.
const (
	pause      = 8 * time.Millisecond
	worthwhile = 4 << 20
)

// tidying collects garbage when the server has rested. It is nil where the
// environment says when to collect.
var tidying *time.Timer

// atRest tells that the server has said what there is to say.
func atRest() {
	if tidying != nil {
		tidying.Reset(pause)
	}
}

// atWork tells that it has something to do.
func atWork() {
	if tidying != nil {
		tidying.Stop()
	}
}

// tidy collects garbage if there may be enough of it.
func tidy() {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(heap)
	if heap[0].Value.Uint64() >= heap[1].Value.Uint64()+worthwhile {
		runtime.GC()
	}
}

// keepLean has the garbage collector work when the memory of the process reaches a
// limit near what it needs, rather than when it has doubled: opening a file does
// not wait for it, and what a burst of changes leaves behind is collected before
// the memory grows. GOGC and GOMEMLIMIT in the environment take its place.
func keepLean() {
	if os.Getenv("GOGC") == "" && debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetGCPercent(-1)
		later := time.AfterFunc(idle, runtime.GC)
		later.Stop()
		go func() {
			useLargePages(lean)
			limitMemory(later)
		}()
		tidying = time.AfterFunc(pause, tidy)
	}
}

// limitMemory sets a limit that leaves room above what is in use, lest the
// collector do nothing but look for what it could free, and does so again after
// each collection. A large one holds no longer than what needs it: there is a
// collection later, if none comes before.
func limitMemory(later *time.Timer) {
	used := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(used)
	needed := int64(used[0].Value.Uint64() + used[1].Value.Uint64())
	limit := max(lean, needed*5/4+4<<20)
	debug.SetMemoryLimit(limit)
	if later.Stop(); limit > lean {
		later.Reset(idle)
	}
	runtime.AddCleanup(&collected{}, limitMemory, later)
}

// A collected is garbage, which the next collection tells of.
type collected struct{ _ *byte }
