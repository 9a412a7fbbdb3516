package analysis_test

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A fixture is a file of an archive of testdata/editor without its notes, the
// pipeline or a module, or the pipeline of a case of testdata/analysis or
// testdata/load.
type fixture struct {
	text string
	// snapshot returns that of another text of the file.
	snapshot func(text string, cache *fennel.Cache) *analysis.Snapshot
}

func fixtures(t *testing.T) map[string]fixture {
	t.Helper()
	paths, err := filepath.Glob("../testdata/editor/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	all := map[string]fixture{}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m := newMarkers(t, archive, func(s string) string { return s })
		for _, file := range m.files {
			all["editor/"+strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+file.Name()] = fixture{withoutNotes(file),
				func(text string, cache *fennel.Cache) *analysis.Snapshot {
					return m.in(file).version(source.NewFile(file.Name(), text), cache)
				}}
		}
	}
	for name, files := range cases(t) {
		// What takes its budget of every version takes too long here.
		if strings.Contains(name, "limit") {
			continue
		}
		all[name] = fixture{files[pipeline.Path].Text(), func(text string, cache *fennel.Cache) *analysis.Snapshot {
			typed := maps.Clone(files)
			typed[pipeline.Path] = source.NewFile(pipeline.Path, text)
			return snapshotWith(typed, name, cache)
		}}
	}
	return all
}

// withoutNotes returns the text of a file without the notes in it.
func withoutNotes(f *source.File) string {
	var text strings.Builder
	for line := range strings.Lines(f.Text()) {
		code, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ";;@")
		text.WriteString(strings.TrimRight(code, " ") + "\n")
	}
	return text.String()
}

// TestTyping types each fixture, a character at a time, as an editor that keeps
// what versions have in common: nothing panics on the way, and in the end
// everything is as if the file had just been opened. The ordinary run looks at
// some of the versions only.
func TestTyping(t *testing.T) {
	for name, f := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := new(fennel.Cache)
			step := 0
			for end := range f.text {
				if step++; !long && step%11 != 0 {
					continue
				}
				s := f.snapshot(f.text[:end], cache)
				s.Diagnostics()
				askEverything(t, s, end)
			}
			got, want := f.snapshot(f.text, cache), f.snapshot(f.text, nil)
			if diff := gocmp.Diff(lines(want.Diagnostics()), lines(got.Diagnostics())); diff != "" {
				t.Errorf("diagnostics (-opened +typed):\n%s", diff)
			}
			if diff := gocmp.Diff(tokenText(t, want), tokenText(t, got)); diff != "" {
				t.Errorf("tokens (-opened +typed):\n%s", diff)
			}
		})
	}
}

func lines(ds diag.List) []string {
	var out []string
	for _, d := range ds {
		out = append(out, d.Error())
	}
	return out
}

// TestMissingDelimiter deletes each delimiter of each fixture in turn: of the
// jobs that the text registers, the outline loses no more than one.
func TestMissingDelimiter(t *testing.T) {
	for name, f := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := written(f.snapshot(f.text, nil))
			cache := new(fennel.Cache)
			for i, at := range delimiters(f.text) {
				if !long && i%5 != 0 {
					continue
				}
				s := f.snapshot(f.text[:at]+f.text[at+1:], cache)
				left := written(s)
				lost := []string{}
				for id := range whole {
					if !left[id] {
						lost = append(lost, id)
					}
				}
				if len(lost) > 1 {
					t.Errorf("without the %q at %v, %d of %d jobs are left: lost are %q",
						f.text[at], source.NewFile("", f.text).Position(at), len(left), len(whole), lost)
				}
			}
		})
	}
}

// written returns the jobs in the outline that the text registers by itself: their
// ids stand in calls of job, and not of a function or macro that a delimiter may
// break.
func written(s *analysis.Snapshot) map[string]bool {
	ids := map[string]bool{}
	for _, x := range s.Outline() {
		head, _, _ := strings.Cut(s.File.Slice(x.Span), " ")
		if m, ok := s.MeaningAt(x.Span.Start + 1); ok && m.Symbol != nil && m.Symbol.Kind == fennel.Macro {
			continue
		}
		if x.Kind == analysis.JobItem && strings.HasSuffix(strings.TrimSpace(head), "job") && strings.Trim(s.File.Slice(x.Select), `:"`) == x.Name {
			ids[x.Name] = true
		}
	}
	return ids
}

// delimiters returns the places of brackets and quotes.
func delimiters(text string) []int {
	var at []int
	for _, form := range syntax.Read(source.NewFile("", text)).Forms {
		for n := range form.All() {
			switch n.Kind {
			case syntax.String:
				if text[n.Span.Start] != '"' {
					continue
				}
			case syntax.List, syntax.Sequence, syntax.Table:
			default:
				continue
			}
			at = append(at, n.Span.Start)
			if !n.Open {
				at = append(at, n.Span.End-1)
			}
		}
	}
	return at
}
