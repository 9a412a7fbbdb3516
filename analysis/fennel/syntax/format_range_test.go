package syntax_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// TestFormatRange formats what is between two bars.
func TestFormatRange(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"one form", "(a  1)\n(b|  |2)\n(c  3)\n", "(a  1)\n(b 2)\n(c  3)\n"},
		{"all of the form", "(a\n1\n|2|)\n(b  2)\n", "(a\n 1\n 2)\n(b  2)\n"},
		{"its place", "(a  1)\n\n\n\n  (b|  |2)\n", "(a  1)\n\n\n(b 2)\n"},
		{"several", "(a  1)\n(b | 2)\n;; note\n  (c| 3  )\n(d  4)\n", "(a  1)\n(b 2)\n;; note\n(c 3)\n(d  4)\n"},
		{"what shares a line", "(a  1) (b | |2) (c\n1)\n(d  4)\n", "(a 1) (b 2) (c\n             1)\n(d  4)\n"},
		{"between forms", "(a  1)\n\n|\n\n|\n(b  2)\n", "(a  1)\n\n\n\n\n(b  2)\n"},
		{"to the end", "(a  1)\n(|b  2)\n\n|", "(a  1)\n(b 2)\n"},
		{"what does not read", "(a  1)\n(b | |2\n", "(a  1)\n(b  2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			start := strings.Index(test.text, "|")
			end := strings.LastIndex(test.text, "|") - 1
			text := strings.ReplaceAll(test.text, "|", "")
			tree := syntax.Read(source.NewFile("in.fnl", text))
			got := diag.Apply(text, syntax.FormatRange(tree, source.Span{Start: start, End: end}))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Formatting one range after the other comes to formatting all.
func TestFormatRanges(t *testing.T) {
	all := fennelTexts(t)
	rapid.Check(t, func(t *rapid.T) {
		text := scramble(t, rapid.SampledFrom(all).Draw(t, "text"))
		want := formatted(text)
		tree := syntax.Read(source.NewFile("in.fnl", text))
		for i := range tree.Forms {
			now := syntax.Read(source.NewFile("in.fnl", text))
			span := now.Forms[i].Span
			if i == len(tree.Forms)-1 {
				span.End = len(text)
			}
			text = diag.Apply(text, syntax.FormatRange(now, span))
		}
		if got := formatted(text); len(tree.Forms) > 0 && got != text {
			t.Fatalf("%q is not formatted; want %q", text, want)
		}
	})
}

// TestIndentation asks for the column at each bar of a text.
func TestIndentation(t *testing.T) {
	for _, test := range []struct {
		text string
		want int // -1 for none
	}{
		{"|", 0},
		{"(a)\n|", 0},
		{"(a)\n|(b)", 0},
		{"(fn f [x]\n|)", 2},
		{"(fn f [x]\n|", 2},
		{"(fn f [x]\n  (print x)\n|", 2},
		{"(fn f [x\n|])", 7},
		{"(print a\n|)", 7},
		{"(print a\n|b)", 7},
		{"(print\n|)", 1},
		{"(if a\n|", 4},
		{"(let [a 1\n|]", 6},
		{"(let [a 1]\n  (f a\n|))", 5},
		{"(let [a 1]\n  (f a)\n|)", 2},
		{"  (f {:a 1\n|", 6},
		{"(job :a [:b]\n|)", 2},
		{"(do (a)\n|)", 4},
		{"(f \"日本\" (g\n|", 11},
		{"\t(f a\n|", 11},
		{"(f a ; note\n|)", 3},
		{"(f \"a\n|b\")", -1},
		{"(f \"a\n|", -1},
		{"(f ;|a\n)", -1},
		{"`(f ,(g\n|", 6},
		{"(macro m [a ...] a)\n(m 1\n|)", 2},
		{"(a (b\n(c)\n|", 0},
		{"(a (b\r\n|))", 4},
	} {
		offset := strings.Index(test.text, "|")
		text := strings.Replace(test.text, "|", "", 1)
		got, ok := syntax.Indentation(syntax.Read(source.NewFile("in.fnl", text)), offset)
		if !ok {
			got = -1
		}
		if got != test.want {
			t.Errorf("%q: column %d, want %d", test.text, got, test.want)
		}
	}
}

// Where a line of formatted text starts is where it would have been put.
func TestIndentationIsThatOfFormat(t *testing.T) {
	for _, text := range fennelTexts(t) {
		text = formatted(text)
		tree := syntax.Read(source.NewFile("in.fnl", text))
		if len(tree.Diagnostics) > 0 || strings.ContainsAny(text, "#;\"\f\v\r") {
			continue // trailing functions and remarks stand where the author put them
		}
		at := 0
		for line := range strings.Lines(text) {
			blanks := len(line) - len(strings.TrimLeft(line, " "))
			got, ok := syntax.Indentation(tree, at+blanks)
			trailing := strings.HasPrefix(line[blanks:], "(fn") || strings.HasPrefix(line[blanks:], "(λ") || strings.HasPrefix(line[blanks:], "(lambda")
			if strings.TrimSpace(line) != "" && !trailing && (!ok || got != blanks) {
				t.Fatalf("%q starts in column %d, asked %d %t, in\n%s", line, blanks, got, ok, text)
			}
			at += len(line)
		}
	}
}
