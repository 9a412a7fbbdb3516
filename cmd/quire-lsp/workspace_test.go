package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// watching is what a client says that is told of everything.
const watching = `{
	"general": {"positionEncodings": ["utf-8"]},
	"workspace": {"workspaceFolders": true, "didChangeWatchedFiles": {"dynamicRegistration": true, "relativePatternSupport": true}},
	"textDocument": {"publishDiagnostics": {"relatedInformation": true, "dataSupport": true, "tagSupport": {"valueSet": [1, 2]}}}}`

// write writes a file below a root and returns its URI.
func write(t testing.TB, root, name, text string) uri.URI {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return uri.File(path)
}

func (c *client) openAs(u uri.URI, text string) {
	c.t.Helper()
	c.notify("textDocument/didOpen", &protocol.DidOpenTextDocumentParams{
		TextDocument: protocol.TextDocumentItem{URI: u, LanguageID: "fennel", Version: 1, Text: text},
	})
}

func (c *client) close(u uri.URI) {
	c.t.Helper()
	c.notify("textDocument/didClose", json.RawMessage(`{"textDocument": {"uri": "`+string(u)+`"}}`))
}

// changedOnDisk says that a file changed on disk.
func (c *client) changedOnDisk(us ...uri.URI) {
	c.t.Helper()
	var events []string
	for _, u := range us {
		events = append(events, `{"uri": "`+string(u)+`", "type": 2}`)
	}
	c.notify("workspace/didChangeWatchedFiles", json.RawMessage(`{"changes": [`+strings.Join(events, ",")+`]}`))
}

// waitCodes waits until these are the codes of what is wrong with a file.
func (c *client) waitCodes(u uri.URI, want ...string) (ds []protocol.Diagnostic) {
	c.t.Helper()
	defer c.look(func() {
		if p := c.diagnostics[u]; c.t.Failed() && p != nil {
			c.t.Logf("%s has the codes %v", u, codes(p.Diagnostics))
		}
	})
	c.wait("the codes "+strings.Join(want, " ")+" of "+string(u), func() bool {
		p := c.diagnostics[u]
		if p == nil || strings.Join(codes(p.Diagnostics), " ") != strings.Join(want, " ") {
			return false
		}
		ds = p.Diagnostics
		return true
	})
	return ds
}

const usesLib = "(local {: job} (require :quire.ci))\n(local lib (require :lib))\n(job :a [:quire/push] (fn [] (lib.go)))\n"

// What is wrong with a module is shown in its own file, and where it is required;
// changes of its buffer and of it on disk reach both.
func TestModuleChanges(t *testing.T) {
	root := t.TempDir()
	good, bad := "(fn go [] {})\n{: go}\n", "(fn go [] {})\n(let [x] {: go})\n"
	lib := write(t, root, ".quire/lib.fnl", bad)
	c := start(t, watching)
	ci := c.openIn(root, ".quire/ci.fnl", usesLib)
	ds := c.waitCodes(ci, "compile")
	equal(t, "place in the pipeline", ds[0].Range.Start.Line, uint32(1))
	equal(t, "related place", ds[0].RelatedInformation[0].Location.URI, lib)
	ds = c.waitCodes(lib, "compile")
	equal(t, "place in the module", ds[0].Range.Start, protocol.Position{Line: 1, Character: 5})
	equal(t, "place that requires it", ds[0].RelatedInformation[0].Location.URI, ci)

	write(t, root, ".quire/lib.fnl", good)
	c.changedOnDisk(lib)
	c.waitCodes(ci)
	c.waitCodes(lib)

	c.openAs(lib, good)
	c.published(lib, 1)
	c.change(lib, 2, bad)
	c.waitCodes(ci, "compile")
	c.waitCodes(lib, "compile")
	c.change(lib, 3, good)
	c.waitCodes(ci)
	equal(t, "codes of version 3", codes(c.published(lib, 3)), []string{})
	c.change(lib, 4, "(fn go [] {}\n")
	c.waitCodes(lib, "syntax")
	c.close(lib)
	c.waitCodes(ci)
	c.waitCodes(lib)
}

