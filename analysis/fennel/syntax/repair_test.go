package syntax_test

import (
	"strings"
	"testing"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// TestFaultCostsItsForm spoils one delimiter or quote of a well-formed text at
// a time. Every form that starts in column 0, save the one that was
// spoilt, must read as before, and all problems must be in the spoilt one. Of
// ten texts, nine at least must have one problem at most.
func TestFaultCostsItsForm(t *testing.T) {
	spoilt, single := 0, 0
	for _, text := range texts(t) {
		tree := syntax.Read(source.NewFile("in.fnl", text))
		if len(tree.Diagnostics) > 0 {
			continue
		}
		forms := column0(tree)
		for i, form := range forms {
			region := source.Span{Start: form.Span.Start, End: len(text)}
			if i+1 < len(forms) {
				region.End = forms[i+1].Span.Start
			}
			for _, c := range spoil(text, form.Span) {
				spoilt++
				if compareForms(t, c, forms, region) <= 1 {
					single++
				}
			}
		}
	}
	if spoilt < 500 || single < spoilt*9/10 {
		t.Errorf("%d texts were spoilt, %d of them have at most one problem", spoilt, single)
	}
}

// column0 returns the forms with delimiters that start in column 0.
func column0(tree *syntax.Tree) []*syntax.Node {
	var forms []*syntax.Node
	for _, n := range tree.Forms {
		if n.Kind <= syntax.Table && tree.File.Position(n.Span.Start).Column == 1 {
			forms = append(forms, n)
		}
	}
	return forms
}

// A change is a text after an edit of one byte.
type change struct {
	text string
	at   int
	by   int // how many bytes longer the text became
}

// spoil returns the text with each delimiter and quote in span missing, twice,
// and of another kind.
func spoil(text string, span source.Span) []change {
	var changes []change
	for i := span.Start; i < span.End; i++ {
		if !strings.ContainsRune(`()[]{}"`, rune(text[i])) {
			continue
		}
		before, c, after := text[:i], text[i:i+1], text[i+1:]
		changes = append(changes, change{before + after, i, -1}, change{before + c + c + after, i, 1})
		if other := strings.Index(")]})", c); other >= 0 {
			changes = append(changes, change{before + ")]})"[other+1:other+2] + after, i, 0})
		}
	}
	return changes
}

// compareForms reads a changed text, compares the forms outside of the region
// and returns the number of problems.
func compareForms(t *testing.T, c change, forms []*syntax.Node, region source.Span) int {
	t.Helper()
	tree := check(t, c.text)
	got := make(map[source.Span]string)
	for _, n := range tree.Forms {
		got[n.Span] = nodeString(n)
	}
	for _, n := range forms {
		span := n.Span
		if span.Start == region.Start {
			continue
		}
		if span.Start > c.at {
			span = span.Shift(c.by)
		}
		if got[span] != nodeString(n) {
			t.Errorf("after a change at %v, %s reads as %q:\n%s", tree.File.Position(c.at), nodeString(n), got[span], c.text)
		}
	}
	region.End += c.by
	for _, d := range tree.Diagnostics {
		if !region.Encloses(d.Span) {
			t.Errorf("after a change at %v, there is a problem outside of the form: %v\n%s", tree.File.Position(c.at), d, c.text)
		}
	}
	return len(tree.Diagnostics)
}

// TestSafeFixes applies the safe fixes of every prefix of the suite until there
// are none, which must come to an end.
func TestSafeFixes(t *testing.T) {
	for _, text := range texts(t) {
		for end := range len(text) {
			fixed := text[:end]
			for round := 0; ; round++ {
				next := applySafe(syntax.Read(source.NewFile("in.fnl", fixed)))
				if next == fixed {
					break
				}
				if fixed = next; round == 4 {
					t.Fatalf("%q is still not fixed, but %q", text[:end], fixed)
				}
			}
		}
	}
}

// applySafe returns the text with the safe fixes applied, later ones first.
func applySafe(tree *syntax.Tree) string {
	text := tree.File.Text()
	last := len(text)
	all := append(append(diag.List{}, tree.Diagnostics...), tree.Warnings...)
	var edits []diag.Edit
	for _, d := range all {
		for _, f := range d.Fixes {
			if f.Safe {
				edits = append(edits, f.Edits...)
			}
		}
	}
	for len(edits) > 0 {
		latest := 0
		for i, e := range edits {
			if e.Span.Start > edits[latest].Span.Start {
				latest = i
			}
		}
		e := edits[latest]
		edits = append(edits[:latest], edits[latest+1:]...)
		if e.Span.End <= last {
			text = text[:e.Span.Start] + e.Text + text[e.Span.End:]
			last = e.Span.Start
		}
	}
	return text
}
