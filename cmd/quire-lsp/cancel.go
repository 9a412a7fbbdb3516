package main

import (
	"context"
	"sync"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// inflight holds the requests under way, so that $/cancelRequest can end them.
type inflight struct {
	mu     sync.Mutex // guards cancel
	cancel map[jsonrpc2.ID]context.CancelFunc
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
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cancel == nil {
		f.cancel = map[jsonrpc2.ID]context.CancelFunc{}
	}
	f.cancel[id] = cancel
	return ctx, func() {
		cancel()
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.cancel, id)
	}
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
	defer f.mu.Unlock()
	if cancel, ok := f.cancel[id]; ok {
		cancel()
	}
}
