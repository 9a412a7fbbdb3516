//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
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
	return fmt.Sprintf("temporal://%s/default?queue=%s&lost=5s", w.server.host, w.queue)
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
	w.write(job("before", "", "echo done") + job("long", ":before", "echo attempt; until test -e "+w.state+"/go; do sleep .1; done") + job("after", ":long", "echo done"))
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

// TestContent has much go to workers and from one to another: in the repository,
// in files that a job leaves, and in results.
func TestContent(t *testing.T) {
	w := newWorld(t, serverOf(t))
	noise := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise) // never fails
	sum := fmt.Sprintf("%x", sha256.Sum256(noise))
	if err := errors.Join(os.MkdirAll(w.repo, 0o777), os.WriteFile(filepath.Join(w.repo, "noise"), noise, 0o666)); err != nil {
		t.Fatal(err)
	}
	w.write(`(job :a [:quire/push] (fn [{: sh}] (sh "sha256sum noise; cat noise noise > twice; env | grep ^TEMPORAL") {:text (string.rep :a 20000)}) {:labels [:one]})
(job :b [:a] (fn [{: sh}] (sh "sha256sum noise; head -c 3145728 twice | sha256sum") {:text (string.rep :b 20000)}) {:labels [:two]})
(job :c [:b] (fn [{: sh}] (sh "wc -c twice") {:text (string.rep :c 50000)}) {:labels [:one]})
(job :d [:c] (fn [{: sh : jobs}] (sh (.. "echo " (# (. (jobs :a) :text)) " " (# (. (jobs :b) :text)) " " (# (. (jobs :c) :text))))) {:labels [:two]})
`)
	w.worker("one", "--labels", "one")
	w.worker("two", "--labels", "two")
	w.run(0, "--get", "twice")
	for job, want := range map[string]string{
		"a": sum + "  noise\n",
		"b": sum + "  noise\n" + sum + "  -\n",
		"c": "6291456 twice\n",
		"d": "20000 20000 50000\n",
	} {
		if got := string(w.log(job)); got != want {
			t.Errorf("job %s wrote %q, want %q", job, got, want)
		}
	}
	if twice, err := os.ReadFile(filepath.Join(w.repo, "twice")); err != nil || !bytes.Equal(twice, slices.Concat(noise, noise)) {
		t.Errorf("%d bytes came back (%v), or others than the job left", len(twice), err)
	}
}

// TestVolume has a job write 200 MB.
func TestVolume(t *testing.T) {
	const line, lines = "a line of output that has about eighty bytes, give or take a few of them in the end", 200_000_000 / 83
	w := newWorld(t, serverOf(t))
	w.write(job("big", "", fmt.Sprintf("yes '%s' | head -n %d", line, lines)))
	one := w.worker("one")
	// Only what is stored is looked at: as events for programs it is another 400 MB.
	r := w.start("--output", "quiet")
	most := map[string]int64{}
	for ended := false; !ended; {
		select {
		case <-r.ended:
			ended = true
		case <-time.After(100 * time.Millisecond):
			for name, pid := range map[string]int{"quire": r.Process.Pid, "quire-temporal run": childOf(r.Process.Pid), "worker": one.Process.Pid} {
				most[name] = max(most[name], resident(pid))
			}
		}
	}
	r.wait(0)
	for name, bytes := range most {
		t.Logf("%s had up to %d MB", name, bytes>>20)
		if bytes > 400<<20 {
			t.Errorf("%s had %d MB of memory", name, bytes>>20)
		}
	}
	log := w.log("big")
	if want := bytes.Repeat([]byte(line+"\n"), lines); !bytes.Equal(log, want) {
		t.Errorf("the log has %d bytes, or others, want %d", len(log), len(want))
	}
}

// childOf returns the process id of a child, or 0.
func childOf(pid int) int {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0
	}
	child := 0
	for _, path := range lists {
		if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
			_, _ = fmt.Sscan(string(text), &child)
		}
	}
	return child
}

// resident returns how many bytes of memory a process has, or 0.
func resident(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, pages int64
	_, _ = fmt.Sscan(string(text), &size, &pages)
	return pages * int64(os.Getpagesize())
}

// TestNoWorker starts the worker after the run.
func TestNoWorker(t *testing.T) {
	w := newWorld(t, serverOf(t))
	w.write(job("a", "", "echo a"))
	r := w.start()
	eventually(t, "people are told how to start a worker", func() bool {
		return strings.Contains(r.stdout.String(), "no worker takes jobs of queue "+w.queue+": start one with quire ci worker --temporal "+w.server.host+" --queue "+w.queue)
	})
	w.worker("late")
	r.wait(0)
}

// TestNoWorkerEver cancels a run that no worker took notice of.
func TestNoWorkerEver(t *testing.T) {
	w := newWorld(t, serverOf(t))
	w.write(job("a", "", "echo a"))
	r := w.start()
	eventually(t, "people are told", func() bool { return strings.Contains(r.stdout.String(), "no worker takes jobs") })
	_ = r.Process.Signal(syscall.SIGINT)
	r.wait(130)
}

func TestLabels(t *testing.T) {
	w := newWorld(t, serverOf(t))
	w.write(`(job :a [:quire/push] (fn [{: sh}] (sh "echo a")) {:labels [:gpu :linux]})
(job :b [:a] (fn [{: sh}] (sh "echo b")) {:labels [:linux]})
(job :c [:b] (fn [{: sh}] (sh "echo c")) {:labels [:arm]})
`)
	plain, able := w.worker("plain"), w.worker("able", "--labels", "linux,gpu,big")
	r := w.start()
	eventually(t, "people are told what is missing", func() bool {
		return strings.Contains(r.stdout.String(), "no worker takes jobs of queue "+w.queue+"/arm: start one with") && strings.Contains(r.stdout.String(), "--labels arm")
	})
	w.worker("arm", "--labels", "arm")
	r.wait(0)
	if plain.began() != 0 || able.began() != 2 || w.workers["arm"].began() != 1 {
		t.Errorf("the workers began %d, %d and %d jobs, want 0, 2 and 1", plain.began(), able.began(), w.workers["arm"].began())
	}
}

// TestWorkerStops interrupts a worker that has a job: it finishes it, or gives it
// to another when it is interrupted again.
func TestWorkerStops(t *testing.T) {
	w := newWorld(t, serverOf(t))
	w.write(job("long", "", "echo runs; until test -e "+w.state+"/go; do sleep .1; done"))
	one := w.worker("one")
	r := w.start()
	eventually(t, "the job runs", func() bool { return r.wrote("long", "runs") })
	two := w.worker("two")
	_ = one.Process.Signal(syscall.SIGTERM)
	eventually(t, "the worker says that it has a job", func() bool { return strings.Contains(one.log.String(), "finishes 1 job") })
	_ = one.Process.Signal(syscall.SIGTERM)
	eventually(t, "the job runs elsewhere", func() bool { return strings.Contains(two.log.String(), "long began") })
	<-one.ended
	_ = two.Process.Signal(syscall.SIGTERM)
	eventually(t, "the other says that it has a job", func() bool { return strings.Contains(two.log.String(), "finishes 1 job") })
	if err := os.WriteFile(filepath.Join(w.state, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.worker("three") // who says that the run is over
	r.wait(0)
	if got, want := r.outcomes(), "long succeeded"; got != want {
		t.Errorf("the jobs ended: %s, want %s", got, want)
	}
}
