package pipeline_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

var update = flag.Bool("update", false, "rewrite what the files under testdata/load expect")

// The suite testdata/load: each archive holds cases of one topic. A case is a
// directory: ci.fnl is the pipeline, any other file stands at its path in the
// repository, and want is what loading gives: the diagnostics, each with its
// help, related places and fixes, then the jobs with their inputs and the
// places of the call, the id and the inputs, then the image and what was
// printed. Places are in ci.fnl where no file is named.

// A loadCase is one case of the suite.
type loadCase struct {
	name  string
	files map[string]*source.File
	want  int // index of its want in the archive, -1 for none
}

// archiveCases splits an archive into its cases.
func archiveCases(a *txtar.Archive) []*loadCase {
	var cases []*loadCase
	for i, f := range a.Files {
		name, path, _ := strings.Cut(f.Name, "/")
		if len(cases) == 0 || cases[len(cases)-1].name != name {
			cases = append(cases, &loadCase{name: name, files: map[string]*source.File{}, want: -1})
		}
		c := cases[len(cases)-1]
		switch path {
		case "want":
			c.want = i
		case "ci.fnl":
			c.files[pipeline.Path] = source.NewFile(pipeline.Path, string(f.Data))
		default:
			c.files[path] = source.NewFile(path, string(f.Data))
		}
	}
	return cases
}

// A noTree holds no files.
type noTree struct{}

func (noTree) Read(path string) (*source.File, error) {
	return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
}

// load compiles and loads the pipeline among files.
func load(t testing.TB, files map[string]*source.File, l pipeline.Limits) (*pipeline.Pipeline, diag.List) {
	t.Helper()
	tree := source.Overlay(noTree{}, files)
	m := pipeline.Compile(files[pipeline.Path], tree, nil, l)
	p, found := pipeline.Load(context.Background(), m, tree, nil, l)
	t.Cleanup(p.Close)
	return p, found
}

