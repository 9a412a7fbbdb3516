//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"go.lsp.dev/protocol"

	"quire/analysis/pipeline"
	quire "quire/exec"
	"quire/exec/exectest"
)

// Cases of runs that are cancelled when a command has written "ready", or of jobs
// that run at once: of those, the order of the events of different jobs is
// nobody's business.
const cancelledCases = `
-- cancelled --
(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "echo before; exit 2") {:n 1}))
(job :b [:a] (fn [{: sh}] (sh "echo ready; sleep 1000")))
(job :c [:b] (fn [] nil))
-- cancelled and cleaning up --
(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done 2>/dev/null")))
-- cancelled and caught --
(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (pcall #(sh "echo ready; sleep 1000")) (sh "echo not reached")))
-- cancelled while two run --
(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "touch a; sleep 1000")))
(job :b [:quire/push] (fn [{: sh}] (sh "while ! test -e a; do sleep 0.01; done; echo ready; sleep 1000")))
(job :c [:a :b] (fn [] nil))
-- failing while two run --
(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "while ! test -e b; do sleep 0.01; done; echo out; echo err >&2; exit 4") (error "broken")))
(job :b [:quire/push] (fn [{: sh}] (sh "touch b; exit 3") nil))
(job :c [:a :b] (fn [] nil))
-- passing while three run --
(local {: job} (require :quire.ci))
(each [_ id (ipairs [:a :b :c])]
  (job id [:quire/push] (fn [{: sh}] (sh (.. "echo " id "; exit 1")) {: id})))
(job :d [:a :b :c] (fn [{: jobs : log}] (log (.. (. (jobs :a) :id) (. (jobs :c) :id)))))
`

// TestEquivalenceByJob runs pipelines as TestEquivalence does and compares the
// events of each job.
func TestEquivalenceByJob(t *testing.T) {
	bin := build(t)
	for _, file := range txtar.Parse([]byte(cancelledCases)).Files {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			archive := txtar.Parse([]byte("-- repo/" + pipeline.Path + " --\n" + string(file.Data)))
			cancelled := strings.HasPrefix(file.Name, "cancelled")
			server := serverByJob(t, bin, archive, cancelled)
			cli := cliByJob(t, bin, archive, cancelled)
			equal(t, "events through the server", server, cli)
			if want := "run_finished"; !strings.Contains(cli[""], want) || len(cli) < 2 {
				t.Errorf("no whole run: %v", cli)
			}
			if cancelled != strings.Contains(cli[""], "run_finished cancelled") {
				t.Errorf("the run ended so: %s", cli[""])
			}
		})
	}
}

// cliByJob runs a case on the command line.
func cliByJob(t *testing.T, bin string, archive *txtar.Archive, cancelled bool) map[string]string {
	t.Helper()
	repo := exectest.New(t, archive)
	cmd := exec.Command(filepath.Join(bin, "quire"), "ci", "run", "--parallel", "4", "--output", "prefix")
	cmd.Dir, cmd.Env = repo.Root, repo.Env
	out := &readyWriter{ready: func() {
		if cancelled {
			_ = cmd.Process.Signal(syscall.SIGINT)
		}
	}}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("%v\n%s", err, out.text.String())
	}
	return byJob(t, repo)
}

// A readyWriter calls ready when a line says so.
type readyWriter struct {
	ready func()

	mu   sync.Mutex
	text bytes.Buffer
	once sync.Once
}

func (w *readyWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(b)
	for line := range strings.Lines(w.text.String()) {
		if strings.HasSuffix(line, " ready\n") {
			w.once.Do(w.ready)
		}
	}
	return len(b), nil
}

// serverByJob runs a case with the command quire.run.
func serverByJob(t *testing.T, bin string, archive *txtar.Archive, cancelled bool) map[string]string {
	t.Helper()
	repo := exectest.New(t, archive)
	c := spawnIn(t, filepath.Join(bin, "quire-lsp"), repo)
	c.handshake(capable("{}", `{"runOutput": true}`))
	text, err := os.ReadFile(filepath.Join(repo.Root, pipeline.Path))
	if err != nil {
		t.Fatal(err)
	}
	var result runResult
	u := c.openIn(repo.Root, pipeline.Path, string(text))
	c.execute(cmdRun, runArgs{URI: u, Options: runOptions{Parallel: 4}}, &result)
	if cancelled {
		c.wait("output", func() bool {
			for _, o := range c.output {
				if strings.Contains(o.Text, "ready\n") {
					return true
				}
			}
			return false
		})
		c.execute(cmdCancel, cancelArgs{RunID: result.RunID}, nil)
	}
	c.values(result.RunID)
	c.call(protocol.MethodShutdown, nil, nil)
	c.notify(protocol.MethodExit, nil)
	equal(t, "exit code", c.exited(), 0)
	return byJob(t, repo)
}

// byJob returns the events that the one run of a repository left, by job; those
// of the run itself are under the empty name.
func byJob(t *testing.T, repo *exectest.Repository) map[string]string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(repo.Base, "state", "quire", "runs", "*", "by-id", "*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("runs: %v, %v", dirs, err)
	}
	events := map[string][]quire.Event{}
	for _, e := range exectest.StoredEvents(t, dirs[0]) {
		events[e.JobID] = append(events[e.JobID], e)
	}
	texts := map[string]string{}
	for job, list := range events {
		texts[job] = repo.Scrub(dirs[0], filepath.Base(dirs[0]), exectest.EventsText(list))
	}
	return texts
}
