package exec

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// genValues draws up to eight values of so many bytes, which share no letter
// with what stands for them.
func genValues(t *rapid.T, shortest, longest int) []string {
	value := rapid.StringMatching(fmt.Sprintf("[b-d0-9]{%d,%d}", shortest, longest))
	return rapid.SliceOfN(value, 0, 8).Draw(t, "values")
}

// genTextOf draws a text made of values and of what may be part of one.
func genTextOf(t *rapid.T, values []string) string {
	part := rapid.StringMatching("[b-d0-9 \n]{0,9}")
	if len(values) > 0 {
		part = rapid.OneOf(part, rapid.SampledFrom(values))
	}
	return strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "text"), "")
}

// secretName returns the name of the i-th value.
func secretName(i int) string { return "SECRET_" + string(rune('A'+i)) }

// declare returns the secrets of a run that declares the values.
func declare(values ...string) *secrets {
	s := &secrets{sources: map[string]Secret{}, values: &redactions{}}
	for i, v := range values {
		s.sources[secretName(i)] = Secret{Value: v}
	}
	return s
}

// TestRevealProperties checks that a value is hidden from the time it was
// revealed, that nothing else is, and that revealing it again changes nothing.
func TestRevealProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := genValues(t, 1, 20)
		s := declare(values...)
		text := genTextOf(t, values)
		if got := s.values.text(text); got != text {
			t.Fatalf("%q became %q before a secret was revealed", text, got)
		}
		var hidden []string
		held := false
		for i, value := range values {
			if !rapid.Bool().Draw(t, "reveal") {
				continue
			}
			for again := range 2 {
				got, warnings, err := s.reveal(secretName(i))
				if err != nil || got != value || (len(warnings) > 0) != (len(value) < 8 && again == 0) {
					t.Fatalf("%s is %q, %q, %v, want %q", secretName(i), got, warnings, err, value)
				}
			}
			if len(value) >= 8 {
				hidden = append(hidden, value)
				held = held || strings.Contains(text, value)
			}
		}
		got := s.values.text(text)
		for _, value := range hidden {
			if strings.Contains(got, value) {
				t.Fatalf("%q is left in %q", value, got)
			}
		}
		if !held && got != text {
			t.Fatalf("%q became %q and holds none of %q", text, got, hidden)
		}
		if again := s.values.text(got); again != got {
			t.Fatalf("redacted twice: %q, once: %q", again, got)
		}
	})
}

func TestUnknownSecretProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := genValues(t, 1, 20)
		unknown := "other" + rapid.String().Draw(t, "unknown")
		v, _, err := declare(values...).reveal(unknown)
		if err == nil || v != "" || !strings.HasPrefix(err.Error(), "unknown secret: "+strconv.Quote(unknown)) {
			t.Fatalf("%q is revealed as %q, %v", unknown, v, err)
		}
	})
}

func TestShortSecretsAreShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := genValues(t, 1, 7)
		s := declare(values...)
		for i := range values {
			if _, _, err := s.reveal(secretName(i)); err != nil {
				t.Fatal(err)
			}
		}
		text := genTextOf(t, values)
		if got := s.values.text(text); got != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func TestSecretFileLosesOneLineFeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, err := (Secret{File: path}).read(nil); err != nil || got != text {
			t.Fatalf("%q with a line feed reads as %q, %v", text, got, err)
		}
		if strings.HasSuffix(text, "\n") {
			return
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, err := (Secret{File: path}).read(nil); err != nil || got != text {
			t.Fatalf("%q reads as %q, %v", text, got, err)
		}
	})
}

// TestEachRunReadsSecretsAnew has a file change while one run is under way and
// before the next.
func TestEachRunReadsSecretsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	sources := map[string]Secret{"token": {File: path}}
	first := &secrets{sources: sources, values: &redactions{}}
	next := &secrets{sources: sources, values: &redactions{}}
	for _, tt := range []struct {
		file string
		s    *secrets
		want string
	}{{"old value", first, "old value"}, {"new value", first, "old value"}, {"new value", next, "new value"}} {
		if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, err := tt.s.reveal("token"); err != nil || got != tt.want {
			t.Errorf("with %q in the file the secret is %q, %v, want %q", tt.file, got, err, tt.want)
		}
	}
}

// TestNothingPrintsASecret prints what holds values in all the ways of fmt.
func TestNothingPrintsASecret(t *testing.T) {
	const value = "correct-horse"
	s := declare(value)
	if _, _, err := s.reveal(secretName(0)); err != nil {
		t.Fatal(err)
	}
	options := Options{Secrets: s.sources}
	for what, v := range map[string]any{
		"Secret": Secret{Value: value}, "Options": options, "Request": Request{options: options}, "*Request": &Request{options: options},
		"secrets": s, "redactions": s.values, "redaction": s.values.set.Load(),
	} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			got := fmt.Sprintf(format, v)
			if strings.Contains(got, value) || strings.Contains(got, fmt.Sprintf("%x", value)) {
				t.Errorf("%s of %s prints %s", format, what, got)
			}
		}
	}
	if got := fmt.Sprint(s, s.values.set.Load()); strings.Count(got, secretName(0)) != 2 {
		t.Errorf("the name is not in %q", got)
	}
}

// TestSharedSecretsAreTold has values in files that others can read.
func TestSharedSecretsAreTold(t *testing.T) {
	for mode, shared := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true} {
		t.Run(mode.String(), func(t *testing.T) {
			dir := t.TempDir()
			token, config := filepath.Join(dir, "token"), filepath.Join(dir, "config.fnl")
			for path, text := range map[string]string{token: "correct-horse", config: `{:secrets {:plain "battery-staple" :token {:file "token"}}}`} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			c := loadConfig(t.Context(), config)
			found := c.found
			if found.HasErrors() || (len(found) == 1) != shared {
				t.Errorf("the configuration has %v", found)
			}
			for _, d := range found {
				if !strings.Contains(d.Message, "can read the secret `plain`") || d.File.Slice(d.Span) != ":plain" {
					t.Errorf("%s at %q", d.Message, d.File.Slice(d.Span))
				}
			}
			s := &secrets{sources: c.secrets, values: &redactions{}}
			_, warnings, err := s.reveal("token")
			if err != nil || (len(warnings) == 1 && strings.Contains(warnings[0], token+" needs chmod 600")) != shared {
				t.Errorf("the file brings %q, %v", warnings, err)
			}
			if _, warnings, err = s.reveal("plain"); err != nil || warnings != nil {
				t.Errorf("the value brings %q, %v", warnings, err)
			}
		})
	}
}
