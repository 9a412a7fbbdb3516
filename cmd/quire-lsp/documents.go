package main

import (
	"cmp"
	"context"
	"path/filepath"
	"strings"
	"sync"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// documents holds the open buffers. Changes come from the reading goroutine
// only; everybody may look.
type documents struct {
	mu   sync.Mutex // guards open
	open map[uri.URI]*document
}

// A document is one version of one open buffer. It is immutable; a change puts
// another one in its place.
type document struct {
	uri     uri.URI
	version int32
	root    string // directory of the repository, as far as the path tells
	// snapshot is nil for buffers that are not pipelines, such as a module.
	snapshot *analysis.Snapshot
	file     *source.File
	// settings are those of the configuration, as they were when the buffer was
	// opened or saved.
	settings exec.Settings
	// cache and publish are shared by all versions of the buffer.
	cache   *fennel.Cache
	publish *publisher
}

func (d *documents) init() { d.open = map[uri.URI]*document{} }

// get returns the current version of a buffer, or nil when it is not open.
func (d *documents) get(u uri.URI) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open[u]
}

// put makes doc the current version of its buffer.
func (d *documents) put(doc *document) {
	d.mu.Lock()
	old := d.open[doc.uri]
	d.open[doc.uri] = doc
	d.mu.Unlock()
	if old != nil && old.snapshot != nil {
		old.snapshot.Cancel()
	}
}

// remove closes a buffer and returns its last version.
func (d *documents) remove(u uri.URI) *document {
	d.mu.Lock()
	doc := d.open[u]
	delete(d.open, u)
	d.mu.Unlock()
	if doc != nil && doc.snapshot != nil {
		doc.snapshot.Cancel()
	}
	return doc
}

// buffers returns the texts of the open buffers of a repository by path
// relative to its root.
func (d *documents) buffers(root string) map[string]*source.File {
	d.mu.Lock()
	defer d.mu.Unlock()
	files := map[string]*source.File{}
	for _, doc := range d.open {
		if doc.root == root && root != "" {
			files[doc.file.Name()] = doc.file
		}
	}
	return files
}

// locate splits the path of a file into the root of its repository and the
// path relative to it. A file outside of a directory .quire has no root.
func locate(u uri.URI) (root, name string) {
	if !u.IsFile() {
		return "", u.String()
	}
	path := u.FsPath()
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if filepath.Base(dir) == ".quire" {
			root = filepath.Dir(dir)
			return root, filepath.ToSlash(strings.TrimPrefix(path[len(root):], string(filepath.Separator)))
		}
		if dir == filepath.Dir(dir) {
			return "", filepath.ToSlash(path)
		}
	}
}

// newDocument makes a version of a buffer. The former version, if there is
// one, lends what they have in common.
func (s *server) newDocument(u uri.URI, version int32, text string, old *document) *document {
	root, name := locate(u)
	doc := &document{uri: u, version: version, root: root, file: source.NewFile(name, text)}
	if old != nil {
		doc.cache, doc.publish, doc.settings = old.cache, old.publish, old.settings
	} else {
		doc.cache, doc.publish = new(fennel.Cache), new(publisher)
		doc.settings = s.readSettings()
	}
	if name == pipeline.Path {
		tree := source.Overlay(exec.Dir(root), s.documents.buffers(root))
		doc.snapshot = analysis.New(doc.file, analysis.Options{
			Tree: tree, Cache: doc.cache, Secrets: doc.settings.Secrets, Server: cmp.Or(s.settings().Server.state(), doc.settings.Server),
		})
	}
	return doc
}

// show makes a document the current one and has its diagnostics published.
func (s *server) show(doc *document) {
	s.documents.put(doc)
	if doc.snapshot != nil {
		s.goWork(func() { s.publish(doc) })
	}
}

func (s *server) DidOpen(_ context.Context, p *protocol.DidOpenTextDocumentParams) error {
	t := p.TextDocument
	s.show(s.newDocument(t.URI, t.Version, t.Text, s.documents.get(t.URI)))
	return nil
}

// DidChange applies the changes of one message in their order, each to the
// text that the one before it left.
func (s *server) DidChange(_ context.Context, p *protocol.DidChangeTextDocumentParams) error {
	old := s.documents.get(p.TextDocument.URI)
	if old == nil {
		return nil
	}
	file := old.file
	for _, change := range p.ContentChanges {
		switch c := change.(type) {
		case *protocol.TextDocumentContentChangeWholeDocument:
			file = source.NewFile(file.Name(), c.Text)
		case *protocol.TextDocumentContentChangePartial:
			span := s.caps.encoding.span(file, c.Range)
			file = source.NewFile(file.Name(), file.Text()[:span.Start]+c.Text+file.Text()[span.End:])
		}
	}
	s.show(s.newDocument(old.uri, p.TextDocument.Version, file.Text(), old))
	return nil
}

// DidSave looks again at what lies around the buffer on disk.
func (s *server) DidSave(_ context.Context, p *protocol.DidSaveTextDocumentParams) error {
	if old := s.documents.get(p.TextDocument.URI); old != nil {
		saved := *old
		saved.settings = s.readSettings()
		s.show(s.newDocument(old.uri, old.version, old.file.Text(), &saved))
	}
	return nil
}

func (s *server) DidClose(_ context.Context, p *protocol.DidCloseTextDocumentParams) error {
	if doc := s.documents.remove(p.TextDocument.URI); doc != nil && doc.snapshot != nil {
		s.goWork(func() { s.clear(doc) })
	}
	return nil
}
