//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

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
