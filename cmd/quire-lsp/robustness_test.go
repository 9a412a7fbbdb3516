package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// A place outside of the text is the nearest in it, for changes too: none of them
// lands somewhere else.
func TestPlacesOutside(t *testing.T) {
	c := start(t, everything)
	u := c.open(".quire/ci.fnl", "(local a 1)\n(local b 2)")
	for i, test := range []struct{ where, want string }{
		{`"start": {"line": 10, "character": 0}, "end": {"line": 10, "character": 0}`, "a b x0"},
		{`"start": {"line": 0, "character": 500}, "end": {"line": 0, "character": 900}`, "a x1 b x0"},
		{`"start": {"line": 1, "character": 0}, "end": {"line": 0, "character": 0}`, "a x2 x1 b x0"},
	} {
		c.notify("textDocument/didChange", json.RawMessage(fmt.Sprintf(
			`{"textDocument": {"uri": %q, "version": %d}, "contentChanges": [{"range": {%s}, "text": "\n(local x%d 0)\n"}]}`, u, i+2, test.where, i)))
		var symbols []protocol.DocumentSymbol
		c.call("textDocument/documentSymbol", &protocol.DocumentSymbolParams{TextDocument: protocol.TextDocumentIdentifier{URI: u}}, &symbols)
		var names []string
		for _, s := range symbols {
			names = append(names, s.Name)
		}
		equal(t, "names", strings.Join(names, " "), test.want)
	}
}

// The client's word on versions counts: also one that goes back, or is used again.
func TestVersions(t *testing.T) {
	c := start(t, everything)
	u := c.open(".quire/ci.fnl", "(")
	c.published(u, 1)
	c.change(u, 7, "(local a 1)")
	equal(t, "codes", codes(c.published(u, 7)), []string{"unused-local"})
	c.change(u, 3, ")")
	equal(t, "codes of an older number", codes(c.published(u, 3)), []string{"syntax"})
	c.change(u, 3, "(local a 1)")
	c.waitCodes(u, "unused-local")
	c.openAs(u, "[")
	equal(t, "codes when opened again", codes(c.published(u, 1)), []string{"syntax"})
}

