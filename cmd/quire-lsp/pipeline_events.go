package main

import (
	"sync"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/diag"
	"quire/analysis/drawing"
	"quire/analysis/source"
	"quire/exec"
)

// notifyPipeline is the notification about the jobs of a pipeline. It goes to
// clients whose capabilities have {"experimental": {"quire": {"pipelines":
// true}}}: when a pipeline is known, which needs no file to be open; when its
// jobs are other ones, or elsewhere; when one of them went another way; and when
// the pipeline is gone.
const notifyPipeline = "quire/pipeline"

// A pipelineParams says which jobs a pipeline has, and which needs which. It
// replaces what was said before of the same URI.
type pipelineParams struct {
	URI   uri.URI        `json:"uri"`  // of the ci.fnl
	Root  uri.URI        `json:"root"` // the repository
	Gone  bool           `json:"gone,omitzero"`
	Nodes []pipelineNode `json:"nodes"` // sources first, then jobs as they are registered
	Edges []pipelineEdge `json:"edges"`
}

// A pipelineNode is a job, a source that starts jobs, or an unknown name that a
// job needs.
type pipelineNode struct {
	Name     string             `json:"name"`
	Kind     string             `json:"kind"`               // job, source or unknown
	Location *protocol.Location `json:"location,omitempty"` // of the form that registers a job
	Severity string             `json:"severity,omitempty"` // of the worst of its faults: error or warning
	Faults   []string           `json:"faults,omitempty"`   // what is wrong with it
	Last     *jobResult         `json:"last,omitempty"`
}

// A pipelineEdge leads from what is needed to what needs it. Back reports that
// it closes a cycle; without those there is none.
type pipelineEdge struct {
	From string `json:"from"`
	To   string `json:"to"`
	Back bool   `json:"back,omitzero"`
}

// A jobResult is how a job went the last time that it came to an end, here or
// elsewhere.
type jobResult struct {
	RunID      string       `json:"runId"`
	State      exec.Outcome `json:"state"`           // succeeded, failed or skipped
	Title      string       `json:"title"`           // in a few words, as the lens shows it
	Edited     bool         `json:"edited,omitzero"` // the job's text is another one now
	DurationMS int64        `json:"durationMs"`
	FinishedMS int64        `json:"finishedMs"` // since the Unix epoch
}

// toldPipelines remembers what the client was told of each pipeline.
type toldPipelines struct {
	mu   sync.Mutex // guards sent, and orders what is sent
	sent map[string]toldPipeline
}

type toldPipeline struct {
	uri  uri.URI
	text string // the parameters as JSON
}

// tellPipeline tells the client what it does not know yet of the pipeline of a
// repository.
func (s *server) tellPipeline(root string) {
	if !s.caps.pipelines || root == "" {
		return
	}
	s.told.mu.Lock()
	defer s.told.mu.Unlock()
	was, known := s.told.sent[root]
	doc := s.documents.pipelineOf(root)
	if known && (doc == nil || doc.uri != was.uri) {
		delete(s.told.sent, root)
		s.notifyPipeline(pipelineParams{URI: was.uri, Root: uri.File(root), Gone: true, Nodes: []pipelineNode{}, Edges: []pipelineEdge{}})
	}
	if doc == nil {
		return
	}
	now := s.describePipeline(doc)
	text := string(encode(now))
	if doc.snapshot.Cancelled() || text == was.text {
		return // who superseded it tells what there is now
	}
	if s.told.sent == nil {
		s.told.sent = map[string]toldPipeline{}
	}
	s.told.sent[root] = toldPipeline{doc.uri, text}
	s.notifyPipeline(now)
}

func (s *server) notifyPipeline(p pipelineParams) {
	// When the client is gone the session ends by itself.
	_ = s.conn.Notify(s.ctx, notifyPipeline, p)
}

// describePipeline returns what there is to be told of a pipeline.
func (s *server) describePipeline(doc *document) pipelineParams {
	d := drawing.New(doc.snapshot.Graph(), doc.snapshot.Diagnostics())
	p := pipelineParams{URI: doc.uri, Root: uri.File(doc.root), Nodes: []pipelineNode{}, Edges: []pipelineEdge{}}
	last := s.lastResults(doc)
	named := map[string]bool{}
	for i := range d.Nodes {
		n := &d.Nodes[i]
		named[n.Name] = true
		node := pipelineNode{Name: n.Name, Kind: n.Kind.String(), Location: s.locationIn(doc, n.Place)}
		node.Severity, node.Faults = faultsOf(n)
		if n.Kind == drawing.Job {
			node.Last = last(n.Name)
		}
		p.Nodes = append(p.Nodes, node)
	}
	for _, e := range d.Edges {
		p.Edges = append(p.Edges, pipelineEdge{d.Nodes[e.From].Name, d.Nodes[e.To].Name, e.Back})
	}
	// Jobs of a text that does not evaluate do not come and go while it is typed.
	for _, f := range doc.jobForms() {
		if !named[f.id] {
			named[f.id] = true
			at := s.locationIn(doc, source.Place{File: doc.file, Span: f.span})
			p.Nodes = append(p.Nodes, pipelineNode{Name: f.id, Kind: drawing.Job.String(), Location: at, Last: last(f.id)})
		}
	}
	return p
}

// locationIn returns a place in the files that a document is understood with.
func (s *server) locationIn(doc *document, at source.Place) *protocol.Location {
	if at.File == nil {
		return nil
	}
	return &protocol.Location{URI: doc.sibling(at.File), Range: s.caps.encoding.rangeOf(at.File, at.Span)}
}

// faultsOf returns what is wrong with a node, and how bad that is.
func faultsOf(n *drawing.Node) (severity string, faults []string) {
	if n.Cyclic {
		faults = append(faults, "in a cycle")
	}
	if n.Unreachable {
		faults = append(faults, "never started")
	}
	for _, d := range n.Findings {
		if s := d.Severity(); s == diag.Error || s == diag.Warning {
			faults = append(faults, d.Message)
		}
	}
	if s := n.Severity(); s == diag.Error || s == diag.Warning {
		severity = s.String()
	}
	return severity, faults
}

// lastResults returns how the jobs of a document went the last time.
func (s *server) lastResults(doc *document) func(job string) *jobResult {
	known := s.knownResults(doc.root)
	return func(id string) *jobResult {
		r, ok := known[id]
		if !ok {
			return nil
		}
		job, _ := doc.snapshot.Graph().Job(id)
		return &jobResult{RunID: r.RunID, State: r.Outcome, Title: r.title(), Edited: !r.holds(job),
			DurationMS: lasted(r.JobReport).Milliseconds(), FinishedMS: r.Finished.UnixMilli()}
	}
}
