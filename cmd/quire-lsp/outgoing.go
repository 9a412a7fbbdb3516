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

// behindAt and caughtUpAt are how many bytes wait for a client that is said to
// be behind from then on, and to have caught up. They are apart, so that a
// client that is a little too slow misses a few long stretches of output and not
// many short ones.
const (
	behindAt   = 4 << 20
	caughtUpAt = behindAt / 4
)

// An outgoing is the way to a client. Writing to it never waits for the client,
// who may be waiting to be read from itself; what is written meanwhile is sent
// at once.
//
// It takes whatever it is given. Who writes more than the client asks for, as
// commands do, looks first whether the client is behind.
type outgoing struct {
	to io.WriteCloser

	mu     sync.Mutex // guards the fields below
	more   *sync.Cond // there is something to send, or an end
	queued bytes.Buffer
	unsent int  // bytes that are queued or being sent
	behind bool // unsent was behindAt, and not yet caughtUpAt again
	closed bool
	err    error         // of sending
	idle   chan struct{} // closed when nothing is sent any more
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
	o.unsent += len(b)
	o.behind = o.behind || o.unsent >= behindAt
	o.more.Signal()
	return len(b), nil
}

// isBehind reports whether the client reads more slowly than it is written to.
func (o *outgoing) isBehind() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.behind
}

// send sends what is queued until it is closed.
func (o *outgoing) send() {
	defer close(o.idle)
	for taken := o.take(); len(taken) > 0; taken = o.take() {
		_, err := o.to.Write(taken)
		o.sent(len(taken), err)
		if err != nil {
			return
		}
	}
}

// take waits for something to send and takes it from the queue. It is empty when
// there will be no more.
func (o *outgoing) take() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.queued.Len() == 0 && !o.closed {
		o.more.Wait()
	}
	taken := o.queued.Bytes()
	o.queued = bytes.Buffer{}
	return taken
}

// sent notes how sending went.
func (o *outgoing) sent(n int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.unsent -= n
	o.behind = o.behind && o.unsent > caughtUpAt
	o.err = err
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
