package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

const broken = `(local {: job} (require :quire.ci))
(job :a [:b] (fn [{: sh}] (sh "true" {:cwdir "x"})))
(job :b [:a] (fn [] nil))
(job :lost [:nowhere] (fn [] nil))
`

func TestDiagnostics(t *testing.T) {
	c := start(t, everything)
	u := c.open(".quire/ci.fnl", broken)
	ds := c.published(u, 1)
	equal(t, "codes", codes(ds), []string{"cycle", "unknown-option", "unreachable"})
	equal(t, "place of the option", ds[1].Range, protocol.Range{
		Start: protocol.Position{Line: 1, Character: 38}, End: protocol.Position{Line: 1, Character: 44}})
	if len(ds[0].RelatedInformation) == 0 {
		t.Error("the cycle does not name its other inputs")
	}

	c.change(u, 2, strings.Replace(broken, "[:b]", "[:quire/push]", 1))
	equal(t, "codes of version 2", codes(c.published(u, 2)), []string{"unknown-option", "unreachable"})

	c.notify("textDocument/didClose", json.RawMessage(`{"textDocument": {"uri": "`+string(u)+`"}}`))
	c.wait("the end of the diagnostics", func() bool { return len(c.diagnostics[u].Diagnostics) == 0 })
}

// Of very many diagnostics an editor gets the worst, and is told how many there
// are besides.
func TestManyDiagnostics(t *testing.T) {
	c := start(t, everything)
	text := "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [{: sh}]\n" +
		strings.Repeat("(let [unneeded 1] nil)\n", 300) + strings.Repeat("(sh \"x\" {:cwdir 1})\n", 150) + "{}))\n"
	ds := c.published(c.open(".quire/ci.fnl", text), 1)
	equal(t, "number", len(ds), 201)
	counts := map[protocol.DiagnosticSeverity]int{}
	for _, d := range ds[:200] {
		counts[d.Severity]++
	}
	equal(t, "severities", counts, map[protocol.DiagnosticSeverity]int{
		protocol.DiagnosticSeverityError: 150, protocol.DiagnosticSeverityHint: 50})
	last := ds[200]
	equal(t, "rest", string(last.Message.(protocol.String)),
		"250 more diagnostics are not shown, of which this would be the first.\nquire ci validate shows all.")
	equal(t, "place of the rest", last.Range.Start.Line, uint32(52))
}

// A column is counted in the unit that was agreed on.
func TestEncoding(t *testing.T) {
	text := "(local {: job} (require :quire.ci)) (local s \"𝄞é\") (job :a [:nowhere] (fn [] nil)) s\n"
	at := strings.Index(text, "(job")
	for _, test := range []struct {
		name, caps, encoding string
		column               int
	}{
		{"utf-8", everything, "utf-8", at},
		{"utf-16", `{"general": {"positionEncodings": ["utf-16"]}}`, "utf-16", at - 3},
		{"unsaid", `{}`, "utf-16", at - 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, test.caps)
			u := c.open(".quire/ci.fnl", text)
			ds := c.published(u, 1)
			equal(t, "codes", codes(ds), []string{"unreachable"})
			// The job's form or its id is underlined; either is in this line.
			if got := int(ds[0].Range.Start.Character); got < test.column || got > test.column+len("(job :") {
				t.Errorf("column %d, want about %d", got, test.column)
			}
			insert := protocol.Position{Line: 0, Character: uint32(test.column)}
			c.notify("textDocument/didChange", &protocol.DidChangeTextDocumentParams{
				TextDocument: protocol.VersionedTextDocumentIdentifier{
					TextDocumentIdentifier: protocol.TextDocumentIdentifier{URI: u}, Version: 2},
				ContentChanges: []protocol.TextDocumentContentChangeEvent{
					&protocol.TextDocumentContentChangePartial{Range: protocol.Range{Start: insert, End: insert}, Text: ";"},
				},
			})
			equal(t, "codes with the job commented out", codes(c.published(u, 2)), []string{"unused-local", "unused-local"})
		})
	}
}

