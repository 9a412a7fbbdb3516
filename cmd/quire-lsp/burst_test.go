package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	unicode "unicode/utf8"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/source"
)

// A burst of random changes with requests between them ends with the
// diagnostics that a fresh server gives for the final text.
func TestBurst(t *testing.T) {
	const changes = 1000
	random := rand.New(rand.NewPCG(1, 2))
	c := start(t, everything)
	text := pipelineText(30)
	u := c.open(".quire/ci.fnl", text)
	file := source.NewFile("", text)
	for version := int32(2); version < 2+changes; version++ {
		change := randomChange(random, file)
		file = source.NewFile("", apply(file, change))
		c.notify("textDocument/didChange", &protocol.DidChangeTextDocumentParams{
			TextDocument: protocol.VersionedTextDocumentIdentifier{
				TextDocumentIdentifier: protocol.TextDocumentIdentifier{URI: u}, Version: version},
			ContentChanges: []protocol.TextDocumentContentChangeEvent{change},
		})
		if random.IntN(4) == 0 {
			c.ask(random, u)
		}
	}
	got := c.published(u, 1+changes)

	fresh := start(t, everything)
	v := fresh.open(".quire/ci.fnl", file.Text())
	want := fresh.published(v, 1)
	equal(t, "diagnostics", plain(got, u), plain(want, v))
}

// ask makes a request whose answer nobody waits for, and sometimes cancels it.
func (c *client) ask(random *rand.Rand, u uri.URI) {
	methods := []string{"textDocument/codeLens", "textDocument/codeAction"}
	method := methods[random.IntN(len(methods))]
	line := random.IntN(40)
	params := json.RawMessage(fmt.Sprintf(`{"textDocument": {"uri": %q}, "context": {"diagnostics": []},
		"range": {"start": {"line": %d, "character": 0}, "end": {"line": %d, "character": 50}}}`, u, line, line))
	go func() { _ = c.try(method, params, nil) }()
}

func plain(ds []protocol.Diagnostic, u uri.URI) []string {
	var lines []string
	for _, d := range ds {
		text, err := protocol.Marshal(d)
		if err != nil {
			panic(err)
		}
		lines = append(lines, strings.ReplaceAll(string(text), string(u), "URI"))
	}
	return lines
}

// pipelineText returns a pipeline of n jobs, most of them good.
func pipelineText(n int) string {
	var b strings.Builder
	b.WriteString("(local {: job} (require :quire.ci))\n")
	for i := range n {
		fmt.Fprintf(&b, "(job :j%d [:quire/push]\n  (fn [{: sh}] (sh [\"echo\" \"%d ü 𝄞\"] {:env {:A \"b\"}})))\n", i, i)
	}
	return b.String()
}

var pieces = []string{"", "(", ")", "[", "]", "{", "}", "\"", ";", "\n", ":j1", ":quire/push", " sh ", "𝄞", "ü",
	"(job :n [:j1] (fn [] nil))\n", "(fn [] ", "{:cwdir 1}", ":env"}

func randomChange(random *rand.Rand, f *source.File) *protocol.TextDocumentContentChangePartial {
	start := random.IntN(len(f.Text()) + 1)
	end := start
	if random.IntN(2) == 0 {
		end = min(start+random.IntN(12), len(f.Text()))
	}
	return &protocol.TextDocumentContentChangePartial{
		Range: utf8.rangeOf(f, source.Span{Start: runeStart(f.Text(), start), End: runeStart(f.Text(), end)}),
		Text:  pieces[random.IntN(len(pieces))],
	}
}

// runeStart moves an offset back to the start of a character: JSON cannot carry
// half of one.
func runeStart(text string, offset int) int {
	for offset > 0 && offset < len(text) && !unicode.RuneStart(text[offset]) {
		offset--
	}
	return offset
}

func apply(f *source.File, change *protocol.TextDocumentContentChangePartial) string {
	span := utf8.span(f, change.Range)
	return f.Text()[:span.Start] + change.Text + f.Text()[span.End:]
}
