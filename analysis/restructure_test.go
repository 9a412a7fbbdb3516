package analysis_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// TestRestructure runs testdata/restructure/*.txtar. A file "before TITLE" holds
// code with a cursor, or with the ends of a selection, written ‸. The next file
// holds what the restructuring whose title begins with TITLE makes of it; it is
// empty where that is not offered.
func TestRestructure(t *testing.T) {
	paths, err := filepath.Glob("../testdata/restructure/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			before, after := archive.Files[i], &archive.Files[i+1]
			title, ok := strings.CutPrefix(before.Name, "before ")
			if !ok {
				t.Fatalf("%s: %q", path, before.Name)
			}
			got := restructured(t, string(before.Data), title)
			if *update {
				after.Data = []byte(got)
			} else if diff := gocmp.Diff(string(after.Data), got); diff != "" {
				t.Errorf("%s: %s in\n%s(-want +got):\n%s", filepath.Base(path), title, before.Data, diff)
			}
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// restructured returns what a restructuring makes of a text with a cursor.
func restructured(t *testing.T, text, title string) string {
	const cursor = "‸"
	at := source.Span{Start: strings.Index(text, cursor)}
	text = strings.Replace(text, cursor, "", 1)
	if at.End = strings.Index(text, cursor); at.End < 0 {
		at.End = at.Start
	}
	text = strings.Replace(text, cursor, "", 1)
	s := load(text, nil)
	for _, r := range s.Restructurings(at) {
		if strings.HasPrefix(r.Title, title) {
			return restructuredBy(t, text, r)
		}
	}
	return ""
}

// restructuredBy returns the text after a restructuring, and checks its edits.
func restructuredBy(t *testing.T, text string, r analysis.Restructuring) string {
	t.Helper()
	end := 0
	for _, e := range r.Edits {
		if e.Span.Start < end || e.Span.End > len(text) || e.Span.End < e.Span.Start {
			t.Fatalf("%s: edit %+v in %+v", r.Title, e, r.Edits)
		}
		end = e.Span.End
	}
	for _, e := range slices.Backward(r.Edits) {
		text = text[:e.Span.Start] + e.Text + text[e.Span.End:]
	}
	return text
}

// TestRestructureExamples does everything that is offered at places of the
// examples: what comes out reads, and holds every comment, and a pipeline that
// is only written in another way stays the same. The ordinary run looks at some
// places.
func TestRestructureExamples(t *testing.T) {
	for name, text := range examples(t) {
		t.Run(name, func(t *testing.T) {
			s := load(text, nil)
			want, before := comments(text), graphText(s)
			seen := map[string]bool{}
			for at := 0; at <= len(text); at++ {
				if !long && at%149 != 0 {
					continue
				}
				for _, r := range s.Restructurings(source.Span{Start: at, End: at}) {
					got := restructuredBy(t, text, r)
					if seen[got] {
						continue
					}
					seen[got] = true
					if ds := syntax.Read(source.NewFile("after", got)).Diagnostics; len(ds) > 0 && !inTable(s, at) {
						t.Errorf("%s at %d: %v", r.Title, at, ds[0])
					}
					if r.Extracts && !strings.HasPrefix(r.Title, "Add") || strings.HasPrefix(r.Title, "Thread") || r.Title == "Unthread" || r.Title == "Convert to a hashfn" {
						if diff := gocmp.Diff(before, graphText(load(got, nil))); diff != "" {
							t.Errorf("%s at %d (-before +after):\n%s\n%s", r.Title, at, diff, got)
						}
					}
					if diff := gocmp.Diff(want, comments(got)); diff != "" {
						t.Errorf("%s at %d: comments (-want +got):\n%s", r.Title, at, diff)
					}
				}
			}
		})
	}
}

// inTable reports whether a place is in a table, which cannot hold an odd
// number of forms.
func inTable(s *analysis.Snapshot, at int) bool {
	return slices.ContainsFunc(s.Module().Tree.Path(at), func(n *syntax.Node) bool { return n.Kind == syntax.Table })
}

func comments(text string) []string {
	var all []string
	for _, form := range syntax.Read(source.NewFile("text", text)).Forms {
		for n := range form.All() {
			if n.Kind == syntax.Comment {
				all = append(all, n.Text)
			}
		}
	}
	slices.Sort(all)
	return all
}
