package syntax

import "quire/analysis/fennel/slab"

// An arena is where a reader's nodes and the slices of their children lie.
type arena struct {
	nodes slab.Arena[Node]
	links slab.Arena[*Node]
}

// An arenaMark says how much of an arena is handed out.
type arenaMark struct{ nodes, links slab.Mark }

func (a *arena) mark() arenaMark { return arenaMark{a.nodes.Mark, a.links.Mark} }

// rewind takes back everything handed out since the mark.
func (a *arena) rewind(m arenaMark) {
	a.nodes.Rewind(m.nodes)
	a.links.Rewind(m.links)
}
