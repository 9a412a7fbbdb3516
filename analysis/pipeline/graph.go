package pipeline

import (
	"container/heap"
	"fmt"
	"slices"
	"sync"

	"github.com/dominikbraun/graph"

	"quire/analysis/source"
)

// A Graph is the jobs of a pipeline in the order they were registered, and
// what needs what. It is immutable and may be used by several goroutines.
type Graph struct {
	Jobs []*Job

	once  sync.Once
	links *links
}

// A Job is one registered job.
type Job struct {
	ID     string
	Inputs []Input
	// Call is the place of the call that registered the job: in ci.fnl, the
	// outermost one when a helper or module made it.
	Call source.Place
	// Inner are the places, in modules, of the calls that Call led to and that
	// registered the job: the outermost of each module, innermost module first. A
	// function of a module that only calls back is not among them.
	Inner []source.Place
	// Name is the place of the id; where that is not written, of the
	// expression that gives it, or Call.
	Name source.Place
	// Run is the place of the run-fn's form. Its File is nil when the function
	// is not code of a file, such as ci.mirror's.
	Run source.Place
	// Declared are the options of (ci.job …).
	Declared
	// Mirror reports that (ci.mirror …) registered it.
	Mirror bool
	// Broken reports that a diagnostic refused it: it stands in the graph only
	// so that nothing else is blamed.
	Broken bool
}

// An Input is one entry of a job's inputs, as written.
type Input struct {
	Name string
	// Place is that of the entry; where that is not written, of the expression
	// that gives the inputs, or the job's Call.
	Place source.Place
}

// CallIn returns the place, in a file, of the call that registered the job: Call
// or one of Inner.
func (j *Job) CallIn(f *source.File) (p source.Place, ok bool) {
	if j.Call.File == f {
		return j.Call, true
	}
	for _, p := range j.Inner {
		if p.File == f {
			return p, true
		}
	}
	return source.Place{}, false
}

// links is a graph as numbers: nodes are the positions of their jobs in jobs,
// which is in the order of registration.
type links struct {
	jobs []*Job
	byID map[string]int
	// needs and feeds lead to the nodes that a node needs and to those that
	// need it, in order, each once.
	needs, feeds [][]int
	// groups are the nodes that need each other, each group in order, in the
	// order of their first members.
	groups [][]int

	mu  sync.Mutex
	may map[string][]bool // which nodes may read names that are no jobs'
}

func (g *Graph) linked() *links {
	g.once.Do(func() { g.links = link(g.Jobs) })
	return g.links
}

// link resolves the inputs of jobs. Of several jobs with the same id the first
// that is not broken is the node.
func link(jobs []*Job) *links {
	l := &links{byID: make(map[string]int, len(jobs))}
	for _, j := range jobs {
		if i, ok := l.byID[j.ID]; !ok {
			l.byID[j.ID] = len(l.jobs)
			l.jobs = append(l.jobs, j)
		} else if l.jobs[i].Broken && !j.Broken {
			l.jobs[i] = j
		}
	}
	l.connect()
	l.groups = l.cyclic()
	return l
}

// connect fills in needs and feeds.
func (l *links) connect() {
	l.needs, l.feeds = make([][]int, len(l.jobs)), make([][]int, len(l.jobs))
	for i, j := range l.jobs {
		needs := make([]int, 0, len(j.Inputs))
		for _, in := range j.Inputs {
			if need, ok := l.byID[in.Name]; ok {
				needs = append(needs, need)
			}
		}
		slices.Sort(needs)
		l.needs[i] = slices.Compact(needs)
		for _, need := range l.needs[i] {
			l.feeds[need] = append(l.feeds[need], i)
		}
	}
}

// waiting returns for each node how many of its needs stand in a cycle or
// behind one.
func (l *links) waiting() []int {
	waits := make([]int, len(l.jobs))
	var done []int
	for i, needs := range l.needs {
		if waits[i] = len(needs); waits[i] == 0 {
			done = append(done, i)
		}
	}
	for len(done) > 0 {
		i := done[len(done)-1]
		done = done[:len(done)-1]
		for _, next := range l.feeds[i] {
			if waits[next]--; waits[next] == 0 {
				done = append(done, next)
			}
		}
	}
	return waits
}

// cyclic finds the nodes that need each other. Most graphs have none, and what
// does not wait for a cycle is no part of one, so that the library, which takes
// far longer than all else here, sees only the rest.
func (l *links) cyclic() [][]int {
	waits := l.waiting()
	g := graph.New(graph.IntHash, graph.Directed())
	for i, n := range waits {
		if n > 0 {
			must(g.AddVertex(key(i)))
		}
	}
	for i, n := range waits {
		for _, need := range l.needs[i] {
			if n > 0 && waits[need] > 0 {
				must(g.AddEdge(key(need), key(i)))
			}
		}
	}
	components, err := graph.StronglyConnectedComponents(g)
	must(err)
	var groups [][]int
	for _, c := range components {
		for i := range c {
			c[i] = number(c[i])
		}
		if slices.Sort(c); len(c) > 1 || slices.Contains(l.needs[c[0]], c[0]) {
			groups = append(groups, c)
		}
	}
	slices.SortFunc(groups, slices.Compare)
	return groups
}

