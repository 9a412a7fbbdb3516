package sandbox_test

import (
	"path"
	"runtime"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/sandbox"
)

// hostileLimits are a quarter of those for loading a pipeline, so that the test
// is not slow. The backstops are far from what the others allow.
var hostileLimits = sandbox.Limits{
	Instructions: 5_000_000,
	Strings:      16 << 20,
	Depth:        10_000,
	Print:        256 << 10,
	Time:         60_000_000_000,
	Heap:         64 << 20,
}

// TestHostile runs programs that would use up the machine. Each ends at
// the limit that its folder names.
func TestHostile(t *testing.T) {
	archive, err := txtar.ParseFile("../../testdata/sandbox/hostile/limits.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range archive.Files {
		if raced && i%4 != 0 {
			continue // most only compute, in one goroutine
		}
		t.Run(file.Name, func(t *testing.T) {
			// What earlier programs left behind is no growth of this one's.
			runtime.GC()
			w := newWorld(t, hostileLimits)
			failed := w.mustFail(t, string(file.Data))
			if failed.Limit == nil {
				t.Fatalf("ended with %v, want a limit", failed)
			}
			if want := path.Dir(file.Name); failed.Limit.Name != want {
				t.Errorf("ended at %v, want %s", failed.Limit, want)
			}
			if len(failed.Frames) == 0 {
				t.Error("no frames")
			}
			// The budget was the program's; the state is as good as new.
			w.Refill(generous)
			if _, err := w.call(t, `assert(tostring(1) == "1")`); err != nil {
				t.Errorf("the next call failed: %v", err)
			}
		})
	}
}