// A quick fix of the server, applied by a client, ends the diagnostic.
func TestQuickFix(t *testing.T) {
	text := `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "true" {:timout 3})))
`
	c := start(t, everything)
	u := c.open(".quire/ci.fnl", text)
	ds := c.published(u, 1)
	equal(t, "codes", codes(ds), []string{"unknown-option"})
	var actions []protocol.CodeAction
	c.call("textDocument/codeAction", &protocol.CodeActionParams{
		TextDocument: protocol.TextDocumentIdentifier{URI: u}, Range: ds[0].Range,
		Context: protocol.CodeActionContext{Only: []protocol.CodeActionKind{"quickfix"}},
	}, &actions)
	if len(actions) != 2 || !strings.HasPrefix(actions[1].Title, "Ignore ") {
		t.Fatalf("quick fixes: %+v", actions)
	}
	edit := actions[0].Edit.Changes[u][0]
	equal(t, "range of the edit", edit.Range, ds[0].Range)
	lines := strings.Split(text, "\n")
	line := lines[edit.Range.Start.Line]
	lines[edit.Range.Start.Line] = line[:edit.Range.Start.Character] + edit.NewText + line[edit.Range.End.Character:]
	c.change(u, 2, strings.Join(lines, "\n"))
	equal(t, "codes after the fix", codes(c.published(u, 2)), []string{"ignored-exit"})
}

// Whatever a client sends, the session goes on.
func TestRobustness(t *testing.T) {
	c := start(t, everything)
	u := c.open(".quire/ci.fnl", broken)
	for _, message := range []struct{ method, params string }{
		{"textDocument/codeLens", `{"textDocument": {"uri": "file:///nowhere/.quire/ci.fnl"}}`},
		{"textDocument/codeAction", `{"textDocument": {"uri": "` + string(u) + `"}, "range": {"start": {"line": 999, "character": 999}, "end": {"line": 0, "character": 0}}, "context": {"diagnostics": []}}`},
		{"textDocument/codeLens", `null`},
		{"textDocument/codeAction", `{}`},
		{"textDocument/hover", `{"textDocument": {"uri": "x"}}`},
		{"textDocument/hover", `{"textDocument": {"uri": "` + string(u) + `"}, "position": {"line": 1, "character": 4000000000}}`},
		{"textDocument/completion", `{"textDocument": {"uri": "` + string(u) + `"}, "position": {"line": 4000000000, "character": 0}}`},
		{"textDocument/completion", `null`},
		{"textDocument/definition", `{"textDocument": {"uri": "` + string(u) + `"}}`},
		{"textDocument/references", `{"textDocument": {"uri": "` + string(u) + `"}, "position": {"line": 3, "character": 7}}`},
		{"textDocument/documentHighlight", `{}`},
		{"textDocument/documentSymbol", `{"textDocument": {"uri": "file:///nowhere/.quire/ci.fnl"}}`},
		{"textDocument/rename", `{"textDocument": {"uri": "` + string(u) + `"}, "position": {"line": 1, "character": 7}, "newName": "\u0000"}`},
		{"textDocument/prepareRename", `[]`},
		{"textDocument/formatting", `{"textDocument": {"uri": "file:///nowhere"}}`},
		{"textDocument/rangeFormatting", `{"textDocument": {"uri": "` + string(u) + `"}, "range": {"start": {"line": 9, "character": 9}, "end": {"line": 0, "character": 99}}}`},
		{"textDocument/onTypeFormatting", `{"textDocument": {"uri": "` + string(u) + `"}, "position": {"line": 999, "character": 999}, "ch": "\n"}`},
		{"workspace/executeCommand", `{"command": "quire.run"}`},
		{"workspace/executeCommand", `{"command": "quire.run", "arguments": [1, 2]}`},
		{"workspace/executeCommand", `{"command": "quire.run", "arguments": [{"uri": "untitled:1"}]}`},
		{"workspace/executeCommand", `{"command": "quire.cancel", "arguments": [{"runId": "none"}]}`},
		{"workspace/executeCommand", `{"command": "quire.showLog", "arguments": [{"runId": "none"}]}`},
		{"workspace/executeCommand", `{"command": "quire.graph", "arguments": [{"uri": "file:///nowhere"}]}`},
		{"workspace/executeCommand", `{"command": "quire.dryRun", "arguments": [null]}`},
		{"workspace/executeCommand", `{"command": "quire.rerunLast", "arguments": [{"uri": ""}]}`},
		{"workspace/textDocumentContent", `{"uri": "quire-run:/../../etc/passwd.log"}`},
		{"workspace/textDocumentContent", `{"uri": "quire-run:"}`},
		{"workspace/executeCommand", `{"command": "no.such"}`},
		{"no/such/method", `{}`},
		{"initialize", `{"capabilities": {}}`},
	} {
		// An error is a fine answer; that there is one is what matters.
		_ = c.try(message.method, json.RawMessage(message.params), nil)
	}
	for _, message := range []struct{ method, params string }{
		{"textDocument/didChange", `{"textDocument": {"uri": "file:///nowhere", "version": 3}, "contentChanges": [{"text": ""}]}`},
		{"textDocument/didChange", `{"textDocument": {"uri": "` + string(u) + `", "version": 2}, "contentChanges": [{"range": {"start": {"line": 99, "character": 9}, "end": {"line": 999, "character": 0}}, "text": ""}]}`},
		{"textDocument/didOpen", `null`},
		{"textDocument/didClose", `{"textDocument": {"uri": "file:///nowhere"}}`},
		{"$/cancelRequest", `{"id": 12345}`},
		{"$/cancelRequest", `{}`},
		{"no/such/notification", `[]`},
		{"window/workDoneProgress/cancel", `{"token": "none"}`},
	} {
		c.notify(message.method, json.RawMessage(message.params))
	}
	equal(t, "codes at the end", codes(c.published(u, 2)), []string{"cycle", "unknown-option", "unreachable"})
}

