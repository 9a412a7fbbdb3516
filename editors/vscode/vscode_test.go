// Package vscode tests the extension in VS Code's own workbench: code-server,
// driven in a browser.
package vscode

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"quire/editors/internal/tour"
)

// settings returns what .ci/code-server prints that leads to code-server, to the
// Node that runs it, and to a browser.
func settings(t *testing.T) (codeServer, node, chromium string) {
	t.Helper()
	codeServer, node, chromium = os.Getenv("QUIRE_CODE_SERVER"), os.Getenv("QUIRE_NODE"), os.Getenv("QUIRE_CHROMIUM")
	if codeServer == "" || node == "" || chromium == "" {
		t.Skip("QUIRE_CODE_SERVER, QUIRE_NODE and QUIRE_CHROMIUM do not lead to VS Code's workbench and a browser; .ci/code-server installs them and prints these settings")
	}
	return codeServer, node, chromium
}

// packaged returns the extension, packaged from the tree that is tested.
var packaged = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "quire-vsix-")
	if err != nil {
		return "", err
	}
	vsix := filepath.Join(dir, "quire.vsix")
	out, err := npm("run", "package", "--", "--out", vsix)
	if err != nil {
		return "", &npmError{err, out}
	}
	return vsix, nil
})

type npmError struct {
	err error
	out []byte
}

func (e *npmError) Error() string { return e.err.Error() + "\n" + string(e.out) }

// npm runs npm in this folder with the Node of the tests.
func npm(args ...string) ([]byte, error) {
	cmd := exec.Command("npm", args...)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(os.Getenv("QUIRE_NODE"))+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return cmd.CombinedOutput()
}

// What needs no workbench: the grammars, the language configuration, and that
// the manifest and the README have the settings of the server.
func TestParts(t *testing.T) {
	settings(t)
	out, err := npm("test")
	if err != nil {
		t.Errorf("npm test: %v\n%s", err, out)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if vsix, err := packaged(); err == nil && os.Getenv("QUIRE_CODE_SERVER") != "" {
		_ = os.RemoveAll(filepath.Dir(vsix))
	}
	os.Exit(code)
}

// shots returns where a test leaves its screenshots: in a folder that
// QUIRE_SCREENSHOTS names, or nowhere that lasts.
func shots(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("QUIRE_SCREENSHOTS")
	if dir == "" {
		return t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// play plays a scenario of e2e/ on a repository and looks at what is left.
func play(t *testing.T, scenario, repository string, more map[string]any) {
	t.Helper()
	codeServer, node, chromium := settings(t)
	vsix, err := packaged()
	if err != nil {
		t.Fatalf("packaging the extension: %v", err)
	}
	one := tour.New(t, tour.Programs(t), repository)
	given := map[string]any{
		"root": one.Root, "file": one.File, "home": one.Home, "bin": one.Bin, "mark": one.Mark,
		"findings": findings(one), "env": map[string]string{},
		"vsix": vsix, "codeServer": codeServer, "node": node, "chromium": chromium, "shots": shots(t),
		"theme": cmp.Or(os.Getenv("QUIRE_THEME"), "Default Dark Modern"),
	}
	for key, value := range more {
		given[key] = value
	}
	text, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "e2e/run.mjs", scenario)
	cmd.Env, cmd.Stdin = one.Env(), bytes.NewReader(text)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(one.Home, "code-server.log"))
		t.Errorf("%s: %v\n%s\n%s", scenario, err, out, log)
	} else {
		t.Log("\n" + strings.TrimSpace(string(out)))
	}
	one.Gone()
}

// findings returns what the editor has to show, in the words of the scenarios.
func findings(one *tour.Tour) []map[string]any {
	list := []map[string]any{}
	for _, f := range one.Findings() {
		list = append(list, map[string]any{
			"code": f.Code, "severity": f.Severity, "message": f.Message, "file": f.File,
			"start": map[string]int{"line": f.Start.Line, "column": f.Start.Column},
			"end":   map[string]int{"line": f.End.Line, "column": f.End.Column},
		})
	}
	return list
}

func TestMistakes(t *testing.T) { play(t, "mistakes", tour.Mistakes, nil) }

func TestPipeline(t *testing.T) { play(t, "pipeline", tour.Pipeline, nil) }

func TestExplorer(t *testing.T) { play(t, "explorer", tour.Pipeline, nil) }

func TestTrust(t *testing.T) { play(t, "trust", tour.Pipeline, nil) }

func TestWalkthrough(t *testing.T) { play(t, "walkthrough", tour.Pipeline, nil) }

// Makes the pictures of the README and of the walkthrough, in the folder that
// QUIRE_SCREENSHOTS names and the theme of QUIRE_THEME.
func TestPictures(t *testing.T) {
	if os.Getenv("QUIRE_SCREENSHOTS") == "" {
		t.Skip("QUIRE_SCREENSHOTS names no folder for them")
	}
	play(t, "pictures", tour.Pipeline, nil)
}
