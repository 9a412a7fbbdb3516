package rundir_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"quire/exec/rundir"
)

// crashRounds is how often a process is killed.
func crashRounds() int {
	if long {
		return 200
	}
	return 20
}

// TestCrash has processes make runs in one store, two at a time, kills them at
// random moments, and wants every run that was made to be found in an end state
// afterwards, with everything that its state promises, and nothing else.
func TestCrash(t *testing.T) {
	if dir := os.Getenv("RUNDIR_TEST_CRASH"); dir != "" {
		churn(dir)
	}
	dir := t.TempDir()
	made := map[string]string{} // how far each run got, by id
	for round := range crashRounds() {
		done := make(chan map[string]string)
		for range 2 {
			go func() { done <- killed(t, dir) }()
		}
		for range 2 {
			for id, stage := range <-done {
				made[id] = stage
			}
		}
		s, err := rundir.Open(dir, dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recover(time.Now()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		checkStore(t, s, made)
		if t.Failed() {
			t.Fatalf("after round %d", round)
		}
	}
	if len(made) == 0 {
		t.Error("no process lived long enough to make a run")
	}
}

// churn makes and ends runs for ever, and says how far each got: what was said is
// to survive.
func churn(dir string) {
	fail := func(err error) {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for n := 0; ; n++ {
		s, err := rundir.Open(dir, dir)
		if err != nil {
			fail(err)
		}
		if _, err := s.Recover(time.Now()); err != nil {
			fail(err)
		}
		id, err := rundir.NewID()
		if err != nil {
			fail(err)
		}
		r, err := s.Create(id, rundir.Meta{SHA: "abc", Root: dir, Jobs: []string{"job"}})
		if err != nil {
			fail(err)
		}
		fmt.Println("created", id)
		now := time.Now()
		end := []rundir.State{rundir.Complete, rundir.Failed}[n%2]
		for _, step := range []func() error{
			func() error { return r.Transition(rundir.Active, now) },
			func() error { return r.Write("report.json", []byte(`{"whole": "`+strings.Repeat("x", 1<<16)+`"}`)) },
			func() error { return r.Transition(end, now) },
		} {
			if err := step(); err != nil {
				fail(err)
			}
		}
		fmt.Println(end, id)
		if _, err := s.Prune(time.Now(), rundir.Retention{Runs: 1 << 20, Age: time.Hour}, false); err != nil {
			fail(err)
		}
		if err := r.Close(); err != nil {
			fail(err)
		}
	}
}

// killed runs churn, kills it after a moment, and returns what it said.
func killed(t *testing.T, dir string) map[string]string {
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrash$")
	cmd.Env = append(os.Environ(), "RUNDIR_TEST_CRASH="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return nil
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return nil
	}
	said := map[string]string{}
	lines := bufio.NewScanner(out)
	if lines.Scan() { // it has begun
		time.AfterFunc(time.Duration(rand.Int64N(int64(60*time.Millisecond))), func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
	}
	for ok := true; ok; ok = lines.Scan() {
		stage, id, _ := strings.Cut(lines.Text(), " ")
		if stage == "error" {
			t.Errorf("a process that was not killed: %s", id)
		}
		said[id] = stage
	}
	_ = cmd.Wait()
	return said
}

// checkStore checks that a store in which nothing is under way has the runs that
// were made, each whole.
func checkStore(t *testing.T, s *rundir.Store, made map[string]string) {
	t.Helper()
	runs, err := s.Runs()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]rundir.State{}
	for _, e := range runs {
		found[e.ID] = e.State
		if target, err := filepath.EvalSymlinks(s.Path(e.ID)); err != nil || target != e.Dir {
			t.Errorf("by-id/%s leads to %s, %v; the run is at %s", e.ID, target, err, e.Dir)
		}
		checkWhole(t, e)
	}
	for id, stage := range made {
		state, ok := found[id]
		switch {
		case !ok:
			t.Errorf("the run %s, %s, is lost", id, stage)
		case stage != "created" && string(state) != stage:
			t.Errorf("the run %s was %s and is %s", id, stage, state)
		}
	}
	links, err := os.ReadDir(filepath.Join(s.Dir(), "by-id"))
	if err != nil || len(links) != len(runs) {
		t.Errorf("%d links for %d runs, %v", len(links), len(runs), err)
	}
	_ = filepath.WalkDir(s.Dir(), func(path string, d fs.DirEntry, err error) error {
		if strings.HasPrefix(d.Name(), ".gone-") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
}

// checkWhole checks that a run which ended has all that it promises.
func checkWhole(t *testing.T, e rundir.Entry) {
	t.Helper()
	meta, err := rundir.ReadMeta(e.Dir)
	times, err2 := rundir.ReadTimes(e.Dir)
	interrupted := meta.Reason == rundir.Interrupted
	switch {
	case err != nil || err2 != nil || meta.SHA != "abc" || times.Finished == nil:
		t.Errorf("the run %s has meta %+v, %v, and times %+v, %v", e.ID, meta, err, times, err2)
	case e.State != rundir.Complete && e.State != rundir.Failed:
		t.Errorf("the run %s is still %s", e.ID, e.State)
	case interrupted && e.State != rundir.Failed:
		t.Errorf("the run %s was interrupted and is %s", e.ID, e.State)
	}
	report, err := os.ReadFile(filepath.Join(e.Dir, "report.json"))
	if err != nil && !interrupted {
		t.Errorf("the run %s has no report: %v", e.ID, err)
	}
	if err == nil && (len(report) < 1<<16 || !strings.HasSuffix(string(report), `x"}`)) {
		t.Errorf("the run %s has half a report of %d bytes", e.ID, len(report))
	}
}
