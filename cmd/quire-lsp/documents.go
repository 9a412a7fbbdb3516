package main

import (
	"cmp"
	"context"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// documents holds the open buffers, and the pipelines on disk of the folders
// that the client works in.
type documents struct {
	// changing is held by those who make versions of others, from looking to
	// putting. Changes of the client come from the reading goroutine.
	changing sync.Mutex

	mu      sync.Mutex // guards the fields below
	open    map[uri.URI]*document
	closed  map[string]*document        // by root
	folders map[string]uri.URI          // of the client, whose pipelines matter also when they are closed
	changes map[string]int              // of each scope, how often something changed in it
	caches  map[string]*pipeline.Caches // by root
}

// A document is one version of one file. It is immutable; a change puts another
// one in its place. So does a change of another file that it may depend on.
type document struct {
	uri uri.URI
	// version is the client's; a closed file has none.
	version int32
	open    bool
	root    string // directory of the repository; empty: not known
	// snapshot is nil where there is nothing to ask, as of a module that is
	// written in Lua.
	snapshot *analysis.Snapshot
	file     *source.File
	tree     *tree // that the snapshot reads
	// of is the pipeline that a module was understood with; nil: none.
	of *analysis.Snapshot
	// peers are the URIs of the open files of the repository, by path, as the
	// client writes them.
	peers map[string]uri.URI
}

func (d *documents) init() {
	d.open, d.closed = map[uri.URI]*document{}, map[string]*document{}
	d.folders, d.changes = map[string]uri.URI{}, map[string]int{}
	d.caches = map[string]*pipeline.Caches{}
}

// isPipeline reports whether a document is a pipeline and not a module of one.
func (d *document) isPipeline() bool { return d.snapshot != nil && d.file.Name() == pipeline.Path }

// scope names the files that a document may depend on, or that may depend on
// it: those of its repository, or it alone.
func (d *document) scope() string { return cmp.Or(d.root, string(d.uri)) }

// sibling returns the URI of a file of the same repository.
func (d *document) sibling(f *source.File) uri.URI {
	if f == d.file || f.Name() == d.file.Name() || d.root == "" {
		return d.uri
	}
	if u, ok := d.peers[f.Name()]; ok {
		return u
	}
	u, err := uri.JoinPath(uri.File(d.root), f.Name())
	if err != nil {
		return d.uri
	}
	return u
}

// get returns the current version of a buffer, or nil when it is not open.
func (d *documents) get(u uri.URI) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open[u]
}

// put makes doc the current version of its file and returns the one before it,
// which of a pipeline that is opened is that on disk.
func (d *documents) put(doc *document) (old *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if doc.open {
		old, d.open[doc.uri] = d.open[doc.uri], doc
		if closed := d.closed[doc.root]; closed != nil && doc.isPipeline() {
			old = cmp.Or(old, closed)
			delete(d.closed, doc.root)
		}
	} else {
		old, d.closed[doc.root] = d.closed[doc.root], doc
	}
	d.changes[doc.scope()]++
	return old
}

// remove forgets a file, if this is the current version of it.
func (d *documents) remove(doc *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if doc.open && d.open[doc.uri] == doc {
		delete(d.open, doc.uri)
	} else if !doc.open && d.closed[doc.root] == doc {
		delete(d.closed, doc.root)
	}
	if !slices.ContainsFunc(d.all(), func(other *document) bool { return other.root == doc.root }) {
		delete(d.caches, doc.root)
	}
	d.changes[doc.scope()]++
}

// cachesOf returns what the versions of the files of a repository have in common.
func (d *documents) cachesOf(root string) *pipeline.Caches {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.caches[root] == nil {
		d.caches[root] = new(pipeline.Caches)
	}
	return d.caches[root]
}

// touch notes that something changed in a scope beside its documents.
func (d *documents) touch(scope string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes[scope]++
}

// in returns the documents of a scope by their URIs, and a number that is
// another one after every change.
func (d *documents) in(scope string) (docs []*document, change int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, doc := range d.all() {
		if doc.scope() == scope {
			docs = append(docs, doc)
		}
	}
	return docs, d.changes[scope]
}

// unchanged reports whether nothing changed in a scope since in returned change.
func (d *documents) unchanged(scope string, change int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changes[scope] == change
}

