//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestChain(t *testing.T) {
	w := newWorld(t, serverOf(t))
	var text strings.Builder
	for i := range 100 {
		needs := ""
		if i > 0 {
			needs = fmt.Sprintf(":j%d", i-1)
		}
		text.WriteString(job(fmt.Sprintf("j%d", i), needs, fmt.Sprintf("echo this is %d", i)))
	}
	w.write(text.String())
	w.worker("one")
	w.worker("two")
	r := w.run(0)
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprintf("j%d succeeded", i))
	}
	if got := r.outcomes(); got != strings.Join(want, ", ") {
		t.Errorf("the jobs ended: %s", got)
	}
	if log := string(w.log("j99")); log != "this is 99\n" {
		t.Errorf("the last job wrote %q", log)
	}
}

func TestFanOut(t *testing.T) {
	w := newWorld(t, serverOf(t))
	var text strings.Builder
	for i := range 100 {
		text.WriteString(job(fmt.Sprintf("j%d", i), "", "sleep .05"))
	}
	w.write(text.String())
	one, two := w.worker("one", "--slots", "2"), w.worker("two", "--slots", "2")
	r := w.run(0)
	if n := strings.Count(r.outcomes(), "succeeded"); n != 100 {
		t.Errorf("%d jobs succeeded, want 100", n)
	}
	a, b := one.began(), two.began()
	if a < 10 || b < 10 || a+b != 100 {
		t.Errorf("the workers began %d and %d jobs, want 100 together and a share each", a, b)
	}
}

