// Package drawing shows which job of a pipeline needs which: as a tree of text,
// as a picture, and in the languages of programs that draw graphs.
//
// All of them are functions of a [Drawing], which is a graph of jobs with the
// sources that start them, the names that nothing has, and what is wrong with
// each. The same graph always gives the same bytes.
package drawing

import (
	"strings"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A Drawing is a graph of jobs with everything that a picture of it shows. It
// is immutable and may be used by several goroutines.
type Drawing struct {
	// Nodes are the sources that jobs name, the jobs in the order they were
	// registered, and the names that nothing has.
	Nodes []Node
	// Edges lead from what is needed to what needs it, each once, in the order
	// of the nodes they lead to and there of the inputs.
	Edges []Edge
	// Cycles are the groups of nodes that need each other.
	Cycles [][]int
}

// A Kind says what a name in a graph stands for.
type Kind int

// The kinds.
const (
	Job     Kind = iota
	Source       // what starts jobs
	Unknown      // an input that is neither a job nor a source
)

func (k Kind) String() string {
	switch k {
	case Source:
		return "source"
	case Unknown:
		return "unknown"
	}
	return "job"
}

// A Node is one name of a graph.
type Node struct {
	Name string
	Kind Kind
	// Place is that of the call that registered a job. Nodes that are no jobs
	// have none.
	Place source.Place
	// Cyclic reports that the job needs itself, directly or not.
	Cyclic bool
	// Unreachable reports that nothing starts the job, and that this is a fault.
	Unreachable bool
	// Broken reports that the job was refused and cannot run.
	Broken bool
	// Findings are the diagnostics about what the job's own text says, in
	// order. Jobs that one call registers, such as one in a loop, share them.
	Findings diag.List
	// Annotation is what a picture of a run says of the job.
	Annotation
}

// An Edge is one input of a job: To needs From. Both are indices of nodes.
type Edge struct {
	From, To int
	// Back reports that the edge closes a cycle. Without these edges a graph
	// has no cycles.
	Back bool
}

// Severity returns how bad the worst is that is known about a node, or 0.
func (n *Node) Severity() diag.Severity {
	if n.Cyclic || n.Unreachable || n.Broken {
		return diag.Error
	}
	worst := diag.Severity(0)
	for _, d := range n.Findings {
		if s := d.Severity(); worst == 0 || s < worst {
			worst = s
		}
	}
	return worst
}

// New returns the drawing of a graph. The diagnostics that are about one of its
// jobs are kept with it; without those of loading, no job is said to be
// unreachable.
func New(g *pipeline.Graph, found diag.List) *Drawing {
	b := builder{index: map[string]int{}}
	b.addSources(g)
	b.addJobs(g)
	b.addEdges()
	b.findCycles()
	b.blame(found)
	return &b.Drawing
}

// builder makes a drawing. jobs are the registrations of each node: several
// when an id is registered twice, the one that counts first.
type builder struct {
	Drawing
	jobs  [][]*pipeline.Job
	index map[string]int
}

func (b *builder) add(n Node, jobs ...*pipeline.Job) int {
	i := len(b.Nodes)
	b.index[n.Name] = i
	b.Nodes = append(b.Nodes, n)
	b.jobs = append(b.jobs, jobs)
	return i
}

// addSources adds the sources that inputs name, in the order they are
// documented. A job may have the name of a source only where it is refused.
func (b *builder) addSources(g *pipeline.Graph) {
	named := map[string]bool{}
	for _, j := range g.Jobs {
		for _, in := range j.Inputs {
			named[in.Name] = true
		}
	}
	for _, s := range dsl.Sources() {
		if named[s.Name] {
			b.add(Node{Name: s.Name, Kind: Source})
		}
	}
}

// addJobs adds the jobs. Of several with one id, the first that can run is
// the node.
func (b *builder) addJobs(g *pipeline.Graph) {
	for _, j := range g.Jobs {
		i, ok := b.index[j.ID]
		switch {
		case !ok:
			b.add(Node{Name: j.ID, Place: j.Call, Broken: j.Broken}, j)
		case b.Nodes[i].Broken && !j.Broken:
			b.jobs[i] = append([]*pipeline.Job{j}, b.jobs[i]...)
			b.Nodes[i].Place, b.Nodes[i].Broken = j.Call, false
		default:
			b.jobs[i] = append(b.jobs[i], j)
		}
	}
}

func (b *builder) addEdges() {
	for to := range b.jobs {
		if len(b.jobs[to]) == 0 || b.Nodes[to].Kind != Job {
			continue
		}
		seen := map[int]bool{}
		for _, in := range b.jobs[to][0].Inputs {
			from, ok := b.index[in.Name]
			if !ok {
				from = b.add(Node{Name: in.Name, Kind: Unknown})
			}
			if !seen[from] {
				seen[from] = true
				b.Edges = append(b.Edges, Edge{From: from, To: to})
			}
		}
	}
}

// unstarted returns the jobs that no source leads to. A job that was refused
// counts as started: its inputs are not known.
func (b *builder) unstarted() []bool {
	feeds := b.feeds()
	started := make([]bool, len(b.Nodes))
	var todo []int
	for i, n := range b.Nodes {
		if n.Broken || n.Kind != Job && strings.HasPrefix(n.Name, dsl.SourcePrefix) {
			started[i] = true
			todo = append(todo, i)
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range feeds[i] {
			if next := b.Edges[e].To; !started[next] {
				started[next] = true
				todo = append(todo, next)
			}
		}
	}
	for i := range started {
		started[i] = !started[i]
	}
	return started
}

// feeds returns the edges that leave each node, and needs those that arrive,
// in their order.
func (d *Drawing) feeds() [][]int {
	return d.group(func(e Edge) int { return e.From })
}

func (d *Drawing) needs() [][]int {
	return d.group(func(e Edge) int { return e.To })
}

func (d *Drawing) group(by func(Edge) int) [][]int {
	groups := make([][]int, len(d.Nodes))
	for i, e := range d.Edges {
		groups[by(e)] = append(groups[by(e)], i)
	}
	return groups
}