// suite returns the archives of the suite by their paths.
func suite(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	names, err := filepath.Glob("../../testdata/load/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	archives := map[string]*txtar.Archive{}
	for _, name := range names {
		if archives[name], err = txtar.ParseFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return archives
}

func suiteCases(t testing.TB) []*loadCase {
	var cases []*loadCase
	for _, a := range suite(t) {
		cases = append(cases, archiveCases(a)...)
	}
	return cases
}

func TestLoad(t *testing.T) {
	for name, a := range suite(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			for _, c := range archiveCases(a) {
				t.Run(c.name, func(t *testing.T) { testLoadCase(t, a, c) })
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// untimed returns the limits that do not depend on the machine, with a tenth
// of the instructions so that the suite takes a tenth of the time.
func untimed() pipeline.Limits {
	l := pipeline.DefaultLimits()
	l.Load.Time, l.Load.Heap = 0, 0
	l.Load.Instructions /= 10
	return l
}

func TestDefaultLimits(t *testing.T) {
	l := pipeline.DefaultLimits()
	want := sandbox.Limits{Instructions: 20_000_000, Strings: 64 << 20, Depth: 10_000, Print: 1 << 20, Time: 2e9, Heap: l.Load.Heap}
	if l.Load != want {
		t.Errorf("loading has %+v, want %+v", l.Load, want)
	}
	if l.Jobs != 5_000 || l.Modules != 200 || l.File != 4<<20 || l.Forms != 200_000 {
		t.Errorf("got %d jobs, %d modules, files of %d bytes and %d forms", l.Jobs, l.Modules, l.File, l.Forms)
	}
	if l.Load.Heap <= 0 || l.Load.Heap > 512<<20 {
		t.Errorf("the heap may grow by %d bytes", l.Load.Heap)
	}
	if l.Run.Heap != l.Load.Heap {
		t.Errorf("in a run-fn the heap may grow by %d bytes", l.Run.Heap)
	}
	if l.Run.Time != 0 {
		t.Error("commands use up the time of a run-fn")
	}
}

func testLoadCase(t *testing.T, a *txtar.Archive, c *loadCase) {
	if c.want < 0 {
		t.Fatal("the case has no want")
	}
	p, found := load(t, c.files, untimed())
	got := renderLoad(p, found)
	if *update {
		a.Files[c.want].Data = []byte(got)
	} else if d := gocmp.Diff(string(a.Files[c.want].Data), got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	checkFixes(t, c, found)
}

// checkFixes checks that every fix ends its diagnostic.
func checkFixes(t *testing.T, c *loadCase, found diag.List) {
	for _, d := range found {
		for _, f := range d.Fixes {
			files := applyFix(c.files, f)
			_, left := load(t, files, untimed())
			same := func(l diag.List) int {
				n := 0
				for _, other := range l {
					if other.Code == d.Code && other.Message == d.Message {
						n++
					}
				}
				return n
			}
			if same(left) >= same(found) {
				t.Errorf("the fix %q leaves %v, in\n%s", f.Title, d, files[f.Edits[0].File.Name()].Text())
			}
		}
	}
}

// applyFix returns the files with the edits of a fix.
func applyFix(files map[string]*source.File, f diag.Fix) map[string]*source.File {
	changed := map[string]*source.File{}
	for name, file := range files {
		edits := slices.DeleteFunc(slices.Clone(f.Edits), func(e diag.Edit) bool { return e.File.Name() != name })
		slices.SortFunc(edits, func(a, b diag.Edit) int { return cmp.Compare(b.Span.Start, a.Span.Start) })
		text := file.Text()
		for _, e := range edits {
			text = text[:e.Span.Start] + e.Text + text[e.Span.End:]
		}
		changed[name] = source.NewFile(name, text)
	}
	return changed
}

// maxRendered is how many jobs, inputs and lines a want shows.
const maxRendered = 10

func renderLoad(p *pipeline.Pipeline, found diag.List) string {
	var b bytes.Buffer
	for _, d := range found {
		fmt.Fprintf(&b, "%s %s[%s] %s\n", place(d.File, d.Span), d.Severity(), d.Code, d.Message)
		if d.Help != "" {
			fmt.Fprintf(&b, "  help: %s\n", d.Help)
		}
		for _, r := range d.Related {
			fmt.Fprintf(&b, "  related: %s %s\n", place(r.File, r.Span), r.Message)
		}
		for _, f := range d.Fixes {
			safe := ""
			if f.Safe {
				safe = "safe "
			}
			fmt.Fprintf(&b, "  %sfix: %s\n", safe, f.Title)
			for _, e := range f.Edits {
				fmt.Fprintf(&b, "    %s %q -> %q\n", place(e.File, e.Span), e.File.Slice(e.Span), e.Text)
			}
		}
	}
	for i, j := range p.Graph.Jobs {
		if i == maxRendered {
			fmt.Fprintf(&b, "and %d more jobs\n", len(p.Graph.Jobs)-i)
			break
		}
		renderJob(&b, j)
	}
	if p.Image != "" {
		fmt.Fprintf(&b, "image %s\n", p.Image)
	}
	for i, line := range p.Printed {
		if i == maxRendered {
			fmt.Fprintf(&b, "and %d more lines\n", len(p.Printed)-i)
			break
		}
		line = strings.ReplaceAll(line, strings.Repeat("x", 1000), "x…")
		if strings.Contains(line, "\x00") {
			line = strconv.Quote(line)
		}
		fmt.Fprintf(&b, "printed %s\n", line)
	}
	for _, f := range p.Files[1:] {
		fmt.Fprintf(&b, "read %s\n", f.Name())
	}
	return b.String()
}

func renderJob(b *bytes.Buffer, j *pipeline.Job) {
	fmt.Fprintf(b, "job %q", j.ID)
	if j.Broken {
		b.WriteString(" broken")
	}
	if j.Mirror {
		b.WriteString(" mirror")
	}
	fmt.Fprintf(b, " call %s", place(j.Call.File, j.Call.Span))
	for _, p := range j.Inner {
		fmt.Fprintf(b, " in %s", place(p.File, p.Span))
	}
	if j.Name != j.Call {
		fmt.Fprintf(b, " id %s", place(j.Name.File, j.Name.Span))
	}
	if len(j.Labels) > 0 {
		fmt.Fprintf(b, " labels %q", j.Labels)
	}
	if j.Timeout > 0 {
		fmt.Fprintf(b, " timeout %v %s", j.Timeout, place(j.TimeoutAt.File, j.TimeoutAt.Span))
	}
	b.WriteByte('\n')
	for i, in := range j.Inputs {
		if i == maxRendered {
			fmt.Fprintf(b, "  and %d more\n", len(j.Inputs)-i)
			break
		}
		fmt.Fprintf(b, "  needs %q %s\n", in.Name, place(in.Place.File, in.Place.Span))
	}
}

func place(f *source.File, s source.Span) string {
	name := ""
	if f.Name() != pipeline.Path {
		name = f.Name() + ":"
	}
	return fmt.Sprintf("%s%s-%s", name, f.Position(s.Start), f.Position(s.End))
}