// A key stands for a node in the library's graph. The library's components are
// wrong for a key that is the zero value of its type.
func key(node int) int   { return node + 1 }
func number(key int) int { return key - 1 }

// must panics for an error that a graph in memory with distinct vertices and
// edges cannot have.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("pipeline: graph in memory: %v", err))
	}
}

// closure returns which nodes can be reached from start over steps, the start
// among them only when a cycle leads back to it.
func (l *links) closure(start int, steps [][]int) []bool {
	seen := make([]bool, len(l.jobs))
	for todo := []int{start}; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, next := range steps[n] {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return seen
}

// Job returns the job of that id that can run.
func (g *Graph) Job(id string) (*Job, bool) {
	l := g.linked()
	i, ok := l.byID[id]
	if !ok || l.jobs[i].Broken {
		return nil, false
	}
	return l.jobs[i], true
}

// Needs returns the ids of the jobs that a job needs, directly or not, in the
// order of registration. In a cycle a job needs itself.
func (g *Graph) Needs(id string) []string {
	l := g.linked()
	return l.reach(id, l.needs)
}

// Dependents returns the ids of the jobs that need a job, directly or not, in
// the order of registration. In a cycle a job needs itself.
func (g *Graph) Dependents(id string) []string {
	l := g.linked()
	return l.reach(id, l.feeds)
}

func (l *links) reach(id string, steps [][]int) []string {
	start, ok := l.byID[id]
	if !ok {
		return nil
	}
	var ids []string
	for i, reached := range l.closure(start, steps) {
		if reached {
			ids = append(ids, l.jobs[i].ID)
		}
	}
	return ids
}

// Order returns the jobs in the order they run: of those whose needs have run,
// the one registered first. Broken jobs are left out, and so are jobs that
// stand in a cycle or behind one.
func (g *Graph) Order() []*Job {
	l := g.linked()
	waits := make([]int, len(l.jobs))
	var ready numberHeap
	for i := range l.jobs {
		if waits[i] = len(l.needs[i]); waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	var order []*Job
	for len(ready) > 0 {
		i := heap.Pop(&ready).(int)
		if !l.jobs[i].Broken {
			order = append(order, l.jobs[i])
		}
		for _, next := range l.feeds[i] {
			if waits[next]--; waits[next] == 0 {
				heap.Push(&ready, next)
			}
		}
	}
	return order
}

// Readable says why a job may not read the outputs of name, or nil: the rule
// behind (jobs name). The error's text is what the user sees.
//
// A job may read the jobs that it needs, directly or not, and every other
// name, such as quire/push, that it or one of those lists among its inputs.
func (g *Graph) Readable(job, name string) error {
	if job == name {
		return readError(fmt.Sprintf("Job '%s' cannot read its own outputs", job))
	}
	l := g.linked()
	if start, ok := l.byID[job]; ok {
		target, isJob := l.byID[name]
		if isJob && l.needed(start, target) || !isJob && l.readers(name)[start] {
			return nil
		}
	}
	return readError(fmt.Sprintf("Job '%s' cannot read outputs from '%s' — not in transitive inputs", job, name))
}

// needed reports whether a node needs another, directly or not. What is read is
// mostly near, so that the search seldom goes far.
func (l *links) needed(by, target int) bool {
	seen := map[int]bool{}
	for layer := l.needs[by]; len(layer) > 0; {
		if slices.Contains(layer, target) {
			return true
		}
		var next []int
		for _, i := range layer {
			for _, need := range l.needs[i] {
				if !seen[need] {
					seen[need] = true
					next = append(next, need)
				}
			}
		}
		layer = next
	}
	return false
}

// readers returns which nodes may read a name that is no job's: those that list
// it, and those that need one that does.
func (l *links) readers(name string) []bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	may, ok := l.may[name]
	if ok {
		return may
	}
	may = make([]bool, len(l.jobs))
	var todo []int
	for i, j := range l.jobs {
		if may[i] = j.lists(name); may[i] {
			todo = append(todo, i)
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, next := range l.feeds[i] {
			if !may[next] {
				may[next] = true
				todo = append(todo, next)
			}
		}
	}
	if l.may == nil {
		l.may = map[string][]bool{}
	}
	l.may[name] = may
	return may
}

// A readError is why outputs may not be read.
type readError string

func (e readError) Error() string { return string(e) }

func (j *Job) lists(name string) bool {
	return slices.ContainsFunc(j.Inputs, func(in Input) bool { return in.Name == name })
}

// numberHeap gives the smallest number first.
type numberHeap []int

func (h numberHeap) Len() int           { return len(h) }
func (h numberHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h numberHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *numberHeap) Push(x any)        { *h = append(*h, x.(int)) }
func (h *numberHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
