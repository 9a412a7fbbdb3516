package rundir

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"
	"unicode/utf8"
)

// The streams of a log.
const (
	Stdout = "stdout"
	Stderr = "stderr"
)

// MaxPiece is the length in bytes from which a line is cut into pieces.
const MaxPiece = 16 << 10

// A Log is the log of one command in the CRI format. Each line of the file is
//
//	<time> <stream> <tag> <content>
//
// where the tag is F for the end of a line of output and P for a piece of a
// line that goes on in the stream's next entry.
type Log struct {
	mu   sync.Mutex // guards all of it
	f    *os.File
	size int64
	buf  []byte
}

// Log makes the log of the n-th command of a job.
func (r *Run) Log(job string, n int) (*Log, error) {
	path := r.LogFile(job, n)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fileMode)
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
			return nil, err
		}
		f, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fileMode)
	}
	if err != nil {
		return nil, err
	}
	return &Log{f: f}, nil
}

// Close closes the file.
func (l *Log) Close() error { return l.f.Close() }

// A Stream writes one stream of a command into its log. It may be used by one
// goroutine at a time, beside the one that uses the other stream.
type Stream struct {
	log     *Log
	name    string
	partial []byte
	cut     bool // the last entry of the stream is a piece
}

// Stream returns the writer of a stream, [Stdout] or [Stderr].
func (l *Log) Stream(name string) *Stream { return &Stream{log: l, name: name} }

// A Chunk is what one call added to a log.
type Chunk struct {
	Start, End int64 // bytes of the file; equal when nothing was added
	// Text is the output in it: contents, with a line feed for the end of a
	// line. It is valid until the next call on the stream.
	Text []byte
}

// Write adds output that arrived at the given time. What follows the last line
// feed is kept back, up to a piece, until more arrives.
func (s *Stream) Write(at time.Time, p []byte) (Chunk, error) {
	if len(s.partial) > 0 {
		s.partial = append(s.partial, p...)
		p = s.partial
	}
	done := bytes.LastIndexByte(p, '\n') + 1
	for len(p)-done > MaxPiece {
		done += cut(p[done:])
	}
	c, err := s.add(at, p[:done])
	s.partial = append(s.partial[:0:0], p[done:]...)
	return c, err
}

// Pending reports whether some output is kept back.
func (s *Stream) Pending() bool { return len(s.partial) > 0 }

// Flush adds what is kept back as a piece.
func (s *Stream) Flush(at time.Time) (Chunk, error) {
	p := s.partial
	s.partial = nil
	return s.add(at, p)
}

// Close ends the line that has begun, if any. A log does not tell output that
// ends without a line feed from output that ends with one.
func (s *Stream) Close(at time.Time) (Chunk, error) {
	p := s.partial
	s.partial = nil
	if len(p) == 0 && !s.cut {
		return Chunk{}, nil
	}
	return s.add(at, append(p, '\n'))
}

// add writes entries for whole lines, followed by at most a few pieces.
func (s *Stream) add(at time.Time, text []byte) (Chunk, error) {
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	var stamp [len(time.RFC3339Nano) + 20]byte
	prefix := at.UTC().AppendFormat(stamp[:0], time.RFC3339Nano)
	prefix = append(append(append(prefix, ' '), s.name...), ' ')
	out := l.buf[:0]
	for rest := text; len(rest) > 0; {
		line := rest
		if nl := bytes.IndexByte(rest, '\n'); nl >= 0 {
			line = rest[:nl]
		}
		out = append(out, prefix...)
		if len(line) > MaxPiece || len(line) == len(rest) {
			n := cut(line)
			out = append(append(append(out, "P "...), line[:n]...), '\n')
			rest, s.cut = rest[n:], true
			continue
		}
		out = append(append(append(out, "F "...), line...), '\n')
		rest, s.cut = rest[len(line)+1:], false
	}
	l.buf = out
	n, err := l.f.Write(out)
	c := Chunk{Start: l.size, End: l.size + int64(n), Text: text}
	l.size = c.End
	return c, err
}

// cut returns the length of the first piece of a line, which ends between
// characters where there are any.
func cut(line []byte) int {
	if len(line) <= MaxPiece {
		return len(line)
	}
	n := MaxPiece
	for i := 0; i < utf8.UTFMax-1 && !utf8.RuneStart(line[n]); i++ {
		n--
	}
	if !utf8.RuneStart(line[n]) {
		return MaxPiece
	}
	return n
}

// A LogEntry is one line of a log.
type LogEntry struct {
	Time   time.Time
	Stream string
	Piece  bool // the line goes on in the stream's next entry
	Text   []byte
}

// AppendOutput appends the output that the entry stands for.
func (e LogEntry) AppendOutput(dst []byte) []byte {
	dst = append(dst, e.Text...)
	if !e.Piece {
		dst = append(dst, '\n')
	}
	return dst
}

// ParseLogEntry parses one line of a log, without its line feed.
func ParseLogEntry(line []byte) (LogEntry, error) {
	stamp, rest, ok1 := bytes.Cut(line, []byte(" "))
	stream, rest, ok2 := bytes.Cut(rest, []byte(" "))
	tag, text, _ := bytes.Cut(rest, []byte(" "))
	if !ok1 || !ok2 {
		return LogEntry{}, errors.New("a log entry has a time, a stream, a tag and a text")
	}
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return LogEntry{}, fmt.Errorf("time of a log entry: %w", err)
	}
	e := LogEntry{Time: at, Text: text}
	switch string(stream) {
	case Stdout:
		e.Stream = Stdout
	case Stderr:
		e.Stream = Stderr
	default:
		return LogEntry{}, fmt.Errorf("stream of a log entry: %q is neither stdout nor stderr", stream)
	}
	switch string(tag) {
	case "P":
		e.Piece = true
	case "F":
	default:
		return LogEntry{}, fmt.Errorf("tag of a log entry: %q is neither P nor F", tag)
	}
	return e, nil
}

// maxEntry is the longest line a log can have.
const maxEntry = MaxPiece + 128

// ReadLog iterates over the entries of a log. It ends at the first error, and
// at an entry that is not written completely yet. The text of an entry is
// valid until the next.
func ReadLog(r io.Reader) iter.Seq2[LogEntry, error] {
	return func(yield func(LogEntry, error) bool) {
		in := bufio.NewReaderSize(r, maxEntry)
		for {
			line, err := in.ReadSlice('\n')
			if err == io.EOF {
				return
			}
			var e LogEntry
			if err == nil {
				e, err = ParseLogEntry(line[:len(line)-1])
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
