// Package emacs tests the Emacs package in Emacs, in batch and for real.
package emacs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quire/editors/internal/tour"
)

// An editor is an Emacs to test in.
type editor struct {
	path string
	env  []string // what it needs when it was unpacked somewhere else than where it was built for
	args []string
	elpa []string // directories of packages that came with it
}

// editors returns the Emacsen to test in.
func editors(t *testing.T) []editor {
	t.Helper()
	var found []editor
	for _, path := range tour.Editors(t, "QUIRE_EMACS", ".ci/emacs installs two", "emacs") {
		found = append(found, locate(path))
	}
	return found
}

// locate returns the Emacs at a path. One that was unpacked below a directory
// of its own is told where its files are.
func locate(path string) editor {
	prefix := filepath.Dir(filepath.Dir(path))
	e := editor{path: path}
	for _, pattern := range []string{"/share/emacs/site-lisp/elpa", "/share/emacs/site-lisp/elpa-src"} {
		if _, err := os.Stat(prefix + pattern); err == nil {
			e.elpa = append(e.elpa, prefix+pattern)
		}
	}
	lisp, _ := filepath.Glob(prefix + "/share/emacs/[0-9]*/lisp")
	dumps, _ := filepath.Glob(prefix + "/libexec/emacs/*/*/*.pdmp")
	if prefix == "/usr" || len(lisp) == 0 || len(dumps) == 0 {
		return e
	}
	etc := filepath.Join(filepath.Dir(lisp[0]), "etc")
	e.env = []string{"EMACSLOADPATH=" + lisp[0], "EMACSDATA=" + etc, "EMACSDOC=" + etc, "EMACSPATH=" + filepath.Dir(dumps[0])}
	e.args = []string{"--dump-file=" + dumps[0]}
	return e
}

// each runs a test in every Emacs with every package that can start the server.
func each(t *testing.T, test func(*testing.T, editor, string)) {
	for _, e := range editors(t) {
		for _, client := range []string{"eglot", "lsp-mode"} {
			t.Run(client+"_"+strings.ReplaceAll(e.path, "/", "_"), func(t *testing.T) {
				if !e.has(t, client) {
					t.Skipf("%s has no %s", e.path, client)
				}
				test(t, e, client)
			})
		}
	}
}

// has reports whether an Emacs has a package.
func (e editor) has(t *testing.T, name string) bool {
	t.Helper()
	cmd := e.batch(t, nil, "--eval", "(package-initialize)", "--eval",
		fmt.Sprintf("(kill-emacs (if (locate-library %q) 0 3))", name))
	return cmd.Run() == nil
}

// batch returns a command that runs an Emacs without a terminal.
func (e editor) batch(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	start := append([]string{"-Q", "--batch", "--eval", "(require 'package)"}, e.args...)
	for _, dir := range e.elpa {
		start = append(start, "--eval", fmt.Sprintf("(add-to-list 'package-directory-list %q)", dir))
	}
	cmd := exec.CommandContext(ctx, e.path, append(start, args...)...)
	if env == nil {
		env = append(os.Environ(), "HOME="+t.TempDir())
	}
	cmd.Env = append(env, e.env...)
	return cmd
}

// drive plays a scenario on a tour and returns what it says.
func (e editor) drive(t *testing.T, tr *tour.Tour, client, scenario string) string {
	t.Helper()
	tour.Sources(t, "*.el")
	tr.Clone()
	script := tour.Sources(t, "testdata/*.el")[0]
	cmd := e.batch(t, tr.Env("QUIRE_CLIENT="+client, "QUIRE_SCENARIO="+scenario, "QUIRE_FILE="+tr.File,
		"QUIRE_INSTALL="+installLine(t)), "-l", script)
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v", e.path, err)
	}
	if !strings.HasSuffix(strings.TrimSpace(out.String()), "PASS") {
		t.Errorf("the scenario did not pass:\n%s%s", out.String(), messages.String())
	} else {
		t.Log(out.String())
	}
	tr.Gone()
	return out.String()
}

// installLine returns the line that the README gives to install the package.
func installLine(t *testing.T) string { return tour.InstallLine(t, `\(package-install-file .*\)`) }

// Every mistake of the tour is marked where the command line finds it.
func TestMistakes(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, e editor, client string) {
		tr := tour.New(t, bin, tour.Mistakes)
		var all []shown
		for _, line := range strings.Split(e.drive(t, tr, client, "mistakes"), "\n") {
			if text, ok := strings.CutPrefix(line, "finding "); ok {
				all = append(all, parse(t, text))
			}
		}
		if t.Failed() {
			return
		}
		for _, f := range tr.Findings() {
			if !isShown(all, f) {
				t.Errorf("not shown: %s %s at %v to %v", f.Code, f.Message, f.Start, f.End)
			}
		}
		if t.Failed() {
			t.Logf("shown: %+v", all)
		}
	})
}

// What Flymake shows of a diagnostic.
type shown struct {
	Text       string
	Type       string
	Start, End [2]int // line and column in bytes, from 1
}

func parse(t *testing.T, text string) shown {
	t.Helper()
	var s shown
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return s
}

func isShown(all []shown, f tour.Finding) bool {
	for _, s := range all {
		if s.Start == [2]int{f.Start.Line, f.Start.Column} && s.End == [2]int{f.End.Line, f.End.Column} &&
			strings.Contains(s.Text, f.Message) && strings.HasSuffix(s.Type, flymakeType(f.Severity)) {
			return true
		}
	}
	return false
}

// flymakeType returns what Flymake calls a severity.
func flymakeType(severity string) string {
	if severity == "error" || severity == "warning" {
		return severity
	}
	return "note"
}

// A person writes, runs, looks and cancels.
func TestPipeline(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, e editor, client string) {
		e.drive(t, tour.New(t, bin, tour.Pipeline), client, "pipeline")
	})
}
