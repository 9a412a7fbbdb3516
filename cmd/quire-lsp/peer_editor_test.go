//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/source"
)

// A peerEditor drives a language server as an editor does: the program itself,
// over its standard input and output. It takes pushed diagnostics, counts in
// UTF-16 and looks into no answer more than it has to, so that what it measures
// is the server.
type peerEditor struct {
	b       *testing.B
	process *exec.Cmd
	conn    jsonrpc2.Conn
	told    chan notice
	can     map[string]json.RawMessage // the capabilities of the server

	uri     uri.URI
	file    *source.File // the buffer
	version int32
}

// A notice is what a server told by itself, as far as somebody waits for it.
type notice struct {
	at       time.Time
	version  *int32 // of published diagnostics; many servers do not say
	progress string // begin, report or end; empty: diagnostics
	message  string // of a progress
}

// longest is how long a server may take for anything.
const longest = 5 * time.Minute

// startPeer starts a server in a root and shakes hands with it. It returns how
// long that took, the start of the process included.
func startPeer(b *testing.B, command []string, root string) (*peerEditor, time.Duration) {
	b.Helper()
	e := &peerEditor{b: b, process: exec.Command(command[0], command[1:]...), told: make(chan notice, 10000)}
	e.uri = uri.File(filepath.Join(root, ".quire", "ci.fnl"))
	e.process.Dir = root
	e.process.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(root, "..", "state"), "XDG_CONFIG_HOME="+filepath.Join(root, "..", "config"))
	in, err := e.process.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := e.process.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	started := time.Now()
	if err := e.process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.process.Process.Kill() })
	e.conn = jsonrpc2.NewConn(jsonrpc2.NewHeaderStream(pipe{out, in}))
	e.conn.Go(context.Background(), e.hear)
	var result struct {
		Capabilities map[string]json.RawMessage `json:"capabilities"`
	}
	answer, _ := e.ask("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": uri.File(root), "initializationOptions": map[string]any{"trusted": true},
		"capabilities": map[string]any{
			"window":       map[string]any{"workDoneProgress": true},
			"textDocument": map[string]any{"publishDiagnostics": map[string]any{"relatedInformation": true, "versionSupport": true}},
		},
	})
	took := time.Since(started)
	if err := json.Unmarshal(answer, &result); err != nil {
		b.Fatal(err)
	}
	e.can = result.Capabilities
	e.tell("initialized", map[string]any{})
	return e, took
}

// hear takes what the server tells, and agrees to all that it asks.
func (e *peerEditor) hear(_ context.Context, req *jsonrpc2.Request) (any, error) {
	n := notice{at: time.Now()}
	switch req.Method() {
	case protocol.MethodTextDocumentPublishDiagnostics:
		var p struct {
			URI     string `json:"uri"`
			Version *int32 `json:"version"`
		}
		if json.Unmarshal(req.Params(), &p) != nil || !strings.HasSuffix(p.URI, "ci.fnl") {
			return nil, nil
		}
		n.version = p.Version
	case protocol.MethodProgress:
		var p progressValue
		if json.Unmarshal(req.Params(), &p) != nil {
			return nil, nil
		}
		n.progress, n.message = p.Value.Kind, p.Value.Message
	default:
		return nil, nil
	}
	e.told <- n
	return nil, nil
}

// ask makes a request and returns the answer and how long it took. A server may
// answer with an error; one that is gone ends the benchmark.
func (e *peerEditor) ask(method string, params any) (jsonrpc2.RawMessage, time.Duration) {
	e.b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	var answer jsonrpc2.RawMessage
	asked := time.Now()
	_, err := e.conn.Call(ctx, method, params, &answer)
	took := time.Since(asked)
	var refused *jsonrpc2.Error
	if err != nil && !errors.As(err, &refused) {
		e.b.Fatalf("%s: %s: %v", e.process.Path, method, err)
	}
	return answer, took
}

func (e *peerEditor) tell(method string, params any) {
	e.b.Helper()
	if err := e.conn.Notify(context.Background(), method, params); err != nil {
		e.b.Fatalf("%s: %s: %v", e.process.Path, method, err)
	}
}

// await waits for a notice and returns it, and how many diagnostics came until
// then.
func (e *peerEditor) await(what string, is func(notice) bool) (n notice, published int) {
	e.b.Helper()
	late := time.After(longest)
	for {
		select {
		case n := <-e.told:
			if n.progress == "" {
				published++
			}
			if is(n) {
				return n, published
			}
		case <-late:
			e.b.Fatalf("%s: waited in vain for %s", e.process.Path, what)
		}
	}
}

// awaitDiagnostics waits for those of the last of so many versions. A server
// that does not say of which they are publishes each.
func (e *peerEditor) awaitDiagnostics(versions int) (n notice, published int) {
	e.b.Helper()
	seen := 0
	return e.await("diagnostics", func(n notice) bool {
		if n.progress != "" {
			return false
		}
		seen++
		return n.version != nil && *n.version == e.version || n.version == nil && seen == versions
	})
}

// open opens the buffer and returns how long its diagnostics took.
func (e *peerEditor) open(text string) time.Duration {
	e.b.Helper()
	e.file, e.version = source.NewFile("", text), 1
	began := time.Now()
	e.tell("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": e.uri, "languageId": "fennel", "version": 1, "text": text}})
	n, _ := e.awaitDiagnostics(1)
	return n.at.Sub(began)
}

// replace changes the text of a span, and waits for nothing.
func (e *peerEditor) replace(span source.Span, text string) {
	e.b.Helper()
	e.version++
	e.tell("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": e.uri, "version": e.version},
		"contentChanges": []any{map[string]any{"range": utf16.rangeOf(e.file, span), "text": text}},
	})
	old := e.file.Text()
	e.file = source.NewFile("", old[:span.Start]+text+old[span.End:])
}

// toggle types a letter at an offset, or takes it away when it is there.
func (e *peerEditor) toggle(offset int, letter string) {
	e.b.Helper()
	if strings.HasPrefix(e.file.Text()[offset:], letter) {
		e.replace(source.Span{Start: offset, End: offset + len(letter)}, "")
	} else {
		e.replace(source.Span{Start: offset, End: offset}, letter)
	}
}

// at returns the parameters of a request about an offset.
func (e *peerEditor) at(offset int) map[string]any {
	return map[string]any{
		"textDocument": map[string]any{"uri": e.uri},
		"position":     utf16.rangeOf(e.file, source.Span{Start: offset, End: offset}).Start,
	}
}

// memory returns the most and the present memory of the server, in bytes.
func (e *peerEditor) memory() (most, now int) {
	e.b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.process.Process.Pid))
	if err != nil {
		e.b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kb int
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
			most = kb << 10
		}
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kb); err == nil {
			now = kb << 10
		}
	}
	return most, now
}

// quit ends the session.
func (e *peerEditor) quit() {
	e.b.Helper()
	e.ask("shutdown", nil)
	// Not every server waits until it has read this.
	if err := e.conn.Notify(context.Background(), "exit", nil); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		e.b.Log(err)
	}
	ended := make(chan struct{})
	go func() { _ = e.process.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(longest):
		e.b.Fatalf("%s does not end", e.process.Path)
	}
	_ = e.conn.Close()
}
