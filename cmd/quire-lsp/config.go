package main

import (
	"path/filepath"
	"sync"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/diag"
	"quire/exec"
)

// A configReport is what is said of the global configuration: it is published
// for its own file, which may be open or not.
type configReport struct {
	mu    sync.Mutex
	found diag.List // what is wrong with it
	told  uri.URI   // the file that something was published for, or nothing
}

// readSettings reads the global configuration, and publishes what is wrong with
// it. Where a file is named that does not exist, a run tells so.
func (s *server) readSettings() exec.Settings {
	settings, _ := exec.ReadSettings(s.ctx, "")
	s.config.mu.Lock()
	s.config.found = settings.Diagnostics
	quiet := len(settings.Diagnostics) == 0 && s.config.told == ""
	s.config.mu.Unlock()
	if !quiet {
		s.goWork(s.publishConfig)
	}
	return settings
}

// publishConfig sends what was found last, and takes back what was said of
// another file.
func (s *server) publishConfig() {
	c := &s.config
	c.mu.Lock()
	defer c.mu.Unlock()
	var at uri.URI
	if len(c.found) > 0 {
		path, err := filepath.Abs(c.found[0].File.Name())
		if err != nil {
			return
		}
		at = uri.File(path)
		s.notifyConfig(at, s.diagnostics(&document{uri: at, file: c.found[0].File}, c.found))
	}
	if c.told != "" && c.told != at {
		s.notifyConfig(c.told, []protocol.Diagnostic{})
	}
	c.told = at
}

func (s *server) notifyConfig(at uri.URI, ds []protocol.Diagnostic) {
	// When the client is gone the session ends by itself.
	_ = s.client.PublishDiagnostics(s.ctx, &protocol.PublishDiagnosticsParams{URI: at, Diagnostics: ds})
}
