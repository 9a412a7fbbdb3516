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
//
// A log that cannot be made or written does not fail: output goes on, marked as
// lost, and [Run.Err] says why.
type Log struct {
	run  *Run
	path string

	mu   sync.Mutex // guards what follows
	f    *os.File
	lost bool  // the file does not take anything any more
	size int64 // that of the file, had it taken everything
	buf  []byte
}

// Log returns the log of the n-th command of a job. The file is made by
// [Log.Create], or when something is written before that.
func (r *Run) Log(job string, n int) *Log { return &Log{run: r, path: r.LogFile(job, n)} }

// Create makes the file, unless it exists. The error is nil.
func (l *Log) Create() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.create()
	return nil
}

func (l *Log) create() {
	if l.f != nil || l.lost {
		return
	}
	const flag = os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	f, err := os.OpenFile(l.path, flag, fileMode)
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(l.path), dirMode); err == nil {
			f, err = os.OpenFile(l.path, flag, fileMode)
		}
	}
	if err != nil {
		l.lose(err)
		return
	}
	l.f = f
}

// lose gives the file up.
func (l *Log) lose(err error) {
	if l.f != nil {
		l.f.Close()
		l.f = nil
	}
	l.lost = true
	l.run.Lose(err)
}

// Close closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return nil
	}
	return l.f.Close()
}

// Append adds entries of another log as they are. The text of the chunk is the
// output that they hold.
func (l *Log) Append(entries []byte) Chunk {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := Chunk{Start: l.size, End: l.size + int64(len(entries))}
	c.Lost = len(entries) > 0 && !l.write(entries)
	l.size = c.End
	for e, err := range ReadLog(bytes.NewReader(entries)) {
		if err != nil {
			break
		}
		c.Text = e.AppendOutput(c.Text)
	}
	return c
}

// write appends entries and reports whether the file has them. A file that did
// not take all of them keeps none.
func (l *Log) write(entries []byte) bool {
	l.create()
	if l.lost {
		return false
	}
	if _, err := l.f.Write(entries); err != nil {
		_ = l.f.Truncate(l.size)
		l.lose(err)
	}
	return !l.lost
}

// A Stream writes one stream of a command into its log. It may be used by one
// goroutine at a time, beside the one that uses the other stream.
type Stream struct {
	log     *Log
	name    string
	partial []byte // the start of a line, or of a piece, that is kept back
	joined  []byte // buffer for partial and what follows it
	cut     bool   // the last entry of the stream is a piece
}

// Stream returns the writer of a stream, [Stdout] or [Stderr].
func (l *Log) Stream(name string) *Stream { return &Stream{log: l, name: name} }

// A Chunk is what one call added to a log.
type Chunk struct {
	Start, End int64 // bytes of the file; equal when nothing was added
	Lost       bool  // the file does not have them
	// Text is the output in it: contents, with a line feed for the end of a
	// line. It is valid until the next call on the stream.
	Text []byte
}

// Write adds output that arrived at the given time. What follows the last line
// feed is kept back, up to a piece, until more arrives.
func (s *Stream) Write(at time.Time, p []byte) (Chunk, error) {
	if len(s.partial) > 0 {
		s.joined = append(append(s.joined[:0], s.partial...), p...)
		p = s.joined
	}
	c, err := s.add(at, p, false)
	s.partial = append(s.partial[:0], p[len(c.Text):]...)
	return c, err
}

// Pending reports whether some output is kept back.
func (s *Stream) Pending() bool { return len(s.partial) > 0 }

// Flush adds what is kept back as a piece.
func (s *Stream) Flush(at time.Time) (Chunk, error) { return s.addPartial(at) }

// Close ends the line that has begun, if any. A log does not tell output that
// ends without a line feed from output that ends with one.
func (s *Stream) Close(at time.Time) (Chunk, error) {
	if len(s.partial) == 0 && !s.cut {
		return Chunk{}, nil
	}
	s.partial = append(s.partial, '\n')
	return s.addPartial(at)
}

