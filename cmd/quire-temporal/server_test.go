//go:build linux

package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"quire/cmd/quire-temporal/internal/conn"
)

// A devServer is a Temporal server of a test, whose database is a file, so that it
// outlives the process.
type devServer struct {
	program, database, host string
	port                    int
	process                 *exec.Cmd
	log                     *output
}

// shared is the server of the tests that leave it alone.
var shared = sync.OnceValues(func() (*devServer, error) {
	dir, err := os.MkdirTemp("", "quire-temporal-server-*")
	if err != nil {
		return nil, err
	}
	s, err := newServer(dir)
	if err == nil {
		err = s.start()
	}
	afterTests = append(afterTests, func() {
		if s != nil {
			s.kill()
		}
		_ = os.RemoveAll(dir)
	})
	return s, err
})

var afterTests []func()

// needServer skips a test where no server can be started.
func needServer(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a Temporal server")
	}
	if findServer() == "" {
		t.Skip("no program temporal in PATH or below ~/.cache/quire-ci: .ci/temporal builds it")
	}
}

// serverOf returns the shared server.
func serverOf(t testing.TB) *devServer {
	t.Helper()
	needServer(t)
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// findServer returns the path of the server, or nothing.
func findServer() string {
	if path, err := exec.LookPath("temporal"); err == nil {
		return path
	}
	cache := os.Getenv("QUIRE_CI_CACHE")
	if cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		cache = filepath.Join(base, "quire-ci")
	}
	path := filepath.Join(cache, "temporal", "bin", "temporal")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func newServer(dir string) (*devServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return &devServer{program: findServer(), database: filepath.Join(dir, "temporal.db"), port: port,
		host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}, l.Close()
}

// start starts the server, and returns when it answers.
func (s *devServer) start() error {
	s.log = &output{}
	s.process = exec.Command(s.program, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", strconv.Itoa(s.port),
		"--db-filename", s.database, "--log-level", "error")
	s.process.Stdout, s.process.Stderr = s.log, s.log
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := startHere(s.process); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := conn.Dial(ctx, conn.Address{Server: s.host}, "test", func(error) {})
	if err != nil {
		return err
	}
	c.Close()
	return nil
}

// kill ends the server at once.
func (s *devServer) kill() {
	if s.process != nil && s.process.Process != nil {
		_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL)
		_ = s.process.Wait()
	}
}

// patience is how long a test waits for what takes no time on a machine that has
// nothing else to do.
const patience = 2 * time.Minute

// eventually waits until something is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for began := time.Now(); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("it did not come to pass: %s", what)
		}
	}
}

// An output is what a process writes.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// starts begins processes on one thread that lasts, since a process with a
// parent-death signal ends with the thread that started it.
var starts = sync.OnceValue(func() chan func() {
	work := make(chan func())
	go func() {
		lockThread()
		for f := range work {
			f()
		}
	}()
	return work
})

func startHere(c *exec.Cmd) error {
	done := make(chan error)
	starts() <- func() { done <- c.Start() }
	return <-done
}
