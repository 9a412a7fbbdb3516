package fennel

// A slab allocates small values many at a time: a form has dozens of them. It
// begins with a few, since one value keeps all that were allocated with it, and
// after a keystroke one form is compiled and kept.
type slab[T any] struct {
	free []T
	size int // of the last allocation
}

const (
	minSlab = 8
	maxSlab = 64
)

// one returns a zero value.
func (s *slab[T]) one() *T { return &s.take(1)[0] }

// take returns n zero values, or nil for none.
func (s *slab[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		s.size = min(max(2*s.size, minSlab), maxSlab)
		s.free = make([]T, max(n, s.size))
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}

// factSlabs allocate what is known of a program. Within a session they also
// number it, so that copying the facts of a unit to where the unit stands needs
// no maps.
type factSlabs struct {
	numbered factNumber
	values   slab[Value]
	parts    slab[Parts]
	none     *Parts // of literals and what is unknown
	calls    slab[Call]
	funcs    slab[Func]
	symbols  slab[Symbol]
}

// A factNumber is the number of a value, call, function or symbol among those
// that a session made.
type factNumber int32

func (s *factSlabs) number() factNumber {
	s.numbered++
	return s.numbered
}

// newValue returns a copy of a value. Without parts it gets the empty ones.
func (s *factSlabs) newValue(v Value) *Value {
	out := s.values.one()
	*out = v
	out.number = s.number()
	if out.Parts == nil {
		out.Parts = s.noParts()
	}
	return out
}

func (s *factSlabs) noParts() *Parts {
	if s.none == nil {
		s.none = new(Parts)
	}
	return s.none
}

func (s *factSlabs) newParts(p Parts) *Parts {
	out := s.parts.one()
	*out = p
	return out
}

// newPath returns a path without keys and without a place.
func (s *factSlabs) newPath(root Root) *Value {
	return s.newValue(Value{Kind: Path, Parts: s.newParts(Parts{Root: root})})
}

func (s *factSlabs) newCall(c Call) *Call {
	out := s.calls.one()
	*out = c
	out.number = s.number()
	return out
}

func (s *factSlabs) newFunc(f Func) *Func {
	out := s.funcs.one()
	*out = f
	out.number = s.number()
	return out
}

func (s *factSlabs) newSymbol(x Symbol) *Symbol {
	out := s.symbols.one()
	*out = x
	out.number = s.number()
	return out
}
