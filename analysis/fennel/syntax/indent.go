package syntax

import (
	"strings"

	"quire/analysis/source"
)

// bodies names the forms of the language whose arguments are a body, or a head
// and a body, as fennel.syntax lists them. Behind them stand the forms that
// bind one name to what is often a large value, and what registers a job.
var bodies = setOf("accumulate", "case", "case-try", "collect", "each", "faccumulate", "fcollect", "fn", "for", "icollect",
	"lambda", "let", "macro", "match", "match-try", "when", "while", "with-open", "λ",
	"doto", "local", "var", "global", "job")

// blocks names the forms that are a body without a head.
var blocks = setOf("comment", "do", "eval-compiler")

func setOf(names ...string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return set
}

// A shape says where the arguments of a form go that start a line.
type shape uint8

const (
	data      shape = iota // behind the opening delimiter: what is no list
	arguments              // under the first argument, or under the callee when that starts a line too
	block                  // as arguments, but two columns in when nothing follows the callee in its line
	body                   // two columns in
)

// A style knows the shapes of the lists of a file.
type style struct {
	// macros names the macros of the file that take a head and a body.
	macros map[string]bool
}

func styleOf(t *Tree) style {
	s := style{macros: map[string]bool{}}
	for _, n := range t.Forms {
		if n.Kind != List {
			continue
		}
		items := n.Items()
		if len(items) < 2 || items[0].Kind != Symbol {
			continue
		}
		switch {
		case items[0].Text == "macro" && len(items) > 2 && items[1].Kind == Symbol:
			s.add(items[1].Text, items[2])
		case items[0].Text == "macros" && items[1].Kind == Table:
			pairs := items[1].Items()
			for i := 0; i+1 < len(pairs); i += 2 {
				if fn := pairs[i+1].Items(); pairs[i].Kind == String && len(fn) > 1 {
					s.add(pairs[i].Text, fn[1])
				}
			}
		}
	}
	return s
}

// add takes note of a macro when its parameters end with a rest that is not all
// of them.
func (s style) add(name string, parameters *Node) {
	if parameters.Kind != Sequence {
		return
	}
	for i, p := range parameters.Items() {
		if i > 0 && p.Kind == Symbol && (p.Text == "..." || p.Text == "&") {
			s.macros[name] = true
		}
	}
}

// shape returns the shape of a form between delimiters.
func (s style) shape(n *Node) shape {
	if n.Kind != List {
		return data
	}
	name := callee(n)
	if blocks[name] {
		return block
	}
	if bodies[name] || s.macros[name] {
		return body
	}
	name = name[strings.LastIndexByte(name, '.')+1:]
	if name == "job" || strings.HasPrefix(name, "def") || strings.HasPrefix(name, "with-") {
		return body
	}
	return arguments
}

// callee returns the name of what a list calls, empty when it has none. In what
// a macro returns, the name may be unquoted: ,(sym :job).
func callee(list *Node) string {
	for n := range list.Forms() {
		if n.Kind == Symbol {
			return n.Text
		}
		if n.Kind != Prefix || n.Text != "," || len(n.Children) != 1 || n.Children[0].Kind != List {
			return ""
		}
		made := n.Children[0].Items()
		if len(made) == 2 && made[0].Kind == Symbol && made[0].Text == "sym" && made[1].Kind == String {
			return made[1].Text
		}
		return ""
	}
	return ""
}

// A nest is an open form whose children are being placed.
type nest struct {
	shape shape
	open  int // column of the opening delimiter
	items int // how many forms are placed
	// under is the column of the first argument when it stands behind the
	// callee in its line, else 0.
	under int
	// node is the form, and was the column where it starts as it is.
	node *Node
	was  int
}

// column returns the column of a child that starts a line.
func (n *nest) column() int {
	switch {
	case n.shape == data || n.items == 0:
		return n.open + 1
	case n.shape != body && n.under > 0:
		return n.under
	case n.shape == arguments:
		return n.open + 1
	}
	return n.open + 2
}

// place takes note that the next form stands at a column, and whether it starts
// a line there.
func (n *nest) place(column int, startsLine bool) {
	if n.items == 1 && !startsLine {
		n.under = column
	}
	n.items++
}

// Indentation returns the column where what follows in the line of offset would
// stand if the line began there, given the lines before as they are. It reports
// false where white space means something or is not to be touched: in strings
// and comments.
func Indentation(t *Tree, offset int) (column int, ok bool) {
	s := styleOf(t)
	text := t.File.Text()
	for nodes := t.Forms; ; {
		n := lastBefore(nodes, offset)
		if n == nil || offset >= n.Span.End && !(goesOn(n) && onlySpace(text[n.Span.End:offset])) {
			return column, true
		}
		switch n.Kind {
		case List, Sequence, Table:
			inner := nest{shape: s.shape(n), open: columnAt(t.File, n.Span.Start)}
			end := n.Span.Start
			for item := range n.Forms() {
				if item.Span.Start >= offset || inner.items > 1 {
					break
				}
				inner.place(columnAt(t.File, item.Span.Start), breaks(text[end:item.Span.Start]))
				end = item.Span.End
			}
			column = inner.column()
		case Prefix:
		default:
			return 0, false
		}
		nodes = n.Children
	}
}

// goesOn reports whether nothing closes a form.
func goesOn(n *Node) bool {
	if last := len(n.Children) - 1; n.Kind == Prefix && last >= 0 {
		return goesOn(n.Children[last])
	}
	return n.Open
}

// lastBefore returns the last of the nodes that starts before offset.
func lastBefore(nodes []*Node, offset int) *Node {
	var last *Node
	for _, n := range nodes {
		if n.Span.Start >= offset {
			break
		}
		last = n
	}
	return last
}

func onlySpace(text string) bool {
	for i := range len(text) {
		if classes[text[i]] != space {
			return false
		}
	}
	return true
}

// columnAt returns the column of an offset as an editor shows it, from 0.
func columnAt(f *source.File, offset int) int {
	line := f.Line(f.Position(offset).Line)
	text := f.Text()[line.Start:offset]
	blanks := 0
	for blanks < len(text) && (text[blanks] == ' ' || text[blanks] == '\t') {
		blanks++
	}
	return widen(0, text[:blanks]) + width(text[blanks:])
}
