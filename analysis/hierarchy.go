package analysis

import (
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A Node is a job or source as a place of the graph.
type Node struct {
	Name   string
	Source bool
	Detail string // the inputs of a job
	// Form is the call that registers the job, and ID its id in it. Of a source
	// both are a place where it is named.
	Form, ID source.Place
}

// An Edge leads to a node that needs another one, or is needed by it.
type Edge struct {
	Node Node
	// Inputs are the places of the inputs, of the job that has them, that make
	// the edge.
	Inputs []source.Place
}

// NodeAt returns the job or source that is named at an offset, or else the job
// whose form is around it.
func (s *Snapshot) NodeAt(offset int) (Node, bool) {
	if m, ok := s.MeaningAt(offset); ok && (m.Kind == JobName || m.Kind == SourceName) {
		return s.Node(m.Name)
	}
	var inner *pipeline.Job
	var form source.Span
	for _, j := range s.Graph().Jobs {
		call, here := j.CallIn(s.File)
		if here && call.Span.Contains(offset) && (inner == nil || form.Encloses(call.Span)) {
			inner, form = j, call.Span
		}
	}
	if inner == nil {
		return Node{}, false
	}
	return jobNode(inner), true
}

// Node returns the job or source of a name.
func (s *Snapshot) Node(name string) (Node, bool) {
	if _, ok := dsl.FindSource(name); ok {
		for _, j := range s.Graph().Jobs {
			for _, in := range j.Inputs {
				if in.Name == name {
					return Node{Name: name, Source: true, Form: in.Place, ID: in.Place}, true
				}
			}
		}
	}
	for _, j := range s.Graph().Jobs {
		if j.ID == name {
			return jobNode(j), true
		}
	}
	return Node{}, false
}

func jobNode(j *pipeline.Job) Node {
	names := make([]string, len(j.Inputs))
	for i, in := range j.Inputs {
		names[i] = in.Name
	}
	n := Node{Name: j.ID, Detail: strings.Join(names, " "), Form: j.Call, ID: j.Name}
	if call, ok := j.CallIn(j.Name.File); ok {
		n.Form = call
	}
	if n.ID.File != n.Form.File || !n.Form.Span.Encloses(n.ID.Span) {
		n.ID = n.Form
	}
	return n
}

// Dependents returns the jobs that list a job or source among their inputs, in
// the order of registration.
func (s *Snapshot) Dependents(name string) []Edge {
	var edges []Edge
	for _, j := range s.Graph().Jobs {
		if at := inputsNamed(j, name); len(at) > 0 {
			edges = append(edges, Edge{jobNode(j), at})
		}
	}
	return edges
}

// Needs returns what the inputs of a job name, as far as it exists, in their
// order.
func (s *Snapshot) Needs(id string) []Edge {
	var edges []Edge
	for _, j := range s.Graph().Jobs {
		if j.ID != id {
			continue
		}
		seen := map[string]bool{}
		for _, in := range j.Inputs {
			if n, ok := s.Node(in.Name); ok && !seen[in.Name] {
				edges = append(edges, Edge{n, inputsNamed(j, in.Name)})
			}
			seen[in.Name] = true
		}
		break
	}
	return edges
}

func inputsNamed(j *pipeline.Job, name string) []source.Place {
	var at []source.Place
	for _, in := range j.Inputs {
		if in.Name == name {
			at = append(at, in.Place)
		}
	}
	return at
}

// Linked returns the places that have to change together with the id of the
// job at an offset, that place among them, or nothing when some of them are not
// written, or in other files.
func (s *Snapshot) Linked(offset int) []source.Span {
	m, ok := s.MeaningAt(offset)
	if !ok || m.Kind != JobName || s.renameableJob(m.Name) != nil {
		return nil
	}
	var at []source.Span
	for _, r := range s.mentions(m) {
		if r.File != s.File {
			return nil
		}
		at = append(at, r.Span)
	}
	return at
}
