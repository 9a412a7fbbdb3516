package drawing

import (
	"fmt"
	"strings"

	"quire/analysis/diag"
)

// DOT returns the drawing in the language of Graphviz. Nodes are numbered and
// labelled, so that no name can be mistaken for anything else.
func (d *Drawing) DOT() string {
	var b strings.Builder
	b.WriteString("digraph pipeline {\n" +
		"  rankdir=LR;\n" +
		"  node [shape=box, style=\"rounded,filled\", fillcolor=\"#f6f8fa\", color=\"#d0d7de\", fontname=\"monospace\", fontsize=11];\n" +
		"  edge [color=\"#8c959f\", arrowsize=0.7];\n")
	for i := range d.Nodes {
		n := &d.Nodes[i]
		fmt.Fprintf(&b, "  n%d [label=%s%s];\n", i, quoteDOT(strings.Join(n.labels(), "\n")), n.looksDOT())
	}
	for _, e := range d.Edges {
		look := ""
		if e.Back {
			look = ` [color="#cf222e", style=dashed, constraint=false]`
		}
		fmt.Fprintf(&b, "  n%d -> n%d%s;\n", e.From, e.To, look)
	}
	b.WriteString("}\n")
	return b.String()
}

// maxText bounds the columns of a name in the languages of other programs,
// which have limits of their own.
const maxText = 80

// labels returns the lines of a node's label: its name and what is wrong.
func (n *Node) labels() []string {
	lines := []string{elide(visible(n.Name), maxText)}
	if n.Kind == Unknown {
		return append(lines, "no such job")
	}
	for _, f := range n.faults() {
		lines = append(lines, f.text)
	}
	return lines
}

func (n *Node) looksDOT() string {
	switch s := n.Severity(); {
	case n.Kind == Source:
		return `, shape=ellipse, fillcolor="#ddf4ff", color="#54aeff"`
	case n.Kind == Unknown:
		return `, style="rounded,dashed", color="#8c959f"`
	case s == diag.Error:
		return `, fillcolor="#ffebe9", color="#cf222e"`
	case s == diag.Warning:
		return `, fillcolor="#fff8c5", color="#d4a72c"`
	}
	return ""
}

// Graphviz reads escapes and HTML entities in labels.
var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;", "\n", `\n`)

func quoteDOT(label string) string { return `"` + dotEscapes.Replace(label) + `"` }
