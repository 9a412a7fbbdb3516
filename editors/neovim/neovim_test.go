// Package neovim tests the language server in Neovim, headless and for real.
package neovim

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// editors returns the Neovims to test in: those that QUIRE_NVIM lists, as paths
// separated as in PATH, or else the one that the PATH finds.
func editors(t *testing.T) []string {
	if list := os.Getenv("QUIRE_NVIM"); list != "" {
		return filepath.SplitList(list)
	}
	nvim, err := exec.LookPath("nvim")
	if err != nil {
		t.Skip("no nvim in PATH and none named by QUIRE_NVIM; .ci/run installs two")
	}
	return []string{nvim}
}

func TestNeovim(t *testing.T) {
	nvims := editors(t)
	server := build(t)
	for i, nvim := range nvims {
		t.Run(strings.ReplaceAll(nvim, "/", "_"), func(t *testing.T) {
			// A time to sleep that names the processes of this run.
			mark := fmt.Sprintf("%d.%d", 100000+os.Getpid(), i)
			root := clone(t)
			out := drive(t, nvim, server, filepath.Join(root, ".quire", "ci.fnl"), mark)
			if !strings.HasSuffix(strings.TrimSpace(out), "PASS") {
				t.Errorf("the scenario did not pass:\n%s", out)
			} else {
				t.Log(out)
			}
			gone(t, "sleep "+mark)
			gone(t, server)
		})
	}
}

// build returns the server, built from the tree that is tested.
func build(t *testing.T) string {
	t.Helper()
	server := filepath.Join(t.TempDir(), "quire-lsp")
	if out, err := exec.Command("go", "build", "-o", server, "quire/cmd/quire-lsp").CombinedOutput(); err != nil {
		t.Fatalf("building the server: %v\n%s", err, out)
	}
	return server
}

// clone returns a copy of the project that the editor may change.
func clone(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "project")
	out, err := exec.Command("git", "clone", "--quiet", "--no-hardlinks", "../..", root).CombinedOutput()
	if err != nil {
		t.Skipf("the project is not in a git repository that can be cloned: %s", out)
	}
	return root
}

// drive runs the scenario in a Neovim with an empty home.
func drive(t *testing.T, nvim, server, file, mark string) string {
	t.Helper()
	script, err := filepath.Abs("testdata/e2e.lua")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	args := []string{"--headless", "--clean", "-n", "-i", "NONE"}
	home := t.TempDir()
	env := append(os.Environ(), "QUIRE_LSP="+server, "QUIRE_FILE="+file, "QUIRE_MARK="+mark,
		"XDG_STATE_HOME="+home, "XDG_CACHE_HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	// A Neovim that was unpacked somewhere else than where it was built for
	// does not find its own files.
	prefix := filepath.Dir(filepath.Dir(nvim))
	if runtime := filepath.Join(prefix, "share", "nvim", "runtime"); prefix != "/usr" && exists(runtime) {
		env = append(env, "VIM="+filepath.Dir(runtime), "VIMRUNTIME="+runtime)
		args = append(args, "--cmd", "set rtp+="+filepath.Join(prefix, "lib", "nvim"))
	}
	cmd := exec.CommandContext(ctx, nvim, append(args, "-S", script)...)
	cmd.Env = env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v", nvim, err)
	}
	return out.String()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// gone checks that no process is left whose command line holds a text.
func gone(t *testing.T, text string) {
	t.Helper()
	var left []string
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left = processes(text); len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			break
		}
	}
	t.Errorf("processes left: %q", left)
}

func processes(text string) []string {
	var found []string
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended since
		}
		if words := strings.ReplaceAll(string(line), "\x00", " "); strings.Contains(words, text) {
			found = append(found, words)
		}
	}
	return found
}
