package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// patience is how long a test waits for something that has to happen. It is
// only ever used up by a test that fails.
const patience = 60 * time.Second

// A client is an editor: it speaks with a server over a pipe and remembers
// what the server told it.
type client struct {
	t    testing.TB
	conn jsonrpc2.Conn
	exit chan int

	mu          sync.Mutex
	changed     *sync.Cond // something was told
	diagnostics map[uri.URI]*protocol.PublishDiagnosticsParams
	progress    []progressValue
	messages    []*protocol.ShowMessageParams
	shown       []uri.URI
	refreshed   map[string]int // requests to look again, by their methods
	questions   []string
	reply       string        // to all of them
	stall       chan struct{} // is closed when they are to be answered; nil: at once
	output      []runOutputParams
	states      []string // what was told of runs, in short
	finished    []runFinishedParams
	asked       []string          // methods that the server called, in their order
	answers     map[string]string // what to answer them, as JSON
	refuses     bool              // answers every request of the server with an error
}

type progressValue struct {
	Token string
	Value struct {
		Kind, Title, Message string
		Percentage           *int
		Cancellable          bool
	}
}

// start starts a server and shakes hands with it.
func start(t *testing.T, caps string) *client {
	t.Helper()
	c := dial(t)
	c.handshake(caps)
	return c
}

// handshake tells the server what the client can do.
func (c *client) handshake(caps string) {
	c.t.Helper()
	c.handshakeWith(caps, `"rootUri": null, "initializationOptions": {"trusted": true}`)
}

// handshakeWith tells the server what the client can do, and more parameters of
// initialize.
func (c *client) handshakeWith(caps, more string) {
	c.t.Helper()
	c.call("initialize", json.RawMessage(`{"processId": null, "capabilities": `+caps+`, `+more+`}`), nil)
	c.notify("initialized", json.RawMessage(`{}`))
}

// everything is what a client that can do everything says of itself.
const everything = `{
	"general": {"positionEncodings": ["utf-8", "utf-16"]},
	"window": {"workDoneProgress": true, "showDocument": {"support": true}},
	"textDocument": {"publishDiagnostics": {"relatedInformation": true}}}`

// dial starts a server in this process and connects to it.
func dial(t *testing.T) *client {
	t.Helper()
	ours, theirs := net.Pipe()
	return connect(t, ours, func() int { return serve(context.Background(), theirs, testWriter{t}) })
}

// connect connects to a server. serve runs while it does and returns its exit
// code.
func connect(t testing.TB, rw io.ReadWriteCloser, serve func() int) *client {
	t.Helper()
	c := &client{t: t, exit: make(chan int, 1), diagnostics: map[uri.URI]*protocol.PublishDiagnosticsParams{}, refreshed: map[string]int{}}
	c.changed = sync.NewCond(&c.mu)
	go func() { c.exit <- serve() }()
	c.conn = jsonrpc2.NewConn(jsonrpc2.NewHeaderStream(rw), jsonrpc2.WithCodec(codec{}))
	c.conn.Go(context.Background(), c.handle)
	t.Cleanup(func() {
		c.conn.Close()
		c.exited()
	})
	return c
}

// exited waits for the end of the server and returns its exit code.
func (c *client) exited() int {
	c.t.Helper()
	select {
	case code := <-c.exit:
		c.exit <- code
		return code
	case <-time.After(patience):
		c.t.Fatal("the server does not end")
		return -1
	}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("server: %s", b)
	return len(b), nil
}

// handle takes what the server tells and answers what it asks.
func (c *client) handle(ctx context.Context, req *jsonrpc2.Request) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changed.Broadcast()
	c.asked = append(c.asked, strings.Clone(req.Method()))
	switch req.Method() {
	case protocol.MethodTextDocumentPublishDiagnostics:
		var p protocol.PublishDiagnosticsParams
		if err := protocol.Unmarshal(req.Params(), &p); err != nil {
			return nil, err
		}
		c.diagnostics[p.URI] = &p
	case protocol.MethodProgress:
		var p progressValue
		if err := json.Unmarshal(req.Params(), &p); err != nil {
			return nil, err
		}
		c.progress = append(c.progress, p)
	case protocol.MethodWindowShowMessage:
		var p protocol.ShowMessageParams
		if err := protocol.Unmarshal(req.Params(), &p); err != nil {
			return nil, err
		}
		c.messages = append(c.messages, &p)
	case protocol.MethodWindowShowDocument:
		var p protocol.ShowDocumentParams
		if err := protocol.Unmarshal(req.Params(), &p); err != nil {
			return nil, err
		}
		c.shown = append(c.shown, p.URI)
		return &protocol.ShowDocumentResult{Success: true}, nil
	case protocol.MethodWindowShowMessageRequest:
		var p protocol.ShowMessageRequestParams
		if err := protocol.Unmarshal(req.Params(), &p); err != nil {
			return nil, err
		}
		c.questions = append(c.questions, p.Message)
		if c.stall != nil {
			c.changed.Broadcast()
			c.mu.Unlock()
			jsonrpc2.Async(ctx)
			<-c.stall
			c.mu.Lock()
		}
		if c.reply == "" {
			return nil, nil // it was dismissed
		}
		return &protocol.MessageActionItem{Title: c.reply}, nil
	case protocol.MethodWorkspaceCodeLensRefresh, protocol.MethodWorkspaceInlayHintRefresh, protocol.MethodWorkspaceTextDocumentContentRefresh:
		c.refreshed[strings.Clone(req.Method())]++
	case notifyRunOutput:
		var p runOutputParams
		if err := json.Unmarshal(req.Params(), &p); err != nil {
			return nil, err
		}
		c.output = append(c.output, p)
	case notifyRunStarted:
		c.states = append(c.states, "started")
	case notifyJobState:
		var p jobStateParams
		if err := json.Unmarshal(req.Params(), &p); err != nil {
			return nil, err
		}
		c.states = append(c.states, p.Job+" "+string(p.State))
	case notifyRunFinished:
		var p runFinishedParams
		if err := json.Unmarshal(req.Params(), &p); err != nil {
			return nil, err
		}
		c.states = append(c.states, "finished "+string(p.Outcome))
		c.finished = append(c.finished, p)
	}
	if c.refuses && req.IsCall() {
		return nil, jsonrpc2.NewError(jsonrpc2.InternalError, "the client does not want to")
	}
	if answer, ok := c.answers[req.Method()]; ok {
		return jsonrpc2.RawMessage(answer), nil
	}
	return nil, nil
}

