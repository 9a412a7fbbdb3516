package pipeline

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A site is where a registration function was called.
type site struct {
	name string // of the function
	// calls are the places of the calls that led to it, innermost first. It is
	// empty when no code of a file made the call.
	calls []source.Place
	args  []*syntax.Node // of the innermost call, nil where they are not known
	trees *trees
	main  *source.File
}

// site returns where the function of that name, which runs in L, was called.
func (ld *loader) site(L *lua.LState, name string) site {
	s := site{name: name, trees: ld.trees, main: ld.main.Tree.File}
	for _, frame := range ld.program.State.Positions(L) {
		if p, ok := ld.program.Place(frame); ok {
			s.calls = append(s.calls, p)
		}
	}
	s.args = s.arguments()
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

// inner returns the places of the calls in modules that the whole call led to, the
// outermost of each module, innermost module first. What lies between two calls
// in one file only called back: whoever reads it sees nothing of the job.
func (s site) inner() []source.Place {
	if len(s.calls) < 2 || s.calls[0].File == s.main {
		return nil
	}
	var places []source.Place
	for _, p := range s.calls {
		if i := slices.IndexFunc(places, func(q source.Place) bool { return q.File == p.File }); i >= 0 {
			places = places[:i]
		}
		places = append(places, p)
	}
	if i := slices.IndexFunc(places, func(p source.Place) bool { return p.File == s.main }); i >= 0 {
		places = places[:i]
	}
	return places
}

// arguments returns the nodes of the arguments of the call itself. Where the
// form does not name the function, as in a macro or (pcall f …), they are what
// the form was compiled to.
func (s site) arguments() []*syntax.Node {
	if len(s.calls) == 0 {
		return nil
	}
	form, _ := s.trees.node(s.calls[0])
	if form == nil || form.Kind != syntax.List {
		return nil
	}
	forms := form.Items()
	if len(forms) > 0 && forms[0].Kind == syntax.Symbol && (forms[0].Text == s.name || strings.HasSuffix(forms[0].Text, "."+s.name)) {
		return forms[1:]
	}
	for _, c := range s.trees.callsAt(s.calls[0]) {
		switch calledName(c) {
		case s.name:
			return s.nodes(c.Args)
		case "pcall":
			return s.nodes(c.Args[1:])
		}
	}
	return nil
}

// calledName returns the last part of the name of what is called.
func calledName(c *fennel.Call) string {
	switch {
	case c.Callee.Kind != fennel.Path:
		return ""
	case len(c.Callee.Keys) > 0:
		return c.Callee.Keys[len(c.Callee.Keys)-1].Name
	case len(c.Args) > 0:
		return c.Callee.Root.Name
	}
	return ""
}

// nodes returns the nodes that values were compiled from, nil for those that a
// macro made.
func (s site) nodes(values []*fennel.Value) []*syntax.Node {
	nodes := make([]*syntax.Node, len(values))
	for i, v := range values {
		if !v.Made {
			nodes[i], _ = s.trees.node(source.Place{File: s.calls[0].File, Span: v.Span})
		}
	}
	return nodes
}

// argument returns the node of the i-th argument, from 1, of the call itself.
func (s site) argument(i int) *syntax.Node {
	if i > len(s.args) {
		return nil
	}
	return s.args[i-1]
}

// direct reports whether the call itself stands for the whole call: no helper made
// it, but ci.fnl or a module that was required.
func (s site) direct() bool {
	switch {
	case len(s.calls) == 0:
		return false
	case s.calls[0] == s.call():
		return true
	}
	form, _ := s.trees.node(s.calls[1])
	return s.calls[1].File != s.calls[0].File && form != nil && len(form.Items()) > 0 && form.Items()[0].Text == "require"
}

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
	if p, ok := s.written(id, notInputs, nil); ok {
		return p
	}
	return s.argumentPlace(1)
}

