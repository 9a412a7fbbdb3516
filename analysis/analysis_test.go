package analysis_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

var update = flag.Bool("update", false, "rewrite the expectations")

// TestChecks runs testdata/analysis/*.txtar. An archive holds pipelines, each
// followed by what is expected of it:
//
//	-- name.fnl --
//	(a pipeline, which is read as .quire/ci.fnl)
//	-- name.want --
//	2:30-2:36 error[unknown-option] the underlined text: message
//	  help: what would be right
//	  related: 1:2-1:5 what this place has to do with it
//	  fix: title → the line after it
//
// or, where there are modules, name/ci.fnl, the modules at their paths, and
// name/want. Places are lines and byte columns, from 1, in ci.fnl where no file
// is named. A file of which nothing is expected has an empty want. The secrets token and deploy-key are configured,
// and a name that ends in -on-S1, -on-S2 or -on-H chooses that server.
func TestChecks(t *testing.T) {
	paths, err := filepath.Glob("../testdata/analysis/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		suite := strings.TrimSuffix(filepath.Base(path), ".txtar")
		for _, c := range archiveCases(archive) {
			t.Run(suite+"/"+c.name, func(t *testing.T) {
				if c.want == nil {
					t.Fatal("nothing says what is expected")
				}
				want, s := c.want, snapshotOf(c.files, c.name)
				got := describe(s.Diagnostics())
				if *update {
					want.Data = []byte(got)
				} else if diff := gocmp.Diff(string(want.Data), got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// optionsFor returns the options that the name of a case asks for.
func optionsFor(name string) analysis.Options {
	o := analysis.Options{Secrets: []string{"token", "deploy-key"}}
	for _, server := range []dsl.State{dsl.S1, dsl.S2, dsl.H} {
		if strings.HasSuffix(name, "-on-"+server.String()) {
			o.Server = server
		}
	}
	return o
}

func describe(ds diag.List) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintf(&b, "%s %s[%s] %q: %s\n", region(d.File, d.Span), d.Severity(), d.Code, d.File.Slice(d.Span), d.Message)
		if d.Help != "" {
			fmt.Fprintf(&b, "  help: %s\n", d.Help)
		}
		for _, r := range d.Related {
			fmt.Fprintf(&b, "  related: %s %s\n", region(r.File, r.Span), r.Message)
		}
		for _, f := range d.Fixes {
			if f.Silences {
				continue
			}
			fmt.Fprintf(&b, "  fix: %s → %s\n", f.Title, applied(d.File, f))
		}
	}
	return b.String()
}

func region(f *source.File, s source.Span) string {
	text := fmt.Sprintf("%s-%s", f.Position(s.Start), f.Position(s.End))
	if f.Name() != pipeline.Path {
		text = f.Name() + ":" + text
	}
	return text
}

// applied returns the lines from the first to the last that a fix changes, as
// it leaves them.
func applied(f *source.File, fix diag.Fix) string {
	after := edited(f, fix)
	first, last := len(f.Text()), 0
	for _, e := range fix.Edits {
		first, last = min(first, e.Span.Start), max(last, e.Span.End)
	}
	start := f.Line(f.Position(first).Line).Start
	end := len(after.Text()) - (len(f.Text()) - f.Line(f.Position(last).Line).End)
	return strings.Join(strings.Fields(after.Text()[start:max(start, end)]), " ")
}

// edited returns a file with the edits of a fix.
func edited(f *source.File, fix diag.Fix) *source.File {
	edits := slices.DeleteFunc(slices.Clone(fix.Edits), func(e diag.Edit) bool { return e.File.Name() != f.Name() })
	slices.SortStableFunc(edits, func(a, b diag.Edit) int { return cmp.Compare(b.Span.Start, a.Span.Start) })
	text := f.Text()
	for _, e := range edits {
		text = text[:e.Span.Start] + e.Text + text[e.Span.End:]
	}
	return source.NewFile(f.Name(), text)
}

// TestManyWays checks that functions which call each other in very many ways,
// or in a circle, and tables that hold each other, take no time.
func TestManyWays(t *testing.T) {
	var b strings.Builder
	b.WriteString("(local {: job} (require :quire.ci))\n(fn f0 [sh x] (sh x))\n(var later nil)\n")
	for i := range 60 {
		fmt.Fprintf(&b, "(fn f%d [sh x] (if x (f%d sh x) (f%d sh (f%d sh x))))\n", i+1, i, i, i)
	}
	b.WriteString("(local t0 [1])\n")
	for i := range 60 {
		fmt.Fprintf(&b, "(local t%d [t%d {:x t%d :y t%d}])\n", i+1, i, i, i)
	}
	b.WriteString("(print t60)\n(fn a [sh] (if later (a sh) (later sh)))\n(fn g [x] (if x (g (g x)) (a (g x))))\n")
	b.WriteString("(job :a [:quire/push] (fn [{: sh}] (f60 sh \"x\") (g (a sh)) (f60 sh \"y\")))\n")
	s := snapshotOf(map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, b.String())}, "")
	if ds := s.Diagnostics(); ds.HasErrors() || len(s.Graph().Jobs) != 1 {
		t.Errorf("found %v", ds)
	}
}
