package main

import (
	"encoding/json"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// pulling is what a client says that asks for diagnostics.
const pulling = `{
	"workspace": {"diagnostics": {"refreshSupport": true}},
	"textDocument": {"diagnostic": {"relatedInformation": true}, "publishDiagnostics": {"relatedInformation": true}}}`

// A pulled is a report as it comes over the wire.
type pulled struct {
	URI      uri.URI               `json:"uri"`
	Version  *int32                `json:"version"`
	Kind     string                `json:"kind"`
	ResultID string                `json:"resultId"`
	Items    []protocol.Diagnostic `json:"items"`
}

// pull asks for what is wrong with a file.
func (c *client) pull(u uri.URI, previous string) pulled {
	c.t.Helper()
	params := map[string]any{"textDocument": map[string]any{"uri": u}}
	if previous != "" {
		params["previousResultId"] = previous
	}
	var r pulled
	c.call("textDocument/diagnostic", params, &r)
	return r
}

// pullAll asks for what is wrong with all files.
func (c *client) pullAll(previous ...pulled) map[uri.URI]pulled {
	c.t.Helper()
	ids := []map[string]any{}
	for _, r := range previous {
		ids = append(ids, map[string]any{"uri": r.URI, "value": r.ResultID})
	}
	var all struct {
		Items []pulled `json:"items"`
	}
	c.call("workspace/diagnostic", map[string]any{"previousResultIds": ids}, &all)
	found := map[uri.URI]pulled{}
	for _, r := range all.Items {
		found[r.URI] = r
	}
	return found
}

// A client that asks for diagnostics is told none unasked, hears when there is
// nothing new, and is asked to ask again when another file changed them.
func TestPull(t *testing.T) {
	root := t.TempDir()
	good, bad := "{:go (fn [] {})}\n", "(let [x] {:go x})\n"
	lib := write(t, root, ".quire/lib.fnl", good)
	c := dial(t)
	var initialized struct {
		Capabilities struct {
			DiagnosticProvider json.RawMessage `json:"diagnosticProvider"`
		} `json:"capabilities"`
	}
	c.call("initialize", json.RawMessage(`{"processId": null, "rootUri": null, "capabilities": `+pulling+`}`), &initialized)
	equal(t, "provider", string(initialized.Capabilities.DiagnosticProvider), `{"interFileDependencies":true,"workspaceDiagnostics":true}`)
	c.notify("initialized", json.RawMessage(`{}`))

	ci := c.openIn(root, ".quire/ci.fnl", usesLib)
	first := c.pull(ci, "")
	equal(t, "first", first.Kind+" "+strings.Join(codes(first.Items), " "), "full ")
	again := c.pull(ci, first.ResultID)
	equal(t, "again", again.Kind+" "+again.ResultID, "unchanged "+first.ResultID)

	c.openAs(lib, good)
	c.change(lib, 2, bad)
	c.waitAsked("workspace/diagnostic/refresh", 1)
	second := c.pull(ci, first.ResultID)
	equal(t, "second", second.Kind+" "+strings.Join(codes(second.Items), " "), "full compile")
	equal(t, "module", codes(c.pull(lib, "").Items), []string{"compile"})
	c.change(lib, 3, bad+"\n")
	equal(t, "second again", c.pull(ci, second.ResultID).Kind, "unchanged")
	equal(t, "no file", c.pull("file:///nowhere/.quire/ci.fnl", "").Kind, "full")

	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.diagnostics) > 0 {
		t.Errorf("told unasked: %v", c.diagnostics)
	}
}

// Only a client that can be asked to ask again for the files that are open is
// left to ask: what else changes, such as how a job went, it would never show.
func TestPullNeedsRefresh(t *testing.T) {
	const asks = `"textDocument": {"diagnostic": {}, "publishDiagnostics": {}}`
	for _, test := range []struct {
		client, capabilities string
		told                 bool
	}{
		{"Any", `{` + asks + `}`, true},
		{"Any", `{"workspace": {"diagnostics": {"refreshSupport": false}}, ` + asks + `}`, true},
		{"Any", `{"workspace": {"diagnostics": {"refreshSupport": true}}, ` + asks + `}`, false},
		{"Neovim", `{"workspace": {"diagnostics": {"refreshSupport": true}}, ` + asks + `}`, true},
	} {
		c := dial(t)
		c.handshakeWith(test.capabilities, `"clientInfo": {"name": "`+test.client+`"}`)
		u := c.open(".quire/ci.fnl", broken)
		var items []protocol.Diagnostic
		if test.told {
			items = c.published(u, 1)
		} else {
			items = c.pull(u, "").Items
		}
		equal(t, test.client+" "+test.capabilities, codes(items), []string{"cycle", "unknown-option", "unreachable"})
	}
}

// A client can ask about everything: what is open, what is in its folders, and
// what these require.
func TestPullWorkspace(t *testing.T) {
	one := t.TempDir()
	ci := write(t, one, ".quire/ci.fnl", usesLib)
	lib := write(t, one, ".quire/lib.fnl", "(let [x] {:go x})\n")
	c := dial(t)
	c.handshakeWith(pulling, `"workspaceFolders": [{"uri": "`+string(uri.File(one))+`", "name": "one"}]`)
	open := c.open(".quire/ci.fnl", broken)
	all := c.pullAll()
	equal(t, "files", len(all), 3)
	equal(t, "closed pipeline", codes(all[ci].Items), []string{"compile"})
	equal(t, "its module", codes(all[lib].Items), []string{"compile"})
	equal(t, "open pipeline", codes(all[open].Items), []string{"cycle", "unknown-option", "unreachable"})
	if all[ci].Version != nil || all[open].Version == nil || *all[open].Version != 1 {
		t.Errorf("versions %v and %v", all[ci].Version, all[open].Version)
	}

	write(t, one, ".quire/lib.fnl", "{:go (fn [] {})}\n")
	c.changedOnDisk(lib)
	again := c.pullAll(all[ci], all[lib], all[open])
	equal(t, "pipeline then", again[ci].Kind+strings.Join(codes(again[ci].Items), " "), "full")
	equal(t, "module then", again[lib].Kind+strings.Join(codes(again[lib].Items), " "), "full")
	equal(t, "what did not change", again[open].Kind, "unchanged")
}
