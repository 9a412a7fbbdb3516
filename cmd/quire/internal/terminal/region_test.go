package terminal_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quire/cmd/quire/internal/terminal"
	"quire/cmd/quire/internal/terminal/screentest"
)

// TestRegion draws anything, and expects to see all text that stays with the
// last lines of the region below it.
func TestRegion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		screen := screentest.New(rapid.IntRange(4, 30).Draw(t, "columns"), rapid.IntRange(3, 12).Draw(t, "rows"))
		columns, rows := screen.Size()
		region := terminal.NewRegion(screen)
		var stays []string
		for step := range rapid.IntRange(1, 12).Draw(t, "steps") {
			var text string
			for i := range rapid.IntRange(0, 4).Draw(t, "text") {
				stays = append(stays, fmt.Sprint(step, ".", i))
				text += stays[len(stays)-1] + "\n"
			}
			lines := make([]string, rapid.IntRange(0, rows-1).Draw(t, "lines"))
			for i := range lines {
				lines[i] = strings.Repeat("=", rapid.IntRange(0, columns-1).Draw(t, "width"))
			}
			region.Draw([]byte(text), lines)
			want := strings.Join(stays, "\n") + "\n"
			if len(stays) == 0 {
				want = ""
			}
			if len(lines) > 0 {
				want += "\n" + strings.Join(lines, "\n") + "\n"
			}
			want = strings.TrimRight(want, "\n") + "\n"
			if got := screen.Text(); got != want {
				t.Fatalf("step %d: the screen shows\n%s\nwant\n%s", step, got, want)
			}
		}
		region.Clear()
		if got, want := screen.Text(), strings.Join(stays, "\n")+"\n"; got != want {
			t.Fatalf("cleared, the screen shows\n%s\nwant\n%s", got, want)
		}
		if faults := screen.Faults(); len(faults) > 0 {
			t.Fatalf("the terminal was sent %q", faults)
		}
	})
}

// TestRegionResized expects no line that stays to be lost, and none of the
// region to be left, when the terminal changes its size between drawings.
func TestRegionResized(t *testing.T) {
	for _, size := range [][2]int{{20, 10}, {60, 10}, {30, 4}, {30, 20}, {10, 3}, {90, 40}} {
		screen := screentest.New(30, 10)
		region := terminal.NewRegion(screen)
		region.Draw([]byte("one\ntwo\nthree\n"), []string{strings.Repeat("-", 29), "a", "b", "c"})
		screen.Resize(size[0], size[1])
		region.Draw([]byte("four\n"), []string{strings.Repeat("-", size[0]-1)})
		want := "one\ntwo\nthree\nfour\n\n" + strings.Repeat("-", size[0]-1) + "\n"
		if got := screen.Text(); got != want {
			t.Errorf("%v: the screen shows\n%s\nwant\n%s", size, got, want)
		}
	}
}

// TestRegionUnchanged draws the same twice.
func TestRegionUnchanged(t *testing.T) {
	screen := screentest.New(30, 10)
	region := terminal.NewRegion(screen)
	region.Draw(nil, nil)
	region.Clear()
	region.Draw(nil, []string{"a", "b"})
	region.Draw(nil, []string{"a", "b"})
	if got := screen.Writes(); got != 1 {
		t.Errorf("%d writes, want one", got)
	}
}

func TestFit(t *testing.T) {
	const reset = "\x1b[0m"
	for _, tt := range []struct {
		line  string
		width int
		want  string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"世界", 4, "世界"},
		{"世界", 3, "世…"},
		{"世界", 2, "…"},
		{"e\u0301e\u0301", 2, "e\u0301e\u0301"},
		{"\x1b[31mred\x1b[0m", 3, "\x1b[31mred\x1b[0m"},
		{"\x1b[31mred\x1b[0m", 2, "\x1b[31mr…" + reset},
		{"ab\x1b[31mred\x1b[0m", 2, "a…" + reset},
	} {
		if got := (terminal.Screen{Unicode: true}).Fit(tt.line, tt.width); got != tt.want {
			t.Errorf("%q in %d: got %q, want %q", tt.line, tt.width, got, tt.want)
		}
	}
}

// FuzzFit checks the width of what is cut, on a screen that would wrap it.
func FuzzFit(f *testing.F) {
	f.Add("\x1b[31m世界 red\x1b[0m", 4)
	f.Fuzz(func(t *testing.T, text string, width int) {
		width = 1 + max(width, -width)%60
		s := terminal.Screen{Color: true, Unicode: true}
		line := s.Fit(s.Output(text), width)
		screen := screentest.New(width+1, 3)
		_, _ = screen.Write([]byte(line))
		if got := terminal.Width(strings.TrimSuffix(screen.Text(), "\n")); got > width {
			t.Errorf("%q in %d columns: %q takes %d", text, width, line, got)
		}
	})
}
