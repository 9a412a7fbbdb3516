package macros

import (
	"slices"
	"strconv"
	"strings"

	"quire/analysis/fennel/syntax"
)

// An expansion is one call of a macro on its way to what stands for it. Its
// methods make nodes: wherever they take a string, it means the symbol of that
// name, and a slice of nodes stands for all of them.
type expansion struct {
	x    Expander
	call *syntax.Node
	args []*syntax.Node // the forms behind the macro's name
}

// arg returns an argument, counted from 0, or nil when there are not so many.
func (e *expansion) arg(i int) *syntax.Node {
	if i < len(e.args) {
		return e.args[i]
	}
	return nil
}

// rest returns the arguments from i on.
func (e *expansion) rest(i int) []*syntax.Node {
	return e.args[min(i, len(e.args)):]
}

// require fails at the call when the condition does not hold.
func (e *expansion) require(ok bool, message string) {
	if !ok {
		e.x.Fail(e.call, "%s", message)
	}
}

func (e *expansion) gensym(base string) *syntax.Node { return e.sym(e.x.Gensym(base)) }

func (e *expansion) sym(name string) *syntax.Node {
	return &syntax.Node{Kind: syntax.Symbol, Span: e.call.Span, Text: name}
}

func (e *expansion) str(text string) *syntax.Node {
	return &syntax.Node{Kind: syntax.String, Span: e.call.Span, Text: text}
}

func (e *expansion) num(n int) *syntax.Node {
	return &syntax.Node{Kind: syntax.Number, Span: e.call.Span, Text: strconv.Itoa(n)}
}

func (e *expansion) list(items ...any) *syntax.Node { return e.bracketed(syntax.List, items) }

func (e *expansion) seq(items ...any) *syntax.Node { return e.bracketed(syntax.Sequence, items) }

func (e *expansion) table(items ...any) *syntax.Node { return e.bracketed(syntax.Table, items) }

// bindings returns the bindings of a let. Without any they are the empty
// table, which is how the reference prints them.
func (e *expansion) bindings(items []*syntax.Node) *syntax.Node {
	if len(items) == 0 {
		return e.table()
	}
	return e.seq(items)
}

func (e *expansion) bracketed(kind syntax.Kind, items []any) *syntax.Node {
	n := &syntax.Node{Kind: kind, Span: e.call.Span, Children: make([]*syntax.Node, 0, len(items))}
	for _, item := range items {
		switch item := item.(type) {
		case string:
			n.Children = append(n.Children, e.sym(item))
		case *syntax.Node:
			n.Children = append(n.Children, item)
		case []*syntax.Node:
			n.Children = append(n.Children, item...)
		}
	}
	return n
}

// or returns the node, or the symbol nil where there is none.
func (e *expansion) or(n *syntax.Node) *syntax.Node {
	if n == nil {
		return e.sym("nil")
	}
	return n
}

// insert returns the call that a threading macro makes of a step: the list
// with a value put before item i, or behind the last when i is negative. What
// is no list is called.
func (e *expansion) insert(step *syntax.Node, i int, value *syntax.Node) *syntax.Node {
	items := []*syntax.Node{step}
	if isList(step) {
		items = e.items(step)
	}
	switch {
	case i < 0:
		i = len(items)
	case len(items) == 0:
		return e.list("nil", value)
	}
	return e.list(slices.Insert(slices.Clone(items), i, value))
}

// items returns the forms of a list; a prefixed form counts as the list that
// it stands for.
func (e *expansion) items(n *syntax.Node) []*syntax.Node {
	if n.Kind == syntax.Prefix {
		n = n.Unprefixed()
	}
	return forms(n)
}

// forms returns the forms in a node, which must not be changed.
func forms(n *syntax.Node) []*syntax.Node { return n.Items() }

// A pair is a key and its value in a table literal.
type pair struct{ key, value *syntax.Node }

// positions returns what stands in a list or a table under the numbers 1, 2, ….
func (e *expansion) positions(n *syntax.Node) []*syntax.Node {
	items := e.items(n)
	if n.Kind == syntax.Table {
		items = numbered(e.pairs(n))
	}
	if hole := slices.IndexFunc(items, (*syntax.Node).IsHole); hole >= 0 {
		items = items[:hole]
	}
	return items
}

