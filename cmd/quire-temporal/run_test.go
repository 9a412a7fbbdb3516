//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	quire "quire/exec"
)

// write makes the repository of the world, with a pipeline and committed.
func (w *world) write(pipeline string) {
	w.t.Helper()
	path := filepath.Join(w.repo, ".quire", "ci.fnl")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("(local {: job} (require :quire.ci))\n"+pipeline), 0o666); err != nil {
		w.t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"commit", "-q", "-m", "words"}} {
		git := exec.Command("git", args...)
		git.Dir, git.Env = w.repo, w.environ()
		if out, err := git.CombinedOutput(); err != nil {
			w.t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
}

// job returns the text of a job that runs a shell command.
func job(id, needs, command string) string {
	if needs == "" {
		needs = ":quire/push"
	}
	return fmt.Sprintf("(job :%s [%s] (fn [{: sh}] (let [{: exit} (sh %q)] (when (not= exit 0) (error \"it failed\")))))\n", id, needs, command)
}

// A clientRun is a run that quire started.
type clientRun struct {
	*exec.Cmd
	w      *world
	stdout *output
	events string // path
	ended  chan struct{}
}

// start starts quire ci run in the repository of the world.
func (w *world) start(args ...string) *clientRun {
	w.t.Helper()
	r := &clientRun{w: w, stdout: &output{}, events: filepath.Join(w.t.TempDir(), "events.jsonl"), ended: make(chan struct{})}
	r.Cmd = exec.Command(filepath.Join(w.programs, "quire"), append([]string{"ci", "run", "--on", w.address(), "--events", r.events}, args...)...)
	r.Dir, r.Env = w.repo, w.environ()
	r.Stdout, r.Stderr = r.stdout, r.stdout
	r.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := startHere(r.Cmd); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		_ = r.Wait()
		close(r.ended)
	}()
	return r
}

// address leads to the queue of the world. Workers are lost a little earlier than
// usual, so that nobody has to wait for that.
func (w *world) address() string {
	return fmt.Sprintf("temporal://%s/default?queue=%s&lost=15s", w.server.host, w.queue)
}

// run runs quire ci run, and wants it to exit with a code.
func (w *world) run(code int, args ...string) *clientRun {
	w.t.Helper()
	r := w.start(args...)
	r.wait(code)
	return r
}

func (r *clientRun) wait(code int) {
	r.w.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(2 * patience):
		_ = syscall.Kill(-r.Process.Pid, syscall.SIGKILL)
		r.w.t.Fatalf("quire ci run did not end:\n%s", r.stdout)
	}
	if got := r.ProcessState.ExitCode(); got != code {
		r.w.t.Fatalf("quire ci run exited with %d, want %d:\n%s", got, code, r.stdout)
	}
}

// happened returns the events so far.
func (r *clientRun) happened() []quire.Event {
	r.w.t.Helper()
	f, err := os.Open(r.events)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		r.w.t.Fatal(err)
	}
	defer f.Close()
	var all []quire.Event
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return all // what it is still writing is none yet
		}
		var e quire.Event
		if err := json.Unmarshal(line, &e); err != nil {
			r.w.t.Fatal(err)
		}
		all = append(all, e)
	}
}

// wrote reports whether a job wrote a line.
func (r *clientRun) wrote(job, line string) bool {
	return slices.ContainsFunc(r.happened(), func(e quire.Event) bool {
		return e.Type == quire.Output && e.JobID == job && strings.Contains(e.Text, line)
	})
}

// outcomes returns how the jobs ended, in the order in which they did.
func (r *clientRun) outcomes() string {
	var all []string
	for _, e := range r.happened() {
		if e.Type == quire.JobFinished {
			all = append(all, e.JobID+" "+e.Outcome)
		}
	}
	return strings.Join(all, ", ")
}

// said wants the run to have shown a text.
func (r *clientRun) said(text string) {
	r.w.t.Helper()
	if !strings.Contains(r.stdout.String(), text) {
		r.w.t.Errorf("quire ci run did not say %q:\n%s", text, r.stdout)
	}
}

// log returns what a job wrote, as the run store has it.
func (w *world) log(job string) []byte {
	w.t.Helper()
	logs := exec.Command(filepath.Join(w.programs, "quire"), "ci", "logs", "last", job)
	logs.Dir, logs.Env = w.repo, w.environ()
	var errs bytes.Buffer
	logs.Stderr = &errs
	out, err := logs.Output()
	if err != nil {
		w.t.Fatalf("quire ci logs: %v\n%s", err, &errs)
	}
	return out
}
