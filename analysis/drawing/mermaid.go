package drawing

import (
	"fmt"
	"strings"
	"unicode"

	"quire/analysis/diag"
)

// Mermaid returns the drawing as a Mermaid flowchart, which Markdown pages of
// many hosts show as a picture.
func (d *Drawing) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i := range d.Nodes {
		n := &d.Nodes[i]
		var lines []string
		for _, line := range n.labels() {
			lines = append(lines, quoteMermaid(line))
		}
		left, right := "[", "]"
		if n.Kind == Source {
			left, right = "([", "])"
		}
		fmt.Fprintf(&b, "  n%d%s\"%s\"%s%s\n", i, left, strings.Join(lines, "<br/>"), right, n.classMermaid())
	}
	for _, e := range d.Edges {
		arrow := "-->"
		if e.Back {
			arrow = "-. cycle .->"
		}
		fmt.Fprintf(&b, "  n%d %s n%d\n", e.From, arrow, e.To)
	}
	for _, class := range []struct{ name, look string }{
		{"source", "fill:#ddf4ff,stroke:#54aeff,color:#0550ae"},
		{"unknown", "fill:none,stroke:#8c959f,stroke-dasharray:4 3"},
		{"error", "fill:#ffebe9,stroke:#cf222e,color:#82071e"},
		{"warning", "fill:#fff8c5,stroke:#d4a72c,color:#633c01"},
	} {
		fmt.Fprintf(&b, "  classDef %s %s\n", class.name, class.look)
	}
	return b.String()
}

func (n *Node) classMermaid() string {
	switch s := n.Severity(); {
	case n.Kind != Job:
		return ":::" + n.Kind.String()
	case s == diag.Error:
		return ":::error"
	case s == diag.Warning:
		return ":::warning"
	}
	return ""
}

// quoteMermaid writes everything but letters, digits and a few signs that mean
// nothing as a numbered entity. A label would be read as Markdown otherwise.
func quoteMermaid(label string) string {
	var b strings.Builder
	for i, r := range label {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '/', r == '_' && i > 0, r == '-' && i > 0, r == ' ' && i > 0, r == ':':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}
