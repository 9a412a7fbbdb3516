package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestSpoiltSession has a session open a file that spoils all that it reaches, at
// compile time and then, edit it, and open others: all of them see what they see
// in a session of their own.
func TestSpoiltSession(t *testing.T) {
	const (
		probe = `
(macro probed [] (let [probe (require :probe)] (probe)))
(macro shouted [text] (string.upper text))
(fn digest [lines]
  (accumulate [sum (length lines) c (string.gmatch (table.concat lines "\n") ".")]
    (% (+ (* 31 sum) (string.byte c)) 1000003)))
(error (.. (shouted "shouted ") (length (probed)) ":" (digest (probed)) " " (digest ((require :probe) [:quire.ci :fennel]))))
`
		spoil = `
(eval-compiler (let [poison (require :poison)] (tset string :upper #:POISON) (poison (fn [{: visit}] (visit :_G _G) (visit :probe (require :probe))))))
(math.randomseed 7)
((require :poison) (fn [{: visit}] (visit :probe (require :probe)) (visit :ci (require :quire.ci)) (visit :_G _G)))
`
	)
	prepared := func() string {
		root := t.TempDir()
		names, err := filepath.Glob("../../testdata/reach/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			write(t, root, filepath.Base(name), string(text))
		}
		return root
	}
	alone := start(t, everything)
	u := alone.openIn(prepared(), ".quire/ci.fnl", probe)
	want := plain(alone.published(u, 1), u)
	if got := strings.Join(want, "\n"); !strings.Contains(got, "SHOUTED 1") || strings.Contains(got, "POISON") {
		t.Fatalf("the program tells of %s", got)
	}

	c := start(t, everything)
	root := prepared()
	u = c.openIn(root, ".quire/ci.fnl", spoil)
	equal(t, "what spoils things", len(c.published(u, 1)), 0)
	for i, text := range []string{probe, spoil + probe, probe} {
		version := int32(i + 2)
		c.change(u, version, text)
		got := plain(c.published(u, version), u)
		if text == probe {
			equal(t, "the next version", got, want)
		}
	}
	v := c.openIn(prepared(), ".quire/ci.fnl", probe)
	equal(t, "another file", plain(c.published(v, 1), v), want)
}

// TestHostileRepository opens, edits and runs the pipeline of a repository that
// configures all kinds of programs for git to start. The server starts none.
func TestHostileRepository(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	archive, err := txtar.ParseFile("../../testdata/hostile/surface/configured_programs.txtar")
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Dir(workspace(t))
	for _, f := range archive.Files {
		write(t, base, f.Name, string(f.Data))
	}
	root := filepath.Join(base, "repo")
	for _, args := range [][]string{
		{"git", "init", "-q"},
		{"git", "add", "-A"},
		{"git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", "A commit"},
		{"sh", "../arm.sh"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "WORK="+base, "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com",
			"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	text, err := os.ReadFile(filepath.Join(root, ".quire", "ci.fnl"))
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, capable(`{}`, `{"runState": true}`))
	u := c.openIn(root, ".quire/ci.fnl", string(text))
	c.published(u, 1)
	c.change(u, 2, strings.Replace(string(text), ":n 1", ":n 2", 1))
	c.published(u, 2)
	c.run(u)
	c.wait("the end of the run", func() bool { return len(c.finished) == 1 })
	c.look(func() { equal(t, "outcome", string(c.finished[0].Outcome), "succeeded") })
	if text, err := os.ReadFile(filepath.Join(base, "called")); err == nil {
		t.Errorf("these were started:\n%s", text)
	}
	cmd := exec.Command("git", "add", "-A") // they are armed
	cmd.Dir = root
	_ = cmd.Run()
	if _, err := os.Stat(filepath.Join(base, "called")); err != nil {
		t.Error("git itself starts none of them")
	}
}
