package main

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A report is what is wrong with one file.
type report struct {
	*document // of the file; not open and without a snapshot where it is not known as one
	items     []protocol.Diagnostic
}

// params returns the report as it is pushed.
func (r report) params() *protocol.PublishDiagnosticsParams {
	p := &protocol.PublishDiagnosticsParams{URI: r.uri, Diagnostics: r.items}
	if r.open {
		p.Version = protocol.NewOptional(r.version)
	}
	return p
}

// reports returns what is wrong with the files of a scope, ordered by URI. Every
// open file is among them, and every other one with which something is. It
// reports false when a document was superseded meanwhile, so that what it says
// is not known.
func (s *server) reports(scope string, docs []*document) ([]report, bool) {
	all := map[uri.URI]report{}
	var jobs *pipeline.Graph
	for _, doc := range docs {
		if doc.isPipeline() {
			s.reportPipeline(all, doc, docs)
			jobs = doc.snapshot.Graph()
		}
	}
	for _, doc := range docs {
		if !doc.isPipeline() {
			all[doc.uri] = report{document: doc, items: s.diagnostics(doc, doc.diagnostics())}
			if doc.tree != nil {
				doc.snapshot.Module() // compiling reads all that a module reads
				doc.tree.settle()
			}
		}
	}
	s.reportConfig(all, scope)
	for u, r := range all {
		r.items = append(r.items, s.failures(r.document, jobs)...)
		if all[u] = r; len(r.items) == 0 && !slices.Contains(docs, r.document) {
			delete(all, u)
		}
	}
	for _, doc := range docs {
		if doc.snapshot != nil && doc.snapshot.Cancelled() {
			return nil, false
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b report) int { return cmp.Compare(a.uri, b.uri) }), true
}

// reportPipeline reports what a pipeline found in its own file and in those that
// are not open. In its own stands what was found in others as well, where they
// are required.
func (s *server) reportPipeline(all map[uri.URI]report, doc *document, docs []*document) {
	found := doc.snapshot.Diagnostics()
	doc.tree.settle()
	all[doc.uri] = report{document: doc, items: s.diagnostics(doc, found)}
	elsewhere := map[*source.File]diag.List{}
	for _, file := range doc.snapshot.Files() {
		elsewhere[file] = nil
	}
	for _, d := range found {
		elsewhere[d.File] = append(elsewhere[d.File], d)
	}
	maps.DeleteFunc(elsewhere, func(file *source.File, _ diag.List) bool {
		return slices.ContainsFunc(docs, func(other *document) bool { return source.Same(other.file, file) })
	})
	for file, list := range elsewhere {
		other := &document{uri: doc.sibling(file), root: doc.root, file: file, peers: doc.peers}
		all[other.uri] = report{document: other, items: s.diagnostics(other, list)}
	}
}

// diagnostics returns what is wrong with a document.
func (d *document) diagnostics() diag.List {
	if d.snapshot == nil {
		return nil
	}
	return d.snapshot.Diagnostics()
}

// reportConfig reports what is wrong with the global configuration, if that is
// published in this scope.
func (s *server) reportConfig(all map[uri.URI]report, scope string) {
	found, at := s.config.found()
	if at == "" || s.scopeOf(at) != scope {
		return
	}
	r, ok := all[at]
	if !ok {
		r.document = &document{uri: at, file: found[0].File}
	}
	// The file that was read has the same text as the open one.
	r.items = s.diagnostics(&document{uri: at, file: found[0].File}, found)
	all[at] = r
}

// A publisher remembers what was published last of each scope, and lets one
// version at a time be published of it, so that none overtakes a newer one.
type publisher struct {
	mu     sync.Mutex // guards scopes
	scopes map[string]*published
}

// published is what was published last of one scope.
type published struct {
	mu     sync.Mutex // guards the fields below
	change int        // that documents.in told with it
	sent   map[uri.URI]sent
}

// sent is what was published last of one file.
type sent struct {
	text string       // the parameters as JSON
	file *source.File // the text that they are about
	open bool
}

func (r report) sent() sent { return sent{encoded(r.params()), r.file, r.open} }

// answered notes what a client that asked first was told of a file, which it is
// to ask for again when that changes.
func (p *published) answered(r report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.sent[r.uri]; !known {
		p.sent[r.uri] = r.sent()
	}
}

func (p *publisher) scope(name string) *published {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.scopes == nil {
		p.scopes = map[string]*published{}
	}
	if p.scopes[name] == nil {
		p.scopes[name] = &published{sent: map[uri.URI]sent{}}
	}
	return p.scopes[name]
}

// publish sends what is wrong with the files of a scope, or lets the client ask
// for it, as far as it has changed. Of a burst of changes, those that are
// overtaken while they wait cost nothing.
func (s *server) publish(scope string) {
	defer atRest()
	defer s.tellPipeline(scope)
	p := s.publisher.scope(scope)
	p.mu.Lock()
	defer p.mu.Unlock()
	docs, change := s.documents.in(scope)
	if change == p.change {
		return
	}
	reports, ok := s.reports(scope, docs)
	if !ok || !s.documents.unchanged(scope, change) {
		return // who changed it publishes
	}
	p.change = change
	before := p.sent
	p.sent = map[uri.URI]sent{}
	asked := false // the client does not know that it should ask
	for _, r := range reports {
		now := r.sent()
		p.sent[r.uri] = now
		was := before[r.uri]
		delete(before, r.uri)
		switch {
		case was.text == now.text && was.open == now.open:
		case !s.caps.pull:
			s.notifyDiagnostics(now.text)
		default:
			asked = asked || r.open && was.open && was.file.Text() == now.file.Text()
		}
	}
	for _, u := range slices.Sorted(maps.Keys(before)) {
		if !s.caps.pull {
			s.notifyDiagnostics(encoded(&protocol.PublishDiagnosticsParams{URI: u, Diagnostics: []protocol.Diagnostic{}}))
		}
	}
	if asked {
		s.goWork(func() { _ = s.client.DiagnosticRefresh(s.ctx) })
	}
}

// notifyDiagnostics publishes parameters that are JSON already.
func (s *server) notifyDiagnostics(params string) {
	// When the client is gone the session ends by itself.
	_ = s.conn.Notify(s.ctx, protocol.MethodTextDocumentPublishDiagnostics, jsonrpc2.RawMessage(params))
}

func encoded(p *protocol.PublishDiagnosticsParams) string { return string(encode(p)) }
