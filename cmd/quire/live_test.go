//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"quire/cmd/quire/internal/terminal/screentest"
)

const livePipeline = `(local {: job} (require :quire.ci))
(job :build [:quire/push] (fn [{: sh}]
  (let [{: exit} (sh "echo compiling; read _ < \"$FIFO\"; echo done; exit 3")]
    (when (not= exit 0) (error "broken")))))
(job :deploy [:build] (fn [] {}))
`

// onTerminal runs quire in a terminal, in a repository whose job says
// "compiling" and then waits for a line in the pipe that is returned.
func onTerminal(t *testing.T, screen *screentest.Screen, env ...string) (*exec.Cmd, string) {
	t.Helper()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "repo", ".quire"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "repo", ".quire", "ci.fnl"), []byte(livePipeline), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("quire", "ci", "run")
	cmd.Dir = filepath.Join(dir, "repo")
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "FIFO=" + fifo,
		"LC_ALL=C.UTF-8", "TERM=xterm-256color"}, env...)
	columns, rows := screen.Size()
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)})
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan bool)
	go func() {
		defer close(read)
		_, _ = io.Copy(screen, file) // ends with an error when the terminal closes
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		<-read
		file.Close()
	})
	return cmd, fifo
}

// await fails the test when the screen does not get to show all of want.
func await(t *testing.T, screen *screentest.Screen, want ...string) {
	t.Helper()
	met := make(chan bool)
	go func() {
		screen.Wait(func(text string) bool {
			for _, w := range want {
				if !strings.Contains(text, w) {
					return false
				}
			}
			return true
		})
		close(met)
	}()
	select {
	case <-met:
	case <-time.After(30 * time.Second):
		t.Fatalf("the screen shows\n%s\nwithout all of %q", screen.Text(), want)
	}
}

func TestLiveTerminal(t *testing.T) {
	screen := screentest.New(70, 40)
	_, fifo := onTerminal(t, screen)
	await(t, screen, "│ compiling\n", "· deploy waiting\n", "0 of 2 done · 1 running · 1 waiting · ")
	if err := os.WriteFile(fifo, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, screen, "✗ build  failed", "· deploy not run\n", "▶ build\n$ echo compiling", "\ncompiling\ndone\n(exit 3)\n",
		"Run failed.", "job 'build' failed", "again:   quire ci run --resume --only build\n")
	if text := screen.Text(); strings.Contains(text, "waiting") || strings.Contains(text, "running") {
		t.Errorf("the live view is left behind:\n%s", text)
	}
	if faults := screen.Faults(); len(faults) > 0 {
		t.Errorf("the terminal was sent %q", faults)
	}
}

func TestLiveInterrupted(t *testing.T) {
	screen := screentest.New(70, 40)
	cmd, _ := onTerminal(t, screen)
	await(t, screen, "│ compiling\n")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	await(t, screen, "Ending the run.", "■ build  cancelled", "· deploy not run\n", "Run cancelled.")
	if text := screen.Text(); strings.Contains(text, "of 2 done") {
		t.Errorf("the live view is left behind:\n%s", text)
	}
	if faults := screen.Faults(); len(faults) > 0 {
		t.Errorf("the terminal was sent %q", faults)
	}
}

// TestTerminalWithoutLiveView has terminals that get plain lines.
func TestTerminalWithoutLiveView(t *testing.T) {
	for _, env := range []string{"TERM=dumb", "CI=true"} {
		t.Run(env, func(t *testing.T) {
			screen := screentest.New(70, 40)
			_, fifo := onTerminal(t, screen, env)
			await(t, screen, "build  │ compiling\n")
			if err := os.WriteFile(fifo, []byte("\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			await(t, screen, "build  │ done\n", "again:   quire ci run --resume --only build\n")
			if strings.Contains(screen.Text(), "waiting") || len(screen.Faults()) > 0 {
				t.Errorf("the terminal shows\n%s", screen.Text())
			}
		})
	}
}
