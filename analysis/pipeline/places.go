package pipeline

import (
	"slices"
	"sort"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// trees finds the nodes behind places.
type trees struct {
	of       map[*source.File]*fennel.Module
	literals map[literalsKey]map[string][]*syntax.Node
}

type literalsKey struct {
	form   *syntax.Node
	region region
}

func newTrees(m *fennel.Module) *trees {
	return &trees{
		of:       map[*source.File]*fennel.Module{m.Tree.File: m},
		literals: map[literalsKey]map[string][]*syntax.Node{},
	}
}

// node returns the outermost node with exactly that place, and the node that
// holds it.
func (t *trees) node(p source.Place) (n, parent *syntax.Node) {
	m := t.of[p.File]
	if m == nil {
		return nil, nil
	}
	for nodes := m.Tree.Forms; ; {
		i := sort.Search(len(nodes), func(i int) bool { return nodes[i].Span.Start > p.Span.Start }) - 1
		if i < 0 || !nodes[i].Span.Encloses(p.Span) {
			return nil, nil
		}
		if n = nodes[i]; n.Span == p.Span {
			return n, parent
		}
		parent, nodes = n, n.Children
	}
}

// top returns the top-level form that holds a place.
func (t *trees) top(p source.Place) *syntax.Node {
	m := t.of[p.File]
	if m == nil {
		return nil
	}
	forms := m.Tree.Forms
	i := sort.Search(len(forms), func(i int) bool { return forms[i].Span.Start > p.Span.Start }) - 1
	if i < 0 || !forms[i].Span.Encloses(p.Span) {
		return nil
	}
	return forms[i]
}

// literal returns the string literal at a place if it has that text, and the
// node that holds it.
func (t *trees) literal(p source.Place, text string) (n, parent *syntax.Node) {
	n, parent = t.node(p)
	if n == nil || parent == nil || n.Kind != syntax.String || n.Text != text {
		return nil, nil
	}
	return n, parent
}

// A region is a part of a call form to look for literals in.
type region int

const (
	everywhere region = iota
	notInputs         // not in sequences, which hold inputs
)

// literalsIn returns the string literals in a form by their texts, functions
// left out.
func (t *trees) literalsIn(form *syntax.Node, r region) map[string][]*syntax.Node {
	key := literalsKey{form, r}
	if found, ok := t.literals[key]; ok {
		return found
	}
	found := map[string][]*syntax.Node{}
	collectLiterals(form, r, found)
	t.literals[key] = found
	return found
}

func collectLiterals(n *syntax.Node, r region, found map[string][]*syntax.Node) {
	for c := range n.Forms() {
		switch {
		case c.Kind == syntax.String:
			found[c.Text] = append(found[c.Text], c)
		case r == notInputs && c.Kind == syntax.Sequence, isFunction(c):
		default:
			collectLiterals(c, r, found)
		}
	}
}

// callsAt returns what is known of the calls that a form was compiled to.
func (t *trees) callsAt(p source.Place) []*fennel.Call {
	m := t.of[p.File]
	if m == nil {
		return nil
	}
	return m.CallsAt(p.Span)
}

// isFunction reports whether a form makes a function.
func isFunction(n *syntax.Node) bool {
	if n.Kind == syntax.Prefix && n.Text == "#" {
		return true
	}
	if n.Kind != syntax.List {
		return false
	}
	for head := range n.Forms() {
		return head.Kind == syntax.Symbol && slices.Contains([]string{"fn", "lambda", "λ", "hashfn", "defrun"}, head.Text)
	}
	return false
}
