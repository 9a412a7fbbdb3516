package exec

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

const (
	// captureMemory is how much of a stream is kept in memory, in bytes.
	captureMemory = 1 << 20
	// captureLimit is how much of a stream a run-fn can read, in bytes.
	captureLimit = 64 << 20
)

// A capture keeps what a stream of a command wrote for the run-fn that may
// read it: in memory at first, then in a file without a name, and beyond the
// limit not at all. What cannot be kept matters only to who reads it.
type capture struct {
	dir    string // for the file
	memory []byte
	file   *os.File // closed by the garbage collector
	size   int64
	err    error // the first failure of the file
}

// write takes the next bytes of the stream. The error is nil.
func (c *capture) write(p []byte) error {
	c.size += int64(len(p))
	switch {
	case c.size > captureLimit:
		c.drop()
		return nil
	case c.err != nil:
		return nil
	case c.file == nil && c.size <= captureMemory:
		c.memory = append(c.memory, p...)
		return nil
	case c.file == nil:
		c.err = c.spill()
	}
	if c.err == nil {
		_, c.err = c.file.Write(p)
	}
	if c.err != nil {
		c.drop()
	}
	return nil
}

// drop gives the room back.
func (c *capture) drop() {
	c.memory = nil
	if c.file != nil {
		c.file.Close()
		c.file = nil
	}
}

// spill moves what is in memory to a file.
func (c *capture) spill() error {
	f, err := os.CreateTemp(c.dir, ".capture-*")
	if err != nil {
		return err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return err
	}
	c.file = f
	_, err = f.Write(c.memory)
	c.memory = nil
	return err
}

// text returns what was written, with invalid UTF-8 replaced. The error names
// the log of a stream that is too long.
func (c *capture) text(stream, log string) (string, error) {
	switch {
	case c.size > captureLimit:
		return "", fmt.Errorf("sh: :%s has %d MiB, more than the %d MiB that can be read; its log is %s",
			stream, c.size>>20, captureLimit>>20, log)
	case c.err != nil:
		return "", fmt.Errorf("sh: :%s could not be kept: %w; its log is %s", stream, osError(c.err), log)
	case c.file == nil:
		return lossy(string(c.memory)), nil
	}
	var b strings.Builder
	b.Grow(int(c.size))
	if _, err := io.Copy(&b, io.NewSectionReader(c.file, 0, c.size)); err != nil {
		return "", fmt.Errorf("sh: :%s cannot be read back: %w", stream, osError(err))
	}
	return lossy(b.String()), nil
}

// lossy returns the text as valid UTF-8. Each sequence that is the start of a
// character, or a byte that is not even that, becomes one replacement
// character.
func lossy(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r != utf8.RuneError || n > 1 {
			b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		for n < len(s) && !utf8.FullRuneInString(s[:n]) && !utf8.FullRuneInString(s[:n+1]) {
			n++
		}
		b.WriteRune(utf8.RuneError)
		s = s[n:]
	}
	return b.String()
}
