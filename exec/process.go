package exec

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"quire/exec/rundir"
)

const (
	// killGrace is how long processes have to end after they were asked to.
	killGrace = 2 * time.Second
	// drainGrace is how long the output of a command is waited for after the
	// command ended, when something it left behind keeps it open.
	drainGrace = 200 * time.Millisecond
	// lineGrace is how long the start of a line is kept back.
	lineGrace = 100 * time.Millisecond
)

var errTimeout = errors.New("timed out")

// A process is one command under way.
type process struct {
	task    task
	outputs [2]*output // stdout, stderr
	exit    int        // once it ended; −1 when a signal ended it
	signal  string
}

// startProcess starts a command whose two streams go to outputs.
func startProcess(at place, c invocation, outputs [2]*output) (*process, error) {
	p := &process{outputs: outputs}
	var ends [2]*os.File
	for i, o := range outputs {
		r, w, err := os.Pipe()
		if err != nil {
			p.closeReaders()
			return nil, err
		}
		defer w.Close()
		o.pipe, ends[i] = r, w
	}
	var err error
	if p.task, err = at.start(c, ends[0], ends[1]); err != nil {
		p.closeReaders()
		return nil, err
	}
	return p, nil
}

func (p *process) closeReaders() {
	for _, o := range p.outputs {
		if o.pipe != nil {
			o.pipe.Close()
		}
	}
}

// wait returns when the command ended and its output is recorded. When ctx
// ends or the timeout passes, it ends the whole process group and returns
// ctx's error or errTimeout; else the error is the task's.
func (p *process) wait(ctx context.Context, timeout time.Duration, kill <-chan struct{}) error {
	var reading sync.WaitGroup
	for _, o := range p.outputs {
		reading.Go(o.read)
	}
	exited := make(chan struct{})
	var broken error
	go func() {
		defer close(exited)
		p.exit, p.signal, broken = p.task.wait()
	}()
	var late <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		late = timer.C
	}
	var err error
	select {
	case <-exited:
		err = broken
	case <-ctx.Done():
		err = ctx.Err()
		endTask(p.task, exited, kill)
	case <-late:
		err = errTimeout
		endTask(p.task, exited, kill)
	}
	for _, o := range p.outputs {
		o.drain()
	}
	reading.Wait()
	p.closeReaders()
	return err
}

// endTask asks the processes of a task to end and, after a grace or when kill
// is closed, makes them. The channel exited is closed when its wait returned.
func endTask(t task, exited, kill <-chan struct{}) {
	end := func() {
		t.signal(syscall.SIGKILL)
		<-exited
	}
	t.signal(syscall.SIGTERM, sigContinue) // a stopped process sees the first only with the second
	grace := time.NewTimer(killGrace)
	defer grace.Stop()
	pause := 2 * time.Millisecond
	for left := exited; ; {
		select {
		case <-left:
			left = nil
		case <-time.After(pause):
			pause = min(2*pause, 50*time.Millisecond)
		case <-grace.C:
			end()
			return
		case <-kill:
			end()
			return
		}
		if left == nil && !t.runs() {
			return
		}
	}
}

// endStrays ends the processes whose environment has the entry, wherever they
// hid: asked first if gently, then made.
func endStrays(entry string, gently bool) {
	sig := syscall.SIGKILL
	if gently {
		sig = syscall.SIGTERM
	}
	for range 10 { // a process that forks faster than it is killed must not keep a run
		found := strays(entry)
		if len(found) == 0 {
			return
		}
		for _, s := range found {
			s.signal(sig)
			s.signal(sigContinue)
		}
		until := time.Now().Add(killGrace)
		for _, s := range found {
			s.ended(time.Until(until))
			s.close()
		}
		sig = syscall.SIGKILL
	}
}

// An output records one stream of a command: its redacted text in the log, its
// bytes in a capture.
type output struct {
	pipe    *os.File
	log     *rundir.Stream
	values  *redactions
	capture *capture
	// emit is told what was added to the log, in the order of the log: order is
	// that of both streams, and held meanwhile.
	emit  func(at time.Time, c rundir.Chunk)
	order *sync.Mutex

	redactor redactor
	text     []byte // buffer of the redactor
	err      error  // the first error of the log or the capture
	cut      bool   // the stream was still open when reading it ended

	mu      sync.Mutex // guards the deadline of the pipe, and drainBy
	drainBy time.Time  // zero while the command runs
}

// drain lets reading end soon.
func (o *output) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drainBy = time.Now().Add(drainGrace)
	_ = o.pipe.SetReadDeadline(o.drainBy)
}

// deadline sets when the next read gives up: when the command is over for long
// enough or the start of a line was kept back for long enough.
func (o *output) deadline() {
	o.mu.Lock()
	defer o.mu.Unlock()
	var at time.Time
	if o.log.Pending() {
		at = time.Now().Add(lineGrace)
	}
	if !o.drainBy.IsZero() && (at.IsZero() || o.drainBy.Before(at)) {
		at = o.drainBy
	}
	_ = o.pipe.SetReadDeadline(at)
}

// drained reports whether the command is over for long enough.
func (o *output) drained(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.drainBy.IsZero() && !now.Before(o.drainBy)
}

// readSize is how much of a stream is read at once, in bytes.
const readSize = 64 << 10

// readBuffers has what streams were read into.
var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// read records the stream until it ends.
func (o *output) read() {
	array := readBuffers.Get().(*[readSize]byte)
	defer readBuffers.Put(array)
	buf := array[:]
	for {
		o.deadline()
		n, err := o.pipe.Read(buf)
		now := time.Now()
		o.record(now, buf[:n], false)
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			o.record(now, nil, true)
			return
		case o.drained(now):
			o.rest(buf)
			return
		default:
			o.add(now, o.log.Flush)
		}
	}
}

// rest records what is in the pipe of a stream that others keep open.
func (o *output) rest(buf []byte) {
	_ = o.pipe.SetReadDeadline(time.Time{})
	o.cut = true
	const most = 1 << 20 // no pipe holds more
	if conn, err := o.pipe.SyscallConn(); err == nil {
		for total := 0; total < most; {
			n, err := readWaiting(conn, buf)
			if n == 0 {
				o.cut = err != nil
				break
			}
			o.record(time.Now(), buf[:n], false)
			total += n
		}
	}
	o.record(time.Now(), nil, true)
}

// record takes the bytes that arrived; last says that nothing follows.
func (o *output) record(at time.Time, p []byte, last bool) {
	if len(p) > 0 {
		if err := o.capture.write(p); err != nil && o.err == nil {
			o.err = err
		}
	}
	if values := o.values.set.Load(); values != nil {
		o.text = o.redactor.next(values, o.text[:0], p, last)
		p = o.text
	}
	if len(p) > 0 {
		o.add(at, func(at time.Time) (rundir.Chunk, error) { return o.log.Write(at, p) })
	}
	if last {
		o.add(at, o.log.Close)
	}
}

func (o *output) add(at time.Time, write func(time.Time) (rundir.Chunk, error)) {
	o.order.Lock()
	defer o.order.Unlock()
	c, err := write(at)
	if err != nil && o.err == nil {
		o.err = err
	}
	if c.End > c.Start {
		o.emit(at, c)
	}
}