// TestKilledWorker kills a worker in the middle of a job.
func TestKilledWorker(t *testing.T) {
	w := newWorld(t, serverOf(t))
	w.write(job("before", "", "echo done") + job("long", ":before", "setsid sleep 4321 & echo attempt; until test -e "+w.state+"/go; do sleep .1; done") + job("after", ":long", "echo done"))
	one, two := w.worker("one"), w.worker("two")
	r := w.start()
	eventually(t, "the job runs", func() bool { return r.wrote("long", "attempt") })
	first, second := one, two
	if strings.Contains(two.log.String(), "long began") {
		first, second = two, one
	}
	first.kill()
	eventually(t, "the job runs elsewhere", func() bool { return strings.Contains(second.log.String(), "long began") })
	if err := os.WriteFile(filepath.Join(w.state, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.wait(0)
	if got, want := r.outcomes(), "before succeeded, long succeeded, after succeeded"; got != want {
		t.Errorf("the jobs ended: %s, want %s", got, want)
	}
	if n := strings.Count(string(w.log("long")), "attempt\n"); n != 2 {
		t.Errorf("the log has %d attempts, want both", n)
	}
	r.said("lost")
	// What the worker left is removed by the next one that starts there.
	next := w.worker("three", "--state", first.state)
	next.state = first.state
	eventually(t, "what the worker left is removed", func() bool {
		left, err := os.ReadDir(first.state)
		return err == nil && len(left) == 2 // of the new one: its directory and its lock
	})
	if left := w.commands(); len(left) > 0 {
		t.Errorf("left are:\n%s", strings.Join(left, "\n"))
	}
}

// TestKilledServer kills the server in the middle of a run.
func TestKilledServer(t *testing.T) {
	needServer(t)
	s, err := newServer(t.TempDir())
	if err == nil {
		err = s.start()
	}
	t.Cleanup(s.kill)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, s)
	w.write(job("before", "", "echo done") + job("long", ":before", "echo begins; until test -e "+w.state+"/go; do sleep .1; done; echo ends") + job("after", ":long", "echo done"))
	w.worker("one")
	w.worker("two")
	r := w.start()
	eventually(t, "the job runs", func() bool { return r.wrote("long", "begins") })
	s.kill()
	eventually(t, "people are told", func() bool { return strings.Contains(r.stdout.String(), "does not answer") })
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.state, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.wait(0)
	r.said("is back")
	if got, want := r.outcomes(), "before succeeded, long succeeded, after succeeded"; got != want {
		t.Errorf("the jobs ended: %s, want %s", got, want)
	}
}

// TestCancel interrupts a run whose jobs do what they can to stay.
func TestCancel(t *testing.T) {
	w := newWorld(t, serverOf(t))
	w.write(job("one", "", "trap '' INT TERM; (sleep 4321 & setsid sleep 4321 &); echo runs; sleep 4321") + job("two", "", "echo runs; exec sleep 4321") +
		job("waits", "", "echo runs") + job("after", ":one", "echo no"))
	w.worker("one")
	w.worker("two")
	r := w.start()
	eventually(t, "the jobs run", func() bool { return r.wrote("one", "runs") && (r.wrote("two", "runs") || r.wrote("waits", "runs")) })
	if len(w.commands()) == 0 {
		t.Error("the test does not see the processes of jobs")
	}
	_ = r.Process.Signal(syscall.SIGINT)
	r.wait(130)
	if left := w.commands(); len(left) > 0 {
		t.Errorf("left are:\n%s", strings.Join(left, "\n"))
	}
	if strings.Contains(r.outcomes(), "after") {
		t.Errorf("the jobs ended: %s", r.outcomes())
	}
}

// TestKilledClient kills quire: nothing goes on without it.
func TestKilledClient(t *testing.T) {
	w := newWorld(t, serverOf(t))
	w.write(job("long", "", "echo runs; sleep 4321"))
	w.worker("one")
	r := w.start()
	eventually(t, "the job runs", func() bool { return r.wrote("long", "runs") })
	_ = r.Process.Kill()
	eventually(t, "its processes have ended", func() bool { return len(w.commands()) == 0 })
	eventually(t, "what carried it out has ended", func() bool {
		return exec.Command("pgrep", "-f", "quire-temporal run .*"+w.queue).Run() != nil
	})
}

func TestFailingJob(t *testing.T) {
	w := newWorld(t, serverOf(t))
	w.write(job("good", "", "echo good") + job("bad", "", "echo bad; exit 3") + job("other", "", "echo other") + job("after", ":bad", "echo after"))
	one := w.worker("one")
	r := w.run(1, "--parallel", "1")
	if got, want := r.outcomes(), "good succeeded, bad failed"; got != want {
		t.Errorf("the jobs ended: %s, want %s", got, want)
	}
	if one.began() != 2 {
		t.Errorf("%d jobs began, want 2:\n%s", one.began(), one.log)
	}
	r = w.run(1, "--parallel", "1", "--keep-going")
	if got, want := r.outcomes(), "good succeeded, bad failed, other succeeded"; got != want {
		t.Errorf("the jobs ended: %s, want %s", got, want)
	}
}

// TestFailingBeside has a job fail while another runs, which goes on, and a third
// waits for a worker, which it never gets.
func TestFailingBeside(t *testing.T) {
	w := newWorld(t, serverOf(t))
	w.write(`(job :waits [:quire/push] (fn [{: sh}] (sh "echo no")) {:labels [:none]})` + "\n" +
		job("slow", "", "echo runs; until test -e "+w.state+"/go; do sleep .1; done; sleep 3; echo ends") +
		job("bad", "", "until test -e "+w.state+"/fail; do sleep .1; done; exit 3"))
	w.worker("one", "--slots", "2")
	r := w.start()
	eventually(t, "the job runs", func() bool { return r.wrote("slow", "runs") })
	for _, name := range []string{"fail", "go"} {
		if err := os.WriteFile(filepath.Join(w.state, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the other job has failed", func() bool { return r.outcomes() == "bad failed" })
	}
	r.wait(1)
	if got, want := r.outcomes(), "bad failed, slow succeeded"; got != want {
		t.Errorf("the jobs ended: %s, want %s", got, want)
	}
}
