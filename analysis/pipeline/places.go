package pipeline

import (
	"slices"
	"sort"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A site is where a registration function was called.
type site struct {
	// calls are the places of the calls that led to it, innermost first. It is
	// empty when no code of a file made the call.
	calls []source.Place
	trees *trees
	main  *source.File
}

// trees finds the nodes behind places.
type trees struct {
	of       map[*source.File]*syntax.Tree
	literals map[literalsKey]map[string]*syntax.Node
}

type literalsKey struct {
	form   *syntax.Node
	region region
}

func newTrees(t *syntax.Tree) *trees {
	return &trees{map[*source.File]*syntax.Tree{t.File: t}, map[literalsKey]map[string]*syntax.Node{}}
}

// node returns the outermost node with exactly that place, and the node that
// holds it.
func (t *trees) node(p source.Place) (n, parent *syntax.Node) {
	tree := t.of[p.File]
	if tree == nil {
		return nil, nil
	}
	for nodes := tree.Forms; ; {
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
	tree := t.of[p.File]
	if tree == nil {
		return nil
	}
	i := sort.Search(len(tree.Forms), func(i int) bool { return tree.Forms[i].Span.Start > p.Span.Start }) - 1
	if i < 0 || !tree.Forms[i].Span.Encloses(p.Span) {
		return nil
	}
	return tree.Forms[i]
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

// literalsIn returns the first string literal of each text in a form,
// functions left out.
func (t *trees) literalsIn(form *syntax.Node, r region) map[string]*syntax.Node {
	key := literalsKey{form, r}
	if found, ok := t.literals[key]; ok {
		return found
	}
	found := map[string]*syntax.Node{}
	collectLiterals(form, r, found)
	t.literals[key] = found
	return found
}

func collectLiterals(n *syntax.Node, r region, found map[string]*syntax.Node) {
	for c := range n.Forms() {
		switch {
		case c.Kind == syntax.String:
			if found[c.Text] == nil {
				found[c.Text] = c
			}
		case r == notInputs && c.Kind == syntax.Sequence, isFunction(c):
		default:
			collectLiterals(c, r, found)
		}
	}
}

// site returns where the Go function that runs in L was called.
func (ld *loader) site(L *lua.LState) site {
	s := site{trees: ld.trees, main: ld.main.Tree.File}
	for _, frame := range ld.program.State.Frames(L) {
		if p, ok := ld.program.Place(frame); ok {
			s.calls = append(s.calls, p)
		}
	}
	return s
}

// call returns the place that stands for the whole call: the outermost in
// ci.fnl, or else the call itself.
func (s site) call() source.Place {
	for _, p := range slices.Backward(s.calls) {
		if p.File == s.main {
			return p
		}
	}
	if len(s.calls) > 0 {
		return s.calls[0]
	}
	return source.Place{File: s.main}
}

// form returns the form of the call itself.
func (s site) form() *syntax.Node {
	if len(s.calls) == 0 {
		return nil
	}
	if n, _ := s.trees.node(s.calls[0]); n != nil && n.Kind == syntax.List {
		return n
	}
	return nil
}

// argument returns the node of the i-th argument, from 1, of the call itself.
func (s site) argument(i int) *syntax.Node {
	form := s.form()
	if form == nil {
		return nil
	}
	for n := range form.Forms() {
		if i == 0 {
			return n
		}
		i--
	}
	return nil
}

// direct reports whether the call itself stands for the whole call: no helper
// made it.
func (s site) direct() bool { return len(s.calls) > 0 && s.calls[0] == s.call() }

// argumentPlace returns the place of the i-th argument where the call itself
// stands for the whole call, and else the whole call.
func (s site) argumentPlace(i int) source.Place {
	if n := s.argument(i); n != nil && s.direct() {
		return source.Place{File: s.calls[0].File, Span: n.Span}
	}
	return s.call()
}

// id returns the place of a job's id.
func (s site) id(id string) source.Place {
	if n := s.argument(1); n != nil && n.Kind == syntax.String && n.Text == id {
		return source.Place{File: s.calls[0].File, Span: n.Span}
	}
	if p, ok := s.written(id, notInputs); ok {
		return p
	}
	return s.argumentPlace(1)
}

// inputs returns the places of a job's inputs.
func (s site) inputs(names []string) []source.Place {
	places := make([]source.Place, len(names))
	items := s.items()
	next := map[string]int{} // where the search for a name goes on
	for i, name := range names {
		switch {
		case len(items) == len(names) && (items[i].Kind != syntax.String || items[i].Text == name):
			places[i] = source.Place{File: s.calls[0].File, Span: items[i].Span}
			continue
		case len(items) > 0:
			rest := items[next[name]:]
			if k := slices.IndexFunc(rest, func(n *syntax.Node) bool { return n.Kind == syntax.String && n.Text == name }); k >= 0 {
				places[i] = source.Place{File: s.calls[0].File, Span: rest[k].Span}
				next[name] += k + 1
				continue
			}
		}
		if p, ok := s.written(name, everywhere); ok {
			places[i] = p
		} else {
			places[i] = s.argumentPlace(2)
		}
	}
	return places
}

// items returns the entries of the inputs where the call itself holds them as
// a sequence.
func (s site) items() []*syntax.Node {
	if n := s.argument(2); n != nil && n.Kind == syntax.Sequence {
		return slices.Collect(n.Forms())
	}
	return nil
}

// written returns the place of the first string literal with that text in the
// calls that led here, innermost call first. In the call itself only the
// region is searched.
func (s site) written(text string, r region) (source.Place, bool) {
	for _, call := range s.calls {
		if form, _ := s.trees.node(call); form != nil && form.Kind == syntax.List {
			if n := s.trees.literalsIn(form, r)[text]; n != nil {
				return source.Place{File: call.File, Span: n.Span}, true
			}
		}
		r = everywhere
	}
	return source.Place{}, false
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

// key returns the places of a key and of its value in a table literal that is
// the i-th argument, or twice that of the argument.
func (s site) key(i int, name string) (key, value source.Place) {
	whole := s.argumentPlace(i)
	n := s.argument(i)
	if n == nil || n.Kind != syntax.Table || !s.direct() {
		return whole, whole
	}
	forms := slices.Collect(n.Forms())
	for k := 0; k+1 < len(forms); k += 2 {
		kn, vn := forms[k], forms[k+1]
		shorthand := kn.Kind == syntax.Symbol && kn.Text == ":" && vn.Kind == syntax.Symbol && vn.Text == name
		if shorthand || kn.Kind == syntax.String && kn.Text == name {
			if shorthand {
				kn = vn
			}
			return source.Place{File: whole.File, Span: kn.Span}, source.Place{File: whole.File, Span: vn.Span}
		}
	}
	return whole, whole
}
