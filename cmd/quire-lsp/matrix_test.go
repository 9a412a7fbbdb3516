package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// TestMatrix sends what other servers die of, or answer wrongly, in both encodings:
// the answer is right, and the session goes on. Messages that are no requests, and
// the end of input, are those of TestHostileMessages.
func TestMatrix(t *testing.T) {
	const text = "(local {: job} (require :quire.ci))\n(job :é𝄞 [:quire/push] (fn [] nil)) ; 𝄞\n(print"
	const invalidParams = int(jsonrpc2.InvalidParams)
	for _, row := range []struct {
		name, method string
		params       string // %s stands for the URI
		code         int    // of an error
	}{
		{"hover past the end of a line", "textDocument/hover", `{"textDocument": {"uri": %q}, "position": {"line": 0, "character": 4000}}`, 0},
		{"hover past the end of a line of wide characters", "textDocument/hover", `{"textDocument": {"uri": %q}, "position": {"line": 1, "character": 44}}`, 0},
		{"hover past the last line", "textDocument/hover", `{"textDocument": {"uri": %q}, "position": {"line": 3, "character": 0}}`, 0},
		{"hover within a character", "textDocument/hover", `{"textDocument": {"uri": %q}, "position": {"line": 1, "character": 8}}`, 0},
		{"completion past the end of the file", "textDocument/completion", `{"textDocument": {"uri": %q}, "position": {"line": 4000, "character": 9}}`, 0},
		{"completion at the largest place", "textDocument/completion", `{"textDocument": {"uri": %q}, "position": {"line": 4294967295, "character": 4294967295}}`, 0},
		{"a range past the end of the file", "textDocument/codeAction", `{"textDocument": {"uri": %q}, "range": {"start": {"line": 90, "character": 0}, "end": {"line": 99, "character": 0}}, "context": {"diagnostics": []}}`, 0},
		{"a range that ends before it begins", "textDocument/inlayHint", `{"textDocument": {"uri": %q}, "range": {"start": {"line": 9, "character": 0}, "end": {"line": 0, "character": 0}}}`, 0},
		{"a negative place", "textDocument/hover", `{"textDocument": {"uri": %q}, "position": {"line": -1, "character": 0}}`, invalidParams},
		{"params null", "textDocument/hover", `null`, invalidParams},
		{"no params", "textDocument/completion", ``, invalidParams},
	} {
		eachEncoding(t, row.name, func(t *testing.T, c *client) {
			u := c.open(".quire/ci.fnl", text)
			params := row.params
			if row.code == 0 || row.name == "a negative place" {
				params = fmt.Sprintf(params, u)
			}
			var sent any
			if params != "" {
				sent = json.RawMessage(params)
			}
			err := c.try(row.method, sent, nil)
			var wire *jsonrpc2.Error
			switch {
			case row.code == 0 && err != nil:
				t.Errorf("error: %v", err)
			case row.code != 0 && (!errors.As(err, &wire) || int(wire.Code) != row.code):
				t.Errorf("error: %v, want code %d", err, row.code)
			}
			c.goesOn(t, u)
		})
	}
	for _, r := range modelRequests {
		eachEncoding(t, "an unopened file and "+r.method, func(t *testing.T, c *client) {
			at := func() string { return `{"line": 3, "character": 5}` }
			if err := c.try("textDocument/"+r.method, json.RawMessage(r.params("file:///not/open/.quire/ci.fnl", at)), nil); err != nil {
				t.Errorf("error: %v", err)
			}
			c.goesOn(t, c.open(".quire/ci.fnl", text))
		})
	}
	eachEncoding(t, "a change past the end of the file", func(t *testing.T, c *client) {
		u := c.open(".quire/ci.fnl", text)
		c.notify("textDocument/didChange", json.RawMessage(fmt.Sprintf(`{"textDocument": {"uri": %q, "version": 2}, "contentChanges": [
			{"range": {"start": {"line": 70, "character": 7}, "end": {"line": 90, "character": 0}}, "text": " 1)"},
			{"range": {"start": {"line": 0, "character": 900}, "end": {"line": 0, "character": 999}}, "text": " ; end"}]}`, u)))
		equal(t, "codes", codes(c.published(u, 2)), []string{})
		c.goesOn(t, u)
	})
	eachEncoding(t, "errors for all that the server asks", func(t *testing.T, c *client) {
		u := c.open(".quire/ci.fnl", text)
		c.look(func() { c.refuses = true })
		c.notify("workspace/didChangeConfiguration", json.RawMessage(`{}`))
		c.waitAsked("workspace/configuration", 2)
		c.run(u)
		c.messagesAt(1) // without progress, one message says how the run went
		c.goesOn(t, u)
	})
}

// eachEncoding runs a test with a client of each encoding.
func eachEncoding(t *testing.T, name string, test func(*testing.T, *client)) {
	for _, enc := range []encoding{utf8, utf16} {
		t.Run(name+"/"+string(enc.kind()), func(t *testing.T) {
			test(t, start(t, fmt.Sprintf(`{"general": {"positionEncodings": [%q]}, "workspace": {"configuration": true, "codeLens": {"refreshSupport": true},
				"didChangeConfiguration": {"dynamicRegistration": true}}, "window": {"workDoneProgress": true}}`, enc.kind())))
		})
	}
}

// goesOn asks what is known to have an answer.
func (c *client) goesOn(t *testing.T, u uri.URI) {
	t.Helper()
	var symbols []protocol.DocumentSymbol
	c.call("textDocument/documentSymbol", &protocol.DocumentSymbolParams{TextDocument: protocol.TextDocumentIdentifier{URI: u}}, &symbols)
	if len(symbols) != 2 {
		t.Errorf("symbols afterwards: %+v", symbols)
	}
}
