package exec

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"quire/exec/rundir"
)

// A recorder writes the events of a run and hands them to who observes it. It
// may be used by several goroutines.
type recorder struct {
	values *redactions
	places bool // the file has the places of calls too, for another machine

	mu   sync.Mutex // orders the events, and guards what follows
	file *os.File   // events.jsonl, or nil when there is no run directory
	line bytes.Buffer
	feed *feed // nil when nobody observes
	err  error // the first error of the file
}

// emit records an event that happens now.
func (r *recorder) emit(e Event) {
	e.AtMS = time.Now().UnixMilli()
	r.tell(e)
}

// tell records an event that happened when it says.
func (r *recorder) tell(e Event) {
	e.Cmd = lossy(r.values.text(e.Cmd))
	e.Message = lossy(r.values.text(e.Message))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(e)
	if r.feed != nil {
		r.feed.push(item{event: e})
	}
}

// output records what was added to the log of a command.
func (r *recorder) output(at time.Time, job string, sh int, stream string, log string, c rundir.Chunk) {
	e := Event{AtMS: at.UnixMilli(), Type: Output, JobID: job, Sh: sh, Stream: stream}
	r.mu.Lock()
	defer r.mu.Unlock()
	stored := e
	stored.Start, stored.End = &c.Start, &c.End
	r.write(stored)
	if r.feed != nil {
		r.feed.output(e, c, log)
	}
}

// write appends one line to the file, in one write, so that who follows the
// file never reads half an event.
func (r *recorder) write(e Event) {
	if r.file == nil || r.err != nil {
		return
	}
	r.line.Reset()
	enc := json.NewEncoder(&r.line)
	enc.SetEscapeHTML(false)
	if call := e.Place; r.places && call.File != nil {
		r.err = enc.Encode(PageEvent{Event: e, Call: &CallPlace{call.File.Name(), call.Span.Start, call.Span.End}})
	} else {
		r.err = enc.Encode(e)
	}
	if r.err == nil {
		_, r.err = r.file.Write(r.line.Bytes())
	}
}

// close waits until everybody has seen everything, or abandoned is closed.
func (r *recorder) close(abandoned <-chan struct{}) error {
	if r.feed != nil {
		r.feed.close(abandoned)
	}
	if r.file != nil {
		return errors.Join(r.err, r.file.Close())
	}
	return r.err
}

// maxQueued is how much output, in bytes, waits in memory for an observer.
const maxQueued = 4 << 20

// A feed calls an observer with events, in order and on a goroutine of its
// own, and never makes the other side wait. Output that the observer is too
// slow for is dropped from memory and read from the log when its turn comes;
// only output that no log has waits for the observer. What is in the way of the
// end of a run that is cancelled stays in the log.
type feed struct {
	observe func(Event)
	dir     *os.Root // of the run, whatever its state
	done    chan struct{}
	hurried atomic.Bool

	mu     sync.Mutex // guards what follows
	more   *sync.Cond
	less   *sync.Cond
	queue  []*item
	bytes  int              // of texts in the queue
	late   map[string]*item // output in the queue that is to be read from a log, by log
	closed bool
}

// An item is an event, or a range of a log.
type item struct {
	event      Event
	log        string // relative to the run, for output that is not in memory
	start, end int64
}

func newFeed(observe func(Event)) *feed {
	f := &feed{observe: observe, done: make(chan struct{}), late: map[string]*item{}}
	f.more, f.less = sync.NewCond(&f.mu), sync.NewCond(&f.mu)
	go f.run()
	return f
}

func (f *feed) push(it item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bytes += len(it.event.Text)
	f.queue = append(f.queue, &it)
	f.more.Signal()
}

// output queues output, as text while there is room.
func (f *feed) output(e Event, c rundir.Chunk, log string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c.Lost && f.bytes > 0 && f.bytes+len(c.Text) > maxQueued {
		f.less.Wait()
	}
	if it := f.late[log]; it != nil && !c.Lost {
		it.end = c.End
		return
	}
	it := &item{event: e}
	if f.bytes+len(c.Text) > maxQueued && f.dir != nil && !c.Lost {
		it.log, it.start, it.end = log, c.Start, c.End
		f.late[log] = it
	} else {
		it.event.Text = lossy(string(c.Text))
		f.bytes += len(it.event.Text)
	}
	f.queue = append(f.queue, it)
	f.more.Signal()
}

func (f *feed) run() {
	defer close(f.done)
	for {
		f.mu.Lock()
		for len(f.queue) == 0 && !f.closed {
			f.more.Wait()
		}
		if len(f.queue) == 0 {
			f.mu.Unlock()
			return
		}
		it := f.queue[0]
		f.queue[0] = nil
		f.queue = f.queue[1:]
		f.bytes -= len(it.event.Text)
		f.less.Signal()
		if it.log != "" {
			delete(f.late, it.log)
		}
		f.mu.Unlock()
		if it.log == "" {
			f.observe(it.event)
		} else {
			f.replay(it)
		}
	}
}

// hurry lets the observer see what happens without the output that it is behind
// with.
func (f *feed) hurry() { f.hurried.Store(true) }

// replay tells the observer what a range of a log holds.
func (f *feed) replay(it *item) {
	log, err := f.dir.Open(it.log)
	if err != nil {
		return // the log is gone, and nobody can be told its content
	}
	defer log.Close()
	if read := replayRange(log, it.start, it.end, it.event, f.observe, f.hurried.Load); read < it.end-it.start && f.hurried.Load() {
		f.observe(Event{AtMS: time.Now().UnixMilli(), Type: Log, JobID: it.event.JobID, Sh: it.event.Sh,
			Message: "more of its output is in the log"})
	}
}

// close returns when the observer has seen everything, or abandoned is closed.
func (f *feed) close(abandoned <-chan struct{}) {
	f.mu.Lock()
	f.closed = true
	f.more.Signal()
	f.mu.Unlock()
	select {
	case <-f.done:
	case <-abandoned:
		return // the observer may still be at it
	}
	if f.dir != nil {
		f.dir.Close()
	}
}
