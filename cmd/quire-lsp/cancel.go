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
	mu      sync.Mutex // guards the fields below
	calls   map[jsonrpc2.ID]call
	begun   int // calls so far
	retired []retired
}

// A call is a request that waits for an answer.
type call struct {
	number int // of those that have begun
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
	for _, c := range f.calls {
		oldest = min(oldest, c.number)
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
	id := req.ID()
	f.enter(id, cancel)
	return ctx, func() {
		cancel()
		f.forget(id)
	}
}

// enter notes that a request is under way.
func (f *inflight) enter(id jsonrpc2.ID, cancel context.CancelFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[jsonrpc2.ID]call{}
	}
	f.begun++
	f.calls[id] = call{f.begun, cancel}
}

// forget notes that a request needs nothing any more.
func (f *inflight) forget(id jsonrpc2.ID) {
	f.mu.Lock()
	delete(f.calls, id)
	f.mu.Unlock()
	f.sweep()
}

// release lets the next message in. A handler calls it when it has taken what
// it answers from.
func release(ctx context.Context) {
	if next, ok := ctx.Value(releaseKey{}).(func()); ok {
		next()
	}
}

// cancelRequest ends the request that a $/cancelRequest names, if it is still
// under way.
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
	f.mu.Lock()
	c, ok := f.calls[id]
	f.mu.Unlock()
	if ok {
		c.cancel()
		f.forget(id) // what it finds nobody wants to know
	}
}
