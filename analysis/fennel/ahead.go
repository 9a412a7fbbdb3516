package fennel

import (
	"maps"
	"runtime"
	"sync"
	"sync/atomic"

	"quire/analysis/fennel/syntax"
)

// A file is worth helpers when this many of its forms in a row were new and
// defined nothing, and that many are left. What defines names most often stands
// above what only uses them.
const (
	newForms  = 16
	leftForms = 64
	// More helpers would wait for what one goroutine does alone: it reads the
	// file, and joins the units.
	maxHelpers = 7
)

// An ahead compiles forms before it is their turn, while others compile those
// before them. It takes it that the forms between define nothing: what it makes
// of a form is used when the form's turn comes and the surroundings admit it,
// just like what is left of an earlier version of the file.
//
// The forms are taken from both ends: by the session in their order, and by
// its helpers from the last one back, until they meet.
type ahead struct {
	forms   []*syntax.Node
	units   []*unit       // by the index of the form; nil where nothing was made
	taken   []atomic.Bool // the forms that someone has begun or left behind
	back    atomic.Int64  // the helpers have come to this form
	helpers sync.WaitGroup
}

// An outlook decides when to look ahead.
type outlook struct {
	*ahead
	plain int // forms in a row that were new and defined nothing
}

// made tells what became of the form at index i.
func (o *outlook) made(u *unit, fresh bool) {
	if fresh && len(u.exports) == 0 && len(u.macros) == 0 && len(u.globals) == 0 {
		o.plain++
	} else {
		o.plain = 0
	}
}

// begin lets helpers begin with the forms from index i on, if that is worth it.
func (o *outlook) begin(s *session, d *draw, forms []*syntax.Node, i int) {
	if o.ahead != nil || o.plain < newForms || len(forms)-i < leftForms || !s.options.Concurrent || len(s.around.macros) > 0 {
		return
	}
	n := min(runtime.GOMAXPROCS(0)-1, maxHelpers)
	if n == 0 {
		return
	}
	// The values of the last form are the module's, so it is none of theirs.
	forms = forms[:lastForm(forms)]
	o.ahead = &ahead{forms: forms, units: make([]*unit, len(forms)), taken: make([]atomic.Bool, len(forms))}
	o.back.Store(int64(len(forms)))
	around := s.around.snapshot()
	for range n {
		o.helpers.Go(func() { o.help(s.helper(around), d) })
	}
}

// unit returns what was made of the form at index i ahead of its turn, or nil.
func (o *outlook) unit(i int) *unit {
	if o.ahead == nil || i >= len(o.forms) || o.taken[i].CompareAndSwap(false, true) {
		return nil
	}
	o.helpers.Wait()
	return o.units[i]
}

// end waits for the helpers.
func (o *outlook) end() {
	if o.ahead != nil {
		o.helpers.Wait()
	}
}

// help compiles forms, from the last one back, until it meets one that is taken.
func (a *ahead) help(s *session, d *draw) {
	for {
		i := int(a.back.Add(-1))
		if i < 0 || !a.taken[i].CompareAndSwap(false, true) {
			return
		}
		n := a.forms[i]
		if isForm(n) && !d.has(unitKey{text: s.file.Slice(n.Span)}, s.around) {
			a.units[i] = s.attempt(d.own(n), d)
		}
	}
}

// attempt compiles a form ahead of its turn. A form that needs what the session
// has but once, or that fails in an unforeseen way, gives nil.
func (s *session) attempt(n *syntax.Node, d *draw) (u *unit) {
	defer func() {
		if recover() != nil {
			u = nil
		}
	}()
	if u = s.compile(n, d.identity(s.file), false); u.volatile {
		return nil
	}
	return u
}

// outOfTurn is what a form panics with that cannot be compiled ahead of its turn.
type outOfTurn struct{}

// needsTurn is called for what a form may only do when it is its turn: run code,
// or look for modules.
func (s *session) needsTurn() {
	if s.helps {
		panic(outOfTurn{})
	}
}

// helper returns a session that compiles forms of the same file ahead of their
// turn.
func (s *session) helper(around *surroundings) *session {
	h := newSession(s.file, s.options)
	h.helps, h.intact, h.context, h.around = true, s.intact, s.context, around
	return h
}

// snapshot returns the surroundings as they are, to read.
func (s *surroundings) snapshot() *surroundings {
	return &surroundings{
		locals: maps.Clone(s.locals), macros: maps.Clone(s.macros), globals: maps.Clone(s.globals),
		referred: maps.Clone(s.referred), names: s.names,
	}
}

// has reports whether there is a unit from an earlier version that fits the
// surroundings, taken or not.
func (d *draw) has(key unitKey, around *surroundings) bool {
	for _, b := range d.units[key] {
		if around.admits(b[0]) {
			return true
		}
	}
	return false
}
