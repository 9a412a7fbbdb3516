package drawing

import (
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
)

// A Role is what a piece of a text tree is, for whoever colours it.
type Role int

// The roles.
const (
	RoleGuide   Role = iota // the branches of the tree
	RoleName                // a job
	RoleSource              // a source
	RoleUnknown             // a name that nothing has
	RoleInputs              // the inputs of a job that has several
	RoleError
	RoleWarning
)

// A TextStyle says how a text tree looks.
type TextStyle struct {
	// ASCII keeps to ASCII, but for names that hold other characters.
	ASCII bool
	// Width is where lists of inputs are wrapped, in columns; 0: nowhere.
	Width int
	// Paint returns a piece as it is to be written; nil writes it as it is.
	Paint func(Role, string) string
}

// maxDepth bounds how far a tree is indented. What is deeper follows the tree
// as one of its own.
const maxDepth = 16

// Text returns the drawing as a tree, one node a line. Each job stands once,
// below the last of its inputs, so that all it needs stands above it; a job
// that has several inputs lists them behind an arrow. An input that closes a
// cycle and a name that nothing has are marked, and so are jobs with faults. What
// is to be said of a job stands behind it.
func (d *Drawing) Text(style TextStyle) string {
	if style.Paint == nil {
		style.Paint = func(_ Role, text string) string { return text }
	}
	w := treeWriter{Drawing: d, TextStyle: style, feeds: d.feeds(), needs: d.needs(),
		known: make([]bool, len(d.Nodes)), pending: make([]int, len(d.Nodes))}
	w.deferred = w.roots()
	for len(w.deferred) > 0 {
		next := w.deferred[0]
		w.deferred = w.deferred[1:]
		w.tree(next)
	}
	return w.out.String()
}

// A treeWriter writes the trees of a drawing.
type treeWriter struct {
	*Drawing
	TextStyle
	feeds, needs [][]int
	known        []bool    // nodes with an input that is a job or a source
	pending      []int     // inputs of each node that are not written yet
	deferred     []subtree // trees to be written
	out          strings.Builder
}

// A subtree is a node and what stands below it. A continued one was cut off,
// and its node written, where it was too deep.
type subtree struct {
	node      int
	children  []int
	continued bool
}

// roots counts what each node waits for, and returns those that wait for
// nothing. Names that nothing has are waited for only by jobs without another
// input.
func (w *treeWriter) roots() []subtree {
	for i := range w.Nodes {
		for _, e := range w.needs[i] {
			from := w.Edges[e].From
			w.known[i] = w.known[i] || !w.Edges[e].Back && w.Nodes[from].Kind != Unknown
		}
	}
	holds := make([]bool, len(w.Nodes))
	for _, e := range w.Edges {
		if w.counts(e) {
			w.pending[e.To]++
			holds[e.From] = true
		}
	}
	var roots []subtree
	for i, n := range w.Nodes {
		if w.pending[i] == 0 && (n.Kind != Unknown || holds[i]) {
			roots = append(roots, subtree{node: i})
		}
	}
	return roots
}

// counts reports whether the node at the end of an edge stands below the one
// at its start, or could.
func (w *treeWriter) counts(e Edge) bool {
	return !e.Back && !(w.Nodes[e.From].Kind == Unknown && w.known[e.To])
}

// children notes that a node is written, and returns those that now have
// nothing left to wait for.
func (w *treeWriter) children(i int) []int {
	var ready []int
	for _, e := range w.feeds[i] {
		if !w.counts(w.Edges[e]) {
			continue
		}
		to := w.Edges[e].To
		if w.pending[to]--; w.pending[to] == 0 {
			ready = append(ready, to)
		}
	}
	return ready
}

// An indented line of a tree. rest is what its wrapped lines and the lines
// below it begin with.
type branch struct {
	node       int
	lead, rest string
	depth      int
}

func (w *treeWriter) tree(root subtree) {
	var todo []branch
	open := func(children []int, rest string, depth int) {
		for k, child := range slices.Backward(children) {
			lead, below := w.guide("├─ ", "|- "), w.guide("│  ", "|  ")
			if k == len(children)-1 {
				lead, below = w.guide("└─ ", "`- "), "   "
			}
			todo = append(todo, branch{child, rest + lead, rest + below, depth})
		}
	}
	if root.continued {
		w.out.WriteString(w.label(root.node) + " " + w.more() + "\n")
	} else {
		root.children = w.children(root.node)
		w.line(branch{node: root.node}, len(root.children) > 0, false)
	}
	open(root.children, "", 1)
	for len(todo) > 0 {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		children := w.children(b.node)
		cut := b.depth == maxDepth && len(children) > 0
		w.line(b, len(children) > 0 && !cut, cut)
		if cut {
			w.deferred = append(w.deferred, subtree{b.node, children, true})
			continue
		}
		open(children, b.rest, b.depth+1)
	}
}

