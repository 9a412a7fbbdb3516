//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// An editor that ends the server by a signal, or ends itself while a job still
// writes, leaves nothing running.
func TestSignals(t *testing.T) {
	program := filepath.Join(build(t), "quire-lsp")
	for _, end := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT, syscall.SIGPIPE} {
		t.Run(end.String(), func(t *testing.T) {
			root := workspace(t)
			cmd := exec.Command(program)
			c := spawn(t, cmd)
			c.handshakeWith(everything, `"initializationOptions": {"trusted": true}`)
			u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :long [:quire/push] (fn [{: sh}] (sh "setsid sleep 1000 & echo started; while sleep 0.01; do echo on; done")))
`)
			runID := c.run(u)
			c.waitReport(runID, "on")
			if err := cmd.Process.Signal(end); err != nil {
				t.Fatal(err)
			}
			if end == syscall.SIGPIPE {
				c.conn.Close() // which it survives long enough to clean up
			}
			equal(t, "exit code", c.exited(), 1)
			if left := survivors(t, runID); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// What a command of a server that is killed started ends with it, as when Helix
// quits. It is the child of a shell, which the kernel would not end.
func TestKilledServer(t *testing.T) {
	cmd := exec.Command(filepath.Join(build(t), "quire-lsp"))
	root := workspace(t)
	c := spawn(t, cmd)
	c.handshakeWith(everything, `"initializationOptions": {"trusted": true}`)
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :long [:quire/push] (fn [{: sh}] (sh "echo started; sleep 1000; echo ended")))
`)
	runID := c.run(u)
	c.waitReport(runID, "started")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.exited()
	var left []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if left = survivors(t, runID); len(left) == 0 {
			return
		}
	}
	t.Errorf("left behind: %q", left)
}

// A server that nobody has connected to ends as well.
func TestSignalOfSocket(t *testing.T) {
	cmd := exec.Command(filepath.Join(build(t), "quire-lsp"), "--socket", "0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stderr.Read(make([]byte, 100)); err != nil { // it listens
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	equal(t, "exit code", cmd.ProcessState.ExitCode(), 1)
}
