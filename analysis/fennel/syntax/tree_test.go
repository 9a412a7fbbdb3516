package syntax_test

import (
	"strings"
	"testing"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

func TestPath(t *testing.T) {
	tree := syntax.Read(source.NewFile("in.fnl", "(a [b #c]) (d)\n; e"))
	tests := map[int]string{
		0:  "(a [b #c])",
		1:  "(a [b #c]) a",
		2:  "(a [b #c]) a",
		3:  "(a [b #c]) [b #c]",
		5:  "(a [b #c]) [b #c] b",
		6:  "(a [b #c]) [b #c] #c",
		8:  "(a [b #c]) [b #c] #c c",
		9:  "(a [b #c]) [b #c]",
		10: "(a [b #c])",
		11: "(d)",
		14: "(d)",
		15: "‹; e›",
		18: "‹; e›",
		19: "",
	}
	for offset, want := range tests {
		var got []string
		for _, n := range tree.Path(offset) {
			got = append(got, nodeString(n))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("the path to %d is %q, want %q", offset, got, want)
		}
	}
}

func TestIterators(t *testing.T) {
	tree := syntax.Read(source.NewFile("in.fnl", "(a ; b\n 1x [c {}] \"d\" @)"))
	list := tree.Forms[0]
	var forms, all []string
	for n := range list.Forms() {
		forms = append(forms, nodeString(n))
	}
	if got, want := strings.Join(forms, " "), `a [c {}] "d"`; got != want {
		t.Errorf("the forms are %s, want %s", got, want)
	}
	for n := range list.All() {
		all = append(all, nodeString(n))
		if n.Kind == syntax.String {
			break
		}
	}
	if got, want := strings.Join(all[1:], " "), `a ‹; b› «1x» [c {}] c {} "d"`; got != want || all[0] != nodeString(list) {
		t.Errorf("the nodes are %s, want %s", got, want)
	}
}
