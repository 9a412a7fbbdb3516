//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.lsp.dev/protocol"

	quire "quire/exec"
)

// survivors lists the processes of a run that are there.
func survivors(t *testing.T, runID string) (left []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(files) == 0 {
		t.Fatalf("needs /proc: %v", err)
	}
	for _, file := range files {
		if env, err := os.ReadFile(file); err == nil && bytes.Contains(env, []byte("QUIRE_RUN_ID="+runID)) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			left = append(left, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return left
}

// waitReport waits until a run reports something that ends in text.
func (c *client) waitReport(runID, text string) {
	c.t.Helper()
	c.wait(text, func() bool {
		return slices.ContainsFunc(c.progress, func(p progressValue) bool {
			return p.Token == runID && strings.HasSuffix(p.Value.Message, text)
		})
	})
}

// A run ends when it is cancelled, whichever way, and so does what it started,
// wherever that went.
func TestCancel(t *testing.T) {
	for _, way := range []string{"command", "all", "lens", "progress", "shutdown", "end of input", "exit", "dead parent"} {
		t.Run(way, func(t *testing.T) {
			root := workspace(t)
			c := dial(t)
			parent := exec.Command("sleep", "1000")
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _, _ = parent.Process.Kill(), parent.Wait() }()
			c.call("initialize", json.RawMessage(fmt.Sprintf(`{"processId": %d, "rootUri": null, "capabilities": %s,
				"initializationOptions": {"trusted": true}}`, parent.Process.Pid, everything)), nil)
			c.notify("initialized", json.RawMessage(`{}`))
			u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :long [:quire/push] (fn [{: sh}] (sh "(setsid sleep 1000 &); sleep 1000 & setsid -f sleep 1000; echo started; wait")))
(job :after [:long] (fn [{: sh}] (sh "true")))
`)
			runID := c.run(u)
			c.waitReport(runID, "started")
			if len(survivors(t, runID)) < 4 {
				t.Fatalf("the command and what it started are not all there: %q", survivors(t, runID))
			}
			ends := false // the session does
			switch way {
			case "command":
				c.execute(cmdCancel, cancelArgs{RunID: runID}, nil)
			case "all":
				c.execute(cmdCancel, cancelArgs{URI: u}, nil)
			case "lens":
				command := c.lensCommand(u, "■ cancel")
				c.call("workspace/executeCommand", &protocol.ExecuteCommandParams{Command: command.Command, Arguments: command.Arguments}, nil)
			case "progress":
				c.notify("window/workDoneProgress/cancel", json.RawMessage(fmt.Sprintf(`{"token": %q}`, runID)))
			case "shutdown":
				c.call("shutdown", nil, nil)
			case "end of input":
				c.conn.Close()
				ends = true
			case "exit":
				c.notify("exit", nil)
				ends = true
			case "dead parent":
				_, _ = parent.Process.Kill(), parent.Wait()
				ends = true
			}
			if ends {
				equal(t, "exit code", c.exited(), 1)
			} else {
				values := c.values(runID)
				equal(t, "end", values[len(values)-1].Value.Message, "cancelled")
			}
			if left := survivors(t, runID); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			runs, err := quire.OpenRuns(root, quire.Options{})
			if err != nil {
				t.Fatal(err)
			}
			run, err := runs.Find(runID)
			if err != nil || run.Outcome != quire.Cancelled {
				t.Errorf("the stored run: %+v, %v", run, err)
			}
		})
	}
}

// A cancel is acknowledged before the commands have ended, and a second one does
// not wait for those that do not want to.
func TestCancelTwice(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :deaf [:quire/push] (fn [{: sh}] (sh "trap '' TERM; echo started; while :; do sleep 1000; done")))
`)
	runID := c.run(u)
	c.waitReport(runID, "started")
	c.execute(cmdCancel, cancelArgs{RunID: runID}, nil)
	c.waitReport(runID, "cancelling")
	equal(t, "lenses", c.lenses(u), []string{"▶ run all | ■ cancel", "■ kill"})
	if len(survivors(t, runID)) == 0 {
		t.Error("the command has ended already")
	}
	c.execute(cmdCancel, cancelArgs{RunID: runID}, nil)
	values := c.values(runID)
	equal(t, "end", values[len(values)-1].Value.Message, "cancelled")
	if left := survivors(t, runID); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// What a job writes without end neither keeps it from being cancelled nor
// floods the editor.
func TestProgressOfMuchOutput(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :first [:quire/push] (fn [{: sh}] (sh "echo first > first") nil))
(job :noisy [:first] (fn [{: sh}] (sh "while :; do echo line; done")))
(job :last [:noisy] (fn [{: sh}] (sh "true")))
(job :end [:last] (fn [{: sh}] (sh "true")))
`)
	begun := time.Now()
	runID := c.run(u)
	reports := func() (n int) {
		for _, p := range c.progress {
			if p.Value.Kind == "report" && p.Value.Message == "noisy: line" {
				equal(t, "percentage", *p.Value.Percentage, 25)
				n++
			}
		}
		return n
	}
	c.wait("some reports", func() bool { return reports() >= 5 })
	c.execute(cmdCancel, cancelArgs{RunID: runID}, nil)
	values := c.values(runID)
	equal(t, "end", values[len(values)-1].Value.Message, "cancelled")
	// The first, the one that says that it is cancelled, and one each time.
	if n, most := len(values)-2, int(time.Since(begun)/reportEvery)+3; n > most {
		t.Errorf("%d reports, more than %d", n, most)
	}
}

// A deafEnd is the client's end of a pipe, who may stop reading.
type deafEnd struct {
	in     *io.PipeReader // from the server
	out    *io.PipeWriter // to it
	deaf   chan struct{}  // closed: it reads no more
	closed chan struct{}
	once   sync.Once
}

func (e *deafEnd) Read(b []byte) (int, error) {
	select {
	case <-e.deaf:
		<-e.closed
		return 0, io.EOF
	default:
		return e.in.Read(b)
	}
}

func (e *deafEnd) Write(b []byte) (int, error) { return e.out.Write(b) }

func (e *deafEnd) Close() error {
	e.once.Do(func() { close(e.closed) })
	return e.out.Close()
}

// A client that reads nothing any more cannot keep the session, and what runs in
// it, from ending.
func TestCancelWithDeafClient(t *testing.T) {
	for _, way := range []string{"exit", "end of input"} {
		t.Run(way, func(t *testing.T) {
			root := workspace(t)
			fromServer, toClient := io.Pipe()
			fromClient, toServer := io.Pipe()
			end := &deafEnd{in: fromServer, out: toServer, deaf: make(chan struct{}), closed: make(chan struct{})}
			c := connect(t, end, func() int {
				return serve(context.Background(), pipe{fromClient, toClient}, testWriter{t})
			})
			c.handshake(capable("{}", `{"runOutput": true, "runState": true}`))
			u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :noisy [:quire/push] (fn [{: sh}] (sh "while :; do echo line; done")))
`)
			runID := c.run(u)
			c.waitReport(runID, "noisy: line")
			close(end.deaf)
			if way == "exit" {
				c.notify("exit", nil)
			} else {
				end.Close()
			}
			equal(t, "exit code", c.exited(), 1)
			if left := survivors(t, runID); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}
