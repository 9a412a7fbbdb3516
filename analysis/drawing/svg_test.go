package drawing_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"quire/analysis/drawing"
	"quire/analysis/pipeline"
)

// A box is a rectangle with its labels, as the picture has it.
type box struct {
	title      string
	class      string
	x, y, w, h float64
	labels     []label
}

type label struct {
	x, y float64
	text string
	note bool
}

// A picture is what is drawn in an SVG.
type picture struct {
	width, height float64
	boxes         []box
	paths         []path
}

type path struct{ class, d string }

// look reads a picture. Anything that is no well-formed XML fails.
func look(t *testing.T, svg string) picture {
	t.Helper()
	var p picture
	var in []string
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch e := token.(type) {
		case xml.EndElement:
			in = in[:len(in)-1]
		case xml.CharData:
			if n := len(in); n > 1 && in[n-2] == "g" {
				b := &p.boxes[len(p.boxes)-1]
				switch in[n-1] {
				case "title":
					b.title += string(e)
				case "text":
					b.labels[len(b.labels)-1].text += string(e)
				}
			}
		case xml.StartElement:
			in = append(in, e.Name.Local)
			p.element(t, e, len(in) > 1 && in[len(in)-2] == "g")
		}
	}
}

func (p *picture) element(t *testing.T, e xml.StartElement, inBox bool) {
	attr := map[string]string{}
	for _, a := range e.Attr {
		attr[a.Name.Local] = a.Value
	}
	num := func(name string) float64 {
		f, err := strconv.ParseFloat(attr[name], 64)
		if err != nil {
			t.Fatalf("%s %s: %v", e.Name.Local, name, err)
		}
		return f
	}
	switch e.Name.Local {
	case "svg":
		p.width, p.height = num("width"), num("height")
	case "g":
		p.boxes = append(p.boxes, box{class: attr["class"]})
	case "path":
		p.paths = append(p.paths, path{attr["class"], attr["d"]})
	case "rect":
		if inBox {
			b := &p.boxes[len(p.boxes)-1]
			b.x, b.y, b.w, b.h = num("x"), num("y"), num("width"), num("height")
		}
	case "text":
		b := &p.boxes[len(p.boxes)-1]
		b.labels = append(b.labels, label{x: num("x"), y: num("y"), note: attr["class"] == "note"})
	}
}

// TestGeometry checks that no two boxes come near each other, that every label
// fits into its box and no two lines of it touch, that nothing leaves the
// picture, and that no edge runs through a box.
func TestGeometry(t *testing.T) {
	all := graphs()
	all["marked"] = graphOf("a quire/push d", "b a nowhere", "c b c", "d c", "lost nobody", "after lost")
	for name, g := range all {
		p := look(t, drawing.New(g, nil).SVG())
		for i, a := range p.boxes {
			if a.x < 0 || a.y < 0 || a.x+a.w > p.width || a.y+a.h > p.height {
				t.Errorf("%s: %q leaves the picture", name, a.title)
			}
			for _, b := range p.boxes[:i] {
				const gap = 8
				if a.x < b.x+b.w+gap && b.x < a.x+a.w+gap && a.y < b.y+b.h+gap && b.y < a.y+a.h+gap {
					t.Errorf("%s: %q and %q overlap", name, a.title, b.title)
				}
			}
			checkLabels(t, name, a)
		}
		for _, path := range p.paths {
			for _, at := range points(t, path.d) {
				if at.x < 0 || at.y < 0 || at.x > p.width || at.y > p.height {
					t.Errorf("%s: a path leaves the picture at %v", name, at)
				}
				for _, b := range p.boxes {
					if b.x+1 < at.x && at.x < b.x+b.w-1 && b.y+1 < at.y && at.y < b.y+b.h-1 {
						t.Fatalf("%s: a path of class %q runs through %q at %v", name, path.class, b.title, at)
					}
				}
			}
		}
	}
}

