package exec

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"quire/analysis/diag"
)

// maxSecret is the size in bytes of the largest file that can be a secret.
const maxSecret = 1 << 20

// maxSecretWait is how long a secret that comes from a pipe is waited for.
const maxSecretWait = time.Minute

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

// reveal returns the value of a secret, which is redacted from then on, and the
// first time what is wrong with how it is kept.
func (s *secrets) reveal(name string) (value string, warnings []string, err error) {
	src, err := s.source(name)
	if err != nil {
		return "", nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.revealed[name]
	if !ok {
		shared := false
		r.value, shared, r.err = src.read(s.env)
		if s.revealed == nil {
			s.revealed = map[string]revealed{}
		}
		s.revealed[name] = r
		if r.err == nil {
			s.values.add(name, r.value)
			if len(r.value) < minRedacted {
				warnings = append(warnings, fmt.Sprintf("the value of the secret %q has %d bytes, fewer than the %d from which values are redacted",
					name, len(r.value), minRedacted))
			}
			if shared {
				warnings = append(warnings, fmt.Sprintf("other users of this machine can read the secret %q: %s needs chmod 600", name, src.File))
			}
		}
	}
	return r.value, warnings, r.err
}

// known reveals the secrets that other jobs were told, as far as this machine
// has them, and tells nobody: what these jobs left may hold them. It returns what
// is wrong with how they are kept.
func (s *secrets) known(given *Results) (warnings []string) {
	if given == nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(given.Jobs)) {
		for _, name := range given.Jobs[id].Secrets {
			if _, ok := s.sources[name]; ok {
				_, more, _ := s.reveal(name) // who asks for it is told why it cannot
				warnings = append(warnings, more...)
			}
		}
	}
	return warnings
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

// read returns the value from where it is kept, and whether that is a file that
// other users can read. One line feed at the end of a file does not belong to
// the value.
func (s Secret) read(env environ) (value string, shared bool, err error) {
	switch {
	case s.Env != "":
		value, ok := env.lookup(s.Env)
		if !ok {
			return "", false, fmt.Errorf("secret resolution failed: the environment variable %s is not set", s.Env)
		}
		return value, false, nil
	case s.File != "":
		text, shared, err := s.readFile()
		if err != nil {
			return "", false, fmt.Errorf("secret resolution failed: %s: %w", s.File, osError(err))
		}
		return strings.TrimSuffix(string(text), "\n"), shared, nil
	}
	return s.Value, false, nil
}

func (s Secret) readFile() (text []byte, shared bool, err error) {
	f, err := os.OpenFile(s.File, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return nil, false, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		// What cannot have a deadline does not wait either.
		_ = f.SetReadDeadline(time.Now().Add(maxSecretWait))
	}
	text, err = readAll(f, maxSecret)
	if err == nil && len(text) == 0 && info.Mode()&fs.ModeNamedPipe != 0 {
		err = errors.New("nothing was written to this pipe")
	}
	return text, readableByOthers(info), err
}

// readableByOthers reports whether the group or everybody can read a file, where
// permissions say so.
func readableByOthers(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode()&0o044 != 0
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
