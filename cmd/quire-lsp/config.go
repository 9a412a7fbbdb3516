package main

import (
	"os"
	"path/filepath"
	"slices"
	"sync"

	"go.lsp.dev/uri"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/exec"
)

// A globalConfig is what the global configuration says. What is wrong with it is
// published for its own file, which may be open or not.
type globalConfig struct {
	mu    sync.Mutex // guards the fields below
	known exec.Settings
	at    uri.URI // the file that the diagnostics are about; empty without any
}

// settings returns what the configuration said when it was last read.
func (c *globalConfig) settings() exec.Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known
}

// found returns what is wrong with the configuration, and the URI of its file.
func (c *globalConfig) found() (diag.List, uri.URI) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known.Diagnostics, c.at
}

// set replaces what the configuration says and returns what it said.
func (c *globalConfig) set(now exec.Settings) (before exec.Settings, from, to uri.URI) {
	if len(now.Diagnostics) > 0 {
		if path, err := filepath.Abs(now.Diagnostics[0].File.Name()); err == nil {
			to = uri.File(path)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before, from = c.known, c.at
	c.known, c.at = now, to
	return before, from, to
}

// readConfig reads the global configuration, from the editor where it is open
// there. When it says something else than before, everything is taken anew.
func (s *server) readConfig() {
	now := s.globalConfig()
	slices.Sort(now.Secrets)
	before, from, to := s.config.set(now)
	if now.Server != before.Server || !slices.Equal(now.Secrets, before.Secrets) || (now.Secrets == nil) != (before.Secrets == nil) {
		s.refreshAll()
	}
	for _, u := range []uri.URI{from, to} {
		if u != "" {
			scope := s.scopeOf(u)
			s.documents.touch(scope)
			s.goWork(func() { s.publish(scope) })
		}
	}
}

// globalConfig returns what the global configuration says now. Where a file is
// named that does not exist, a run tells so.
func (s *server) globalConfig() exec.Settings {
	for _, path := range exec.ConfigPlaces() {
		if doc := s.documents.get(uri.File(path)); doc != nil {
			return exec.SettingsOf(s.ctx, source.NewFile(path, doc.file.Text()))
		}
		if _, err := os.Stat(path); err == nil {
			break
		}
	}
	settings, _ := exec.ReadSettings(s.ctx, "")
	return settings
}

// editedConfig reads the configuration again if a document is one.
func (s *server) editedConfig(doc *document) {
	for _, path := range exec.ConfigPlaces() {
		if doc.uri == uri.File(path) {
			s.readConfig()
			return
		}
	}
}

// scopeOf returns the scope that a file is published in.
func (s *server) scopeOf(u uri.URI) string {
	if doc := s.documents.get(u); doc != nil {
		return doc.scope()
	}
	return string(u)
}