// numbered returns the values of the keys 1, 2, ….
func numbered(ps []pair) []*syntax.Node {
	at := map[float64]*syntax.Node{}
	for _, p := range ps {
		if v, ok := syntax.ParseNumber(p.key.Text); ok && p.key.Kind == syntax.Number {
			at[v] = p.value
		}
	}
	var items []*syntax.Node
	for item := at[1]; item != nil; item = at[float64(len(items)+1)] {
		items = append(items, item)
	}
	return items
}

// pairs returns what a table literal, a sequence or a list holds, each key once, at the
// place where it comes first and with the value that it has last. Of pairs in a row
// whose keys are the same name there is the first.
func (e *expansion) pairs(n *syntax.Node) []pair {
	var ps []pair
	items := e.items(n)
	if n.Kind != syntax.Table {
		for i, item := range items {
			if !item.IsHole() {
				ps = append(ps, pair{e.num(i + 1), item})
			}
		}
		return ps
	}
	for i := 0; i+1 < len(items); i += 2 {
		key, value := items[i], items[i+1]
		if key.Kind == syntax.Symbol && key.Text == ":" && isSym(value) {
			key = &syntax.Node{Kind: syntax.String, Span: value.Span, Text: value.Text}
		}
		if len(ps) > 0 && isSym(key) && isNamed(ps[len(ps)-1].key, key.Text) {
			continue
		}
		same := func(p pair) bool {
			return p.key.Kind == key.Kind && p.key.Text == key.Text && isConstant(key)
		}
		if j := slices.IndexFunc(ps, same); j >= 0 {
			ps[j].value = value
			continue
		}
		ps = append(ps, pair{key, value})
	}
	return falseLast(ps)
}

// falseLast puts the pairs with the value false behind the others, where the
// reference comes upon them.
func falseLast(ps []pair) []pair {
	isFalse := func(p pair) bool { return p.value.Kind == syntax.Symbol && p.value.Text == "false" }
	if !slices.ContainsFunc(ps, isFalse) {
		return ps
	}
	slices.SortStableFunc(ps, func(a, b pair) int {
		switch x, y := isFalse(a), isFalse(b); {
		case x && y:
			return CompareKeys(a.key, b.key)
		case x:
			return 1
		case y:
			return -1
		}
		return 0
	})
	return ps
}

// isSym reports whether a node is what Fennel's sym? accepts: a symbol, nil
// among them, but no boolean and not "...".
func isSym(n *syntax.Node) bool {
	return n != nil && n.Kind == syntax.Symbol && n.Text != "true" && n.Text != "false" && n.Text != "..."
}

// isConstant reports whether a node is a string, a number or a boolean.
func isConstant(n *syntax.Node) bool {
	return n.Kind == syntax.String || n.Kind == syntax.Number || n.Kind == syntax.Symbol && (n.Text == "true" || n.Text == "false")
}

func isVararg(n *syntax.Node) bool {
	return n != nil && n.Kind == syntax.Symbol && n.Text == "..."
}

// isNamed reports whether a node is the symbol of that name.
func isNamed(n *syntax.Node, name string) bool { return isSym(n) && n.Text == name }

func isList(n *syntax.Node) bool {
	return n != nil && (n.Kind == syntax.List || n.Kind == syntax.Prefix)
}

func isSequence(n *syntax.Node) bool { return n != nil && n.Kind == syntax.Sequence && !n.Raw }

func isTable(n *syntax.Node) bool {
	return n != nil && (n.Kind == syntax.Table || n.Kind == syntax.Sequence)
}

// isTrue reports whether a macro that was given the node sees something that
// is neither nil nor false.
func isTrue(n *syntax.Node) bool {
	return n != nil && !(n.Kind == syntax.Symbol && n.Text == "false")
}

// isIdempotent reports whether evaluating the form again costs nothing and
// gives the same.
func isIdempotent(n *syntax.Node) bool {
	switch n.Kind {
	case syntax.String, syntax.Number:
		return true
	case syntax.Symbol:
		return n.Text != "..." && root(n.Text) == ""
	}
	return false
}

// root returns the first part of the name of a multi-symbol, such as a of
// a.b:c, and "" for other names.
func root(name string) string {
	i := strings.IndexAny(name, ".:")
	if i <= 0 || strings.Contains(name, "..") || strings.HasSuffix(name, ".") || strings.HasSuffix(name, ":") {
		return ""
	}
	return name[:i]
}