// A module is answered about with the jobs of its pipeline, which need not be
// open.
func TestModuleAnswers(t *testing.T) {
	root := t.TempDir()
	text := "(local ci (require :quire.ci))\n(ci.job :late [:a] (fn [] {}))\n{:go (fn [] {})}\n"
	ci := write(t, root, ".quire/ci.fnl", usesLib)
	lib := write(t, root, ".quire/lib.fnl", text)
	c := start(t, watching)
	c.openAs(lib, text)
	equal(t, "codes of the module", codes(c.published(lib, 1)), []string{})
	c.waitCodes(ci)

	at := protocol.TextDocumentPositionParams{TextDocument: protocol.TextDocumentIdentifier{URI: lib},
		Position: protocol.Position{Line: 1, Character: 16}}
	var places []protocol.Location
	c.call("textDocument/definition", &protocol.DefinitionParams{TextDocumentPositionParams: at}, &places)
	if len(places) != 1 || places[0].URI != ci || places[0].Range.Start != (protocol.Position{Line: 2, Character: 6}) {
		t.Errorf("definition: %+v", places)
	}
	var symbols []protocol.DocumentSymbol
	c.call("textDocument/documentSymbol", &protocol.DocumentSymbolParams{TextDocument: at.TextDocument}, &symbols)
	if len(symbols) != 2 || symbols[1].Name != "late" {
		t.Errorf("symbols: %+v", symbols)
	}

	c.openAs(ci, usesLib)
	c.change(lib, 2, strings.Replace(text, "[:a]", "[:nowhere]", 1))
	c.waitCodes(lib, "unreachable")
	equal(t, "related place", c.waitCodes(ci, "unreachable")[0].RelatedInformation[0].Location.URI, lib)
}

// A file of macros is not taken for a module of code.
func TestMacroModule(t *testing.T) {
	root := t.TempDir()
	macros := "(fn twice [x] `(do ,x ,x))\n{: twice}\n"
	lib := write(t, root, ".quire/lib.fnl", macros)
	c := start(t, watching)
	c.openAs(lib, macros)
	equal(t, "codes without a pipeline", codes(c.published(lib, 1)), []string{})
	c.openIn(root, ".quire/ci.fnl", "(import-macros {: twice} :lib)\n(local ci (require :quire.ci))\n(ci.job :a [:quire/push] (fn [] (twice (print 1)) {}))\n")
	c.change(lib, 2, macros[:len(macros)-2])
	c.waitCodes(lib, "syntax")
	c.change(lib, 3, macros)
	equal(t, "codes with one", codes(c.published(lib, 3)), []string{})
	unknown := "(fn once [x] x)\n{: twice}\n"
	c.change(lib, 4, unknown)
	found := codes(c.published(lib, 4))
	if len(found) == 0 {
		t.Error("nothing is wrong with a name that is not there")
	}
	c.change(lib, 5, unknown)
	equal(t, "codes of the same text again", codes(c.published(lib, 5)), found)
}

// A module at the root of a repository finds the pipeline, also one that is not
// saved yet.
func TestModuleAtTheRoot(t *testing.T) {
	root := t.TempDir()
	lib := write(t, root, "lib.fnl", "(let [x] x)\n")
	c := start(t, watching)
	c.openAs(lib, "(let [x] x)\n")
	c.openAs(uri.File(filepath.Join(root, ".quire", "ci.fnl")), usesLib)
	c.waitCodes(lib, "compile")
	c.change(lib, 2, "{:go (fn [] {})}\n")
	c.waitCodes(lib)
}

