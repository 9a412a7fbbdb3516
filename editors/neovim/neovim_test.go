// Package neovim tests the Neovim plugin in Neovim, headless and for real.
package neovim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"quire/editors/internal/tour"
)

// An editor is a Neovim to test in.
type editor struct {
	path string
	env  []string // what it needs when it was unpacked somewhere else than where it was built for
	args []string
}

// each runs a test in every Neovim.
func each(t *testing.T, test func(*testing.T, editor)) {
	t.Helper()
	for _, path := range tour.Editors(t, "QUIRE_NVIM", ".ci/editors installs three", "nvim") {
		t.Run(strings.ReplaceAll(path, "/", "_"), func(t *testing.T) { test(t, locate(path)) })
	}
}

// locate returns the Neovim at a path. One that was unpacked below a directory
// of its own is told where its files are.
func locate(path string) editor {
	e := editor{path: path}
	prefix := filepath.Dir(filepath.Dir(path))
	runtime := filepath.Join(prefix, "share", "nvim", "runtime")
	if _, err := os.Stat(runtime); err == nil && prefix != "/usr" {
		e.env = []string{"VIM=" + filepath.Dir(runtime), "VIMRUNTIME=" + runtime}
		e.args = []string{"--cmd", "set runtimepath+=" + filepath.Join(prefix, "lib", "nvim")}
	}
	return e
}

// install makes a home with the clone where the README has it, and these lines in
// init.lua.
func install(t *testing.T, tr *tour.Tour, lines ...string) {
	t.Helper()
	for _, pattern := range []string{"*/*.lua", "*/*.vim", "*/*/*.lua", "doc/*"} {
		tour.Sources(t, pattern)
	}
	config := filepath.Join(tr.Home, ".config", "nvim")
	if err := os.MkdirAll(config, 0o755); err != nil {
		t.Fatal(err)
	}
	tr.Clone()
	text := strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(config, "init.lua"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// installLine returns the line that the README gives to install the plugin.
func installLine(t *testing.T) string {
	return tour.InstallLine(t, `vim\..*require\('quire'\)\.setup\(\)`)
}

// play plays a scenario of testdata in a tour, without a screen, and returns what
// it says.
func (e editor) play(t *testing.T, tr *tour.Tour, scenario string, env ...string) string {
	t.Helper()
	scripts, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	tour.Sources(t, "testdata/*.lua")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.path, append(e.args, "--headless", tr.File, "-S", filepath.Join(scripts, scenario+".lua"))...)
	cmd.Dir = tr.Root
	cmd.Env = append(tr.Env(append(e.env, "QUIRE_SCRIPTS="+scripts)...), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v", e.path, err)
	}
	if !strings.HasSuffix(strings.TrimSpace(out.String()), "PASS") {
		t.Errorf("the scenario did not pass:\n%s", out.String())
	} else {
		t.Log(out.String())
	}
	tr.Gone()
	return out.String()
}

// Every mistake of the tour is marked where the command line finds it.
func TestMistakes(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, e editor) {
		tr := tour.New(t, bin, tour.Mistakes)
		install(t, tr, installLine(t))
		var all []shown
		for line := range strings.SplitSeq(e.play(t, tr, "mistakes"), "\n") {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), "finding "); ok {
				var s shown
				if err := json.Unmarshal([]byte(text), &s); err != nil {
					t.Fatalf("%v: %s", err, text)
				}
				all = append(all, s)
			}
		}
		findings := tr.Findings()
		for _, f := range findings {
			if !isShown(all, f) {
				t.Errorf("not shown: %s %s at %v to %v", f.Code, f.Message, f.Start, f.End)
			}
		}
		if len(all) != len(findings) {
			t.Errorf("%d diagnostics are shown, want %d", len(all), len(findings))
		}
		if t.Failed() {
			t.Logf("shown: %+v", all)
		}
	})
}

// What Neovim has of a diagnostic.
type shown struct {
	Code, Message, Severity string
	Start, End              [2]int // line and column in bytes, from 1
}

