package drawing_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis"
	"quire/analysis/drawing"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// forms are the sections of an archive and what they hold.
var forms = map[string]func(*drawing.Drawing) string{
	"want.txt":    func(d *drawing.Drawing) string { return d.Text(drawing.TextStyle{}) },
	"want.ascii":  func(d *drawing.Drawing) string { return d.Text(drawing.TextStyle{ASCII: true}) },
	"want.narrow": func(d *drawing.Drawing) string { return d.Text(drawing.TextStyle{Width: 40}) },
	"want.roles":  func(d *drawing.Drawing) string { return d.Text(drawing.TextStyle{Paint: role}) },
	"want.dot":    (*drawing.Drawing).DOT,
	"want.mmd":    (*drawing.Drawing).Mermaid,
	"want.svg":    (*drawing.Drawing).SVG,
}

func role(r drawing.Role, text string) string { return fmt.Sprintf("‹%d:%s›", r, text) }

// TestForms reads testdata/drawing/*.txtar: ci.fnl is a pipeline, and want.*
// are drawings of it.
func TestForms(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/drawing/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			d := draw(string(archive.Files[0].Data))
			for i := range archive.Files[1:] {
				f := &archive.Files[i+1]
				form, ok := forms[f.Name]
				if !ok {
					t.Fatalf("there is no form %s", f.Name)
				}
				got := form(d)
				if *update {
					f.Data = []byte(got)
				}
				if diff := cmp.Diff(string(f.Data), got); diff != "" {
					t.Errorf("%s (-want +got)\n%s", f.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// draw loads a pipeline and draws it with everything that is known about it.
func draw(text string) *drawing.Drawing {
	s := analysis.New(source.NewFile(".quire/ci.fnl", text), analysis.Options{})
	return drawing.New(s.Graph(), s.Diagnostics())
}

// graphOf makes a graph of jobs written as "id needs…".
func graphOf(specs ...string) *pipeline.Graph {
	g := &pipeline.Graph{}
	for _, spec := range specs {
		words := strings.Fields(spec)
		j := &pipeline.Job{ID: words[0]}
		for _, w := range words[1:] {
			j.Inputs = append(j.Inputs, pipeline.Input{Name: w})
		}
		g.Jobs = append(g.Jobs, j)
	}
	return g
}

// random makes a graph of n jobs, which a source starts and that need up to
// three of the jobs before them; with cycles, also of those after them.
func random(n int, seed uint64, cycles bool) *pipeline.Graph {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	specs := make([]string, n)
	for i := range specs {
		specs[i] = fmt.Sprintf("job-%d%s", i, strings.Repeat("x", r.IntN(20)))
	}
	name := func(i int) string { return strings.Fields(specs[i])[0] }
	reach := 3 + r.IntN(40)
	for i := range specs {
		if i == 0 || r.IntN(6) == 0 {
			specs[i] += " quire/push"
		}
		for range r.IntN(4) {
			if i > 0 {
				specs[i] += " " + name(max(0, i-1-r.IntN(reach)))
			}
			if cycles && r.IntN(30) == 0 {
				specs[i] += " " + name(r.IntN(n))
			}
		}
	}
	return graphOf(specs...)
}

// sizes are the graphs that properties are checked for.
func graphs() map[string]*pipeline.Graph {
	all := map[string]*pipeline.Graph{"empty": {}}
	for seed := range uint64(6) {
		for _, n := range []int{1, 5, 40, 200} {
			all[fmt.Sprintf("random %d %d", n, seed)] = random(n, seed, false)
			all[fmt.Sprintf("cyclic %d %d", n, seed)] = random(n, seed, true)
		}
	}
	var chain, star, dense []string
	for i := range 200 {
		chain = append(chain, fmt.Sprintf("c%d c%d quire/push", i, i-1))
		star = append(star, fmt.Sprintf("s%d quire/push", i))
		dense = append(dense, fmt.Sprintf("d%d", i))
		for k := range i {
			if i < 40 {
				dense[i] += fmt.Sprintf(" d%d", k)
			}
		}
	}
	all["chain"], all["star"], all["dense"] = graphOf(chain...), graphOf(append(star, "end "+strings.Join(star, " "))...), graphOf(dense...)
	return all
}

func TestDeterministic(t *testing.T) {
	for name, g := range graphs() {
		for form, draw := range forms {
			one, two := draw(drawing.New(g, nil)), draw(drawing.New(&pipeline.Graph{Jobs: g.Jobs}, nil))
			if one != two {
				t.Errorf("%s: %s differs from one time to the next", name, form)
			}
		}
	}
}

// TestBackEdges checks that the graph has no cycle without the edges that are
// said to close one, and that there are none of these outside of cycles.
func TestBackEdges(t *testing.T) {
	for name, g := range graphs() {
		d := drawing.New(g, nil)
		group := map[int]int{}
		for i, c := range d.Cycles {
			for _, n := range c {
				group[n] = i + 1
			}
		}
		waits := make([]int, len(d.Nodes))
		for _, e := range d.Edges {
			if !e.Back {
				waits[e.To]++
			} else if group[e.From] == 0 || group[e.From] != group[e.To] {
				t.Errorf("%s: the edge from %s to %s is in no cycle", name, d.Nodes[e.From].Name, d.Nodes[e.To].Name)
			}
		}
		left := len(d.Nodes)
		for progress := true; progress; {
			progress = false
			for i := range waits {
				if waits[i] == 0 {
					waits[i], left, progress = -1, left-1, true
					for _, e := range d.Edges {
						if e.From == i && !e.Back {
							waits[e.To]--
						}
					}
				}
			}
		}
		if left > 0 {
			t.Errorf("%s: %d nodes are in cycles that no edge closes", name, left)
		}
		for i, n := range d.Nodes {
			if n.Kind == drawing.Job && n.Cyclic != (group[i] > 0) {
				t.Errorf("%s: %s is cyclic: %v", name, n.Name, n.Cyclic)
			}
			needsItself := false
			for _, id := range g.Needs(n.Name) {
				needsItself = needsItself || id == n.Name
			}
			if n.Kind == drawing.Job && n.Cyclic != needsItself {
				t.Errorf("%s: %s is cyclic: %v", name, n.Name, n.Cyclic)
			}
		}
	}
}

// TestTree checks that each job stands once in the tree, below all it needs.
func TestTree(t *testing.T) {
	for name, g := range graphs() {
		d := drawing.New(g, nil)
		line := map[string]int{}
		for i, text := range strings.Split(strings.TrimSuffix(d.Text(drawing.TextStyle{ASCII: true}), "\n"), "\n") {
			words := strings.Fields(strings.TrimLeft(text, "|-` "))
			if len(words) == 2 && words[1] == "..." && line[words[0]] > 0 {
				continue // the rest of a tree that was cut there
			}
			if len(words) > 0 {
				if line[words[0]] > 0 {
					t.Errorf("%s: %s stands twice", name, words[0])
				}
				line[words[0]] = i + 1
			}
		}
		for _, e := range d.Edges {
			from, to := d.Nodes[e.From], d.Nodes[e.To]
			if line[to.Name] == 0 {
				t.Errorf("%s: %s is missing", name, to.Name)
			}
			if !e.Back && from.Kind != drawing.Unknown && line[from.Name] >= line[to.Name] {
				t.Errorf("%s: %s stands below %s, which needs it", name, from.Name, to.Name)
			}
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	g := random(1000, 1, false)
	for _, form := range []string{"want.txt", "want.svg"} {
		b.Run(strings.TrimPrefix(form, "want."), func(b *testing.B) {
			for b.Loop() {
				forms[form](drawing.New(g, nil))
			}
		})
	}
}