// checkLabels checks the lines of text in a box, each as high as its font and
// as wide as the widest fixed-width font in use makes it.
func checkLabels(t *testing.T, name string, b box) {
	t.Helper()
	bottom := b.y
	if len(b.labels) == 0 {
		t.Errorf("%s: %q has no label", name, b.title)
	}
	for _, l := range b.labels {
		size := 13.0
		if l.note {
			size = 11
		}
		half := 0.61 * size * float64(utf8.RuneCountInString(l.text)) / 2
		if l.x-half < b.x+4 || l.x+half > b.x+b.w-4 {
			t.Errorf("%s: %q does not fit into its box", name, l.text)
		}
		if top := l.y - 0.78*size; top < bottom {
			t.Errorf("%s: %q is too high", name, l.text)
		}
		bottom = l.y + 0.22*size
	}
	if bottom > b.y+b.h {
		t.Errorf("%s: the labels of %q stand below its box", name, b.title)
	}
}

type point struct{ x, y float64 }

var command = regexp.MustCompile(`([A-Za-z])([^A-Za-z]*)`)

// points follows a path.
func points(t *testing.T, d string) []point {
	t.Helper()
	var out []point
	var at point
	for _, m := range command.FindAllStringSubmatch(d, -1) {
		var n []float64
		for _, field := range strings.Fields(strings.ReplaceAll(m[2], ",", " ")) {
			f, err := strconv.ParseFloat(field, 64)
			if err != nil {
				t.Fatalf("%q: %v", d, err)
			}
			n = append(n, f)
		}
		from := at
		switch m[1] {
		case "M", "L":
			at = point{n[0], n[1]}
		case "H":
			at.x = n[0]
		case "l":
			at = point{at.x + n[0], at.y + n[1]}
		case "v":
			at.y += n[0]
		case "z":
			continue
		case "c":
			for i := range n {
				n[i] += []float64{at.x, at.y}[i%2]
			}
			fallthrough
		case "C":
			at = point{n[4], n[5]}
			for i := range 33 {
				s := float64(i) / 32
				blend := func(a, b, c, d float64) float64 {
					r := 1 - s
					return r*r*r*a + 3*r*r*s*b + 3*r*s*s*c + s*s*s*d
				}
				out = append(out, point{blend(from.x, n[0], n[2], n[4]), blend(from.y, n[1], n[3], n[5])})
			}
			continue
		default:
			t.Fatalf("%q: unknown command %s", d, m[1])
		}
		if m[1] != "M" {
			for i := range 33 {
				s := float64(i) / 32
				out = append(out, point{from.x + s*(at.x-from.x), from.y + s*(at.y-from.y)})
			}
		}
	}
	return out
}

// TestEdgesLead checks that the picture leads from every job to those that
// need it: each box is reached by as many heads as it has kinds of ways in.
func TestEdgesLead(t *testing.T) {
	p := look(t, drawing.New(graphOf("a quire/push", "b a quire/push", "c a b", "d c d"), nil).SVG())
	var edges, back int
	for _, path := range p.paths {
		switch path.class {
		case "edge", "edge from-source":
			edges += strings.Count(path.d, "M")
		case "edge back":
			back += strings.Count(path.d, "M")
		}
	}
	// push-a, a-b, b-c, c-d, and a-c past b in two pieces.
	if edges != 6 || back != 1 {
		t.Errorf("the picture has %d pieces of edges and %d that close cycles, want 6 and 1", edges, back)
	}
}