// scopes returns the scopes that there are, in their order.
func (d *documents) scopes() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.Collect(maps.Keys(d.folders))
	for _, doc := range d.all() {
		all = append(all, doc.scope())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// all returns every document by its URI. The lock is held.
func (d *documents) all() []*document {
	docs := slices.AppendSeq(slices.Collect(maps.Values(d.open)), maps.Values(d.closed))
	slices.SortFunc(docs, func(a, b *document) int { return cmp.Compare(a.uri, b.uri) })
	return docs
}

// pipelines returns the pipelines by their URIs.
func (d *documents) pipelines() []*document {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(d.all(), func(doc *document) bool { return !doc.isPipeline() })
}

// rootless returns the open files of which no repository is known.
func (d *documents) rootless() []*document {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(d.all(), func(doc *document) bool { return doc.root != "" || !doc.uri.IsFile() })
}

// closedPipeline returns the pipeline on disk of a repository, or nil.
func (d *documents) closedPipeline(root string) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed[root]
}

// needs reports whether the pipeline of a repository matters: it is in one of
// the client's folders, or one of its files is open.
func (d *documents) needs(root string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.folders[root]; ok {
		return true
	}
	for _, doc := range d.open {
		if doc.root == root && root != "" {
			return true
		}
	}
	return false
}

// clientFolders returns the folders that the client works in, as it writes them, by
// their paths.
func (d *documents) clientFolders() map[string]uri.URI {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.folders)
}

// setFolder notes that the client works in a folder, or does no longer.
func (d *documents) setFolder(u uri.URI, is bool) (root string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	root = filepath.Clean(u.FsPath())
	if is {
		d.folders[root] = u
	} else {
		delete(d.folders, root)
	}
	return root
}

// pipelineOf returns the pipeline of a repository, or nil.
func (d *documents) pipelineOf(root string) *document {
	docs, _ := d.in(root)
	for _, doc := range docs {
		if doc.isPipeline() {
			return doc
		}
	}
	return nil
}

// judge returns the snapshot of the pipeline of a repository, or nil.
func (d *documents) judge(root string) *analysis.Snapshot {
	if p := d.pipelineOf(root); p != nil {
		return p.snapshot
	}
	return nil
}

// buffers returns the texts of the open buffers of a repository by path
// relative to its root.
func (d *documents) buffers(root string) map[string]*source.File {
	files, _ := d.peers(root)
	return files
}

// peers returns the texts and the URIs of the open buffers of a repository by
// path relative to its root.
func (d *documents) peers(root string) (files map[string]*source.File, uris map[string]uri.URI) {
	d.mu.Lock()
	defer d.mu.Unlock()
	files, uris = map[string]*source.File{}, map[string]uri.URI{}
	for _, doc := range d.open {
		if doc.root == root && root != "" {
			files[doc.file.Name()], uris[doc.file.Name()] = doc.file, doc.uri
		}
	}
	return files, uris
}

// locate splits the path of a file into the root of its repository and the path
// relative to it. The root is where the directory .quire is: one above the file,
// or else one on disk beside it or beside a directory above it. Without one
// there is no root.
func locate(u uri.URI) (root, name string) {
	if !u.IsFile() {
		return "", u.String()
	}
	file := filepath.Clean(u.FsPath())
	above := func(is func(dir string) (string, bool)) bool {
		for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
			if found, ok := is(dir); ok {
				root = found
				return true
			}
			if dir == filepath.Dir(dir) {
				return false
			}
		}
	}
	if above(func(dir string) (string, bool) { return filepath.Dir(dir), filepath.Base(dir) == ".quire" }) ||
		above(func(dir string) (string, bool) { return dir, hasPipeline(dir) }) {
		return root, filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(file, root), string(filepath.Separator)))
	}
	return "", filepath.ToSlash(file)
}

// newDocument makes a version of a file, of which there may be a former one.
func (s *server) newDocument(u uri.URI, version int32, text string, old *document) *document {
	doc := &document{uri: u, version: version, open: true}
	var name string
	if old != nil {
		doc.root, name = old.root, old.file.Name()
	} else {
		doc.root, name = locate(u)
	}
	doc.file = source.NewFile(name, text)
	s.understand(doc)
	return doc
}

// fromDisk returns the pipeline on disk of a repository as an open document that
// has the same text, so that opening it goes on with what is being found out about
// it, or nil.
func (s *server) fromDisk(t protocol.TextDocumentItem, root string) *document {
	closed := s.documents.closedPipeline(root)
	if closed == nil || closed.file.Text() != t.Text {
		return nil
	}
	files, uris := s.documents.peers(root)
	files[pipeline.Path], uris[pipeline.Path] = closed.file, t.URI
	if !closed.tree.keeps(files) {
		return nil
	}
	doc := *closed
	doc.uri, doc.version, doc.open, doc.peers = t.URI, t.Version, true, uris
	return &doc
}

