//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

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