// hostile are names that mean something to what reads a drawing.
var hostile = []string{
	"", " ", "a b", `"`, `'`, `\`, `a\`, `\n`, "\n", "a\r\nb", "\x00", "\x1b[31mred", "\u009b31m", "\xff\xfe", "\u202eevil",
	"<b>&amp;</b>", "]]>", "-->", "<!--", "</svg><script>alert(1)</script>", "n0 -> n1", "}; digraph x {", "%%{init: {}}%%",
	"end", "1. list", "- item", "`code`", "#quot;", "**bold**", "世界 é", "e\u0301" + strings.Repeat("\u0301", 500), "👩‍👩‍👧‍👦", "\ufffe\uffff", "﷽",
	strings.Repeat("long-", 4000), strings.Repeat("世", 100), "\u2028", "a,b", "a;b|c{d}",
}

func hostileGraph() *pipeline.Graph {
	g := &pipeline.Graph{}
	for i, id := range hostile {
		j := &pipeline.Job{ID: id, Inputs: []pipeline.Input{{Name: "quire/push"}, {Name: "no " + id}}}
		if i > 0 {
			j.Inputs = append(j.Inputs, pipeline.Input{Name: hostile[i-1]})
		}
		g.Jobs = append(g.Jobs, j)
	}
	return g
}

func TestHostileNames(t *testing.T) {
	d := drawing.New(hostileGraph(), nil)
	p := look(t, d.SVG())
	if len(p.boxes) != len(d.Nodes) {
		t.Errorf("%d boxes for %d nodes", len(p.boxes), len(d.Nodes))
	}
	for _, b := range p.boxes {
		if strings.ContainsAny(b.title, "\x00\x1b\r\u202e\u2028") {
			t.Errorf("the title %q is not safe", b.title)
		}
		if len(b.labels) > 0 && utf8.RuneCountInString(b.labels[0].text) > 60 {
			t.Errorf("the label %q is not short", b.labels[0].text)
		}
	}
	lines := func(text string) int { return strings.Count(text, "\n") }
	if got, want := lines(d.DOT()), 5+len(d.Nodes)+len(d.Edges); got != want {
		t.Errorf("DOT has %d lines, want %d", got, want)
	}
	if got, want := lines(d.Mermaid()), 5+len(d.Nodes)+len(d.Edges); got != want {
		t.Errorf("Mermaid has %d lines, want %d", got, want)
	}
	dot := regexp.MustCompile(`^  n\d+ \[label="([^"\\]|\\["\\n])*"(, [a-z]+=[a-z]+|, [a-z]+="[a-z,#0-9]+")*\];$`)
	mermaid := regexp.MustCompile(`^  n\d+(\["|\(\[")([\pL\p{Nd}_/: -]|#\d+;|<br/>)*("\]|"\]\))(:::[a-z]+)?$`)
	for i, line := range strings.Split(d.DOT(), "\n")[4:][:len(d.Nodes)] {
		if !dot.MatchString(line) {
			t.Errorf("node %d in DOT is %s", i, line)
		}
	}
	for i, line := range strings.Split(d.Mermaid(), "\n")[1:][:len(d.Nodes)] {
		if !mermaid.MatchString(line) {
			t.Errorf("node %d in Mermaid is %s", i, line)
		}
	}
	for _, style := range []drawing.TextStyle{{}, {ASCII: true}, {Width: 40}} {
		if text := d.Text(style); strings.ContainsAny(text, "\x00\x1b\r\u202e\u009b") {
			t.Errorf("%+v: %q is not safe", style, text)
		}
	}
}

// FuzzNames checks that no name breaks out of the picture or the tree.
func FuzzNames(f *testing.F) {
	for i, name := range hostile {
		f.Add(name, hostile[(i+1)%len(hostile)])
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		g := &pipeline.Graph{Jobs: []*pipeline.Job{
			{ID: one, Inputs: []pipeline.Input{{Name: "quire/push"}}},
			{ID: two, Inputs: []pipeline.Input{{Name: one}, {Name: two + one}}},
		}}
		d := drawing.New(g, nil)
		if p := look(t, d.SVG()); len(p.boxes) != len(d.Nodes) {
			t.Errorf("%d boxes for %d nodes", len(p.boxes), len(d.Nodes))
		}
		if got, want := strings.Count(d.DOT(), "\n"), 5+len(d.Nodes)+len(d.Edges); got != want {
			t.Errorf("DOT has %d lines, want %d", got, want)
		}
		for line := range strings.Lines(d.Text(drawing.TextStyle{})) {
			if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r < 0x20 || 0x7f <= r && r < 0xa0 }) {
				t.Errorf("the tree has the line %q", line)
			}
		}
	})
}

// TestManyBends checks that a graph whose edges pass very many layers is drawn
// all the same.
func TestManyBends(t *testing.T) {
	var specs []string
	all := "end"
	for i := range 300 {
		specs = append(specs, fmt.Sprintf("j%d j%d quire/push", i, i-1))
		all += fmt.Sprintf(" j%d", i)
	}
	p := look(t, drawing.New(graphOf(append(specs, all)...), nil).SVG())
	far := 0
	for _, path := range p.paths {
		if strings.HasPrefix(path.class, "edge far") {
			far++
		}
	}
	if far == 0 || far > 300 {
		t.Errorf("%d edges are drawn straight", far)
	}
}
