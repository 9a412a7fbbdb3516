package main

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// flushing is how long the end of a session waits for a client to take what was
// written to it.
const flushing = 2 * time.Second

// An outgoing is the way to a client. Writing to it never waits for the client,
// who may be waiting to be read from itself; what is written meanwhile is sent
// at once.
type outgoing struct {
	to io.WriteCloser

	mu     sync.Mutex // guards the fields below
	more   *sync.Cond // there is something to send, or an end
	queued bytes.Buffer
	closed bool
	err    error         // of sending
	idle   chan struct{} // closed when nothing is sent any more
}

// buffered returns rw with writes that do not wait.
func buffered(rw io.ReadWriteCloser) io.ReadWriteCloser {
	return struct {
		io.Reader
		io.WriteCloser
	}{rw, newOutgoing(rw)}
}

func newOutgoing(to io.WriteCloser) *outgoing {
	o := &outgoing{to: to, idle: make(chan struct{})}
	o.more = sync.NewCond(&o.mu)
	go o.send()
	return o
}

// Write queues b. It returns the error of an earlier write.
func (o *outgoing) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
		return 0, o.err
	case o.closed:
		return 0, io.ErrClosedPipe
	}
	o.queued.Write(b)
	o.more.Signal()
	return len(b), nil
}

// send sends what is queued until it is closed.
func (o *outgoing) send() {
	defer close(o.idle)
	var taken bytes.Buffer
	for {
		o.mu.Lock()
		for o.queued.Len() == 0 && !o.closed {
			o.more.Wait()
		}
		if o.queued.Len() == 0 || o.err != nil {
			o.mu.Unlock()
			return
		}
		taken, o.queued = o.queued, bytes.Buffer{}
		o.mu.Unlock()
		if _, err := o.to.Write(taken.Bytes()); err != nil {
			o.mu.Lock()
			o.err = err
			o.mu.Unlock()
			return
		}
	}
}

// Close sends what is left, for a while, and closes the way.
func (o *outgoing) Close() error {
	o.mu.Lock()
	o.closed = true
	o.more.Signal()
	o.mu.Unlock()
	timer := time.NewTimer(flushing)
	defer timer.Stop()
	select {
	case <-o.idle:
	case <-timer.C: // the client does not read
	}
	return o.to.Close()
}
