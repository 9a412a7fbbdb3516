package macros_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/fennel/macros"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

var update = flag.Bool("update", false, "rewrite the expansions in testdata/macros")

// An archive of testdata/macros holds pairs of files. NAME is Fennel text, and
// NAME.expanded has for each of its top-level forms, in order, what one
// expansion of it gives, or "line:column: message" for one that fails. A
// comment ";; in scope: a b" says what locals the forms behind it see, and
// ";; vararg" that they may use "...".
func TestExpansions(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/macros/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i+1 < len(archive.Files); i += 2 {
				in, out := archive.Files[i], &archive.Files[i+1]
				got := expandAll(t, source.NewFile(in.Name, string(in.Data)))
				if *update {
					out.Data = []byte(got)
				} else if diff := cmp.Diff(string(out.Data), got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", in.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func expandAll(t *testing.T, f *source.File) string {
	tree := syntax.Read(f)
	for _, d := range tree.Diagnostics {
		t.Error(d)
	}
	var out strings.Builder
	x := &expander{file: f}
	for _, n := range tree.Forms {
		if n.Kind == syntax.Comment {
			x.direct(n.Text)
			continue
		}
		x.gensyms = 0
		out.WriteString(expand(t, x, n) + "\n")
	}
	return out.String()
}

func expand(t *testing.T, x *expander, call *syntax.Node) (text string) {
	m, ok := macros.Lookup(call.Children[0].Text)
	if !ok {
		t.Fatalf("%s is no macro", call.Children[0].Text)
	}
	defer func() {
		if r := recover(); r != nil {
			failed, ok := r.(failure)
			if !ok {
				panic(r)
			}
			text = string(failed)
		}
	}()
	before := show(call)
	n := m.Expand(x, call)
	if after := show(call); after != before {
		t.Errorf("the call changed from %s to %s", before, after)
	}
	checkSpans(t, call, n)
	return show(n)
}

// checkSpans reports nodes of an expansion that are neither of the call nor
// have its place.
func checkSpans(t *testing.T, call, expansion *syntax.Node) {
	given := map[*syntax.Node]bool{}
	for n := range call.All() {
		given[n] = true
	}
	for n := range expansion.All() {
		if !given[n] && !call.Span.Encloses(n.Span) {
			t.Errorf("%s has the span %v, outside of %v", show(n), n.Span, call.Span)
		}
	}
}

type expander struct {
	file    *source.File
	gensyms int
	locals  map[string]bool
	vararg  bool
}

func (x *expander) direct(comment string) {
	comment = strings.TrimSpace(strings.TrimLeft(comment, ";"))
	if names, ok := strings.CutPrefix(comment, "in scope:"); ok {
		x.locals = map[string]bool{}
		for _, name := range strings.Fields(names) {
			x.locals[name] = true
		}
	}
	x.vararg = comment == "vararg"
}

func (x *expander) Gensym(base string) string {
	x.gensyms++
	return base + "#" + strconv.Itoa(x.gensyms)
}

func (x *expander) InScope(name string) bool           { return x.locals[name] }
func (x *expander) Vararg() bool                       { return x.vararg }
func (x *expander) Expand(n *syntax.Node) *syntax.Node { return n }
func (x *expander) Where(n *syntax.Node) string {
	return x.file.Name() + ":" + strconv.Itoa(x.file.Position(n.Span.Start).Line)
}

type failure string

func (x *expander) Fail(at *syntax.Node, format string, args ...any) {
	panic(failure(x.file.Position(at.Span.Start).String() + ": " + fmt.Sprintf(format, args...)))
}

var brackets = map[syntax.Kind][2]string{
	syntax.List: {"(", ")"}, syntax.Sequence: {"[", "]"}, syntax.Table: {"{", "}"},
}

// show prints a node on one line.
func show(n *syntax.Node) string {
	switch n.Kind {
	case syntax.String:
		return strconv.Quote(n.Text)
	case syntax.Prefix:
		return n.Text + show(n.Children[0])
	case syntax.List, syntax.Sequence, syntax.Table:
		var items []string
		for item := range n.Forms() {
			items = append(items, show(item))
		}
		return brackets[n.Kind][0] + strings.Join(items, " ") + brackets[n.Kind][1]
	}
	return n.Text
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range macros.All() {
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		if found, ok := macros.Lookup(m.Name); !ok || found != m {
			t.Errorf("Lookup(%q) does not find it", m.Name)
		}
		if m.Doc == "" || len(m.Params) == 0 {
			t.Errorf("%s is not documented", m.Name)
		}
	}
	if _, ok := macros.Lookup("let"); ok {
		t.Error("let is no macro")
	}
}
