package drawing

import "slices"

// findCycles finds the groups of nodes that need each other, and marks the
// edges that have to go so that no cycle is left: those that lead back to a
// node the search is still below. The search starts with the sources and then
// takes the jobs in order, so that a cycle is entered where a source enters it.
func (b *builder) findCycles() {
	s := search{builder: b, feeds: b.feeds(), nodes: make([]visit, len(b.Nodes))}
	for i := range b.Nodes {
		if s.nodes[i].number == 0 {
			s.from(i)
		}
	}
	slices.SortFunc(b.Cycles, slices.Compare)
}

// search is Tarjan's search for strongly connected components, with a stack
// of its own: a chain of jobs may be long.
type search struct {
	*builder
	feeds  [][]int
	nodes  []visit
	path   []int // from the start to the node being visited
	open   []int // visited, and not yet in a component
	number int
}

// A visit is what the search knows of a node. A number of 0 is that of a node
// that was not seen.
type visit struct {
	number, low  int
	next         int // the edge to follow next
	onPath, open bool
}

func (s *search) from(start int) {
	s.enter(start)
	for len(s.path) > 0 {
		i := s.path[len(s.path)-1]
		v := &s.nodes[i]
		if v.next == len(s.feeds[i]) {
			s.leave(i)
			continue
		}
		e := &s.Edges[s.feeds[i][v.next]]
		v.next++
		switch to := &s.nodes[e.To]; {
		case to.number == 0:
			s.enter(e.To)
		case to.open:
			v.low = min(v.low, to.number)
			e.Back = to.onPath
		}
	}
}

func (s *search) enter(i int) {
	s.number++
	s.nodes[i] = visit{number: s.number, low: s.number, onPath: true, open: true}
	s.path = append(s.path, i)
	s.open = append(s.open, i)
}

func (s *search) leave(i int) {
	v := &s.nodes[i]
	v.onPath = false
	s.path = s.path[:len(s.path)-1]
	if len(s.path) > 0 {
		above := &s.nodes[s.path[len(s.path)-1]]
		above.low = min(above.low, v.low)
	}
	if v.low < v.number {
		return
	}
	first := len(s.open) - 1
	for s.open[first] != i {
		first--
	}
	component := slices.Clone(s.open[first:])
	s.open = s.open[:first]
	for _, n := range component {
		s.nodes[n].open = false
	}
	if len(component) > 1 || s.needsItself(i) {
		slices.Sort(component)
		s.Cycles = append(s.Cycles, component)
		for _, n := range component {
			s.Nodes[n].Cyclic = true
		}
	}
}

func (s *search) needsItself(i int) bool {
	return slices.ContainsFunc(s.feeds[i], func(e int) bool { return s.Edges[e].To == i })
}