func TestLifeCycle(t *testing.T) {
	c := dial(t)
	if err := c.try("textDocument/codeLens", json.RawMessage(`{"textDocument": {"uri": "file:///x"}}`), nil); err == nil {
		t.Error("a request before initialize is answered")
	}
	c.call("initialize", json.RawMessage(`{"processId": null, "rootUri": null, "capabilities": {}}`), nil)
	c.call("shutdown", nil, nil)
	if err := c.try("textDocument/codeLens", json.RawMessage(`{"textDocument": {"uri": "file:///x"}}`), nil); err == nil {
		t.Error("a request after shutdown is answered")
	}
	c.notify("exit", nil)
	equal(t, "exit code", c.exited(), 0)
}

// A client that goes away without a word ends the server.
func TestEndOfInput(t *testing.T) {
	c := start(t, everything)
	c.conn.Close()
	equal(t, "exit code", c.exited(), 1)
}

func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
		want string // in the output
	}{
		{"--version", 0, "quire-lsp "},
		{"--help", 0, "quire.run"},
		{"--help", 0, "--socket"},
		{"--help", 0, "trusted"},
		{"--socket=0.0.0.0:0", 2, "--any-address allows it"},
		{"-h", 0, "Usage:"},
		{"--nope", 2, "unknown flag: --nope"},
		{"file", 2, `unexpected argument "file"`},
	} {
		t.Run(test.args, func(t *testing.T) {
			var out bytes.Buffer
			code := run([]string{test.args}, io.NopCloser(strings.NewReader("")), nopCloser{&out}, &out)
			equal(t, "exit code", code, test.code)
			if !strings.Contains(out.String(), test.want) {
				t.Errorf("output without %q:\n%s", test.want, out.String())
			}
		})
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
