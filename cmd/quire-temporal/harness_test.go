//go:build linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test be quire-temporal, when it is called like that.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "quire-temporal" {
		os.Exit(run(os.Args[1:]))
	}
	code := m.Run()
	for _, f := range afterTests {
		f()
	}
	os.Exit(code)
}

func lockThread() { runtime.LockOSThread() }

// programs is a directory with quire and quire-temporal.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "quire-temporal-programs-*")
	if err != nil {
		return "", err
	}
	afterTests = append(afterTests, func() { _ = os.RemoveAll(dir) })
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(dir, "quire-temporal"))
	}
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "quire"), "./cmd/quire")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir, nil
})

// A world is a server with a queue, a repository, and workers.
type world struct {
	t        testing.TB
	server   *devServer
	queue    string
	programs string
	mark     string // in the environment of workers and their jobs
	state    string // of the client
	repo     string
	env      []string // instead of that of people who are nobody in particular; nil: none
	workers  map[string]*workerProcess
}

func newWorld(t testing.TB, s *devServer) *world {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	queue := strings.ReplaceAll(t.Name(), "/", "-") + fmt.Sprint(time.Now().UnixNano())
	w := &world{t: t, server: s, queue: queue, programs: dir, mark: "QUIRE_TEST_WORLD=" + queue,
		state: t.TempDir(), repo: filepath.Join(t.TempDir(), "words"), workers: map[string]*workerProcess{}}
	t.Cleanup(w.end)
	return w
}

// environ is that of people who are nobody in particular.
func (w *world) environ() []string {
	if w.env != nil {
		return w.env
	}
	return append(os.Environ(), "PATH="+w.programs+":"+os.Getenv("PATH"), "HOME="+w.state, "XDG_STATE_HOME="+w.state, "XDG_CONFIG_HOME="+w.state,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org")
}

// A workerProcess is a worker.
type workerProcess struct {
	*exec.Cmd
	name, state string
	log         *output
	ended       chan struct{}
}

// worker starts a worker, and returns when it takes jobs.
func (w *world) worker(name string, args ...string) *workerProcess {
	w.t.Helper()
	p := &workerProcess{name: name, state: filepath.Join(w.t.TempDir(), "workers"), log: &output{}, ended: make(chan struct{})}
	p.Cmd = exec.Command(filepath.Join(w.programs, "quire"), append([]string{"ci", "worker", "--temporal", w.server.host, "--queue", w.queue,
		"--name", name, "--state", p.state}, args...)...)
	p.Env = append(w.environ(), w.mark, "TEMPORAL_TEST=not for jobs")
	p.Stdout, p.Stderr = p.log, p.log
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := startHere(p.Cmd); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		_ = p.Wait()
		close(p.ended)
	}()
	w.workers[name] = p
	eventually(w.t, "worker "+name+" takes jobs", func() bool { return strings.Contains(p.log.String(), "takes jobs") })
	return p
}

// began returns how many jobs a worker began.
func (p *workerProcess) began() int { return strings.Count(p.log.String(), " began\n") }

// kill ends a worker as nothing else would.
func (p *workerProcess) kill() {
	_ = p.Process.Kill()
	<-p.ended
}

// stop asks a worker to end, and waits until it has.
func (p *workerProcess) stop(t testing.TB) {
	t.Helper()
	select {
	case <-p.ended:
		return // it was killed
	default:
	}
	_ = p.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.Process.Kill()
		t.Errorf("worker %s did not end", p.name)
		return
	}
	if !p.ProcessState.Success() {
		t.Errorf("worker %s ended with %s", p.name, p.ProcessState)
	}
	if left, err := os.ReadDir(p.state); err != nil || len(left) > 0 {
		t.Errorf("worker %s left %v (%v)", p.name, left, err)
	}
}

// end stops the workers, and wants nothing of any job to be left.
func (w *world) end() {
	var all sync.WaitGroup
	for _, p := range w.workers {
		all.Go(func() { p.stop(w.t) })
	}
	all.Wait()
	if w.t.Failed() {
		for _, name := range slices.Sorted(maps.Keys(w.workers)) {
			w.t.Logf("worker %s:\n%s", name, w.workers[name].log)
		}
		w.t.Logf("server:\n%s", w.server.log)
	}
	eventually(w.t, "nothing is left of the jobs", func() bool { return len(w.processes()) == 0 })
}

// processes returns the commands of the processes of jobs, and of workers that
// live.
func (w *world) processes() []string {
	w.t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		w.t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		environ, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil || !bytes.Contains(environ, []byte(w.mark+"\x00")) {
			continue
		}
		command, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && len(command) > 0 {
			found = append(found, strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " ")))
		}
	}
	return found
}

// commands returns the commands of the processes of jobs.
func (w *world) commands() []string {
	return slices.DeleteFunc(w.processes(), func(c string) bool { return strings.Contains(c, "quire-temporal worker ") })
}