// The pipelines of the client's folders are known without being opened, as they
// are on disk, until a folder is left.
func TestFolders(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	job := "(local {: job} (require :quire.ci))\n(job :%s [%s] (fn [] {}))\n"
	first := write(t, one, ".quire/ci.fnl", strings.NewReplacer("%s [%s]", "first [:nowhere]").Replace(job))
	second := write(t, two, ".quire/ci.fnl", strings.NewReplacer("%s [%s]", "second []").Replace(job))
	c := dial(t)
	c.handshakeWith(watching, `"workspaceFolders": [{"uri": "`+string(uri.File(one))+`", "name": "one"}]`)
	c.waitCodes(first, "unreachable")
	c.notify("workspace/didChangeWorkspaceFolders", json.RawMessage(
		`{"event": {"removed": [], "added": [{"uri": "`+string(uri.File(two))+`", "name": "two"}]}}`))
	c.waitCodes(second, "empty-inputs")

	symbols := func(want ...string) {
		t.Helper()
		var found []protocol.SymbolInformation
		c.call("workspace/symbol", json.RawMessage(`{"query": ""}`), &found)
		names := []string{}
		for _, s := range found {
			if s.Kind == protocol.SymbolKindClass {
				names = append(names, s.Name)
			}
		}
		equal(t, "jobs", strings.Join(names, " "), strings.Join(want, " "))
	}
	symbols("first", "second")

	write(t, one, ".quire/ci.fnl", strings.NewReplacer("%s [%s]", "again [:quire/push]").Replace(job))
	c.changedOnDisk(first)
	c.waitCodes(first)
	symbols("again", "second")

	c.openAs(first, "(")
	c.waitCodes(first, "syntax")
	c.close(first)
	c.waitCodes(first)

	if err := os.Rename(filepath.Join(two, ".quire"), filepath.Join(two, "gone")); err != nil {
		t.Fatal(err)
	}
	c.notify("workspace/didRenameFiles", json.RawMessage(`{"files": [{"oldUri": "`+string(uri.File(filepath.Join(two, ".quire")))+
		`", "newUri": "`+string(uri.File(filepath.Join(two, "gone")))+`"}]}`))
	c.waitCodes(second)
	symbols("again")

	c.notify("workspace/didChangeWorkspaceFolders", json.RawMessage(
		`{"event": {"added": [], "removed": [{"uri": "`+string(uri.File(one))+`", "name": "one"}]}}`))
	symbols()
}

// The names of secrets come from the global configuration, also while it is
// edited, and when it changes on disk.
func TestSecretNames(t *testing.T) {
	root := t.TempDir()
	config := write(t, root, "config.fnl", "{:secrets {:token \"long enough\"}}")
	t.Setenv("QUIRE_CONFIG", config.FsPath())
	c := start(t, watching)
	c.waitAsked("client/registerCapability", 1)
	ci := c.openIn(root, ".quire/ci.fnl", "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [{: secret}] {:x (secret :token)}))\n")
	c.waitCodes(ci)
	write(t, root, "config.fnl", "{:secrets {}}")
	c.changedOnDisk(config)
	c.waitCodes(ci, "unknown-secret")
	c.openAs(config, "{:secrets {:token \"x\"}}")
	c.waitCodes(ci)
	c.change(config, 2, "{:secrets {:token 1}}")
	equal(t, "version", c.waitCodes(config, "config")[0].Range.Start, protocol.Position{Line: 0, Character: 11})
	c.close(config)
	c.waitCodes(ci, "unknown-secret")
	c.waitCodes(config)
}

// What can be removed is shown faded, and a diagnostic carries its fixes, so that
// they can be had for a file that is not open.
func TestTagsAndData(t *testing.T) {
	c := start(t, watching)
	text := "(local {: job} (require :quire.ci))\n(local unused 1)\n(job :a [:quire/push] (fn [{: sh}] (sh \"x\" {:timout 1})))\n"
	u := c.open(".quire/ci.fnl", text)
	ds := c.waitCodes(u, "unused-local", "unknown-option")
	equal(t, "tags of what is unused", ds[0].Tags.Slice(), []protocol.DiagnosticTag{protocol.DiagnosticTagUnnecessary})
	equal(t, "tags of a mistake", ds[1].Tags.Slice(), nil)
	if len(ds[1].Data) == 0 {
		t.Fatal("the mistake has no data")
	}

	ask := &protocol.CodeActionParams{TextDocument: protocol.TextDocumentIdentifier{URI: u}, Range: ds[1].Range,
		Context: protocol.CodeActionContext{Diagnostics: ds[1:], Only: []protocol.CodeActionKind{"quickfix"}}}
	var open, closed []protocol.CodeAction
	c.call("textDocument/codeAction", ask, &open)
	c.close(u)
	c.call("textDocument/codeAction", ask, &closed)
	equal(t, "fixes of a file that is not open", string(encode(closed)), string(encode(open)))
	if len(open) == 0 {
		t.Error("no fixes")
	}

	plain := start(t, `{}`)
	for _, d := range plain.published(plain.open(".quire/ci.fnl", text), 1) {
		if d.Tags.Len() > 0 || len(d.Data) > 0 || len(d.RelatedInformation) > 0 {
			t.Errorf("a client that knows none of it gets %+v", d)
		}
	}
}
