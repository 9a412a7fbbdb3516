package main

import (
	"os"
	"path/filepath"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// What is wrong with the configuration is published for its own file, until it
// is mended.
func TestConfiguration(t *testing.T) {
	root := workspace(t)
	path := filepath.Join(root, "config.fnl")
	t.Setenv("QUIRE_CONFIG", path)
	write := func(text string) {
		t.Helper()
		if err := os.MkdirAll(root, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := start(t, everything)
	config := uri.File(path)
	said := func(want ...string) (found []protocol.Diagnostic) {
		t.Helper()
		c.wait("diagnostics of the configuration", func() bool {
			if p := c.diagnostics[config]; p != nil {
				found = p.Diagnostics
			}
			return c.diagnostics[config] != nil && len(found) == len(want)
		})
		equal(t, "codes of the configuration", codes(found), append([]string{}, want...))
		return found
	}

	write("{:server :S2\n :secrets [:token]}")
	u := c.openIn(root, ".quire/ci.fnl", "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [] {}))\n")
	equal(t, "place of the mistake", said("config")[0].Range, protocol.Range{
		Start: protocol.Position{Line: 1, Character: 1}, End: protocol.Position{Line: 1, Character: 9}})
	equal(t, "codes of the pipeline", codes(c.published(u, 1)), []string{})

	saved := &protocol.DidSaveTextDocumentParams{TextDocument: protocol.TextDocumentIdentifier{URI: u}}
	write("{:a 1 :b 2}")
	c.notify("textDocument/didSave", saved)
	equal(t, "severity of an unknown key", said("config", "config")[0].Severity, protocol.DiagnosticSeverityWarning)

	write("{}")
	c.notify("textDocument/didSave", saved)
	said()
}
