package syntax

// A slab hands out slices of one kind of element from a few large allocations.
type slab[T any] struct {
	chunks [][]T
	slabMark
}

// A slabMark says how much of a slab is handed out: all chunks before chunk,
// and used elements of that one.
type slabMark struct{ chunk, used int }

const (
	minChunk = 128
	maxChunk = 512
)

// take returns n elements, which may hold anything.
func (s *slab[T]) take(n int) []T {
	if n > minChunk {
		return make([]T, n)
	}
	for s.chunk < len(s.chunks) && s.used+n > len(s.chunks[s.chunk]) {
		s.chunk, s.used = s.chunk+1, 0
	}
	if s.chunk == len(s.chunks) {
		s.chunks = append(s.chunks, make([]T, min(minChunk*(len(s.chunks)+1), maxChunk)))
	}
	elements := s.chunks[s.chunk][s.used : s.used+n : s.used+n]
	s.used += n
	return elements
}

// An arena is where a reader's nodes and the slices of their children lie.
type arena struct {
	nodes slab[Node]
	links slab[*Node]
}

// An arenaMark says how much of an arena is handed out.
type arenaMark struct{ nodes, links slabMark }

func (a *arena) mark() arenaMark { return arenaMark{a.nodes.slabMark, a.links.slabMark} }

// rewind takes back everything handed out since the mark.
func (a *arena) rewind(m arenaMark) { a.nodes.slabMark, a.links.slabMark = m.nodes, m.links }
