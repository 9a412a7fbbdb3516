package drawing

import "slices"

// A picture is drawn in columns, its layers, from left to right: every node
// stands right of all it needs. An edge that passes layers is led through each
// by a bend, so that between neighbouring layers there are only short links.
// All edges of a node share their bends.

// A vertex is a node of the drawing in a picture, or a bend of the edges that
// leave one.
type vertex struct {
	node  int // -1 for a bend
	layer int
	// back reports that a bend is part of an edge that closes a cycle.
	back bool
	// left and right are the links to the vertices of the neighbouring layers.
	left, right []int

	position  int     // in its layer, from the top
	y, height float64 // the middle, in pixels
}

// A link leads from a vertex of one layer to one of the next.
type link struct {
	from, to int
	back     bool
}

// layout is a drawing taken apart into layers.
type layout struct {
	*Drawing
	vertices []vertex
	links    []link
	parts    []part
	// started are the jobs whose edges from sources are left out, because they
	// follow from other inputs.
	started []bool
	// far are the edges that are drawn straight from end to end.
	far []Edge
}

// A part is the vertices of a picture that are linked to each other. Parts
// stand one below the other.
type part struct {
	*layout
	members []int   // in order
	first   int     // the number of the first of its layers
	layers  [][]int // vertices from top to bottom
}

// maxBends bounds the vertices that are added to a picture. Edges that would
// need more are drawn straight, behind everything else.
const maxBends = 20_000

func newLayout(d *Drawing) *layout {
	l := &layout{Drawing: d, started: make([]bool, len(d.Nodes))}
	edges := l.shown()
	layer := l.assign(edges)
	for i := range d.Nodes {
		l.addVertex(vertex{node: i, layer: layer[i]})
	}
	l.connect(edges)
	l.split()
	for i := range l.parts {
		l.parts[i].order()
	}
	return l
}

// shown returns the edges of the picture, each leading to the right: those
// that close a cycle are turned around.
func (l *layout) shown() []Edge {
	started := l.startedByJobs()
	var edges []Edge
	for _, e := range l.Edges {
		switch {
		case e.From == e.To:
		case e.Back:
			edges = append(edges, Edge{From: e.To, To: e.From, Back: true})
		case l.Nodes[e.From].Kind == Source && started[e.To]:
			l.started[e.To] = true
		default:
			edges = append(edges, e)
		}
	}
	return edges
}

// startedByJobs returns the nodes that need a job which a source starts.
func (l *layout) startedByJobs() []bool {
	feeds := l.feeds()
	byJob := make([]bool, len(l.Nodes))
	seen := make([]bool, len(l.Nodes))
	var todo []int
	for i, n := range l.Nodes {
		if n.Kind == Source {
			todo = append(todo, i)
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range feeds[i] {
			e := l.Edges[e]
			if e.Back {
				continue
			}
			byJob[e.To] = byJob[e.To] || l.Nodes[e.From].Kind == Job
			if !seen[e.To] {
				seen[e.To] = true
				todo = append(todo, e.To)
			}
		}
	}
	return byJob
}

// assign returns the layer of each node: the length of the longest way to it.
// A node that needs nothing stands right before the first that needs it.
func (l *layout) assign(edges []Edge) []int {
	next := make([][]int, len(l.Nodes))
	waits := make([]int, len(l.Nodes))
	for _, e := range edges {
		next[e.From] = append(next[e.From], e.To)
		waits[e.To]++
	}
	layer := make([]int, len(l.Nodes))
	var roots, todo []int
	for i := range l.Nodes {
		if waits[i] == 0 {
			roots = append(roots, i)
		}
	}
	todo = append(todo, roots...)
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, to := range next[i] {
			layer[to] = max(layer[to], layer[i]+1)
			if waits[to]--; waits[to] == 0 {
				todo = append(todo, to)
			}
		}
	}
	for _, i := range roots {
		nearest := 0
		for k, to := range next[i] {
			if k == 0 || layer[to] < nearest {
				nearest = layer[to]
			}
		}
		layer[i] = max(nearest-1, 0)
	}
	return layer
}

func (l *layout) addVertex(v vertex) int {
	l.vertices = append(l.vertices, v)
	return len(l.vertices) - 1
}

func (l *layout) addLink(n link) {
	l.vertices[n.from].right = append(l.vertices[n.from].right, len(l.links))
	l.vertices[n.to].left = append(l.vertices[n.to].left, len(l.links))
	l.links = append(l.links, n)
}

// connect leads each edge through the layers between its ends.
func (l *layout) connect(edges []Edge) {
	type trunk struct {
		node int
		back bool
	}
	// The bends of a node's edges, one a layer from the one right of it.
	trunks := map[trunk][]int{}
	bends := 0
	for _, e := range edges {
		t := trunk{e.From, e.Back}
		first := l.vertices[e.From].layer + 1
		span := l.vertices[e.To].layer - first
		if more := span - len(trunks[t]); more > 0 {
			if bends+more > maxBends {
				l.far = append(l.far, e)
				continue
			}
			bends += more
		}
		for len(trunks[t]) < span {
			bend := l.addVertex(vertex{node: -1, layer: first + len(trunks[t]), back: e.Back})
			l.addLink(link{l.before(e.From, trunks[t]), bend, e.Back})
			trunks[t] = append(trunks[t], bend)
		}
		l.addLink(link{l.before(e.From, trunks[t][:span]), e.To, e.Back})
	}
}

// before returns the last vertex of a way that starts at a node.
func (l *layout) before(node int, bends []int) int {
	if len(bends) == 0 {
		return node
	}
	return bends[len(bends)-1]
}

// split finds the parts, in the order of their first vertices.
func (l *layout) split() {
	of := make([]int, len(l.vertices))
	for start := range l.vertices {
		if of[start] > 0 {
			continue
		}
		p := part{layout: l, first: l.vertices[start].layer}
		last := p.first
		of[start] = len(l.parts) + 1
		var neighbours []int
		for todo := []int{start}; len(todo) > 0; {
			i := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			p.members = append(p.members, i)
			p.first, last = min(p.first, l.vertices[i].layer), max(last, l.vertices[i].layer)
			neighbours = l.fromRight(i, l.fromLeft(i, neighbours[:0]))
			for _, n := range neighbours {
				if of[n] == 0 {
					of[n] = of[start]
					todo = append(todo, n)
				}
			}
		}
		slices.Sort(p.members)
		p.layers = make([][]int, last-p.first+1)
		l.parts = append(l.parts, p)
	}
}

// fromLeft and fromRight append the neighbours of a vertex on one side.
func (l *layout) fromLeft(i int, neighbours []int) []int {
	for _, n := range l.vertices[i].left {
		neighbours = append(neighbours, l.links[n].from)
	}
	return neighbours
}

func (l *layout) fromRight(i int, neighbours []int) []int {
	for _, n := range l.vertices[i].right {
		neighbours = append(neighbours, l.links[n].to)
	}
	return neighbours
}
