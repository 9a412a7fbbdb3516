// Package helix tests the settings for Helix in Helix, in a terminal and for
// real.
package helix

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quire/editors/internal/terminal"
	"quire/editors/internal/tour"
)

// each runs a test in every Helix.
func each(t *testing.T, test func(t *testing.T, hx string)) {
	t.Helper()
	for _, hx := range tour.Editors(t, "QUIRE_HELIX", ".ci/helix installs two", "hx", "helix") {
		t.Run(strings.ReplaceAll(hx, "/", "_"), func(t *testing.T) { test(t, hx) })
	}
}

// A helix is a Helix in a terminal with the pipeline of a tour open.
type helix struct {
	*terminal.Terminal
	t *testing.T
}

// open opens the pipeline of a tour in a terminal of a size, with the settings of
// this directory. Trusted says in them that jobs may run.
func open(t *testing.T, hx string, tr *tour.Tour, columns, rows int, trusted bool) helix {
	t.Helper()
	for _, name := range []string{"languages.toml", "config.toml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if trusted && name == "languages.toml" {
			text = []byte(strings.Replace(string(text), "# config = ", "config = ", 1))
		}
		if name == "config.toml" { // colours for any ground, also that of pictures
			text = append([]byte("theme = \"base16_transparent\"\n"), text...)
		}
		path := filepath.Join(tr.Home, ".config", "helix", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := tr.Env("TERM=xterm-256color")
	// One that was unpacked somewhere else does not find its own files.
	runtime := filepath.Join(filepath.Dir(filepath.Dir(hx)), "lib", "hx", "runtime")
	if _, err := os.Stat(runtime); err == nil {
		env = append(env, "HELIX_RUNTIME="+runtime)
	}
	h := helix{terminal.Start(t, columns, rows, tr.Root, env, hx, tr.File), t}
	h.See(`NOR +\.quire/ci\.fnl`)
	return h
}

// command executes a command of the command line.
func (h helix) command(text string) {
	h.t.Helper()
	h.Type(":" + text)
	h.See(`^:` + text[:min(len(text), 20)])
	h.Keys("Enter")
}

// lineOf goes to the line that begins with a text.
func (h helix) lineOf(text string) {
	h.t.Helper()
	number := h.See(`^[^ ]? +(\d+)[ ▍]+` + regexp.QuoteMeta(text))[0]
	h.command(number)
	h.See(` ` + number + `:\d+ *$`)
	h.Type("gh")
	h.See(` ` + number + `:1 *$`)
}

// act chooses a code action at the cursor.
func (h helix) act(title string) {
	h.t.Helper()
	h.Type(" a")
	h.See(`^.* ` + title)
	item := regexp.MustCompile(title)
	rows := strings.Split(h.Screen(), "\n")
	for i := h.Row() + 1; i < len(rows) && !item.MatchString(rows[i]); i++ {
		h.Keys("C-n") // the menu is below the cursor, and its first item is chosen
	}
	h.Keys("Enter")
	h.Unsee(`^ +\d* ` + title)
}

// Every mistake of the tour is underlined where the command line finds it, and
// its message stands below the line.
func TestMistakes(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, hx string) {
		tr := tour.New(t, bin, tour.Mistakes)
		h := open(t, hx, tr, 240, 60, false) // wide enough for every message
		findings := slices.DeleteFunc(tr.Findings(), func(f tour.Finding) bool { return f.File != ".quire/ci.fnl" })
		h.See(fmt.Sprintf(`● %d`, count(findings, "error")))

		// Backwards through all, since that leaves the cursor at the beginning of
		// each, also of one within another.
		starts := map[[2]int]bool{}
		for _, f := range findings {
			starts[[2]int{f.Start.Line, f.Start.Column}] = true
		}
		places := make([][2]int, 0, len(starts))
		for place := range starts {
			places = append(places, place)
		}
		slices.SortFunc(places, func(a, b [2]int) int { return slices.Compare(b[:], a[:]) })
		for i, place := range places {
			if i == 0 { // which is in the last line
				h.Type("ge]d")
			} else {
				h.Type("[d")
			}
			h.See(fmt.Sprintf(` %d:%d *$`, place[0], place[1]))
			for _, f := range findings {
				if f.Start.Line == place[0] && f.Start.Column == place[1] {
					h.Until(f.Code+" at "+fmt.Sprint(place), func() bool { return shows(h.Screen(), f.Message) })
				}
			}
		}
		h.command("q!")
		h.Ended()
		tr.Gone()
	})
}

func count(findings []tour.Finding, severity string) (n int) {
	for _, f := range findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// shows reports whether a screen shows a message, in lines of which each is
// drawn behind what leads to it.
func shows(screen, message string) bool {
	return strings.Contains(screen, message)
}
