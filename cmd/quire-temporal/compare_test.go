//go:build linux

package main

import (
	"os"
	"sync/atomic"
	"testing"

	quire "quire/exec"
	"quire/exec/exectest"
)

// TestRunsElsewhere runs the pipelines of the suite on this machine, and on two
// workers: the same is told of them.
func TestRunsElsewhere(t *testing.T) {
	server := serverOf(t)
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	var spread atomic.Int32
	t.Cleanup(func() {
		if spread.Load() == 0 {
			t.Error("no pipeline ran on both workers")
		}
	})
	exectest.CompareRuns(t, "../../testdata/run", func(t *testing.T, r *exectest.Repository, o quire.Options) quire.Options {
		r.Env = append(r.Env, "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
		w := newWorld(t, server)
		w.env = r.Env
		// The label of a job of timeout_declared, which no machine here ignores.
		one, two := w.worker("one", "--labels", "ignored"), w.worker("two", "--labels", "ignored")
		t.Cleanup(func() {
			if one.began() > 0 && two.began() > 0 {
				spread.Add(1)
			}
		})
		// No worker is to count as lost because the machine is busy.
		o.On = "temporal://" + server.host + "/?lost=1m&queue=" + w.queue
		return o
	}, map[string]string{"events_inline": "a job reads the record of its own run"})
}
