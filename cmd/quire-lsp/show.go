package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// showDocument opens a document in the editor, or names it in a message where
// that cannot be done.
func (s *server) showDocument(ctx context.Context, at uri.URI, what string) {
	if s.caps.showDocument {
		focus := false
		shown, err := s.client.ShowDocument(ctx, &protocol.ShowDocumentParams{URI: at, TakeFocus: &focus})
		if err == nil && shown != nil && shown.Success {
			return
		}
	}
	name := string(at)
	if at.IsFile() {
		name = at.FsPath()
	}
	s.message(ctx, protocol.MessageTypeInfo, what+": "+name)
}

// showText shows a text as a file, which is there as long as the session.
func (s *server) showText(ctx context.Context, name, text, what string) {
	path, err := s.scratch.write(name, text)
	if err != nil {
		s.message(ctx, protocol.MessageTypeError, what+" cannot be shown: "+err.Error())
		return
	}
	s.showDocument(ctx, uri.File(path), what)
}

func (s *server) message(ctx context.Context, kind protocol.MessageType, text string) {
	// When the client is gone the session ends by itself.
	_ = s.client.ShowMessage(ctx, &protocol.ShowMessageParams{Type: kind, Message: text})
}

// A scratch is a directory for files that are only there to be shown.
type scratch struct {
	mu  sync.Mutex // guards dir
	dir string     // or empty
}

// write makes a file and returns its path.
func (s *scratch) write(name, text string) (path string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "quire-lsp-"); err != nil {
			return "", err
		}
	}
	path = filepath.Join(s.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// remove removes the directory, when there is one.
func (s *scratch) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir != "" {
		_ = os.RemoveAll(s.dir) // what stays is in the directory for what may be lost
	}
}
