//go:build unix

package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWatch edits a repository that quire watches, and reads what it says.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	const pipeline = `(local {: job} (require :quire.ci))
(job :build [:quire/push] (fn [{: sh}] (let [_ignored (sh "cat text")] nil)))
(job :test [:build] (fn [{: sh}] (let [_ignored (sh "echo tested")] nil)))
`
	write("repo/.quire/ci.fnl", pipeline)
	write("repo/text", "one\n")
	cmd := exec.Command("quire", "ci", "run", "--watch", "--output", "prefix")
	cmd.Dir = filepath.Join(dir, "repo")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8"}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()
	lines := bufio.NewScanner(out)
	// until returns what is shown up to a line.
	until := func(last string) string {
		t.Helper()
		var text strings.Builder
		for lines.Scan() {
			text.WriteString(lines.Text() + "\n")
			if lines.Text() == last {
				return text.String()
			}
		}
		t.Fatalf("no %q in\n%s", last, text.String())
		return ""
	}
	check := func(text string, want ...string) {
		t.Helper()
		for _, w := range want {
			if before, ok := strings.CutPrefix(w, "not "); ok == strings.Contains(text, before) {
				t.Errorf("expected %s in\n%s", w, text)
			}
		}
	}
	const waiting = "Waiting for a change. An interrupt ends this."
	check(until(waiting), "build │ one\n", "test  │ tested\n", "not changed:")
	write("repo/text", "two\n")
	check(until(waiting), "\ntext changed: running again\n", "build │ two\n", "test  │ tested\n")
	write("repo/.quire/ci.fnl", strings.Replace(pipeline, "echo tested", "echo tested again", 1))
	check(until(waiting), "\n.quire/ci.fnl changed: running test\n", "test │ tested again\n", "not cat text")
	write("repo/.quire/ci.fnl", strings.Replace(pipeline, "(job :test", "(jobb :test", 1))
	check(until(waiting), "\n.quire/ci.fnl changed: it cannot be run\n", "unknown identifier: jobb")
	write("repo/.quire/ci.fnl", pipeline)
	check(until(waiting), "\n.quire/ci.fnl changed: running test\n", "test │ tested\n")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		t.Errorf("at last it says %q", lines.Text())
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("it ended with %v", err)
	}
}