func isShown(all []shown, f tour.Finding) bool {
	for _, s := range all {
		if s.Start == [2]int{f.Start.Line, f.Start.Column} && s.End == [2]int{f.End.Line, f.End.Column} &&
			s.Code == f.Code && s.Severity == f.Severity && strings.Contains(s.Message, f.Message) {
			return true
		}
	}
	return false
}

// Every command and every option does what the help says.
func TestCommands(t *testing.T) {
	const options = "{ log = 'start', height = 7, trusted = true, quickfix = false, lens = false, notify = false }"
	line := installLine(t)
	path, _, _ := strings.Cut(line, ";")
	tests := []struct {
		name, scenario string
		init           []string
		file           string // relative to the repository
		since          string // a feature that it needs, or empty
	}{
		{"setup", "commands", []string{line}, ".quire/ci.fnl", ""},
		{"enabled", "commands", []string{path, "vim.lsp.enable('quire')"}, ".quire/ci.fnl", "nvim-0.11"},
		{"options", "options", []string{strings.Replace(line, "setup()", "setup("+options+")", 1)}, ".quire/ci.fnl", ""},
		{"elsewhere", "elsewhere", []string{line}, "notes.txt", ""},
	}
	bin := tour.Programs(t)
	each(t, func(t *testing.T, e editor) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				if test.since != "" && !e.has(t, test.since) {
					t.Skipf("it has no %s", test.since)
				}
				tr := tour.New(t, bin, tour.Pipeline)
				tr.File = filepath.Join(tr.Root, test.file)
				install(t, tr, test.init...)
				e.play(t, tr, test.scenario)
			})
		}
	})
}

// has reports whether a Neovim has a feature.
func (e editor) has(t *testing.T, feature string) bool {
	t.Helper()
	check := fmt.Sprintf("if !has('%s') | cquit 3 | endif", feature)
	cmd := exec.CommandContext(t.Context(), e.path, append(e.args, "--headless", "--clean", "-c", check, "-c", "q")...)
	cmd.Env = append(os.Environ(), e.env...)
	return cmd.Run() == nil
}

// The line of the README installs all there is.
func TestInstall(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, e editor) {
		tr := tour.New(t, bin, tour.Pipeline)
		install(t, tr, installLine(t))
		e.play(t, tr, "install")
	})
}

// Tags are in the tree, so that nobody has to make them, and are those of the help.
func TestHelpTags(t *testing.T) {
	help, err := os.ReadFile("doc/quire.txt")
	if err != nil {
		t.Fatal(err)
	}
	tags, err := os.ReadFile("doc/tags")
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, e editor) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "quire.txt"), help, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), e.path, append(e.args, "--headless", "--clean", "-c", "helptags "+dir, "-c", "q")...)
		cmd.Env = append(os.Environ(), e.env...)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%v\n%s", err, out)
		}
		if now, err := os.ReadFile(filepath.Join(dir, "tags")); err != nil || !bytes.Equal(now, tags) {
			t.Errorf("%v: doc/tags is old; say :helptags doc", err)
		}
	})
}

// The health check says what is there, and what to do about what is missing.
func TestHealth(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, e editor) {
		tr := tour.New(t, bin, tour.Pipeline)
		install(t, tr, installLine(t))
		good := e.play(t, tr, "health", "QUIRE_LIVE=1")
		for _, want := range []string{`Neovim 0\.`, `quire-lsp: quire-lsp `, `git version`, `the server runs for ` + tr.Root} {
			if !regexp.MustCompile(want).MatchString(good) {
				t.Errorf("the health check does not say %q:\n%s", want, good)
			}
		}
		if strings.Contains(good, "ERROR") {
			t.Errorf("the health check finds errors:\n%s", good)
		}
		bad := e.play(t, tr, "health", "PATH="+t.TempDir())
		for _, want := range []string{`(?s)the language server quire-lsp is not in PATH.*:checkhealth quire.*Neovim 0`, `ERROR:? the language server quire-lsp is not in PATH`, `go install`, `ERROR:? git is not in PATH`} {
			if !regexp.MustCompile(want).MatchString(bad) {
				t.Errorf("the health check does not say %q:\n%s", want, bad)
			}
		}
	})
}