func (w *treeWriter) guide(unicode, ascii string) string {
	return w.Paint(RoleGuide, w.sign(unicode, ascii))
}

func (w *treeWriter) sign(unicode, ascii string) string {
	if w.ASCII {
		return ascii
	}
	return unicode
}

func (w *treeWriter) more() string { return w.guide("…", "...") }

func (w *treeWriter) label(i int) string {
	n := &w.Nodes[i]
	name := visible(n.Name)
	switch n.Kind {
	case Source:
		return w.Paint(RoleSource, name)
	case Unknown:
		return w.Paint(RoleUnknown, name+" ?")
	}
	return w.Paint(RoleName, name)
}

// line writes a node with its inputs and faults. open says that children
// follow below it, cut that they follow elsewhere.
func (w *treeWriter) line(b branch, open, cut bool) {
	w.out.WriteString(b.lead + w.label(b.node))
	if inputs := w.inputs(b.node); len(inputs) > 0 {
		w.list(b, open, inputs)
	}
	n := &w.Nodes[b.node]
	for _, fault := range n.faults() {
		role, sign := RoleWarning, "!"
		if fault.severity == diag.Error {
			role, sign = RoleError, w.sign("✗", "x")
		}
		w.out.WriteString("  " + w.Paint(role, sign+" "+fault.text))
	}
	if n.Note != "" {
		w.out.WriteString("  " + visible(n.Note))
	}
	if cut {
		w.out.WriteString(" " + w.more())
	}
	w.out.WriteByte('\n')
}

// inputs returns the inputs of a job as they are listed: none when the tree
// shows its only one.
func (w *treeWriter) inputs(i int) []string {
	needs := w.needs[i]
	if len(needs) == 1 && !w.Edges[needs[0]].Back {
		return nil
	}
	var inputs []string
	for _, e := range needs {
		from := &w.Nodes[w.Edges[e].From]
		text := visible(from.Name)
		switch {
		case w.Edges[e].Back:
			text += w.sign(" ↻", " (cycle)")
		case from.Kind == Unknown:
			text += " ?"
		}
		inputs = append(inputs, text)
	}
	return inputs
}

// list writes the inputs of a line, wrapped where they would not fit.
func (w *treeWriter) list(b branch, open bool, inputs []string) {
	arrow := w.sign(" ← ", " <- ")
	w.out.WriteString(w.Paint(RoleInputs, arrow))
	indent := 3 * b.depth
	column := indent + columns(visible(w.Nodes[b.node].Name)) + columns(arrow)
	hang := column
	if hang > w.Width*2/3 {
		hang = indent + 4
	}
	for k, text := range inputs {
		if k < len(inputs)-1 {
			text += ","
		}
		width := columns(text)
		switch {
		case k == 0:
		case w.Width > 0 && column+1+width > w.Width:
			w.out.WriteString("\n" + b.rest + w.below(open) + strings.Repeat(" ", hang-indent-1))
			column = hang
		default:
			w.out.WriteByte(' ')
			column++
		}
		w.out.WriteString(w.Paint(RoleInputs, text))
		column += width
	}
}

// below is what a wrapped line shows of the branch to the children.
func (w *treeWriter) below(open bool) string {
	if open {
		return w.guide("│", "|")
	}
	return " "
}

// A fault is one thing that is wrong with a node, in a few words.
type fault struct {
	severity diag.Severity
	text     string
}

// faults returns what is wrong with a node, the worst first. Hints are none.
func (n *Node) faults() []fault {
	var faults []fault
	if n.Cyclic {
		faults = append(faults, fault{diag.Error, "in a cycle"})
	}
	if n.Unreachable {
		faults = append(faults, fault{diag.Error, "never started"})
	}
	counts := map[diag.Severity]int{}
	for _, d := range n.Findings {
		counts[d.Severity()]++
	}
	for _, s := range []diag.Severity{diag.Error, diag.Warning} {
		switch c := counts[s]; {
		case c == 1:
			faults = append(faults, fault{s, "1 " + s.String()})
		case c > 1:
			faults = append(faults, fault{s, fmt.Sprintf("%d %ss", c, s)})
		}
	}
	if n.Broken && len(faults) == 0 {
		faults = append(faults, fault{diag.Error, "refused"})
	}
	return faults
}
