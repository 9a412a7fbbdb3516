// Package kakoune tests the settings for Kakoune in Kakoune, without the client
// that they are for.
package kakoune

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// commands are those of kakoune-lsp that the settings use, as its rc/lsp.kak
// defines them (version 19). They only say that they were called, and with what.
const commands = `
declare-option str lsp_servers
define-command lsp-enable-window %{ echo -to-file %sh{echo $QUIRE_OUT/enabled} yes }
define-command lsp-inlay-diagnostics-enable -params 1 %{ echo -to-file %sh{echo $QUIRE_OUT/diagnostics} %arg{1} }
define-command lsp-inlay-code-lenses-enable -params 1 %{ echo -to-file %sh{echo $QUIRE_OUT/lenses} %arg{1} }
define-command lsp-inlay-hints-enable -params 1 %{ echo -to-file %sh{echo $QUIRE_OUT/hints} %arg{1} }
define-command lsp-semantic-tokens nop
`

// look writes what there is to see in a file of each name, and quits even when
// there is nothing.
const look = `
try %{ echo -to-file %sh{echo $QUIRE_OUT/servers} -- %opt{lsp_servers} }
try %{ buffer *debug*; write %sh{echo $QUIRE_OUT/debug} }
quit!
`

// Opening a pipeline names the server, and turns on what is off by default.
func TestSettings(t *testing.T) {
	kak, err := exec.LookPath("kak")
	if err != nil {
		t.Skip("no kak in PATH; .ci/editors installs it")
	}
	home := t.TempDir()
	settings, err := os.ReadFile("quire.kak")
	if err != nil {
		t.Fatal(err)
	}
	autoload := filepath.Join(home, ".config", "kak", "autoload")
	file := filepath.Join(home, "repo", ".quire", "ci.fnl")
	for path, text := range map[string]string{
		filepath.Join(autoload, "commands.kak"): commands,
		filepath.Join(autoload, "quire.kak"):    string(settings),
		file:                                    "(local {: job} (require :quire.ci))\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// A directory of one's own hides the scripts that come with Kakoune.
	target, err := filepath.EvalSymlinks(kak)
	if err != nil {
		t.Fatal(err)
	}
	rc := filepath.Join(filepath.Dir(filepath.Dir(target)), "share", "kak", "rc")
	if err := os.Symlink(rc, filepath.Join(autoload, "rc")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, kak, "-ui", "dummy", "-e", look, file)
	out := t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, ".config"), "QUIRE_OUT="+out)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	for name, want := range map[string]string{
		"enabled": "yes", "diagnostics": "window", "lenses": "window", "hints": "window",
		"servers": "[quire-lsp]\n        root_globs = [\".quire\"]",
	} {
		got, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || !strings.Contains(string(got), want) {
			debug, _ := os.ReadFile(filepath.Join(out, "debug"))
			t.Errorf("%s: %q, %v, want %q; Kakoune says\n%s", name, got, err, want, debug)
		}
	}
}
