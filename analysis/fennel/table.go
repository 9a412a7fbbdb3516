package fennel

import (
	"math"
	"slices"
	"strconv"

	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/macros"
	"quire/analysis/fennel/syntax"
)

// sequence compiles [ … ].
func (c *compiler) sequence(n *syntax.Node, s *scope, b *block) expr {
	if slices.ContainsFunc(n.Children, (*syntax.Node).IsHole) {
		return c.table(numbered(n), s, b)
	}
	fact := c.value(ArrayOf, n)
	fields := c.positional(forms(n), s, b, fact, 0)
	return expr{lua: c.tableExpr(n, fields), kind: plain, fact: fact}
}

// numbered returns the table that a sequence is in which items are missing.
func numbered(n *syntax.Node) *syntax.Node {
	t := &syntax.Node{Kind: syntax.Table, Span: n.Span}
	for i, item := range forms(n) {
		if !item.IsHole() {
			key := &syntax.Node{Kind: syntax.Number, Span: item.Span, Text: decimal(i + 1)}
			t.Children = append(t.Children, key, item)
		}
	}
	return t
}

// positional compiles the items of a table constructor, which has more fields
// behind them.
func (c *compiler) positional(items []*syntax.Node, s *scope, b *block, fact *Value, more int) []*ast.Field {
	xs := c.spread(items, s, b)
	fields := c.work.fieldLists.Take(len(xs) + more)[:0]
	fact.Items = c.lists.Take(len(xs))
	for i, x := range xs {
		fields = append(fields, c.work.fields.New(ast.Field{Value: x.lua}))
		fact.Items[i] = c.known(x, items[min(i, len(items)-1)])
		fact.Open = x.kind == call || x.kind == vararg
	}
	return fields
}

// A tableEntry is a key of a table literal and its value.
type tableEntry struct{ key, value *syntax.Node }

// table compiles { … }. The keys 1, 2, … make a sequence, which comes first.
func (c *compiler) table(n *syntax.Node, s *scope, b *block) expr {
	fact := c.value(TableOf, n)
	entries := c.entries(n)
	items, rest := splitSequence(entries)
	fields := c.positional(items, s, b, fact, len(rest))
	fact.Open = fact.Open && len(rest) == 0
	fact.Fields = c.pairs.Take(len(rest))
	for i, e := range rest {
		v := c.one(e.value, s, b)
		key := c.one(e.key, s, b)
		fields = append(fields, c.work.fields.New(ast.Field{Key: key.lua, Value: v.lua}))
		fact.Fields[i] = Field{c.known(key, e.key), c.known(v, e.value)}
	}
	return expr{lua: c.tableExpr(n, fields), kind: plain, fact: fact}
}

// entries returns the pairs of a table literal: each constant key once, where
// it comes first, with the value that it has last.
func (c *compiler) entries(n *syntax.Node) []tableEntry {
	return entriesIn(c.work.entries.Take(len(n.Children)/2), n)
}

// tableEntries is entries for those who have no compiler.
func tableEntries(n *syntax.Node) []tableEntry {
	return entriesIn(make([]tableEntry, len(n.Children)/2), n)
}

func entriesIn(memory []tableEntry, n *syntax.Node) []tableEntry {
	items := forms(n)
	set := keySet{entries: memory[:0]}
	for i := 0; i+1 < len(items); i += 2 {
		e := tableEntry{items[i], items[i+1]}
		switch {
		case isShorthand(e):
			key := *e.value
			key.Kind = syntax.String
			e.key = &key
		case e.key.Kind == syntax.Number:
			e.key = plainNumber(e.key)
		}
		set.add(e)
	}
	return falseLast(set.entries)
}

// falseLast puts the entries with the value false behind the others, where the
// reference comes upon them.
func falseLast(entries []tableEntry) []tableEntry {
	isFalse := func(e tableEntry) bool { return isNamed(e.value, "false") }
	if !slices.ContainsFunc(entries, isFalse) {
		return entries
	}
	slices.SortStableFunc(entries, func(a, b tableEntry) int {
		switch x, y := isFalse(a), isFalse(b); {
		case x && y:
			return macros.CompareKeys(a.key, b.key)
		case x:
			return 1
		case y:
			return -1
		}
		return 0
	})
	return entries
}

// plainNumber returns a number as it is usually written, so that the same key
// is found to be the same.
func plainNumber(n *syntax.Node) *syntax.Node {
	v, ok := syntax.ParseNumber(n.Text)
	text := numberText(v + 0) // no sign on zero
	if !ok || text == n.Text || math.IsNaN(v) {
		return n
	}
	plain := *n
	plain.Text = text
	return &plain
}

// isShorthand reports whether an entry is written {: name}.
func isShorthand(e tableEntry) bool {
	if !isNamed(e.key, ":") || e.value.Kind != syntax.Symbol {
		return false
	}
	switch e.value.Text {
	case "true", "false", "...":
		return false
	}
	return true
}

// A keySet remembers which constant keys a table literal has, and where.
type keySet struct {
	entries []tableEntry
	places  map[tableKey]int // nil while the entries are few enough to look at
}

// A tableKey is a constant key: a string, a number or a boolean.
type tableKey struct {
	kind syntax.Kind
	text string
}

const fewEntries = 8

// add appends an entry, or replaces the value of the one with the same key. As in
// the reference, of entries in a row whose keys are the same name the first counts.
func (k *keySet) add(e tableEntry) {
	if n := len(k.entries); n > 0 && isBindable(e.key) && isNamed(k.entries[n-1].key, e.key.Text) {
		return
	}
	constant := isAtom(e.key) && !isNamed(e.key, "nil")
	if i, ok := k.find(e.key); ok && constant {
		k.entries[i].value = e.value
		return
	}
	k.entries = append(k.entries, e)
	if k.places != nil && constant {
		k.places[tableKey{e.key.Kind, e.key.Text}] = len(k.entries) - 1
	}
}

func (k *keySet) find(key *syntax.Node) (int, bool) {
	if k.places == nil && len(k.entries) < fewEntries {
		for i, e := range k.entries {
			if e.key.Kind == key.Kind && e.key.Text == key.Text {
				return i, true
			}
		}
		return 0, false
	}
	if k.places == nil {
		k.places = map[tableKey]int{}
		for i, e := range k.entries {
			k.places[tableKey{e.key.Kind, e.key.Text}] = i
		}
	}
	i, ok := k.places[tableKey{key.Kind, key.Text}]
	return i, ok
}

// splitSequence takes the values of the keys 1, 2, … from the entries.
func splitSequence(entries []tableEntry) (items []*syntax.Node, rest []tableEntry) {
	at := map[string]int(nil)
	for i, e := range entries {
		if e.key.Kind == syntax.Number {
			if at == nil {
				at = map[string]int{}
			}
			at[e.key.Text] = i
		}
	}
	if at == nil {
		return nil, entries
	}
	positional := map[int]bool{}
	for i := 1; ; i++ {
		j, ok := at[strconv.Itoa(i)]
		if !ok {
			break
		}
		items = append(items, entries[j].value)
		positional[j] = true
	}
	for i, e := range entries {
		if !positional[i] {
			rest = append(rest, e)
		}
	}
	return items, rest
}

// isKeyed reports whether a node is a table literal with keys but 1, 2, ….
func isKeyed(n *syntax.Node) bool {
	if n.Kind != syntax.Table {
		return false
	}
	_, rest := splitSequence(tableEntries(n))
	return len(rest) > 0
}

func isNamed(n *syntax.Node, name string) bool { return n.Kind == syntax.Symbol && n.Text == name }
