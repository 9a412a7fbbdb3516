package exec

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"quire/exec/rundir"
)

// storedEvents yields the events of a run. A line that is not whole, as a crash
// leaves it, is none.
func storedEvents(dir *rundir.Reader) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		f, err := dir.Open("events.jsonl")
		if err != nil {
			return
		}
		defer f.Close()
		for line := range wholeLines(f) {
			if e, ok := parseEvent(line); ok && !yield(e) {
				return
			}
		}
	}
}

// wholeLines yields the lines of a reader that end, without their ends. A line
// is valid until the next.
func wholeLines(r io.Reader) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		in := newLineReader(r)
		for {
			line, ok := in.next()
			if !ok || !yield(line) {
				return
			}
		}
	}
}

// A lineReader reads lines of a file that may grow.
type lineReader struct {
	in   *bufio.Reader
	line []byte // what has been read of a line that has not ended yet
	done bool   // the line was returned
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{in: bufio.NewReaderSize(r, 64<<10)} }

// maxEvent is the length in bytes from which a line is no event: commands and
// messages are as long as pipelines make them.
const maxEvent = 64 << 20

// next returns the next line, without its end; ok is false when there is no
// whole one yet.
func (l *lineReader) next() (line []byte, ok bool) {
	if l.done {
		l.line, l.done = l.line[:0], false
	}
	for {
		part, err := l.in.ReadSlice('\n')
		if len(l.line) <= maxEvent {
			l.line = append(l.line, part...)
		}
		switch err {
		case nil:
			l.done = true
			return bytes.TrimSuffix(l.line, []byte("\n")), true
		case bufio.ErrBufferFull:
			continue
		}
		return nil, false
	}
}

func parseEvent(line []byte) (e Event, ok bool) {
	err := json.Unmarshal(line, &e)
	return e, err == nil && e.Type != ""
}

// Events yields what happened in the run, as it is stored: output is ranges of
// logs. The error is that the run cannot be read.
func (r *StoredRun) Events() (iter.Seq[Event], error) {
	dir, err := r.store.Read(r.ID)
	if err != nil {
		return nil, errGone(r, err)
	}
	return func(yield func(Event) bool) {
		defer dir.Close()
		storedEvents(dir)(yield)
	}, nil
}

// followEvery is how often a run that is followed is looked at.
const followEvery = 50 * time.Millisecond

// Replay tells observe what happened in the run as the observer of the run was
// told, with the text of output, as far as it is still there. With follow it
// goes on until the run has ended or ctx has.
func (r *StoredRun) Replay(ctx context.Context, follow bool, observe func(Event)) error {
	dir, err := r.store.Read(r.ID)
	if err != nil {
		return errGone(r, err)
	}
	defer dir.Close()
	p := player{dir: dir, observe: observe, logs: map[string]*os.File{}}
	defer p.close()
	for held := true; ctx.Err() == nil; {
		if p.catchUp(ctx) || !follow || !held {
			break
		}
		// What was written before the process was gone is still to be read.
		if held = dir.StillHeld(); held {
			select {
			case <-ctx.Done():
			case <-time.After(followEvery):
			}
		}
	}
	return nil
}

// A player replays a run.
type player struct {
	dir     *rundir.Reader
	observe func(Event)
	file    *os.File // events.jsonl, once it exists
	lines   *lineReader
	logs    map[string]*os.File // by name; nil for those that cannot be read
}

// catchUp replays what there is that has not been, and reports whether the end
// of the run was among it.
func (p *player) catchUp(ctx context.Context) (ended bool) {
	if p.file == nil {
		f, err := p.dir.Open("events.jsonl")
		if err != nil {
			return false
		}
		p.file, p.lines = f, newLineReader(f)
	}
	for ctx.Err() == nil {
		line, ok := p.lines.next()
		if !ok {
			return ended
		}
		e, ok := parseEvent(line)
		switch {
		case !ok:
		case e.Type == Output && e.Start != nil && e.End != nil:
			p.output(e)
		default:
			p.observe(e)
			ended = ended || e.Type == RunFinished
		}
	}
	return true
}

