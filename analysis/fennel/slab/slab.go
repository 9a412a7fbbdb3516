// Package slab allocates small values of one type many at a time, for stages
// that make thousands of them for every file.
package slab

// A Slab hands out values that live as long as anything refers to them. One of
// them keeps all that were allocated with it, so that a slab begins with a few
// and allocates more the more are taken. The zero Slab is ready.
type Slab[T any] struct {
	free []T
	size int // of the last allocation
}

const (
	minSlab = 8
	maxSlab = 64
)

// One returns a zero value.
func (s *Slab[T]) One() *T {
	if len(s.free) == 0 {
		s.grow(1)
	}
	v := &s.free[0]
	s.free = s.free[1:]
	return v
}

// New returns a copy of a value.
func (s *Slab[T]) New(v T) *T {
	out := s.One()
	*out = v
	return out
}

// Take returns n zero values, or nil for none. Nothing can be appended to them
// in place.
func (s *Slab[T]) Take(n int) []T {
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		if n > maxSlab/2 {
			return make([]T, n)
		}
		s.grow(n)
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}

// Clone returns a copy of values.
func (s *Slab[T]) Clone(values []T) []T {
	taken := s.Take(len(values))
	copy(taken, values)
	return taken
}

func (s *Slab[T]) grow(n int) {
	s.size = min(max(2*s.size, minSlab), maxSlab)
	s.free = make([]T, max(n, s.size))
}

// An Arena hands out values that are all given back at once. The zero Arena is
// ready.
type Arena[T any] struct {
	chunks [][]T
	Mark
}

// A Mark says how much of an arena is handed out.
type Mark struct{ chunk, used int } // all chunks before chunk, and used values of that one

const (
	minChunk = 16
	maxChunk = 512
)

// One returns a value that may be anything.
func (a *Arena[T]) One() *T { return &a.Take(1)[0] }

// New returns a copy of a value.
func (a *Arena[T]) New(v T) *T {
	out := a.One()
	*out = v
	return out
}

// Take returns n values that may be anything. Nothing can be appended to them
// in place.
func (a *Arena[T]) Take(n int) []T {
	if n > maxChunk/4 {
		return make([]T, n)
	}
	for a.chunk < len(a.chunks) && a.used+n > len(a.chunks[a.chunk]) {
		a.chunk, a.used = a.chunk+1, 0
	}
	if a.chunk == len(a.chunks) {
		a.grow(n)
	}
	taken := a.chunks[a.chunk][a.used : a.used+n : a.used+n]
	a.used += n
	return taken
}

func (a *Arena[T]) grow(n int) {
	size := minChunk
	if a.chunk > 0 {
		size = min(2*len(a.chunks[a.chunk-1]), maxChunk)
	}
	a.chunks = append(a.chunks, make([]T, max(n, size)))
}

// Rewind takes back everything handed out since the mark; the zero Mark stands
// for everything.
func (a *Arena[T]) Rewind(m Mark) { a.Mark = m }
