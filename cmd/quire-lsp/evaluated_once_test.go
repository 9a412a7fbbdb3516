package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"quire/analysis/source"
	"quire/exec"
)

// A countingTree counts how often a file is looked for.
type countingTree struct {
	source.Tree
	path  string
	count *atomic.Int32
}

func (t countingTree) Read(path string) (*source.File, error) {
	if path == t.path {
		t.count.Add(1)
	}
	return t.Tree.Read(path)
}

// Each version of a pipeline is evaluated once, whatever is asked about it. The
// name of a module is put together by the pipeline, so that nothing but
// evaluation knows which file that is.
func TestEvaluatedOnce(t *testing.T) {
	var evaluated atomic.Int32
	ours, theirs := net.Pipe()
	s := newServer(testWriter{t})
	s.disk = func(root string) source.Tree { return countingTree{exec.Dir(root), ".quire/lib.fnl", &evaluated} }
	c := connect(t, ours, func() int { return s.serve(context.Background(), theirs) })
	c.handshake(capable(`{"inlayHint": {"refreshSupport": true}}`, `{}`))
	root := workspace(t)
	write(t, root, ".quire/lib.fnl", "{:go (fn [] {})}\n")
	text := `(local {: job} (require :quire.ci))
(local lib (require (.. :li :b)))
(job :build [:quire/push] (fn [{: sh}] (sh "make") (lib.go)))
(job :test [:build] (fn [{: sh : jobs}] (jobs :build) (sh "make test")))
`
	u := c.openIn(root, ".quire/ci.fnl", text)
	for version := int32(1); version <= 4; version++ {
		if version > 1 {
			text += "; another version\n"
			c.change(u, version, text)
		}
		c.published(u, version)
		for _, r := range modelRequests {
			if r.method == "diagnostic" {
				continue // this client is sent diagnostics
			}
			for line := range 4 {
				at := fmt.Sprintf(`{"line": %d, "character": 6}`, line)
				// Some cannot be answered here, such as a rename of a form.
				_ = c.try("textDocument/"+r.method, json.RawMessage(r.params(u, func() string { return at })), nil)
			}
		}
		c.call("workspace/symbol", json.RawMessage(`{"query": ""}`), nil)
		c.execute(cmdGraph, graphArgs{URI: u, Quiet: true}, nil)
		equal(t, "evaluations", evaluated.Load(), version)
	}
}
