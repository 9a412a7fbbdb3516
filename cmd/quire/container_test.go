package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/exec/exectest"
)

// TestSignalsEndContainers sends signals to a process whose run is in a
// container, and to nothing else.
func TestSignalsEndContainers(t *testing.T) {
	containers := exectest.NewContainers(t)
	program := filepath.Join(t.TempDir(), "quire")
	if err := os.Symlink(os.Args[0], program); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			repo := exectest.New(t, txtar.Parse(fmt.Appendf(nil, `
-- repo/.quire/ci.fnl --
(local ci (require :quire.ci))
(ci.image %q)
(ci.job :wait [:quire/push]
  (fn [{: sh}]
    (sh "trap '' INT HUP; sleep 1000 & echo under way; wait")))
`, containers.Image)))
			cmd := exec.Command(program, "ci", "run", "--container", "--container-runtime", containers.Runtime, "--events", "-")
			cmd.Dir, cmd.Env, cmd.Stderr = repo.Root, repo.Env, testWriter{t}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			last := ""
			for lines := bufio.NewScanner(out); lines.Scan(); {
				last = lines.Text()
				if strings.Contains(last, `"text":"under way`) {
					if err := cmd.Process.Signal(signal); err != nil {
						t.Error(err)
					}
				}
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 128+int(signal) {
				t.Errorf("ended with %v", err)
			}
			if !strings.Contains(last, `"type":"run_finished"`) || !strings.Contains(last, `"outcome":"cancelled"`) {
				t.Errorf("last event %s", last)
			}
			runs, _ := filepath.Glob(filepath.Join(repo.Base, "state/quire/runs/*/failed/*"))
			if len(runs) != 1 {
				t.Fatalf("runs recorded: %q", runs)
			}
			if left := containers.Left(t, filepath.Base(runs[0])); left != "" {
				t.Errorf("containers left: %s", left)
			}
		})
	}
}

// A testWriter writes to the log of a test.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}
