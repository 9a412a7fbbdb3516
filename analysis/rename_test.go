package analysis_test

import (
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"quire/analysis"
)

// TestRenameKeepsMeaning renames everything that can be renamed in the
// examples, each to a name that nobody has: the pipeline stays the same but for
// that name, and renaming back gives the meaning back.
func TestRenameKeepsMeaning(t *testing.T) {
	for name, text := range examples(t) {
		t.Run(name, func(t *testing.T) {
			s := load(text, nil)
			before := graphText(s)
			n := 0
			for _, at := range definitions(s) {
				m, err := s.Renameable(at)
				if err != nil {
					continue
				}
				// In the ordinary run only some.
				if n++; !long && n%5 != 1 {
					continue
				}
				old := m.Name
				if m.Symbol != nil {
					old = m.Symbol.Name
				}
				fresh := "zz-fresh"
				if i := strings.IndexFunc(old, func(r rune) bool { return r != '_' && r != '?' }); i != 0 {
					fresh = old[:max(i, 1)] + fresh // which say that it may be nil, or is not used
				}
				edits, err := s.Rename(at, fresh)
				if err != nil {
					t.Errorf("rename %s: %v", old, err)
					continue
				}
				renamed := text
				for _, e := range slices.Backward(edits) {
					renamed = renamed[:e.Span.Start] + e.Text + renamed[e.Span.End:]
				}
				r := load(renamed, nil)
				after := graphText(r)
				if m.Symbol == nil {
					after = strings.ReplaceAll(after, fresh, old)
				}
				if diff := gocmp.Diff(before, after); diff != "" {
					t.Errorf("renaming %s at %v (-before +after):\n%s", old, s.File.Position(at), diff)
				}
			}
		})
	}
}

// definitions returns the places where the names of a file are defined, and
// the jobs registered.
func definitions(s *analysis.Snapshot) []int {
	var all []int
	for sym := range s.Module().Index.Symbols() {
		all = append(all, sym.Def.Start)
	}
	for _, j := range s.Graph().Jobs {
		if j.Name.File == s.File {
			all = append(all, j.Name.Span.End-1)
		}
	}
	return all
}

// graphText returns what is known of a pipeline without its places.
func graphText(s *analysis.Snapshot) string {
	var b strings.Builder
	for _, j := range s.Graph().Jobs {
		b.WriteString(j.ID + ":")
		for _, in := range j.Inputs {
			b.WriteString(" " + in.Name)
		}
		b.WriteString("\n")
	}
	for _, d := range s.Diagnostics() {
		b.WriteString(string(d.Code) + ": " + d.Message + "\n")
	}
	return b.String()
}
