package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"quire/analysis/source"
	"quire/exec"
)

// A server is one session with one client.
//
// Messages are taken in the order in which they arrive: a handler applies its
// change, or takes the snapshot it will answer from, on the reading goroutine,
// and only then calls jsonrpc2.Async, which lets the next message in. What
// follows runs beside other requests and touches only the snapshot. A change
// makes a new snapshot and cancels the old one.
type server struct {
	protocol.UnimplementedServer

	conn     jsonrpc2.Conn
	outgoing *outgoing // what conn writes to
	client   protocol.Client
	stderr   io.Writer
	disk     func(root string) source.Tree // what evaluation finds in a repository, beside what is open

	// ctx ends when the session does; runs and publishing live in it.
	ctx    context.Context
	work   background
	exited chan struct{} // closed by leave
	leave  func()        // ends the session
	// orderly reports that shutdown came before the end.
	orderly atomic.Bool

	inflight  inflight
	caps      capabilities
	documents documents
	tokens    tokenMemory
	config    globalConfig
	publisher publisher
	runs      runs
	results   results
	trust     trust
	logs      logDocuments
	lenses    refresher
	hints     refresher
	told      toldPipelines
	scratch   scratch

	configuration configuration

	state phase // only touched on the reading goroutine
}

// A phase is where in its life cycle a session is.
type phase int

const (
	starting phase = iota // before initialize
	serving
	stopping // after shutdown
	gone     // after exit
)

// serve speaks with a client until it says exit or goes away, or ctx ends, and
// returns the exit code. No run is left when it returns.
func serve(ctx context.Context, rw io.ReadWriteCloser, stderr io.Writer) int {
	return newServer(stderr).serve(ctx, rw)
}

func newServer(stderr io.Writer) *server {
	s := &server{stderr: stderr, disk: exec.Dir, exited: make(chan struct{})}
	s.leave = sync.OnceFunc(func() { close(s.exited) })
	s.documents.init()
	s.initRunning()
	return s
}

func (s *server) serve(until context.Context, rw io.ReadWriteCloser) int {
	ctx, cancel := context.WithCancel(until)
	defer cancel()
	s.ctx = ctx
	s.outgoing = newOutgoing(rw)
	rw = struct {
		io.Reader
		io.WriteCloser
	}{rw, s.outgoing}
	s.conn = jsonrpc2.NewConn(newStream(rw), jsonrpc2.WithCodec(codec{}))
	s.client = protocol.ClientDispatcher(s.conn)
	s.conn.Go(ctx, s.handler())
	select {
	case <-s.conn.Done():
	// The reader may be stuck in a read of standard input, which closing it does
	// not always end; nobody waits for it.
	case <-s.exited:
	case <-until.Done():
	}
	if err := s.conn.Err(); err != nil {
		fmt.Fprintf(s.stderr, "quire-lsp: the connection broke: %v\n", err)
	}
	orderly := s.orderly.Load()
	cancel()
	// Nobody reads any more: whoever is stuck in a write is to go on.
	_ = rw.Close()
	s.work.end()
	s.scratch.remove()
	if !orderly {
		return 1
	}
	return 0
}

// handler returns what every message goes through: a recover, which has to be
// in the goroutine of the request itself, cancellation, the life cycle, and the
// dispatch to a method of the server.
func (s *server) handler() jsonrpc2.Handler {
	dispatch := protocol.ServerHandler(s, jsonrpc2.MethodNotFoundHandler)
	return func(request context.Context, req *jsonrpc2.Request) (result any, err error) {
		atWork()
		ctx, end := s.inflight.begin(s.ctx, request, req)
		call := req.IsCall()
		defer func() {
			if r := recover(); r != nil {
				s.panicked(req.Method(), r)
				result, err = nil, jsonrpc2.NewError(jsonrpc2.InternalError, fmt.Sprintf("internal error: %v", r))
			}
			if err != nil && ctx.Err() != nil {
				result, err = nil, protocol.ErrRequestCancelled
			}
			// A notification has no reply, and an error would end the session.
			if !call {
				result, err = nil, nil
			}
			end()
		}()
		if req.Method() == protocol.MethodCancelRequest {
			s.inflight.cancelRequest(req)
			return nil, nil
		}
		if err := s.admit(req.Method()); err != nil {
			return nil, err
		}
		result, err = dispatch(ctx, req)
		if errors.Is(err, jsonrpc2.ErrParse) { // of the parameters: the message was read
			err = jsonrpc2.NewError(jsonrpc2.InvalidParams, fmt.Sprintf("%s: the parameters are not what it takes: %v", req.Method(), err))
		}
		return result, err
	}
}

// admit says whether a method may be called in the phase that the session is
// in.
func (s *server) admit(method string) error {
	switch {
	case s.state == gone:
		return jsonrpc2.NewError(jsonrpc2.InvalidRequest, "the session has ended")
	case method == protocol.MethodExit:
		return nil
	case s.state == starting && method != protocol.MethodInitialize:
		return jsonrpc2.NewError(jsonrpc2.Code(protocol.ErrorCodesServerNotInitialized), "the session is not initialized")
	case s.state == serving && method == protocol.MethodInitialize:
		return jsonrpc2.NewError(jsonrpc2.InvalidRequest, "the session is already initialized")
	case s.state == stopping:
		return jsonrpc2.NewError(jsonrpc2.InvalidRequest, "the session is shutting down")
	}
	return nil
}

// goWork runs f beside the session, which waits for it at its end.
func (s *server) goWork(f func()) {
	s.work.begin(func() {
		defer func() {
			if r := recover(); r != nil {
				s.panicked("the background", r)
			}
		}()
		f()
	})
}

// A background is goroutines that go on beside the requests. One of these may
// still be under way when the session ends: what it would begin then is left.
type background struct {
	sync.WaitGroup
	mu    sync.Mutex // guards ended
	ended bool
}

func (b *background) begin(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.Go(f)
	}
}

// end lets nothing begin any more, and waits for what has begun.
func (b *background) end() {
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
	b.Wait()
}

// panicked logs a panic that was recovered from, which is a bug.
func (s *server) panicked(where string, value any) {
	fmt.Fprintf(s.stderr, "quire-lsp: panic in %s: %v\n%s", where, value, debug.Stack())
}

// codec encodes payloads with the unions of LSP.
type codec struct{}

func (codec) Marshal(v any) ([]byte, error) {
	if raw, ok := v.(jsonrpc2.RawMessage); ok {
		return jsonrpc2.DefaultCodec.Marshal(raw)
	}
	return protocol.Marshal(v)
}

func (codec) Unmarshal(data []byte, v any) error {
	if raw, ok := v.(*jsonrpc2.RawMessage); ok {
		return jsonrpc2.DefaultCodec.Unmarshal(data, raw)
	}
	return protocol.Unmarshal(data, v)
}
