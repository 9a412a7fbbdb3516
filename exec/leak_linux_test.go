package exec_test

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"quire/exec"
)

// TestNothingIsHeld checks that runs, whichever way they end, keep no goroutine and
// no file open.
func TestNothingIsHeld(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "seq 100000; sleep 0.01 &") {:n 1}))
(job :b [:a] (fn [{: sh : log}] (log "x") (sh "echo ready; sleep 1000")))`)
	held := func() (goroutines, files int) {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return runtime.NumGoroutine(), len(open)
	}
	runAll := func() {
		f.succeed(exec.Options{Only: []string{"a"}})
		f.succeed(exec.Options{Only: []string{"a"}, SHA: "HEAD"})
		if _, _, err := f.run(exec.Options{Jobs: []string{"nowhere"}}); err == nil {
			t.Fatal("a job that is not there ran")
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, _, err := f.runContext(ctx, exec.Options{Observe: func(e exec.Event) {
			if e.Type == exec.Output && e.Text == "ready\n" {
				cancel()
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	runAll() // what is made once for all runs is made
	goroutines, files := held()
	for range 5 {
		runAll()
	}
	for range 1000 { // what ends behind a run has ended
		if g, n := held(); g <= goroutines && n <= files {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	g, n := held()
	text := make([]byte, 1<<20)
	t.Errorf("%d goroutines and %d files, before %d and %d\n%s", g, n, goroutines, files, text[:runtime.Stack(text, true)])
}
