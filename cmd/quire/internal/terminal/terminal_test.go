package terminal_test

import (
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quire/cmd/quire/internal/terminal"
)

func TestOutput(t *testing.T) {
	const reset = "\x1b[0m"
	tests := []struct{ name, line, color, plain string }{
		{"plain", "hello", "hello", "hello"},
		{"carriage return of CRLF", "hello\r", "hello", "hello"},
		{"rewritten", "10%\r55%\r100%", "100%", "100%"},
		{"rewritten before the end", "10%\r100%\r", "100%", "100%"},
		{"color", "\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m" + reset, "red"},
		{"color left open", "\x1b[1;38;5;9mred", "\x1b[1;38;5;9mred" + reset, "red"},
		{"color of a rewritten state", "\x1b[31m10%\r100%", "\x1b[31m100%" + reset, "100%"},
		{"color with colons", "\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx" + reset, "x"},
		{"cursor up", "a\x1b[2Ab", `a\x1b[2Ab`, `a\x1b[2Ab`},
		{"title", "\x1b]0;title\a", `\x1b]0;title\x07`, `\x1b]0;title\x07`},
		{"private parameter", "\x1b[?25m", `\x1b[?25m`, `\x1b[?25m`},
		{"unfinished", "\x1b[31", `\x1b[31`, `\x1b[31`},
		{"8-bit CSI", "\u009b31m", `\xc2\x9b31m`, `\xc2\x9b31m`},
		{"backspace and delete", "a\b\x7f", `a\x08\x7f`, `a\x08\x7f`},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb", "a\uFFFDb"},
		{"direction", "a\u202eb", `a\u{202e}b`, `a\u{202e}b`},
		{"wide", "世界 é", "世界 é", "世界 é"},
		{"tab", "ab\tc", "ab      c", "ab      c"},
		{"tab behind a color", "ab\x1b[1m\tc", "ab\x1b[1m      c" + reset, "ab      c"},
		{"mark behind a color", "e\x1b[1m\u0301", "e\x1b[1m\u0301" + reset, "e\u0301"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := (terminal.Screen{Color: true}).Output(test.line); got != test.color {
				t.Errorf("with color: got %q, want %q", got, test.color)
			}
			if got := (terminal.Screen{}).Output(test.line); got != test.plain {
				t.Errorf("without color: got %q, want %q", got, test.plain)
			}
		})
	}
}

// TestOutputIsLaidOut compares a line with its cells.
func TestOutputIsLaidOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"word", "longer than eight", "\t", "\x00", "\x7f", "\xff", "\uFFFD", "é", "e\u0301", "\u0301", "世", "\u202e", "👍🏽"})
		line := strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "line"), "")
		want := ""
		for _, c := range terminal.Cells(strings.ToValidUTF8(line, "\uFFFD"), 8) {
			want += c.Text
		}
		if got := (terminal.Screen{}).Output(line); got != want {
			t.Fatalf("%q shows %q, want %q", line, got, want)
		}
	})
}

// FuzzOutput checks that nothing but SGR sequences, and those only with
// colour, can reach a terminal, and that these end with the line.
func FuzzOutput(f *testing.F) {
	for _, seed := range []string{"plain", "a\rb", "\x1b[31mred", "\x1b[2J\x9b\u009b\u202e\t世"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		plain := terminal.Screen{}.Output(line)
		if i := strings.IndexFunc(plain, func(r rune) bool { return r < 0x20 || 0x7f <= r && r < 0xa0 }); i >= 0 {
			t.Errorf("%q shows %q", line, plain)
		}
		colored := terminal.Screen{Color: true}.Output(line)
		for i, part := range strings.Split(colored, "\x1b") {
			params, _, ok := strings.Cut(part, "m")
			if i > 0 && (!ok || strings.Trim(params, "[0123456789;:") != "" || params[0] != '[') {
				t.Errorf("%q shows %q", line, colored)
			}
		}
		if strings.Contains(colored, "\x1b") && !strings.HasSuffix(colored, "\x1b[0m") {
			t.Errorf("%q leaves its colour: %q", line, colored)
		}
	})
}

func TestDetectFile(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tests := []struct {
		env     map[string]string
		unicode bool
	}{
		{map[string]string{"LANG": "de_DE.UTF-8"}, true},
		{map[string]string{"LANG": "en_US.utf8"}, true},
		{map[string]string{"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, false},
		{map[string]string{"LC_CTYPE": "C.UTF-8", "LANG": "C"}, true},
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, false},
	}
	for _, test := range tests {
		got := terminal.Detect(file, func(name string) string { return test.env[name] })
		want := terminal.Screen{Width: 100, Unicode: test.unicode}
		if got != want {
			t.Errorf("%v: got %+v, want %+v", test.env, got, want)
		}
	}
}
