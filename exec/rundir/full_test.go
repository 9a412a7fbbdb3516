//go:build unix

package rundir_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"quire/exec/rundir"
)

// TestLogOnFullDisk has the file of a log take no more, and then none at all:
// output goes on, and what the file has is whole.
//
// It does so in a process of its own, whose limit is no other's.
func TestLogOnFullDisk(t *testing.T) {
	if os.Getenv("RUNDIR_TEST_FULL") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLogOnFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), "RUNDIR_TEST_FULL=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestLogOnFullDisk") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	r := create(t, open(t))
	log := r.Log("job", 1)
	defer log.Close()
	out := log.Stream(rundir.Stdout)
	write := func() rundir.Chunk {
		t.Helper()
		c, err := out.Write(noon, []byte("a line\n"))
		if err != nil || string(c.Text) != "a line\n" {
			t.Fatalf("chunk %q, %v", c.Text, err)
		}
		return c
	}
	first := write()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = uint64(first.End) + 5
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	second := write()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	third := write()
	if first.Lost || !second.Lost || !third.Lost || third.Start != second.End || third.End <= third.Start {
		t.Errorf("chunks %+v, %+v, %+v", first, second, third)
	}
	if text := read(t, r.LogFile("job", 1)); text != "2026-05-01T12:00:00Z stdout F a line\n" {
		t.Errorf("the log is %q", text)
	}
	if err := r.Err(); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("the run says %v", err)
	}

	r = create(t, open(t))
	if err := os.WriteFile(r.File("jobs"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	log = r.Log("job", 1)
	out = log.Stream(rundir.Stdout)
	if c := write(); !c.Lost {
		t.Errorf("chunk %+v of a log that cannot be made", c)
	}
	if err := log.Close(); err != nil || r.Err() == nil {
		t.Errorf("%v; the run says %v", err, r.Err())
	}
}