// understand gives a document its snapshot, of the files that are around it now.
func (s *server) understand(doc *document) {
	if doc.root == "" || !doc.isFennel() {
		return
	}
	files, uris := s.documents.peers(doc.root)
	files[doc.file.Name()], uris[doc.file.Name()] = doc.file, doc.uri
	doc.peers = uris
	doc.tree = &tree{disk: s.disk(doc.root), open: files}
	known, caches := s.config.settings(), s.documents.cachesOf(doc.root)
	o := analysis.Options{
		Tree: doc.tree, Cache: caches.Of(doc.file.Name()), Modules: caches,
		Secrets: known.Secrets, Server: cmp.Or(s.settings(doc.root).Server.state(), known.Server),
		Module: doc.file.Name() != pipeline.Path,
	}
	if o.Module {
		doc.of = s.documents.judge(doc.root)
		o.Pipeline = doc.of
	}
	doc.snapshot = analysis.New(doc.file, o)
}

// isFennel reports whether a document is there and no module written in Lua.
func (d *document) isFennel() bool { return d != nil && path.Ext(d.file.Name()) != ".lua" }

// show makes a document the current version of its file, and has what depends on
// it understood anew and everything in its scope published.
func (s *server) show(doc *document) {
	if old := s.documents.put(doc); old != nil && old.snapshot != doc.snapshot {
		s.retire(old)
	}
	s.discover(doc.root)
	name, files := doc.file.Name(), s.documents.buffers(doc.root)
	s.renew(doc.scope(), func(other *document) bool { return other != doc && !other.tree.lacks(name, files) })
	s.goWork(func() { s.publish(doc.scope()) })
}

// renew gives those documents of a scope new snapshots that are stale, the
// pipeline first, and the modules when they were understood with another one.
func (s *server) renew(scope string, stale func(*document) bool) {
	docs, _ := s.documents.in(scope)
	slices.SortStableFunc(docs, func(a, b *document) int { return cmp.Compare(rank(a), rank(b)) })
	for _, doc := range docs {
		if doc.snapshot == nil || !stale(doc) && (doc.isPipeline() || doc.of == s.documents.judge(doc.root)) {
			continue
		}
		again := *doc
		s.understand(&again)
		s.documents.put(&again)
		s.retire(doc)
	}
}

// rank is smaller for what others depend on.
func rank(d *document) int {
	if d.isPipeline() {
		return 0
	}
	return 1
}

// retire ends what is computed for a version that is no longer current, when no
// request needs it any more.
func (s *server) retire(doc *document) {
	if doc.snapshot != nil {
		s.inflight.afterwards(doc.snapshot.Cancel)
	}
}

func (s *server) DidOpen(_ context.Context, p *protocol.DidOpenTextDocumentParams) error {
	t := p.TextDocument
	t.URI = uri.URI(strings.Clone(string(t.URI))) // and not the message, which has the text
	s.documents.changing.Lock()
	defer s.documents.changing.Unlock()
	s.readConfig()
	var doc *document
	if root, name := locate(t.URI); root != "" && name == pipeline.Path {
		s.adopt(root)
		doc = s.fromDisk(t, root)
	}
	if doc == nil {
		doc = s.newDocument(t.URI, t.Version, t.Text, s.documents.get(t.URI))
	}
	s.show(doc)
	s.editedConfig(doc)
	return nil
}

// DidChange applies the changes of one message in their order, each to the
// text that the one before it left.
func (s *server) DidChange(_ context.Context, p *protocol.DidChangeTextDocumentParams) error {
	s.documents.changing.Lock()
	defer s.documents.changing.Unlock()
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
	doc := s.newDocument(old.uri, p.TextDocument.Version, file.Text(), old)
	s.show(doc)
	s.editedConfig(doc)
	return nil
}

// DidSave looks again at what lies around the buffer on disk.
func (s *server) DidSave(_ context.Context, p *protocol.DidSaveTextDocumentParams) error {
	s.documents.changing.Lock()
	defer s.documents.changing.Unlock()
	if doc := s.documents.get(p.TextDocument.URI); doc != nil {
		s.readConfig()
		s.refresh(doc.scope(), s.stale(doc.scope()))
	}
	return nil
}

// DidClose forgets a buffer. What is on disk counts now, also for those that
// depend on it.
func (s *server) DidClose(_ context.Context, p *protocol.DidCloseTextDocumentParams) error {
	s.documents.changing.Lock()
	defer s.documents.changing.Unlock()
	doc := s.documents.get(p.TextDocument.URI)
	if doc == nil {
		return nil
	}
	s.documents.remove(doc)
	s.retire(doc)
	s.refresh(doc.scope(), s.stale(doc.scope()))
	s.editedConfig(doc)
	return nil
}
