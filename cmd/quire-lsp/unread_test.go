//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"quire/exec/rundir"
)

// A gated connection is read only while its gate is open.
type gated struct {
	net.Conn
	gate sync.Mutex // is held while it is closed
}

func (g *gated) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	g.gate.Lock()
	defer g.gate.Unlock()
	return n, err
}

// heap returns how many bytes are in use.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

var notShown = regexp.MustCompile(`^… (\d+) bytes not shown; see the log …\n$`)

// A job that writes much goes on while the client reads nothing. The server
// stays small, what matters waits for the client, the client is told how much
// output it did not get, and the log has all of it.
func TestOutputUnread(t *testing.T) {
	lines := 2_750_000 // of numbers, of 20 MB
	if long {
		lines *= 9
	}
	root := workspace(t)
	ours, theirs := net.Pipe()
	conn := &gated{Conn: ours}
	s := newServer(testWriter{t})
	c := connect(t, conn, func() int { return s.serve(context.Background(), theirs) })
	c.handshake(capable(`{}`, `{"runOutput": true, "runState": true}`))
	start := filepath.Join(t.TempDir(), "start")
	if err := syscall.Mkfifo(start, 0o600); err != nil {
		t.Fatal(err)
	}
	u := c.openIn(root, ".quire/ci.fnl", fmt.Sprintf(`(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}]
  (sh "echo begin; cat %s; seq 1 %d; echo oops; exit 3")
  (error "it broke")))
`, start, lines))
	id := c.run(u)
	c.wait("output", func() bool { return len(c.output) > 0 })

	before := heap()
	conn.gate.Lock()
	if err := os.WriteFile(start, nil, 0); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { answered <- c.try("textDocument/hover", json.RawMessage(`{}`), nil) }()
	s.runs.wait()
	unread := heap() - before
	conn.gate.Unlock()
	if t.Logf("%d KiB more while nothing was read", unread>>10); unread > 12<<20 {
		t.Errorf("the server took %d MiB while nothing was read", unread>>20)
	}

	<-answered // with an error, as it may
	c.published(u, 1)
	c.wait("the end", func() bool { return len(c.finished) == 1 })
	c.wait("the failure", func() bool { return strings.Contains(fmt.Sprint(c.diagnostics[u].Diagnostics), "oops") })
	values := c.values(id)
	if end := values[len(values)-1].Value.Message; !strings.Contains(end, "it broke") {
		t.Errorf("the progress ends with %q", end)
	}
	size := len("begin\noops\n") + numbers(lines)
	c.look(func() {
		equal(t, "states", c.states, []string{"started", "a queued", "a running", "a failed", "finished failed"})
		shown, left := 0, 0
		for i, o := range c.output {
			equal(t, "number", o.Seq, i+1)
			if m := notShown.FindStringSubmatch(o.Text); m != nil {
				n, _ := strconv.Atoi(m[1])
				left += n
				equal(t, "stream of the note", o.Job+" "+o.Stream, "a log")
			} else {
				shown += len(o.Text)
			}
		}
		if left == 0 || shown+left != size {
			t.Errorf("%d bytes were shown and %d were not, want %d", shown, left, size)
		}
	})
	checkLog(t, root, id, size)
}

// numbers returns how many bytes the lines of the numbers to n have.
func numbers(n int) (size int) {
	for i, from := 1, 1; from <= n; i, from = i+1, from*10 {
		size += (i + 1) * (min(n, from*10-1) - from + 1)
	}
	return size
}

// checkLog checks that the log of the command has so many bytes, and what they
// are.
func checkLog(t *testing.T, root, id string, size int) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(filepath.Dir(root), "state/quire/runs/*/by-id", id, "jobs/a/sh-1.log"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs %q, %v", logs, err)
	}
	log, err := os.Open(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var line []byte
	got, next := 0, 1
	for e, err := range rundir.ReadLog(log) {
		if err != nil {
			t.Fatal(err)
		}
		line = e.AppendOutput(line) // which may be a piece of a line
		if !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		got += len(line)
		if n, err := strconv.Atoi(strings.TrimSpace(string(line))); err == nil {
			if n != next {
				t.Fatalf("the log has %d after %d", n, next-1)
			}
			next++
		}
		line = line[:0]
	}
	equal(t, "bytes of the log", got, size)
}
