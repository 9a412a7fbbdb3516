package main

import (
	"os/exec"
	"testing"
)

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
