//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quire/exec/exectest"
)

// TestKilledElsewhere kills quire while workers run its jobs. The engine learns of
// it, ends them, and ends itself; the next run finds the record and puts it away.
func TestKilledElsewhere(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(dir, "repo")
	pids := filepath.Join(dir, "pids")
	if err := os.MkdirAll(filepath.Join(repo, ".quire"), 0o700); err != nil {
		t.Fatal(err)
	}
	pipeline := `(local {: job} (require :quire.ci))
(job :endless [:quire/push] (fn [{: sh}] (sh "echo $$ $PPID >$PIDS; echo waiting; exec sleep 1000")))
(job :quick [:quire/push] (fn [{: sh}] (sh "true")))
`
	if err := os.WriteFile(filepath.Join(repo, ".quire", "ci.fnl"), []byte(pipeline), 0o600); err != nil {
		t.Fatal(err)
	}
	quire := func(args ...string) *exec.Cmd {
		cmd := exec.Command("quire", args...)
		cmd.Dir, cmd.Env = repo, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8", "PIDS=" + pids}
		return cmd
	}
	on := exectest.EngineURL + filepath.ToSlash(dir) + "/workers"
	id := killedRun(t, quire("ci", "run", "endless", "--on", on), "waiting")
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range strings.Fields(string(text)) { // the command's and the engine's
		for {
			stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
			if err != nil || strings.Contains(string(stat), ") Z ") {
				break
			}
			select {
			case <-t.Context().Done():
				t.Fatalf("process %s is left", pid)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	if out, err := quire("ci", "run", "quick", "--on", on).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := quire("ci", "show", id).CombinedOutput(); err != nil || !strings.Contains(string(out), "endless") {
		t.Errorf("%v\n%s", err, out)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".local/state/quire/runs/*/*/*/parcel"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
