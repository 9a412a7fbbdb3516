package emacs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quire/editors/internal/terminal"
	"quire/editors/internal/tour"
)

// init.el, as the README has it, for somebody who uses a mouse.
const initFile = `(setq native-comp-jit-compilation nil native-comp-enable-subr-trampolines nil inhibit-startup-screen t
      package-install-upgrade-built-in nil make-backup-files nil)
(xterm-mouse-mode 1)
(menu-bar-mode -1)
(add-hook 'quire-fennel-mode-hook #'eglot-ensure)
(add-hook 'emacs-startup-hook (lambda () (message "Ready")))
`

// A person uses the mouse and the keys, and sees what is drawn.
func TestTerminal(t *testing.T) {
	bin := tour.Programs(t)
	for _, e := range editors(t) {
		t.Run(strings.ReplaceAll(e.path, "/", "_"), func(t *testing.T) {
			if !e.has(t, "eglot") {
				t.Skipf("%s has no eglot", e.path)
			}
			tr := tour.New(t, bin, tour.Pipeline)
			term := e.open(t, tr)

			term.See(`▶ run all`)
			lines := strings.Split(term.Screen(), "\n")
			for i, line := range lines {
				if strings.HasPrefix(strings.TrimSpace(line), "(job :build ") && strings.TrimSpace(lines[i-1]) != "▶ run" {
					t.Errorf("no lens above the job:\n%s", term.Screen())
				}
			}
			term.Keys("M-<")
			for range 4 {
				term.Keys("C-n")
			}
			term.At("(job :build ", 0)

			term.Click(`▶ run$`)
			term.See(`Do you trust`)
			term.Keys("Enter")
			term.See(`✓ build 0\.\d s`)
			term.See(`▶ run  ✓ \d`)
			term.Keys("C-x", "o") // to the run, and back, so that its end is seen
			term.Keys("C-x", "o")

			term.Click(`▶ run  ▶ run only`)
			term.See(`✓ test 0\.\d s`)
			term.See(`build │ \$ echo built`)

			term.Keys("C-c", ",", "r")
			term.See(`Run job`)
			term.Type("broken")
			term.Keys("Enter")
			term.See(`\.quire/ci\.fnl:17:21: job 'broken' failed`)
			term.See(`▶ run  ✗ assertion failed!`)
			term.Save("media/run.svg")
			term.Keys("C-x", "`")
			term.At(`(sh "echo reason`, 0)

			term.Keys("C-c", ",", ",")
			term.See(`what the lens here does`)
			term.Save("media/menu.svg")
			term.Keys("g")
			term.See(`├─ build`)
			term.Save("media/graph.svg")
			term.Keys("C-x", "1")

			term.Keys("C-c", ",", "r")
			term.See(`Run job`)
			term.Type("long")
			term.Keys("Enter")
			term.See(`▶ long`)
			term.See(`■ cancel`)
			term.Keys("C-x", "C-c")
			term.Ended()
			tr.Gone()
		})
	}
}

// open opens the pipeline of a tour in an Emacs with the package.
func (e editor) open(t *testing.T, tr *tour.Tour) *terminal.Terminal {
	t.Helper()
	tour.Sources(t, "*.el")
	tr.Clone()
	config := filepath.Join(tr.Home, "init.el")
	text := "(require 'package)\n"
	for _, dir := range e.elpa {
		text += "(add-to-list 'package-directory-list \"" + dir + "\")\n"
	}
	text += "(package-initialize)\n" + installLine(t) + "\n" + initFile
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append(e.args, "-nw", "-Q", "-l", config, tr.File)
	return terminal.Start(t, 100, 50, tr.Root, append(tr.Env("TERM=xterm-256color"), e.env...), e.path, args...)
}
