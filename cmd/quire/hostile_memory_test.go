//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"quire/exec/exectest"
)

// mostResident is how many bytes a command may have in memory, whatever it is
// given to read.
const mostResident = 512 << 20

// TestHostileMemory has the program itself validate and format each case of
// testdata/hostile, a process each: it ends by itself, says no more than somebody
// can read, and stays small. How long it took is reported, not checked.
func TestHostileMemory(t *testing.T) {
	if raced {
		t.Skip("what the race detector needs is no measure")
	}
	for i, h := range exectest.ReadHostile(t, "../../testdata/hostile") {
		// Few files are as demanding as those with very much of something.
		if !long && i%16 != 0 && h.Name != "file-forms" && h.Name != "file-unknown-names-few" {
			continue
		}
		t.Run(h.Name, func(t *testing.T) {
			root := h.Make(t, t.TempDir())
			defer h.Change(t)()
			for _, args := range [][]string{{"ci", "validate"}, {"ci", "validate", "--format", "json"}, {"fmt"}} {
				measureHostile(t, root, args)
			}
		})
	}
}

// mostOutput is how many bytes are enough to say what is wrong with a file.
const mostOutput = 4 << 20

// measureHostile runs a command in a hostile repository.
func measureHostile(t *testing.T, root string, args []string) {
	t.Helper()
	program, err := os.Executable() // which is quire where that is its name
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Args[0] = "quire"
	cmd.Dir = root
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+home, "XDG_CONFIG_HOME="+home)
	out := &counter{}
	cmd.Stdout, cmd.Stderr = out, out
	start := time.Now()
	err = cmd.Run()
	took := time.Since(start)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0 || exit.ExitCode() > 3) {
		t.Fatalf("quire %s: %v", strings.Join(args, " "), err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	resident := usage.Maxrss << 10
	busy := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	t.Logf("quire %s: %d MiB, %v (%v busy), %d bytes written", strings.Join(args, " "), resident>>20,
		took.Round(time.Millisecond), busy.Round(time.Millisecond), out.n)
	if resident > mostResident {
		t.Errorf("quire %s took %d MiB", strings.Join(args, " "), resident>>20)
	}
	if out.n > mostOutput {
		t.Errorf("quire %s wrote %d bytes", strings.Join(args, " "), out.n)
	}
}

// A counter counts what is written to it.
type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}
