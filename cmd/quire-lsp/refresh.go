package main

import (
	"context"
	"sync"
	"time"
)

// A refresher asks the client to look again at something that changed. It asks
// once at a time and no more often than every so long: what changes meanwhile
// is asked for once more.
type refresher struct {
	every time.Duration

	mu            sync.Mutex // guards the fields below
	asking, again bool
}

// ask asks by a request, whose answer says nothing.
func (r *refresher) ask(s *server, request func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asking {
		r.again = true
		return
	}
	r.asking = true
	s.goWork(func() {
		for more := true; more; more = r.more() {
			_ = request(s.ctx) // a client that cannot is not asked for more than that
			select {
			case <-time.After(r.every):
			case <-s.ctx.Done():
				return
			}
		}
	})
}

// more reports whether something changed since the client was asked.
func (r *refresher) more() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking, r.again = r.again, false
	return r.asking
}

// refreshLenses has the client ask for the lenses again, where it can be told.
func (s *server) refreshLenses() {
	if s.caps.refreshLenses {
		s.lenses.ask(s, s.client.CodeLensRefresh)
	}
}

// refreshHints has the client ask for the inlay hints again, where it can be
// told.
func (s *server) refreshHints() {
	if s.caps.refreshHints {
		s.hints.ask(s, s.client.InlayHintRefresh)
	}
}

// refreshResults has the client ask again for all that shows how jobs went.
func (s *server) refreshResults() {
	s.refreshLenses()
	s.refreshHints()
}
