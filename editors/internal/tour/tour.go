// Package tour is what the tests of all editors share: the programs, built from
// the tree that is tested; repositories to open; what an editor has to show of
// them; and a look at what is still running afterwards.
package tour

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

//go:embed all:testdata
var testdata embed.FS

// Mistakes and Pipeline are the repositories: one that
// has every diagnostic that can stand beside the others in one file, and one
// whose jobs pass, fail, take long, and want one quick fix.
const (
	Mistakes = "mistakes"
	Pipeline = "pipeline"
)

// A Tour is one repository to open in one editor, with a home of its own.
type Tour struct {
	Bin  string // directory of quire and quire-lsp
	Root string // the repository
	File string // its ci.fnl
	Home string // an empty directory that stands for the user's
	Mark string // the seconds that the job `long` of [Pipeline] sleeps; no other process has this word

	t testing.TB
}

var tours atomic.Int32

// New prepares a repository for an editor. The directory of the programs is what
// [Programs] returns, so that several tours share them.
func New(t testing.TB, bin, repository string) *Tour {
	t.Helper()
	parent := t.TempDir()
	tour := &Tour{
		Bin:  bin,
		Root: filepath.Join(parent, repository),
		Home: filepath.Join(parent, "home"),
		Mark: fmt.Sprintf("%d.%d", 100_000+os.Getpid(), tours.Add(1)),
		t:    t,
	}
	tour.File = filepath.Join(tour.Root, ".quire", "ci.fnl")
	copyTo(t, tour.Root, repository)
	replace(t, tour.File, "MARK", tour.Mark)
	config := filepath.Join(tour.Home, ".config", "quire", "config.fnl")
	copyTo(t, filepath.Dir(config), "config/"+repository)
	if err := os.Chmod(config, 0o600); err != nil { // it holds a secret
		t.Fatal(err)
	}
	tour.git("init", "--quiet", "--initial-branch=main")
	tour.git("add", "--all")
	tour.git("commit", "--quiet", "--message=A pipeline")
	return tour
}

// Programs builds quire and quire-lsp and returns the directory that holds them.
func Programs(t testing.TB) string {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "quire/cmd/quire", "quire/cmd/quire-lsp")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the programs: %v\n%s", err, out)
	}
	return bin
}

// Env returns an environment for the editor: that of the test, with the
// programs first in the PATH, and everything that is the user's own below Home.
// More settings follow it and win.
func (tour *Tour) Env(more ...string) []string {
	env := append(os.Environ(),
		"PATH="+tour.Bin+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"HOME="+tour.Home,
		"XDG_CONFIG_HOME="+filepath.Join(tour.Home, ".config"),
		"XDG_DATA_HOME="+filepath.Join(tour.Home, ".local", "share"),
		"XDG_STATE_HOME="+filepath.Join(tour.Home, ".local", "state"),
		"XDG_CACHE_HOME="+filepath.Join(tour.Home, ".cache"),
		"QUIRE_CONFIG=",
		"GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=Tour", "GIT_AUTHOR_EMAIL=tour@example.com",
		"GIT_COMMITTER_NAME=Tour", "GIT_COMMITTER_EMAIL=tour@example.com")
	return append(env, more...)
}

// A Finding is a diagnostic, as `quire ci validate --format json` writes it.
// Lines and columns count from 1, columns in bytes; End is exclusive.
type Finding struct {
	Code     string
	Severity string
	Message  string
	File     string // relative to the repository
	Start    Place
	End      Place
}

// A Place is a position in a file.
type Place struct{ Line, Column, Offset int }

// Findings returns what the command line finds in the repository's ci.fnl as
// it is on disk: what an editor has to show, at these very places.
func (tour *Tour) Findings() []Finding {
	tour.t.Helper()
	validate := exec.Command(filepath.Join(tour.Bin, "quire"), "ci", "validate", "--format", "json", tour.Root)
	validate.Env = tour.Env()
	out, err := validate.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		tour.t.Fatalf("%v: %v", validate, err)
	}
	var report struct{ Diagnostics []Finding }
	if err := json.Unmarshal(out, &report); err != nil {
		tour.t.Fatalf("%v: %v\n%s", validate, err, out)
	}
	return report.Diagnostics
}

// Gone fails the test when a process of the tour is left. It waits for those
// that are just ending.
func (tour *Tour) Gone() {
	tour.t.Helper()
	left := tour.Left()
	for end := time.Now().Add(10 * time.Second); len(left) > 0 && time.Now().Before(end); left = tour.Left() {
		time.Sleep(20 * time.Millisecond)
	}
	if len(left) > 0 {
		tour.t.Errorf("processes left: %q", left)
	}
}

// Left returns the command lines of the tour's processes that still run: the job
// `long`, and servers. Those of other tours have another home in their
// environment.
func (tour *Tour) Left() []string {
	var left []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue // it has ended since
		}
		words := string(bytes.TrimSpace(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		if !strings.Contains(words, "sleep "+tour.Mark) && !strings.Contains(words, filepath.Join(tour.Bin, "quire")) {
			continue
		}
		if env, err := os.ReadFile(filepath.Join(dir, "environ")); err == nil && bytes.Contains(env, []byte(tour.Home)) {
			left = append(left, words)
		}
	}
	return left
}

// Sleeps reports whether the job `long` of [Pipeline] runs.
func (tour *Tour) Sleeps() bool {
	for _, process := range tour.Left() {
		if strings.Contains(process, "sleep "+tour.Mark) {
			return true
		}
	}
	return false
}

func (tour *Tour) git(args ...string) {
	tour.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", tour.Root}, args...)...)
	cmd.Env = tour.Env()
	if out, err := cmd.CombinedOutput(); err != nil {
		tour.t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

// copyTo writes a directory of testdata to the disk.
func copyTo(t testing.TB, to, name string) {
	t.Helper()
	from, err := fs.Sub(testdata, "testdata/"+name)
	if err == nil {
		err = os.CopyFS(to, from)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func replace(t testing.TB, path, old, new string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, bytes.ReplaceAll(text, []byte(old), []byte(new)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