func (s *Stream) addPartial(at time.Time) (Chunk, error) {
	s.joined, s.partial = s.partial, s.joined[:0]
	return s.add(at, s.joined, true)
}

// add writes entries for the lines of text and for all but the last piece of a
// line that goes on. The text of the chunk is what they hold: all of the text
// when it is to be flushed.
func (s *Stream) add(at time.Time, text []byte, flush bool) (Chunk, error) {
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	var buf [2][len(time.RFC3339Nano) + 20]byte
	var prefix [2][]byte // of lines, of pieces
	for i, tag := range []string{" F ", " P "} {
		prefix[i] = at.UTC().AppendFormat(buf[i][:0], time.RFC3339Nano)
		prefix[i] = append(append(append(prefix[i], ' '), s.name...), tag...)
	}
	out, rest := l.buf[:0], text
	for len(rest) > 0 {
		nl := bytes.IndexByte(rest[:min(len(rest), MaxPiece+1)], '\n')
		if nl >= 0 {
			out = append(append(out, prefix[0]...), rest[:nl+1]...)
			rest, s.cut = rest[nl+1:], false
			continue
		}
		if len(rest) <= MaxPiece && !flush {
			break
		}
		n := cut(rest)
		out = append(append(append(out, prefix[1]...), rest[:n]...), '\n')
		rest, s.cut = rest[n:], true
	}
	l.buf = out
	c := Chunk{Start: l.size, End: l.size + int64(len(out)), Text: text[:len(text)-len(rest)]}
	c.Lost = len(out) > 0 && !l.write(out)
	l.size = c.End
	return c, nil
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
	size   int
}

// Size returns the length in bytes of the entry in the log it was read from.
func (e LogEntry) Size() int64 { return int64(e.size) }

// AppendOutput appends the output that the entry stands for.
func (e LogEntry) AppendOutput(dst []byte) []byte {
	dst = append(dst, e.Text...)
	if !e.Piece {
		dst = append(dst, '\n')
	}
	return dst
}

// ParseLogEntry parses one line of a log, without its line feed.
func ParseLogEntry(line []byte) (LogEntry, error) { return new(logParser).parse(line) }

// A logParser parses entries that follow one another. Many have one time, that
// of the chunk they came in.
type logParser struct {
	stamp []byte
	time  time.Time // that stamp is
}

func (p *logParser) parse(line []byte) (LogEntry, error) {
	stamp, rest, ok1 := bytes.Cut(line, []byte(" "))
	stream, rest, ok2 := bytes.Cut(rest, []byte(" "))
	tag, text, _ := bytes.Cut(rest, []byte(" "))
	if !ok1 || !ok2 {
		return LogEntry{}, errors.New("a log entry has a time, a stream, a tag and a text")
	}
	if p.stamp == nil || !bytes.Equal(stamp, p.stamp) {
		at, err := time.Parse(time.RFC3339Nano, string(stamp))
		if err != nil {
			return LogEntry{}, fmt.Errorf("time of a log entry: %w", err)
		}
		p.stamp, p.time = append(p.stamp[:0], stamp...), at
	}
	e := LogEntry{Time: p.time, Text: text}
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
		in := bufio.NewReaderSize(r, 4*maxEntry)
		var p logParser
		for {
			line, err := in.ReadSlice('\n')
			if err == io.EOF {
				return
			}
			var e LogEntry
			if err == nil {
				e, err = p.parse(line[:len(line)-1])
				e.size = len(line)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// NextEntry returns where the first entry begins that does not begin before an
// offset.
func NextEntry(log io.ReaderAt, offset int64) int64 {
	if offset <= 0 {
		return 0
	}
	buf := make([]byte, maxEntry)
	n, _ := log.ReadAt(buf, offset-1)
	return offset + int64(max(bytes.IndexByte(buf[:n], '\n'), 0))
}
