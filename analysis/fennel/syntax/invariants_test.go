package syntax_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// check reports every property of trees that the tree of a text lacks: the tree
// prints back to the text, with nothing but white space between nodes; spans
// nest; nothing is nested too deep; problems are in order and in the file.
func check(t *testing.T, text string) *syntax.Tree {
	t.Helper()
	tree := syntax.Read(source.NewFile("in.fnl", text))
	p := printer{text: text}
	p.nodes(tree.Forms, 1)
	p.gap(len(text))
	if p.problem != "" {
		t.Errorf("%.200q: %s", text, p.problem)
	} else if p.out.String() != text {
		t.Errorf("%.200q prints as %.200q", text, p.out.String())
	}
	checkDiagnostics(t, text, tree.Diagnostics, diag.Error)
	checkDiagnostics(t, text, tree.Warnings, diag.Warning)
	return tree
}

// A printer writes a tree back to text from the nodes' kinds and texts. Only
// white space, and how strings and numbers are written, is taken from the text.
type printer struct {
	text    string
	out     strings.Builder
	pos     int // how much of text is written
	problem string
}

func (p *printer) nodes(nodes []*syntax.Node, depth int) {
	for _, n := range nodes {
		p.node(n, depth)
	}
}

func (p *printer) node(n *syntax.Node, depth int) {
	p.gap(n.Span.Start)
	if n.Span.End <= n.Span.Start || n.Span.End > len(p.text) {
		p.fail("%v has a bad span", n)
		return
	}
	if depth > syntax.MaxDepth+1 || depth > syntax.MaxDepth && len(n.Children) > 0 {
		p.fail("%v is nested %d deep", n, depth)
	}
	switch n.Kind {
	case syntax.List, syntax.Sequence, syntax.Table:
		brackets := map[syntax.Kind]string{syntax.List: "()", syntax.Sequence: "[]", syntax.Table: "{}"}[n.Kind]
		p.write(brackets[:1])
		p.nodes(n.Children, depth+1)
		if !n.Open {
			p.gap(n.Span.End - 1)
			p.write(brackets[1:])
		}
	case syntax.Prefix:
		if n.Text == "`" && p.text[p.pos] == '\'' {
			p.write("'")
		} else {
			p.write(n.Text)
		}
		p.nodes(n.Children, depth+1)
	case syntax.String, syntax.Number:
		p.write(p.text[n.Span.Start:n.Span.End])
	case syntax.Symbol, syntax.Comment, syntax.Error:
		p.write(n.Text)
	default:
		p.fail("%v has no kind", n)
	}
	if p.pos != n.Span.End {
		p.fail("%v is printed up to %d", n, p.pos)
	}
}

func (p *printer) write(s string) {
	p.out.WriteString(s)
	p.pos += len(s)
}

// gap writes what stands before the next thing, which must be white space, or
// the byte order mark that a file may start with.
func (p *printer) gap(end int) {
	if end < p.pos || end > len(p.text) {
		p.fail("something ends at %d and the next thing starts at %d", p.pos, end)
		return
	}
	gap := p.text[p.pos:end]
	if p.pos == 0 {
		gap = strings.TrimPrefix(gap, "\ufeff")
	}
	if strings.Trim(gap, " \t\n\v\f\r") != "" {
		p.fail("%q is in no node", gap)
	}
	p.write(p.text[p.pos:end])
}

func (p *printer) fail(format string, args ...any) {
	if p.problem == "" {
		p.problem = fmt.Sprintf(format, args...)
	}
}

func checkDiagnostics(t *testing.T, text string, l diag.List, severity diag.Severity) {
	t.Helper()
	if len(l) > 1001 {
		t.Errorf("%.200q has %d diagnostics", text, len(l))
	}
	whole := source.Span{End: len(text)}
	last := 0
	for _, d := range l {
		if d.Span.Start < last || !whole.Encloses(d.Span) || d.File.Text() != text || d.Severity() != severity {
			t.Errorf("%.200q: misplaced or misjudged: %v", text, d)
		}
		last = d.Span.Start
		if !shows(d.Message) || len(d.Message) > 400 {
			t.Errorf("%.200q: message %q", text, d.Message)
		}
		for _, r := range d.Related {
			if !whole.Encloses(r.Span) || !shows(r.Message) {
				t.Errorf("%.200q: related %v %q", text, r.Span, r.Message)
			}
		}
		for _, f := range d.Fixes {
			for _, e := range f.Edits {
				if !whole.Encloses(e.Span) || e.File != d.File {
					t.Errorf("%.200q: edit of %v", text, e.Span)
				}
			}
		}
	}
}

// shows reports whether a message is valid UTF-8 without control characters.
func shows(message string) bool {
	return message != "" && !strings.ContainsFunc(message, func(r rune) bool {
		return r < ' ' || 0x7f <= r && r < 0xa0 || r == '\ufffd'
	})
}

// TestPrefixes reads every prefix of every text of the suite.
func TestPrefixes(t *testing.T) {
	for _, text := range texts(t) {
		for end := range len(text) {
			check(t, text[:end])
			if checkNext(t, text[:end]); t.Failed() {
				return
			}
		}
	}
}

// texts returns the texts of the suite.
func texts(t testing.TB) []string {
	var all []string
	for _, path := range archives(t) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, section(archive, "in.fnl"))
	}
	return all
}

func FuzzRead(f *testing.F) {
	for _, text := range texts(f) {
		f.Add(text)
		f.Add(strings.ReplaceAll(text, "\n", "\r\n"))
	}
	for _, c := range conformanceCases(f) {
		if len(c.Source) < 1000 {
			f.Add(c.Source)
		}
	}
	for _, text := range []string{"\x00", "\xff(", "\ufeff(a)", "#!", "\r(\r)", "(\U0001F600 \"\U0001F600", "```", "(#", "\\\"\n\\\"", strings.Repeat("'", 250), ",,;c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		check(t, text)
		checkNext(t, text)
	})
}

// checkNext reads a text with one more form behind it, which must be read
// whatever the text is.
func checkNext(t *testing.T, text string) {
	const next = "(z [1])"
	tree := check(t, text+"\n"+next+"\n")
	last := tree.Path(len(text) + 1)[0]
	if last.Kind == syntax.Prefix && strings.Contains(text, ";") { // a prefix, a comment and then the form
		return
	}
	if span := (source.Span{Start: len(text) + 1, End: len(text) + 1 + len(next)}); last.Span != span || last.Open || len(last.Children) != 2 {
		t.Errorf("behind %.200q, %q reads as %s", text, next, nodeString(last))
	}
}