// output replays a range of a log.
func (p *player) output(e Event) {
	start, end := *e.Start, *e.End
	e.Start, e.End = nil, nil
	told := start
	if log := p.log(e); log != nil && start >= 0 {
		told += replayRange(log, start, end, e, p.observe, never)
	}
	if told < end {
		p.lost(e)
	}
}

func never() bool { return false }

// lost says once of each command that output is missing.
func (p *player) lost(e Event) {
	key := "lost " + rundir.LogName(e.JobID, e.Sh)
	if _, said := p.logs[key]; said {
		return
	}
	p.logs[key] = nil
	p.observe(Event{AtMS: e.AtMS, Type: Log, JobID: e.JobID, Sh: e.Sh, Message: "the log does not have what follows of the output"})
}

// maxLogs is how many logs a player holds open.
const maxLogs = 64

// log returns the open log of an output event, or nil.
func (p *player) log(e Event) *os.File {
	name := rundir.LogName(e.JobID, e.Sh)
	f, ok := p.logs[name]
	if ok {
		return f
	}
	if len(p.logs) >= maxLogs {
		for name, f := range p.logs {
			if f != nil {
				f.Close()
				delete(p.logs, name)
			}
		}
	}
	f, err := p.dir.Open(name)
	if err != nil {
		f = nil
	}
	p.logs[name] = f
	return f
}

func (p *player) close() {
	for _, f := range p.logs {
		if f != nil {
			f.Close()
		}
	}
	if p.file != nil {
		p.file.Close()
	}
}

// replayRange tells observe the output in a range of a log, as events like e,
// until stop says so between two of them, and returns how many bytes of the log
// it came to.
func replayRange(log io.ReaderAt, start, end int64, e Event, observe func(Event), stop func() bool) (read int64) {
	const most = 64 << 10
	var text []byte
	tell := func() {
		if len(text) > 0 {
			e.Text = lossy(string(text))
			observe(e)
			text = text[:0]
		}
	}
	for entry, err := range rundir.ReadLog(io.NewSectionReader(log, start, end-start)) {
		if err != nil {
			break
		}
		if entry.Stream != e.Stream || len(text) > most {
			tell()
			if stop() {
				return read
			}
			e.Stream, e.AtMS = entry.Stream, entry.Time.UnixMilli()
		}
		text = entry.AppendOutput(text)
		read += entry.Size()
	}
	tell()
	return read
}

// A LogEntry is one line of a log.
type LogEntry = rundir.LogEntry

// An Excerpt is what a log has, without its middle when it is long.
type Excerpt struct {
	Head, Tail []LogEntry
	Omitted    int64 // bytes of the log between them
}

// Excerpt reads the log of a command: all of it up to a size in bytes, else half
// of that from its start and from its end.
func (r *StoredRun) Excerpt(job string, sh int, most int64) (Excerpt, error) {
	dir, err := r.store.Read(r.ID)
	if err != nil {
		return Excerpt{}, errGone(r, err)
	}
	defer dir.Close()
	f, err := dir.Open(rundir.LogName(job, sh))
	if err != nil {
		return Excerpt{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Excerpt{}, err
	}
	if !info.Mode().IsRegular() {
		return Excerpt{}, fmt.Errorf("%s is no file", f.Name())
	}
	size := info.Size()
	if size <= most {
		head, _ := entriesOf(f, 0, size)
		return Excerpt{Head: head}, nil
	}
	var x Excerpt
	var end int64
	x.Head, end = entriesOf(f, 0, most/2)
	start := rundir.NextEntry(f, size-most/2)
	x.Tail, _ = entriesOf(f, start, size)
	x.Omitted = max(start-end, 0)
	return x, nil
}

// entriesOf returns the whole entries in a range of a log, and where they end.
func entriesOf(f io.ReaderAt, start, end int64) (entries []LogEntry, to int64) {
	for e, err := range rundir.ReadLog(io.NewSectionReader(f, start, end-start)) {
		if err != nil {
			break
		}
		start += e.Size()
		e.Text = bytes.Clone(e.Text)
		entries = append(entries, e)
	}
	return entries, start
}
