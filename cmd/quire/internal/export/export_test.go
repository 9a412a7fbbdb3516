package export_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis"
	"quire/analysis/plan"
	"quire/analysis/source"
	"quire/cmd/quire/internal/export"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestExports compares what is written for each engine with testdata/export. An
// archive holds ci.fnl, and what each engine is given or refuses with. Its files
// before and mirror are options; engines names those that it is for.
func TestExports(t *testing.T) {
	files, err := filepath.Glob("../../../../testdata/export/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, o, want := read(t, archive)
			for _, e := range export.Engines() {
				if only := want["engines"]; only != "" && !strings.Contains(only, e.Name) {
					continue
				}
				text, err := e.Write(p, o)
				got := string(text)
				if err != nil {
					got = "error: " + err.Error() + "\n"
				}
				if *update {
					set(archive, e.Name, got)
				} else if diff := cmp.Diff(want[e.Name], got); diff != "" {
					t.Errorf("%s: -want +got\n%s", e.Name, diff)
				}
				if again, _ := e.Write(p, o); string(again) != string(text) {
					t.Errorf("%s: the same plan gives something else", e.Name)
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func read(t *testing.T, archive *txtar.Archive) (p *plan.Plan, o export.Options, want map[string]string) {
	t.Helper()
	want = map[string]string{}
	for _, f := range archive.Files {
		switch text := string(f.Data); f.Name {
		case "ci.fnl":
			s := analysis.New(source.NewFile(".quire/ci.fnl", text), analysis.Options{})
			if s.Loaded().HasErrors() {
				t.Fatal(s.Loaded())
			}
			p = plan.New(s, plan.Commit{})
		case "before":
			o.Before = strings.Split(strings.TrimSpace(text), "\n")
		case "mirror":
			o.Mirror = true
		default:
			want[f.Name] = text
		}
	}
	return p, o, want
}

func set(archive *txtar.Archive, name, text string) {
	for i := range archive.Files {
		if archive.Files[i].Name == name {
			archive.Files[i].Data = []byte(text)
			return
		}
	}
	archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(text)})
}
