//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

var soak = flag.Duration("soak", 0, "how long TestSoak goes on; 0: for a few rounds")

// TestSoak edits, asks, runs and cancels, and then the server has as many
// goroutines and file descriptors as it had after the first rounds, and not much
// more memory.
func TestSoak(t *testing.T) {
	const (
		warm = 60 // rounds, after which the run store holds as many runs as it keeps
		more = 8 << 20
	)
	rounds := 12
	root := workspace(t)
	ours, theirs := net.Pipe()
	s := newServer(testWriter{t})
	c := connect(t, ours, func() int { return s.serve(context.Background(), theirs) })
	c.handshake(capable(`{"codeLens": {"refreshSupport": true}}`, `{"runOutput": true, "runState": true}`))
	random := rand.New(rand.NewSource(1))
	u := c.openIn(root, ".quire/ci.fnl", soakText(0))
	version := int32(1)
	round := func(n int) {
		for range 5 {
			version++
			c.change(u, version, soakText(n)[:random.Intn(len(soakText(n)))])
			for _, method := range []string{"hover", "completion", "documentSymbol", "codeLens", "semanticTokens/full"} {
				_ = c.try("textDocument/"+method, json.RawMessage(fmt.Sprintf(`{"textDocument": {"uri": %q}, "position": {"line": %d, "character": 5}}`, u, random.Intn(4))), nil)
			}
		}
		version++
		c.change(u, version, soakText(n))
		c.published(u, version)
		id := c.run(u)
		if random.Intn(2) == 0 {
			c.execute(cmdCancel, cancelArgs{RunID: id}, nil)
		}
		s.runs.wait()
		c.look(func() { // which is the client's memory
			c.output, c.states, c.finished, c.progress, c.messages, c.asked = nil, nil, nil, nil, nil, nil
		})
	}
	first, end := warm, time.Now().Add(*soak)
	if *soak == 0 {
		first = 3
	}
	n := 0
	for ; n < first; n++ {
		round(n)
	}
	before := c.settled(t, use{goroutines: 1 << 30, files: 1 << 30, heap: 1 << 40})
	for ; n < first+rounds || time.Now().Before(end); n++ {
		round(n)
	}
	after := c.settled(t, use{before.goroutines, before.files, before.heap + more})
	t.Logf("%d rounds: %+v before, %+v after", n, before, after)
}

func soakText(n int) string {
	return fmt.Sprintf(`(local {: job} (require :quire.ci))
(local n %d)
(job :a [:quire/push] (fn [{: sh}] (sh "echo $((%d + 1)); seq 200") {: n}))
(job :b [:a] (fn [{: sh : jobs}] (sh ["sleep" "0.01"]) (print (. (jobs :a) :n))))
`, n, n)
}

// A use is what a process holds of the machine.
type use struct{ goroutines, files, heap int }

// settled returns what is in use as soon as it is no more than what is allowed.
func (c *client) settled(t *testing.T, most use) (now use) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		now = use{runtime.NumGoroutine(), len(files), heap()}
		if now.goroutines <= most.goroutines && now.files <= most.files && now.heap <= most.heap {
			return now
		}
		if time.Now().After(end) {
			text := make([]byte, 1<<20)
			t.Fatalf("%+v are in use, more than %+v\n%s", now, most, text[:runtime.Stack(text, true)])
		}
	}
}
