package main

import (
	"context"
	"slices"
	"sync"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// inflight holds the requests under way, so that $/cancelRequest can end them.
type inflight struct {
	mu      sync.Mutex   // guards the fields below
	calls   map[int]call // by their numbers: a client may use an id twice
	begun   int          // calls so far, the number of the last
	retired []retired
}

// A call is a request that waits for an answer.
type call struct {
	id     jsonrpc2.ID
	cancel context.CancelFunc
}

// retired is what ends when the calls do that had begun before.
type retired struct {
	begun int
	end   func()
}

// afterwards calls end as soon as no request is under way that began before and
// may need what it ends.
func (f *inflight) afterwards(end func()) {
	f.mu.Lock()
	f.retired = append(f.retired, retired{f.begun, end})
	f.mu.Unlock()
	f.sweep()
}

// sweep ends what no request needs any more.
func (f *inflight) sweep() {
	f.mu.Lock()
	oldest := f.begun + 1
	for number := range f.calls {
		oldest = min(oldest, number)
	}
	var due []retired
	f.retired = slices.DeleteFunc(f.retired, func(r retired) bool {
		if r.begun >= oldest {
			return false
		}
		due = append(due, r)
		return true
	})
	f.mu.Unlock()
	for _, r := range due {
		r.end()
	}
}

// releaseKey is where a request's context keeps what lets the next message in.
type releaseKey struct{}

// begin returns the context of a request. It is not derived from the one that
// the connection gives: that one is used again for another request as soon as
// this one has been answered, when a context derived from it may still look at
// it.
func (f *inflight) begin(session, request context.Context, req *jsonrpc2.Request) (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancel(session)
	ctx = context.WithValue(ctx, releaseKey{}, sync.OnceFunc(func() { jsonrpc2.Async(request) }))
	if !req.IsCall() {
		return ctx, cancel
	}
	number := f.enter(req.ID(), cancel)
	return ctx, func() {
		cancel()
		f.forget(number)
	}
}

// enter notes that a request is under way, and returns its number.
func (f *inflight) enter(id jsonrpc2.ID, cancel context.CancelFunc) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[int]call{}
	}
	f.begun++
	f.calls[f.begun] = call{id, cancel}
	return f.begun
}

// forget notes that a request needs nothing any more.
func (f *inflight) forget(number int) {
	f.mu.Lock()
	delete(f.calls, number)
	f.mu.Unlock()
	f.sweep()
}

// cancelNamed cancels the requests under way that have an id, and returns their
// numbers.
func (f *inflight) cancelNamed(id jsonrpc2.ID) (numbers []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for number, c := range f.calls {
		if c.id == id {
			c.cancel()
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// release lets the next message in. A handler calls it when it has taken what
// it answers from.
func release(ctx context.Context) {
	if next, ok := ctx.Value(releaseKey{}).(func()); ok {
		next()
	}
}

// cancelRequest ends what is under way of the request that a $/cancelRequest
// names.
func (f *inflight) cancelRequest(req *jsonrpc2.Request) {
	var p protocol.CancelParams
	if protocol.Unmarshal(req.Params(), &p) != nil {
		return
	}
	var id jsonrpc2.ID
	switch v := p.ID.(type) {
	case protocol.Integer:
		id = jsonrpc2.NewNumberID(int64(v))
	case protocol.String:
		id = jsonrpc2.NewStringID(string(v))
	}
	for _, number := range f.cancelNamed(id) {
		f.forget(number) // what it finds nobody wants to know
	}
}