// Requests that are cancelled as fast as they are made are all answered, and the
// last one with what is right.
func TestCancelStorm(t *testing.T) {
	w := dialWire(t)
	w.send(frame(initializeBody))
	equal(t, "initialize", w.next(), "0 ok")
	const n = 500
	go func() {
		var all bytes.Buffer
		all.WriteString(frame(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///r/.quire/ci.fnl","languageId":"fennel","version":1,"text":"(local x 1)"}}}`))
		for i := 1; i <= n; i++ {
			all.WriteString(frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"textDocument/codeLens","params":{"textDocument":{"uri":"file:///r/.quire/ci.fnl"}}}`, i)))
			all.WriteString(frame(fmt.Sprintf(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%d}}`, i)))
			all.WriteString(frame(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"none"}}`))
		}
		_, _ = w.conn.Write(all.Bytes())
	}()
	seen := map[string]bool{}
	for range n {
		id, how, _ := strings.Cut(w.next(), " ")
		if how != "ok" && how != "-32800" {
			t.Errorf("request %s: %s", id, how)
		}
		seen[id] = true
	}
	equal(t, "answers", len(seen), n)
}

// A panic in a request is an error to it, and nothing else happens.
func TestPanic(t *testing.T) {
	ours, theirs := net.Pipe()
	s := newServer(io.Discard)
	c := connect(t, ours, func() int { return s.serve(context.Background(), theirs) })
	c.handshake(pulling)
	u := c.open(".quire/ci.fnl", "(local x 1)")
	c.pull(u, "")
	const wrong = "file:///wrong"
	s.documents.put(&document{uri: wrong, open: true}) // one that cannot be
	var wire *jsonrpc2.Error
	err := c.try("textDocument/formatting", map[string]any{"textDocument": map[string]any{"uri": wrong}}, nil)
	if !errors.As(err, &wire) || wire.Code != jsonrpc2.InternalError || !strings.HasPrefix(wire.Message, "internal error: ") {
		t.Errorf("error: %v", err)
	}
	var symbols []protocol.DocumentSymbol
	c.call("textDocument/documentSymbol", &protocol.DocumentSymbolParams{TextDocument: protocol.TextDocumentIdentifier{URI: u}}, &symbols)
	equal(t, "symbols", len(symbols), 1)
}

// One version is understood once, however often it is asked about, saved, or
// told to have changed on disk.
func TestUnderstoodOnce(t *testing.T) {
	root := t.TempDir()
	lib := write(t, root, ".quire/lib.fnl", "{:go (fn [] {})}\n")
	other := write(t, root, ".quire/other.fnl", "{}\n")
	ours, theirs := net.Pipe()
	s := newServer(testWriter{t})
	c := connect(t, ours, func() int { return s.serve(context.Background(), theirs) })
	c.handshake(watching)
	ci := c.openIn(root, ".quire/ci.fnl", usesLib)
	c.waitCodes(ci)
	snapshot := s.documents.get(ci).snapshot
	c.openAs(other, "{}\n")
	c.change(other, 2, "{:a 1}\n")
	c.notify("textDocument/didSave", json.RawMessage(`{"textDocument": {"uri": "`+string(ci)+`"}}`))
	c.changedOnDisk(ci, lib, other)
	for _, method := range []string{"codeLens", "documentSymbol"} {
		c.call("textDocument/"+method, json.RawMessage(`{"textDocument": {"uri": "`+string(ci)+`"}}`), nil)
	}
	if s.documents.get(ci).snapshot != snapshot {
		t.Error("the pipeline was understood again though nothing that it reads has changed")
	}
	write(t, root, ".quire/lib.fnl", "{:go (fn [] {:a 1})}\n")
	c.changedOnDisk(lib)
	c.call("textDocument/documentSymbol", json.RawMessage(`{"textDocument": {"uri": "`+string(ci)+`"}}`), nil)
	if s.documents.get(ci).snapshot == snapshot {
		t.Error("the pipeline was not understood again when a module had changed")
	}
}

// A process that cannot be seen is no reason to end.
func TestUnknownParent(t *testing.T) {
	for _, pid := range []string{"2147483647", "0", "-1"} {
		c := dial(t)
		c.call("initialize", json.RawMessage(`{"processId": `+pid+`, "rootUri": null, "capabilities": {}}`), nil)
		c.call("shutdown", nil, nil)
		c.notify("exit", nil)
		equal(t, "exit code", c.exited(), 0)
	}
}

// The socket serves one client of this machine, which has to speak the protocol.
func TestSocket(t *testing.T) {
	for _, test := range []struct {
		send string
		code int
	}{
		{frame(initializeBody) + frame(`{"jsonrpc":"2.0","id":1,"method":"shutdown"}`) + frame(`{"jsonrpc":"2.0","method":"exit"}`), 0},
		{"POST /a:b HTTP/1.1\r\nHost: localhost\r\n" + frame(initializeBody), 1},
		{"", 1},
	} {
		l, err := listen("0", false)
		if err != nil {
			t.Fatal(err)
		}
		code := make(chan int)
		go func() { code <- serveSocket(context.Background(), l, io.Discard) }()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, test.send)
		if test.code == 0 {
			_, _ = io.ReadAll(conn)
		}
		conn.Close()
		equal(t, fmt.Sprintf("exit code after %q", test.send), <-code, test.code)
	}
	for _, address := range []string{"0.0.0.0:0", "192.0.2.1:5000", "example.com:80", "[::]:0", "nonsense:port:"} {
		if l, err := listen(address, false); err == nil {
			l.Close()
			t.Errorf("listens on %s", address)
		}
	}
	l, err := listen("0.0.0.0:0", true)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// A client that never answers what the server asks gets its own answers, its runs
// begin and end, and the session ends when it says so.
func TestSilentClient(t *testing.T) {
	root := workspace(t)
	w := dialWire(t)
	heard := make(chan message)
	go func() {
		defer close(heard)
		for {
			m, err := readMessage(w.in)
			if err != nil {
				return
			}
			heard <- m
		}
	}()
	wait := func(what string, is func(message) bool) {
		t.Helper()
		for m := range heard {
			if is(m) {
				return
			}
		}
		t.Fatalf("waited in vain for %s", what)
	}
	answer := func(id int) func(message) bool {
		return func(m message) bool { return m.Method == "" && string(m.ID) == fmt.Sprint(id) && m.Error == nil }
	}
	w.send(frame(requestText(1, "initialize", `{"processId": null, "rootUri": null, "initializationOptions": {"trusted": true},
		"capabilities": `+capable(`{"configuration": true, "didChangeConfiguration": {"dynamicRegistration": true},
		"didChangeWatchedFiles": {"dynamicRegistration": true}, "codeLens": {"refreshSupport": true}}`, `{"runState": true}`)+`}`)))
	wait("initialize", answer(1))
	uri := "file://" + root + "/.quire/ci.fnl"
	write(t, root, ".quire/ci.fnl", "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [{: sh}] (sh \"echo out\") nil))\n")
	w.send(frame(notificationText("initialized", `{}`)) +
		frame(notificationText("textDocument/didOpen", `{"textDocument": {"uri": "`+uri+`", "languageId": "fennel", "version": 1, "text": "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [{: sh}] (sh \"echo out\") nil))\n"}}`)) +
		frame(requestText(2, "textDocument/hover", `{"textDocument": {"uri": "`+uri+`"}, "position": {"line": 1, "character": 2}}`)))
	wait("a hover", answer(2))
	w.send(frame(requestText(3, "workspace/executeCommand", `{"command": "quire.run", "arguments": [{"uri": "`+uri+`"}]}`)))
	wait("a run", answer(3))
	wait("the end of the run", func(m message) bool {
		return m.Method == notifyRunFinished && strings.Contains(string(m.Params), `"succeeded"`)
	})
	w.send(frame(requestText(4, "workspace/executeCommand", `{"command": "quire.showLog", "arguments": [{"uri": "`+uri+`"}]}`)) +
		frame(requestText(5, "shutdown", "null")))
	wait("the end of the session", answer(5))
	w.send(frame(notificationText("exit", "null")))
	for range heard {
	}
	equal(t, "exit code", w.ended(), 0)
}
