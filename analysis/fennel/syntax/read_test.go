package syntax_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

const suite = "../../../testdata/reader"

// TestRead reads in.fnl of each archive of the suite and compares
//
//   - tree: one line for each node of the top level, its range and the node as
//     nodeString writes it;
//   - diagnostics: problems and then warnings, each with its help, related
//     places and fixes indented under it.
func TestRead(t *testing.T) {
	for _, path := range archives(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			tree := syntax.Read(source.NewFile("in.fnl", section(archive, "in.fnl")))
			got := map[string]string{"tree": treeString(tree), "diagnostics": diagnosticsString(tree)}
			if *update {
				rewrite(t, path, archive, got)
				return
			}
			for name, text := range got {
				if diff := cmp.Diff(section(archive, name), text); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func archives(t testing.TB) []string {
	paths, err := filepath.Glob(suite + "/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives in %s: %v", suite, err)
	}
	return paths
}

func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func rewrite(t *testing.T, path string, a *txtar.Archive, sections map[string]string) {
	files := []txtar.File{{Name: "in.fnl", Data: []byte(section(a, "in.fnl"))}}
	for _, name := range []string{"tree", "diagnostics"} {
		if sections[name] != "" {
			files = append(files, txtar.File{Name: name, Data: []byte(sections[name])})
		}
	}
	a.Files = files
	if err := os.WriteFile(path, txtar.Format(a), 0o666); err != nil {
		t.Fatal(err)
	}
}

func treeString(t *syntax.Tree) string {
	var b strings.Builder
	for _, n := range t.Forms {
		fmt.Fprintf(&b, "%s %s\n", rangeString(t.File, n.Span), nodeString(n))
	}
	return b.String()
}

func rangeString(f *source.File, s source.Span) string {
	return fmt.Sprintf("%v-%v", f.Position(s.Start), f.Position(s.End))
}

// nodeString writes a node on one line, much as its text would be: strings are
// quoted the way of Go, ‹…› holds comments, «…» text that is no form, and ¿
// stands where a delimiter is missing.
func nodeString(n *syntax.Node) string {
	switch n.Kind {
	case syntax.List:
		return bracketed(n, "(", ")")
	case syntax.Sequence:
		return bracketed(n, "[", "]")
	case syntax.Table:
		return bracketed(n, "{", "}")
	case syntax.Prefix:
		return n.Text + children(n)
	case syntax.String:
		if n.Open {
			return fmt.Sprintf("%q¿", n.Text)
		}
		return fmt.Sprintf("%q", n.Text)
	case syntax.Comment:
		return "‹" + n.Text + "›"
	case syntax.Error:
		return fmt.Sprintf("«%.40s»", n.Text)
	}
	return n.Text
}

func bracketed(n *syntax.Node, opener, closer string) string {
	if n.Open {
		closer = "¿"
	}
	return opener + children(n) + closer
}

func children(n *syntax.Node) string {
	var parts []string
	for _, c := range n.Children {
		parts = append(parts, nodeString(c))
	}
	return strings.Join(parts, " ")
}

func diagnosticsString(t *syntax.Tree) string {
	var b strings.Builder
	for _, l := range []diag.List{t.Diagnostics, t.Warnings} {
		for _, d := range l {
			fmt.Fprintf(&b, "%s %s[%s]: %s\n", rangeString(t.File, d.Span), d.Severity(), d.Code, d.Message)
			if d.Help != "" {
				fmt.Fprintf(&b, "\thelp: %s\n", d.Help)
			}
			for _, r := range d.Related {
				fmt.Fprintf(&b, "\t%s: %s\n", rangeString(r.File, r.Span), r.Message)
			}
			for _, f := range d.Fixes {
				fmt.Fprintf(&b, "\t%s: %s:%s\n", map[bool]string{true: "safe fix", false: "fix"}[f.Safe], f.Title, editsString(f))
			}
		}
	}
	return b.String()
}

func editsString(f diag.Fix) string {
	var b strings.Builder
	for _, e := range f.Edits {
		fmt.Fprintf(&b, " %s %q", rangeString(e.File, e.Span), e.Text)
	}
	return b.String()
}
