package main

import (
	"testing"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"quire/analysis/diag"
	"quire/analysis/source"
)

// Editors refuse diagnostics without a message.
func TestNoEmptyMessage(t *testing.T) {
	s := &server{caps: capabilities{related: true}}
	f := source.NewFile("a.fnl", "x")
	for _, d := range []diag.Diagnostic{
		{File: f}, {File: f, Code: diag.Cycle}, {File: f, Code: "unheard-of"}, {File: f, Related: []diag.Related{{File: f}}},
	} {
		got := s.diagnostic(&document{file: f}, d)
		if got.Message == protocol.String("") || len(got.RelatedInformation) > 0 && got.RelatedInformation[0].Message == "" {
			t.Errorf("%+v is shown as %+v", d, got)
		}
	}
}

// What a request may need is ended when the request has, or is not wanted any
// more, and at once when there is none.
func TestAfterwards(t *testing.T) {
	var f inflight
	ended := map[string]bool{}
	end := func(name string) func() { return func() { ended[name] = true } }
	begin := func(n int64) func() {
		number := f.enter(jsonrpc2.NewNumberID(n), func() {})
		return func() { f.forget(number) }
	}
	cancel := func(n int64) {
		for _, number := range f.cancelNamed(jsonrpc2.NewNumberID(n)) {
			f.forget(number)
		}
	}
	f.afterwards(end("alone"))
	equal(t, "with no request", ended["alone"], true)
	first := begin(1)
	f.afterwards(end("a"))
	second := begin(2)
	f.afterwards(end("b"))
	equal(t, "before", ended, map[string]bool{"alone": true})
	first()
	equal(t, "after the first", ended, map[string]bool{"alone": true, "a": true})
	cancel(2)
	equal(t, "after the second was cancelled", ended["b"], true)
	second()
	third := begin(3)
	f.afterwards(end("c"))
	equal(t, "during the third", ended["c"], false)
	third()
	equal(t, "after the third", ended["c"], true)
	fourth, again := begin(4), begin(4)
	f.afterwards(end("d"))
	again()
	equal(t, "after the second of the same id", ended["d"], false)
	fourth()
	equal(t, "after both of the same id", ended["d"], true)
}
