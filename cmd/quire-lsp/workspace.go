package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// hasPipeline reports whether there is a pipeline on disk in a repository.
func hasPipeline(root string) bool {
	info, err := os.Stat(filepath.Join(root, filepath.FromSlash(pipeline.Path)))
	return err == nil && info.Mode().IsRegular()
}

// discover makes the pipeline on disk of a repository known, if it matters and
// is not open.
func (s *server) discover(root string) {
	if !s.documents.needs(root) || s.documents.pipelineOf(root) != nil {
		return
	}
	file, err := exec.Dir(root).Read(pipeline.Path)
	if err != nil {
		return
	}
	u, err := uri.JoinPath(uri.File(root), pipeline.Path)
	if err != nil {
		return
	}
	doc := &document{uri: u, root: root, file: file}
	s.understand(doc)
	s.documents.put(doc)
}

// forgetClosed forgets the pipeline on disk of a repository.
func (s *server) forgetClosed(root string) {
	if doc := s.documents.closedPipeline(root); doc != nil {
		s.documents.remove(doc)
		s.retire(doc)
	}
}

// adopt makes open files modules of a pipeline that they did not know of when
// they were opened.
func (s *server) adopt(root string) {
	for _, doc := range s.documents.rootless() {
		name, err := filepath.Rel(root, doc.uri.FsPath())
		if err != nil || !filepath.IsLocal(name) {
			continue
		}
		s.documents.remove(doc)
		again := *doc
		again.root, again.file = root, source.NewFile(filepath.ToSlash(name), doc.file.Text())
		s.understand(&again)
		s.documents.put(&again)
	}
}

// stale returns what reports whether a document of a scope has read something
// that is different now.
func (s *server) stale(scope string) func(*document) bool {
	files := s.documents.buffers(scope)
	return func(doc *document) bool { return doc.tree.stale(files) }
}

// always is for what does not depend on files alone.
func always(*document) bool { return true }

// refresh takes what is on disk in a scope anew, understands those documents anew
// that are stale, and has them published.
func (s *server) refresh(scope string, stale func(*document) bool) {
	if closed := s.documents.closedPipeline(scope); closed != nil {
		file, err := exec.Dir(scope).Read(pipeline.Path)
		switch {
		case err != nil || !s.documents.needs(scope):
			s.forgetClosed(scope)
		case file.Text() != closed.file.Text():
			again := *closed
			again.file = file
			s.understand(&again)
			s.documents.put(&again)
			s.retire(closed)
		}
	}
	s.discover(scope)
	s.renew(scope, stale)
	s.documents.touch(scope)
	s.goWork(func() { s.publish(scope) })
}

// refreshAll takes everything anew, since the configuration changed.
func (s *server) refreshAll() {
	for _, scope := range s.documents.scopes() {
		s.refresh(scope, always)
	}
}

// setFolder makes the pipeline of a folder of the client known, or forgets it.
func (s *server) setFolder(u uri.URI, is bool) {
	if u.IsFile() {
		root := s.documents.setFolder(u, is)
		s.refresh(root, s.stale(root))
	}
}

// folders returns the folders that a client works in.
func folders(p *protocol.InitializeParams) []uri.URI {
	var all []uri.URI
	if list, ok := p.WorkspaceFolders.Get(); ok {
		for _, f := range list {
			all = append(all, f.URI)
		}
		return all
	}
	//lint:ignore SA1019 clients without workspaceFolders have nothing else
	if root := p.RootURI; root != nil {
		all = append(all, *root)
	}
	return all
}

func (s *server) DidChangeWorkspaceFolders(_ context.Context, p *protocol.DidChangeWorkspaceFoldersParams) error {
	s.documents.changing.Lock()
	defer s.documents.changing.Unlock()
	for _, f := range p.Event.Removed {
		s.setFolder(f.URI, false)
	}
	for _, f := range p.Event.Added {
		s.setFolder(f.URI, true)
	}
	s.goWork(s.pullConfiguration)
	return nil
}

// watchers are for the files that pipelines consist of, and for the global
// configuration.
func (s *server) watchers() []protocol.FileSystemWatcher {
	var all []protocol.FileSystemWatcher
	for _, glob := range []string{"**/.quire/**", "**/*.{fnl,fnlm,lua}"} {
		all = append(all, protocol.FileSystemWatcher{GlobPattern: protocol.Pattern(glob)})
	}
	for _, path := range exec.ConfigPlaces() {
		abs, err := filepath.Abs(path)
		if err != nil {
			continue
		}
		var pattern protocol.GlobPattern = protocol.Pattern(filepath.ToSlash(abs))
		if s.caps.relativePatterns { // a plain one may be taken relative to the folders
			pattern = &protocol.RelativePattern{BaseURI: protocol.URI(uri.File(filepath.Dir(abs))), Pattern: protocol.Pattern(filepath.Base(abs))}
		}
		all = append(all, protocol.FileSystemWatcher{GlobPattern: pattern})
	}
	return all
}

// DidChangeWatchedFiles takes files anew that changed on disk. A file that is
// open counts as it is in the editor.
func (s *server) DidChangeWatchedFiles(_ context.Context, p *protocol.DidChangeWatchedFilesParams) error {
	var changed []uri.URI
	for _, c := range p.Changes {
		changed = append(changed, c.URI)
	}
	s.changedOnDisk(changed)
	return nil
}

// DidRenameFiles takes renamed files anew. Those that are open the client closes
// and opens.
func (s *server) DidRenameFiles(_ context.Context, p *protocol.RenameFilesParams) error {
	var changed []uri.URI
	for _, f := range p.Files {
		for _, name := range []string{f.OldURI, f.NewURI} {
			if u, err := uri.Parse(name); err == nil {
				changed = append(changed, u)
			}
		}
	}
	s.changedOnDisk(changed)
	return nil
}

func (s *server) changedOnDisk(changed []uri.URI) {
	s.documents.changing.Lock()
	defer s.documents.changing.Unlock()
	var scopes []string
	for _, u := range changed {
		if !u.IsFile() {
			continue
		}
		scopes = append(scopes, s.scopesAround(u)...)
	}
	slices.Sort(scopes)
	for _, scope := range slices.Compact(scopes) {
		s.refresh(scope, s.stale(scope))
	}
	s.readConfig()
}

// scopesAround returns the repositories that a file on disk is in, of those that
// are known, and those that are in it, if it is a directory.
func (s *server) scopesAround(u uri.URI) (around []string) {
	path := filepath.Clean(u.FsPath())
	for _, root := range s.documents.scopes() {
		if isBelow(path, root) || isBelow(root, path) {
			around = append(around, root)
		}
	}
	return around
}

// isBelow reports whether a path is that of a directory or of something in it.
func isBelow(path, dir string) bool {
	inside, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsAbs(dir) && filepath.IsLocal(inside)
}
