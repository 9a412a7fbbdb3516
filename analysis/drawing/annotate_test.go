package drawing_test

import (
	"strings"
	"testing"

	"quire/analysis/drawing"
)

// TestAnnotated checks that a picture of a run says of each job how it went, leads
// to it, and leaves the drawing that it was made of alone.
func TestAnnotated(t *testing.T) {
	plain := drawing.New(graphOf("a quire/push", "b a"), nil)
	before := plain.SVG()
	marks := map[string]drawing.Mark{"a": drawing.Succeeded, "b": drawing.Failed}
	svg := plain.Annotated(func(job string) drawing.Annotation {
		return drawing.Annotation{Mark: marks[job], Note: "note <" + job + ">", Link: "#\"" + job + "&"}
	}).SVG()
	p := look(t, svg)
	for _, b := range p.boxes {
		name, _, _ := strings.Cut(b.title, "\n")
		mark, isJob := marks[name]
		if !isJob {
			if b.class != "source" || len(b.labels) != 1 {
				t.Errorf("the source is %+v", b)
			}
			continue
		}
		if b.class != "job "+string(mark) || b.title != name+"\n"+string(mark) || len(b.labels) != 2 || b.labels[1].text != "note <"+name+">" {
			t.Errorf("the job is %+v", b)
		}
		if link := `<a href="#&quot;` + name + `&amp;"><g class="job `; !strings.Contains(svg, link) {
			t.Errorf("no %s in\n%s", link, svg)
		}
	}
	if len(p.boxes) != 3 || !strings.Contains(svg, ".failed rect") {
		t.Errorf("%d boxes in\n%s", len(p.boxes), svg)
	}
	if plain.SVG() != before || strings.Contains(before, ".failed rect") || strings.Contains(before, "<a ") {
		t.Error("the drawing changed")
	}
}

// TestAnnotatedText checks that the tree says at the end of each job's line what
// there is to be said of it.
func TestAnnotatedText(t *testing.T) {
	notes := map[string]string{"a": "✓ 0.3 s", "b": "✗ no\nway"}
	got := drawing.New(graphOf("a quire/push", "b a quire/push", "c a"), nil).Annotated(func(job string) drawing.Annotation {
		return drawing.Annotation{Note: notes[job]}
	}).Text(drawing.TextStyle{})
	want := "quire/push\n└─ a  ✓ 0.3 s\n   ├─ b ← a, quire/push  ✗ no\\x0away\n   └─ c\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
