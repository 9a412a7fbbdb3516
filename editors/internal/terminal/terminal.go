// Package terminal drives programs that draw on a terminal, as a person does: in
// tmux, by keys, with eyes on the screen.
package terminal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a screen may take to show something.
const patience = 60 * time.Second

// A Terminal is a terminal with one program in it.
type Terminal struct {
	t      testing.TB
	socket string
}

// Start runs a program in a terminal of so many columns and rows, in a directory
// and an environment. The terminal is closed at the end of the test, whatever it
// shows. Without tmux the test is skipped.
func Start(t testing.TB, columns, rows int, dir string, env []string, program string, args ...string) *Terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux in PATH; .ci/helix installs it")
	}
	dirs, err := os.MkdirTemp("", "terminal") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	term := &Terminal{t: t, socket: filepath.Join(dirs, "tmux")}
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", term.socket, "kill-server").Run()
		_ = os.RemoveAll(dirs)
	})
	conf := filepath.Join(dirs, "conf")
	// An Escape is no half of a key, colours are those of the program, and the
	// screen stays when the program has ended.
	settings := "set -s escape-time 0\nset -g default-terminal tmux-256color\nset -ga terminal-overrides ',*:Tc'\nset -g remain-on-exit on\nset -g status off\n"
	if err := os.WriteFile(conf, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	start := []string{"-S", term.socket, "-f", conf, "new-session", "-d",
		"-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows), "-c", dir, program}
	cmd := exec.Command("tmux", append(start, args...)...)
	cmd.Env = append(env, "COLORTERM=truecolor", "LANG=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return term
}

// Type types a text.
func (term *Terminal) Type(text string) { term.tmux("send-keys", "-l", "--", text) }

// Keys presses keys by the names that tmux has for them, such as Enter or C-x.
func (term *Terminal) Keys(names ...string) { term.tmux(append([]string{"send-keys"}, names...)...) }

// Click clicks with the left button of the mouse where a text that matches a
// pattern begins, in a program that listens to the mouse.
func (term *Terminal) Click(pattern string) {
	term.t.Helper()
	match := regexp.MustCompile(pattern)
	for row, line := range strings.Split(term.Screen(), "\n") {
		if at := match.FindStringIndex(line); at != nil {
			column := Width(line[:at[0]]) + 1
			// At once, so that nothing moves between press and release.
			term.Type(fmt.Sprintf("\x1b[<0;%[1]d;%[2]dM\x1b[<0;%[1]d;%[2]dm", column, row+1))
			return
		}
	}
	term.t.Fatalf("nothing to click at matches %s:\n%s", pattern, term.Screen())
}

// Width returns how many columns a text takes that has no wide characters.
func Width(text string) int { return len([]rune(text)) }

// Screen returns what the screen shows, without colours.
func (term *Terminal) Screen() string { return term.tmux("capture-pane", "-p") }

// Colours returns what the screen shows, with the control sequences that colour
// it.
func (term *Terminal) Colours() string { return term.tmux("capture-pane", "-p", "-e") }

// At waits until the cursor stands so many columns to the right of where a text
// begins.
func (term *Terminal) At(text string, right int) {
	term.t.Helper()
	term.until("the cursor at "+text, func() bool {
		row, column := term.place()
		// Between the two the program may have drawn something else.
		line, start := []rune(strings.Split(term.Screen(), "\n")[row]), column-right
		return start >= 0 && start <= len(line) && strings.HasPrefix(string(line[start:]), text)
	})
}

// Row returns the row in which the cursor stands, from 0.
func (term *Terminal) Row() int {
	term.t.Helper()
	row, _ := term.place()
	return row
}

func (term *Terminal) place() (row, column int) {
	term.t.Helper()
	place := term.tmux("display-message", "-p", "#{cursor_x} #{cursor_y}")
	if _, err := fmt.Sscan(place, &column, &row); err != nil {
		term.t.Fatalf("%q: %v", place, err)
	}
	return row, column
}

// See waits until the screen shows a text that matches a pattern, and returns
// what its groups match, or all when it has none.
func (term *Terminal) See(pattern string) []string {
	term.t.Helper()
	match := regexp.MustCompile(`(?m)` + pattern)
	var found []string
	term.until("seen: "+pattern, func() bool {
		found = match.FindStringSubmatch(term.Screen())
		return found != nil
	})
	if len(found) > 1 {
		found = found[1:]
	}
	return found
}

// Unsee waits until nothing on the screen matches a pattern. After an Escape
// something has to be waited for, since it and the next key can be one key.
func (term *Terminal) Unsee(pattern string) {
	term.t.Helper()
	match := regexp.MustCompile(`(?m)` + pattern)
	term.until("gone: "+pattern, func() bool { return !match.MatchString(term.Screen()) })
}

// Until waits for something that is not on the screen.
func (term *Terminal) Until(what string, ok func() bool) {
	term.t.Helper()
	term.until(what, ok)
}

// Ended waits until the program has ended.
func (term *Terminal) Ended() {
	term.t.Helper()
	term.until("the end of the program", func() bool {
		return strings.TrimSpace(term.tmux("display-message", "-p", "#{pane_dead}")) == "1"
	})
}

func (term *Terminal) until(what string, ok func() bool) {
	term.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			term.t.Fatalf("waited in vain for %s; the screen shows\n%s", what, term.Screen())
		}
	}
	term.t.Logf("ok   %s", what)
}

func (term *Terminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}
