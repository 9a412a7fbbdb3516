package main

import (
	"os/exec"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                     "0.0s",
		340 * time.Millisecond:                "0.3s",
		59*time.Second + 940*time.Millisecond: "59.9s",
		59*time.Second + 990*time.Millisecond: "1m00s",
		65 * time.Second:                      "1m05s",
		59*time.Minute + 59*time.Second:       "59m59s",
		2*time.Hour + 3*time.Minute:           "2h03m",
		50 * time.Hour:                        "50h00m",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

// TestQuote asks a shell what it makes of the quoted words.
func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"build":          "build",
		"refs/tags/v1.0": "refs/tags/v1.0",
		"token=env:VAR":  "token=env:VAR",
		"":               "''",
		"two words":      "'two words'",
		"it's":           `'it'\''s'`,
		"$HOME `x` \\":   "'$HOME `x` \\'",
		"a\nb":           "'a\nb'",
		"~":              "'~'",
	} {
		got := quote(word)
		if got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
		out, err := exec.Command("sh", "-c", "printf %s "+got).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q: the shell reads %q (%v)", word, out, err)
		}
	}
}