// answerWith sets what the client answers to a method of the server.
func (c *client) answerWith(method, result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answers == nil {
		c.answers = map[string]string{}
	}
	c.answers[method] = result
}

// waitAsked waits until the server has called a method n times.
func (c *client) waitAsked(method string, n int) {
	c.t.Helper()
	c.wait(method, func() bool {
		count := 0
		for _, m := range c.asked {
			if m == method {
				count++
			}
		}
		return count >= n
	})
}

// call makes a request that has to succeed.
func (c *client) call(method string, params, result any) {
	c.t.Helper()
	if err := c.try(method, params, result); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

// try makes a request and returns its error.
func (c *client) try(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.conn.Call(ctx, method, params, result)
	return err
}

func (c *client) notify(method string, params any) {
	c.t.Helper()
	if err := c.conn.Notify(context.Background(), method, params); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

// wait waits until the server has told what ok looks for.
func (c *client) wait(what string, ok func() bool) {
	c.t.Helper()
	if !waitUntil(c.changed, ok) {
		c.t.Fatalf("waited in vain for %s", what)
	}
}

// waitUntil waits until something is so that a condition tells of, whose lock is held
// while it is looked at. It reports false when that takes too long.
func waitUntil(changed *sync.Cond, ok func() bool) bool {
	timer := time.AfterFunc(patience, changed.Broadcast)
	defer timer.Stop()
	end := time.Now().Add(patience)
	changed.L.Lock()
	defer changed.L.Unlock()
	for !ok() {
		if time.Now().After(end) {
			return false
		}
		changed.Wait()
	}
	return true
}

// look looks at what the server has told, which it may still be doing.
func (c *client) look(at func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at()
}

// said returns the nth message, from 0.
func (c *client) said(n int) (message string) {
	c.look(func() { message = c.messages[n].Message })
	return message
}

// open writes a file below a new root, opens it and returns its URI.
func (c *client) open(name, text string) uri.URI {
	c.t.Helper()
	return c.openIn(c.t.TempDir(), name, text)
}

func (c *client) openIn(root, name, text string) uri.URI {
	c.t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	u := uri.File(path)
	c.notify("textDocument/didOpen", &protocol.DidOpenTextDocumentParams{
		TextDocument: protocol.TextDocumentItem{URI: u, LanguageID: "fennel", Version: 1, Text: text},
	})
	return u
}

// change replaces the whole text.
func (c *client) change(u uri.URI, version int32, text string) {
	c.t.Helper()
	c.notify("textDocument/didChange", &protocol.DidChangeTextDocumentParams{
		TextDocument: protocol.VersionedTextDocumentIdentifier{
			TextDocumentIdentifier: protocol.TextDocumentIdentifier{URI: u}, Version: version,
		},
		ContentChanges: []protocol.TextDocumentContentChangeEvent{&protocol.TextDocumentContentChangeWholeDocument{Text: text}},
	})
}

// published waits for the diagnostics of a version and returns them.
func (c *client) published(u uri.URI, version int32) []protocol.Diagnostic {
	c.t.Helper()
	var ds []protocol.Diagnostic
	c.wait("diagnostics", func() bool {
		p := c.diagnostics[u]
		if p == nil {
			return false
		}
		v, _ := p.Version.Get()
		ds = p.Diagnostics
		return v == version
	})
	return ds
}

// codes returns the codes of diagnostics in their order.
func codes(ds []protocol.Diagnostic) []string {
	list := []string{}
	for _, d := range ds {
		list = append(list, string(d.Code.(protocol.String)))
	}
	return list
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
