package fennel

import "quire/analysis/fennel/slab"

// factSlabs allocate what is known of a program. Within a session they also
// number it, so that copying the facts of a unit to where the unit stands needs
// no maps.
type factSlabs struct {
	numbered factNumber
	values   slab.Slab[Value]
	parts    slab.Slab[Parts]
	routes   slab.Slab[Route]
	none     *nothingMore
	calls    slab.Slab[Call]
	funcs    slab.Slab[Func]
	symbols  slab.Slab[Symbol]
	reads    slab.Slab[Access]
	lists    slab.Slab[*Value]
	keys     slab.Slab[Key]
	pairs    slab.Slab[Field]
}

// A factNumber is the number of a value, call, function or symbol among those
// that a session made.
type factNumber int32

func (s *factSlabs) number() factNumber {
	s.numbered++
	return s.numbered
}

// nothingMore is what values share that have no parts, or no route.
type nothingMore struct {
	parts Parts
	route Route
}

// newValue returns a copy of a value. What it lacks of parts and route is empty.
func (s *factSlabs) newValue(v Value) *Value {
	out := s.values.One()
	*out = v
	out.number = s.number()
	if out.Parts == nil {
		out.Parts = s.noParts()
	}
	if out.Route == nil {
		out.Route = s.noRoute()
	}
	return out
}

func (s *factSlabs) noParts() *Parts { return &s.nothing().parts }
func (s *factSlabs) noRoute() *Route { return &s.nothing().route }

func (s *factSlabs) nothing() *nothingMore {
	if s.none == nil {
		s.none = new(nothingMore)
	}
	return s.none
}

// newPath returns a path without keys and without a place.
func (s *factSlabs) newPath(root Root) *Value {
	return s.newValue(Value{Kind: Path, Route: s.routes.New(Route{Root: root})})
}

func (s *factSlabs) newCall(c Call) *Call {
	out := s.calls.One()
	*out = c
	out.number = s.number()
	return out
}

func (s *factSlabs) newFunc(f Func) *Func {
	out := s.funcs.One()
	*out = f
	out.number = s.number()
	return out
}

func (s *factSlabs) newSymbol(x Symbol) *Symbol {
	out := s.symbols.One()
	*out = x
	out.number = s.number()
	return out
}
