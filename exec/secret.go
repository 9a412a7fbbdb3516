package exec

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"quire/analysis/diag"
)

// maxSecret is the size in bytes of the largest file that can be a secret.
const maxSecret = 1 << 20

// A secrets reveals the secrets of a run, each read once and when it is first
// asked for. It may be used by several goroutines.
type secrets struct {
	sources map[string]Secret
	env     environ
	values  *redactions

	mu       sync.Mutex
	revealed map[string]revealed
}

type revealed struct {
	value string
	err   error
}

// reveal returns the value of a secret, which is redacted from then on. Short
// reports, the first time, that it is too short for that.
func (s *secrets) reveal(name string) (value string, short bool, err error) {
	src, err := s.source(name)
	if err != nil {
		return "", false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.revealed[name]
	if !ok {
		r.value, r.err = src.read(s.env)
		if s.revealed == nil {
			s.revealed = map[string]revealed{}
		}
		s.revealed[name] = r
		if r.err == nil {
			s.values.add(name, r.value)
			short = len(r.value) < minRedacted
		}
	}
	return r.value, short, r.err
}

// names returns the names of the secrets in order.
func (s *secrets) names() []string { return slices.Sorted(maps.Keys(s.sources)) }

// source returns where a secret comes from.
func (s *secrets) source(name string) (Secret, error) {
	src, ok := s.sources[name]
	if ok {
		return src, nil
	}
	text := fmt.Sprintf("unknown secret: %q", name)
	if near, ok := diag.Nearest(name, maps.Keys(s.sources)); ok {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	return Secret{}, errors.New(text)
}

// read returns the value from where it is kept. One line feed at the end of a
// file does not belong to it.
func (s Secret) read(env environ) (string, error) {
	switch {
	case s.Env != "":
		value, ok := env.lookup(s.Env)
		if !ok {
			return "", fmt.Errorf("secret resolution failed: the environment variable %s is not set", s.Env)
		}
		return value, nil
	case s.File != "":
		f, err := os.Open(s.File)
		if err != nil {
			return "", fmt.Errorf("secret resolution failed: %s: %w", s.File, osError(err))
		}
		text, err := readAll(f, maxSecret)
		if err != nil {
			return "", fmt.Errorf("secret resolution failed: %s: %w", s.File, osError(err))
		}
		return strings.TrimSuffix(string(text), "\n"), nil
	}
	return s.Value, nil
}

// String keeps a value out of whatever prints a secret.
func (s Secret) String() string { return "[secret]" }

// GoString does the same for %#v.
func (s Secret) GoString() string { return "[secret]" }

// String names the secrets, and keeps their values out of whatever prints
// them.
func (s *secrets) String() string {
	return fmt.Sprintf("secrets %q", slices.Sorted(maps.Keys(s.sources)))
}

// GoString does the same for %#v.
func (s *secrets) GoString() string { return s.String() }
