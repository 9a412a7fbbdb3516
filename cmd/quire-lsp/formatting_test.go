package main

import (
	"strings"
	"testing"
	utf16codes "unicode/utf16"

	"go.lsp.dev/protocol"
)

// encodings are what clients can say of how they count columns, with how many
// units a text has then.
var encodings = map[string]struct {
	caps string
	size func(string) uint32
}{
	"utf-8":  {everything, func(s string) uint32 { return uint32(len(s)) }},
	"utf-16": {`{}`, func(s string) uint32 { return uint32(len(utf16codes.Encode([]rune(s)))) }},
}

// place returns the wire form of where the bar is in a text.
func place(text string, size func(string) uint32) protocol.Position {
	before, _, _ := strings.Cut(text, "|")
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return protocol.Position{Line: uint32(strings.Count(before, "\n")), Character: size(line)}
}

// applyEdits changes a text as an editor does.
func applyEdits(t *testing.T, text string, edits []protocol.TextEdit, size func(string) uint32) string {
	t.Helper()
	at := func(p protocol.Position) int {
		lines := strings.SplitAfter(text, "\n")
		line := lines[p.Line]
		for i := range line + "x" {
			if size(line[:i]) == p.Character {
				return len(strings.Join(lines[:p.Line], "")) + i
			}
		}
		t.Fatalf("there is no place %v", p)
		return 0
	}
	var b strings.Builder
	done := 0
	for _, e := range edits {
		b.WriteString(text[done:at(e.Range.Start)] + e.NewText)
		done = at(e.Range.End)
	}
	return b.String() + text[done:]
}

func TestFormatting(t *testing.T) {
	for name, encoding := range encodings {
		t.Run(name, func(t *testing.T) {
			c := start(t, encoding.caps)
			for _, test := range []struct{ file, text, want string }{
				{".quire/ci.fnl", "(local  s \"𝄞é\"   ) ; é\n(print \"𝄞\"   s\n1\n)\n", "(local s \"𝄞é\") ; é\n(print \"𝄞\" s\n       1)\n"},
				{".quire/ci.fnl", "(f  𝄞\r\n  \r\n\r\nb\r\n)", "(f 𝄞\r\n\r\n   b)\r\n"},
				{".quire/lib.fnl", "(f\n   [\"𝄞\"   1x]\n(g  𝄞  )\n", "(f\n   [\"𝄞\"   1x]\n(g 𝄞)\n"},
				{".quire/lib.lua", "f(  a  )\n", "f(  a  )\n"},
			} {
				u := c.open(test.file, test.text)
				var edits []protocol.TextEdit
				c.call("textDocument/formatting", &protocol.DocumentFormattingParams{
					TextDocument: protocol.TextDocumentIdentifier{URI: u},
					Options:      protocol.FormattingOptions{TabSize: 8},
				}, &edits)
				equal(t, test.text, applyEdits(t, test.text, edits, encoding.size), test.want)
			}
		})
	}
}

func TestRangeFormatting(t *testing.T) {
	for name, encoding := range encodings {
		t.Run(name, func(t *testing.T) {
			c := start(t, encoding.caps)
			text := "(f  1)\n\"𝄞\" (f 𝄞|  2)\n(f  3)\n"
			at := place(text, encoding.size)
			text = strings.Replace(text, "|", "", 1)
			u := c.open(".quire/ci.fnl", text)
			var edits []protocol.TextEdit
			c.call("textDocument/rangeFormatting", &protocol.DocumentRangeFormattingParams{
				TextDocument: protocol.TextDocumentIdentifier{URI: u},
				Range:        protocol.Range{Start: at, End: at},
			}, &edits)
			equal(t, "text", applyEdits(t, text, edits, encoding.size), "(f  1)\n\"𝄞\" (f 𝄞 2)\n(f  3)\n")
		})
	}
}

// The bar is where the cursor is when a line feed was typed.
func TestOnTypeFormatting(t *testing.T) {
	for name, encoding := range encodings {
		t.Run(name, func(t *testing.T) {
			c := start(t, encoding.caps)
			for _, test := range []struct{ text, want string }{
				{"(fn f [x]\n|)", "(fn f [x]\n  )"},
				{"(fn f [x]\n\t|x)", "(fn f [x]\n  x)"},
				{"(f \"é\" [1\n|\n(g)\n", "(f \"é\" [1\n        \n(g)\n"},
				{"(f a)\n  |\n", "(f a)\n\n"},
				{"(f a\n   |)\n", "(f a\n   )\n"},
				{"(f \"𝄞\n  𝄞|\")\n", "(f \"𝄞\n  𝄞\")\n"},
				{"(job :a [:b]\r\n|)", "(job :a [:b]\r\n  )"},
			} {
				text := strings.Replace(test.text, "|", "", 1)
				u := c.open(".quire/ci.fnl", text)
				var edits []protocol.TextEdit
				c.call("textDocument/onTypeFormatting", &protocol.DocumentOnTypeFormattingParams{
					TextDocument: protocol.TextDocumentIdentifier{URI: u}, Position: place(test.text, encoding.size), Ch: "\n",
				}, &edits)
				equal(t, test.text, applyEdits(t, text, edits, encoding.size), test.want)
			}
		})
	}
}
