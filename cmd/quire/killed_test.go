//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killRounds is how often runs are killed.
func killRounds() int {
	switch {
	case long:
		return 200
	case raced:
		return 5
	}
	return 20
}

const killedPipeline = `(local {: job} (require :quire.ci))
(job :first [:quire/push] (fn [{: sh}] (let [_ignored (sh "seq 1 1000")] {:n 1})))
(job :second [:first] (fn [{: sh}] (let [_ignored (sh "seq 1 1000")] (error "no"))))
(job :endless [:quire/push] (fn [{: sh}] (sh "echo waiting; exec sleep 1000")))
`

// TestKilledRuns kills quire at random moments of a run, and while a command of
// another runs, both at a time in one repository. It wants every run that was said
// to have started to be listed with an outcome afterwards, and every command to
// read what is left.
func TestKilledRuns(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(dir, "repo")
	if err := os.MkdirAll(filepath.Join(repo, ".quire"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(repo, ".quire", "ci.fnl"), []byte(killedPipeline), 0o600); err != nil {
		t.Fatal(err)
	}
	quire := func(args ...string) *exec.Cmd {
		cmd := exec.Command("quire", args...)
		cmd.Dir, cmd.Env = repo, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8"}
		return cmd
	}
	var started []string // in the last rounds, fewer than each run keeps
	outcomes := map[string]int{}
	for round := range killRounds() {
		ids := make(chan string)
		go func() { ids <- killedRun(t, quire("ci", "run", []string{"first", "second"}[round%2]), "") }()
		go func() { ids <- killedRun(t, quire("ci", "run", "endless"), "waiting") }()
		for range 2 {
			if id := <-ids; id != "" {
				started = append(started, id)
			}
		}
		started = started[max(0, len(started)-40):]
		// A command that was just being started holds its run until it has come to
		// its own program.
		var listed jsonRuns
		underWay := func(r jsonRun) bool { return r.FinishedAt == nil }
		for range 100 {
			listed = jsonRuns{}
			out, err := quire("ci", "runs", "--limit", "0", "--format", "json").Output()
			if err == nil {
				err = json.Unmarshal(out, &listed)
			}
			if err != nil {
				t.Fatalf("round %d: %v\n%s", round, err, out)
			}
			if !slices.ContainsFunc(listed.Runs, underWay) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		found := map[string]bool{}
		for _, r := range listed.Runs {
			found[r.ID] = true
			outcomes[string(r.Outcome)]++
			if underWay(r) {
				t.Errorf("round %d: the run %s is %s", round, r.ID, r.Outcome)
			}
		}
		for _, id := range started {
			if !found[id] {
				t.Errorf("round %d: the run %s is lost", round, id)
			}
		}
		for _, args := range [][]string{{"show"}, {"logs"}, {"report", "--html", "-"}} {
			if len(listed.Runs) == 0 {
				break
			}
			cmd := quire(append([]string{"ci", args[0], "last"}, args[1:]...)...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("round %d: %v: %v\n%s", round, args, err, out)
			}
		}
		if out, err := quire("ci", "prune", "--keep", "1000").CombinedOutput(); err != nil {
			t.Errorf("round %d: prune: %v\n%s", round, err, out)
		}
		if t.Failed() {
			return
		}
	}
	if outcomes["internal"] == 0 {
		t.Error("no run was interrupted, so nothing was tried")
	}
	store, err := filepath.Glob(filepath.Join(dir, ".local/state/quire/runs/*/[pa]*/[0-9a-f]*")) // pending and active
	if len(store) > 0 || err != nil {
		t.Errorf("not put away: %v, %v", store, err)
	}
	t.Logf("outcomes as often as they were seen: %v", outcomes)
}

// killedRun kills a run when it shows a line that ends with a text, or at a random
// moment when that is empty. It returns the id of the run when it said one.
func killedRun(t *testing.T, cmd *exec.Cmd, upon string) (id string) {
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return ""
	}
	kill := func() { _ = cmd.Process.Signal(syscall.SIGKILL) }
	if upon == "" {
		about := 80 * time.Millisecond // what a run takes
		if raced {
			about = 400 * time.Millisecond
		}
		defer time.AfterFunc(rand.N(about), kill).Stop()
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if said, ok := strings.CutPrefix(lines.Text(), "Run "); ok && id == "" {
			id, _, _ = strings.Cut(said, ":")
		}
		if upon != "" && strings.HasSuffix(lines.Text(), upon) {
			kill()
		}
	}
	_ = cmd.Wait()
	return id
}