// inputs returns the places of a job's inputs.
func (s site) inputs(names []string) []source.Place {
	places := make([]source.Place, len(names))
	items := s.items()
	next := map[string]int{} // where the search for a name goes on
	taken := map[source.Place]bool{}
	for i, name := range names {
		var item *syntax.Node
		if len(items) == len(names) {
			item = items[i]
		} else if k := slices.IndexFunc(items[min(next[name], len(items)):], isLiteral(name)); k >= 0 {
			item = items[next[name]+k]
			next[name] += k + 1
		}
		places[i] = s.inputPlace(name, item, taken)
		taken[places[i]] = true
	}
	return places
}

// inputPlace returns the place of an input: the literal wherever it is
// written and is not that of an input before it, or else its entry, which may
// be nil.
func (s site) inputPlace(name string, item *syntax.Node, taken map[source.Place]bool) source.Place {
	itemIsText := item != nil && item.Kind == syntax.String
	if item != nil && (s.direct() || itemIsText) && (!itemIsText || item.Text == name) {
		return source.Place{File: s.calls[0].File, Span: item.Span}
	}
	if p, ok := s.written(name, everywhere, taken); ok {
		return p
	}
	if item != nil && !itemIsText {
		return source.Place{File: s.calls[0].File, Span: item.Span}
	}
	return s.argumentPlace(2)
}

func isLiteral(text string) func(*syntax.Node) bool {
	return func(n *syntax.Node) bool { return n != nil && n.Kind == syntax.String && n.Text == text }
}

// items returns the entries of the inputs where these are written as a
// sequence, in the call itself or as the value of a local that it names.
func (s site) items() []*syntax.Node {
	n := s.argument(2)
	if n == nil {
		return nil
	}
	if n.Kind == syntax.Sequence {
		return n.Items()
	}
	if n.Kind != syntax.Symbol {
		return nil
	}
	for _, c := range s.trees.callsAt(s.calls[0]) {
		for _, arg := range c.Args {
			if arg.Span == n.Span && arg.Kind == fennel.ArrayOf && !arg.Open {
				return s.nodes(arg.Items)
			}
		}
	}
	return nil
}

// written returns the place of the first string literal with that text in the
// calls that led here, innermost call first, that is not taken. In the call
// itself only the region is searched.
func (s site) written(text string, r region, taken map[source.Place]bool) (source.Place, bool) {
	for _, call := range s.calls {
		if form, _ := s.trees.node(call); form != nil && form.Kind == syntax.List {
			for _, n := range s.trees.literalsIn(form, r)[text] {
				if p := (source.Place{File: call.File, Span: n.Span}); !taken[p] {
					return p, true
				}
			}
		}
		r = everywhere
	}
	return source.Place{}, false
}

// key returns the places of a key and of its value in a table literal that is
// the i-th argument, or one that was given to a helper which made the call. It
// returns twice the place of the argument where there is no such literal.
func (s site) key(i int, name string) (key, value source.Place) {
	if n := s.argument(i); n != nil && s.direct() {
		if key, value, ok := field(n, name); ok {
			return at(s.calls[0].File, key), at(s.calls[0].File, value)
		}
	} else {
		for _, call := range s.calls {
			form, _ := s.trees.node(call)
			if form == nil {
				continue
			}
			for n := range form.Forms() {
				if key, value, ok := field(n, name); ok {
					return at(call.File, key), at(call.File, value)
				}
			}
		}
	}
	whole := s.argumentPlace(i)
	return whole, whole
}

func at(f *source.File, n *syntax.Node) source.Place { return source.Place{File: f, Span: n.Span} }

// field returns the key and the value of a field of a table literal.
func field(n *syntax.Node, name string) (key, value *syntax.Node, ok bool) {
	if n.Kind != syntax.Table {
		return nil, nil, false
	}
	forms := n.Items()
	for k := 0; k+1 < len(forms); k += 2 {
		key, value = forms[k], forms[k+1]
		switch {
		case key.Kind == syntax.Symbol && key.Text == ":" && value.Kind == syntax.Symbol && value.Text == name:
			return value, value, true
		case key.Kind == syntax.String && key.Text == name:
			return key, value, true
		}
	}
	return nil, nil, false
}
