package syntax_test

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

func TestDepth(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("(", n) + "x" + strings.Repeat(")", n) }
	tests := []struct {
		name, text string
		problems   []string
	}{
		{"deepest", nested(200), nil},
		{"too deep", nested(201), []string{"1:201 load-limit"}},
		{"twice", strings.Replace(nested(200), "x", "[a] b {c d}", 1), []string{"1:201 load-limit", "1:207 load-limit"}},
		{"what follows is read", nested(300) + "\n1x", []string{"1:201 load-limit", "2:1 syntax"}},
		{"prefixes", strings.Repeat("`", 201) + "x", []string{"1:201 load-limit"}},
		{"prefix and list", "(" + strings.Repeat("#", 199) + "[x]", []string{"1:1 syntax", "1:201 load-limit"}},
		{"comment and string inside", strings.Replace(nested(201), "x", "; ) \n\")\" `[x] ,", 1), []string{"1:201 load-limit"}},
		{"mismatch inside", nested(100) + "\n" + strings.Replace(nested(300), "x", "x]", 1) + "\n(a)", []string{"2:201 load-limit", "2:602 syntax"}},
		{"never closed", strings.Repeat("[", 100_000), []string{"1:200 syntax", "1:201 load-limit"}},
		{"string never closed", strings.Repeat("[", 300) + "\"\n(a)", []string{"1:201 load-limit", "1:301 syntax"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tree := check(t, test.text)
			var got []string
			for _, d := range tree.Diagnostics {
				got = append(got, fmt.Sprintf("%v %s", tree.File.Position(d.Span.Start), d.Code))
			}
			if fmt.Sprint(got) != fmt.Sprint(test.problems) {
				t.Errorf("problems are %q, want %q", got, test.problems)
			}
		})
	}
}

// hostile returns texts that are made to be read again and again, each of
// about n bytes.
func hostile(n int) map[string]string {
	repeat := func(s string) string { return strings.Repeat(s, n/len(s)) }
	return map[string]string{
		"openers":               repeat("("),
		"openers, one a line":   repeat("(\n"),
		"indented openers":      repeat("(\n "),
		"mixed openers":         repeat("([{"),
		"closers":               repeat(")"),
		"closers apart":         repeat(") "),
		"wrong closers":         repeat("(]"),
		"wrong closers, lines":  repeat("(f [}\n"),
		"outer closers":         repeat("([") + repeat(")"),
		"prefixes":              repeat("`"),
		"prefixes and lists":    repeat("#("),
		"quotes":                repeat("\""),
		"quotes, one a line":    repeat("\"\n"),
		"open strings":          repeat("(f \"\n"),
		"escaped quotes":        repeat("\\\"\n"),
		"forms in strings":      repeat("(f \"\n(g\" x)\n"),
		"strings before forms":  repeat("(f \"x)\n(g \" y\")\n"),
		"good after bad":        "(\n" + repeat("(f [1 2] {:a \"b\"})\n"),
		"good in a bad one":     "(" + repeat("(f [1 2] {:a \"b\"})\n "),
		"comments":              "(" + repeat(" ;c\n"),
		"comments to hand over": repeat("(\n;c\n"),
		"blanks":                "(" + repeat(" ") + ";c",
		"bad tokens":            repeat("1x "),
		"bad bytes":             repeat("\x00\x01"),
		"bad bytes apart":       repeat("\x00 "),
		"bad escapes":           "\"" + repeat("\\q") + "\"",
		"tables":                repeat("{a}"),
		"glued":                 "(" + repeat("a()") + ")",
		"stray behind blanks":   repeat("()\n   )\n"),
	}
}

// TestLinear reads hostile texts and checks that they are read a bounded number
// of times, with bounded memory for diagnostics and stack.
func TestLinear(t *testing.T) {
	const size = 1 << 17
	defer debug.SetMaxStack(debug.SetMaxStack(1 << 20))
	for name, text := range hostile(size) {
		t.Run(name, func(t *testing.T) {
			check(t, text)
			if work := syntax.Work(source.NewFile("in.fnl", text)); work > 22*len(text)+2<<20 {
				t.Errorf("%d bytes are read for %d", work, len(text))
			}
		})
	}
}

func TestManyProblems(t *testing.T) {
	tree := check(t, strings.Repeat("1x 1y\n", 2000)+"("+strings.Repeat("a\"b\" ", 1500)+")")
	for _, test := range []struct {
		list diag.List
		last string
	}{
		{tree.Diagnostics, "3000 more of these follow, which are not shown"},
		{tree.Warnings, "500 more of these follow, which are not shown"},
	} {
		if len(test.list) != 1001 || test.list[1000].Message != test.last {
			t.Errorf("%d findings, the last is %v", len(test.list), test.list[len(test.list)-1])
		}
	}
}

func TestMessagesAreShort(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("1x", 1000), "a:" + strings.Repeat(":b", 1000), strings.Repeat(")", 1000),
		strings.Repeat("(", 1000), "1\x1b[31m\u202e\u0085x", "\"\\u{" + strings.Repeat("f", 1000) + "}\"",
	} {
		tree := check(t, text)
		if len(tree.Diagnostics) == 0 {
			t.Errorf("%.20q has no problem", text)
		}
	}
}
