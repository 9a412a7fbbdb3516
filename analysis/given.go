package analysis

import (
	"strings"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// What a module gives is written in its last form: a table, or the name of one that
// forms of top level store something in. A library takes it as it is written, for
// what editors ask; exports tell of which parts of it more is known for certain.

// A gift is one thing that a module gives under a name, where that is written.
type gift struct {
	name  string
	key   source.Span  // of the name, with colon or quotes
	value *syntax.Node // what gives its value
}

// lastForm returns the last form of a file that is one, or nil.
func lastForm(t *syntax.Tree) *syntax.Node {
	for i := len(t.Forms) - 1; i >= 0; i-- {
		if n := t.Forms[i]; n.Kind != syntax.Comment && n.Kind != syntax.Error {
			return n
		}
	}
	return nil
}

// tableGifts returns what a table that is written out holds under names, and
// whether that is all which it may hold under a name.
func tableGifts(t *syntax.Node) (gifts []gift, all bool) {
	items := t.Items()
	all = true
	for i := 0; i+1 < len(items); i += 2 {
		key, value := items[i], items[i+1]
		switch {
		case key.Kind == syntax.Symbol && key.Text == ":" && value.Kind == syntax.Symbol:
			gifts = append(gifts, gift{value.Text, value.Span, value})
		case key.Kind == syntax.String:
			gifts = append(gifts, gift{key.Text, key.Span, value})
		case key.Kind != syntax.Number:
			all = false
		}
	}
	return gifts, all
}

// storedGift returns what a form stores in the table of a name, if it says under
// which name, and nothing else.
func storedGift(form *syntax.Node, table string) (gift, bool) {
	items := form.Items()
	if form.Kind != syntax.List || len(items) < 3 || items[1].Kind != syntax.Symbol {
		return gift{}, false
	}
	target := items[1]
	member, isMember := strings.CutPrefix(target.Text, table+".")
	isMember = isMember && member != "" && !strings.ContainsFunc(member, isSeparator)
	g := gift{member, source.Span{Start: target.Span.Start + len(table) + 1, End: target.Span.End}, form}
	switch head(form) {
	case "fn", "lambda", "λ":
		return g, isMember
	case "set":
		g.value = items[2]
		return g, isMember && len(items) == 3
	case "tset":
		return gift{items[2].Text, items[2].Span, items[len(items)-1]},
			target.Text == table && len(items) == 4 && items[2].Kind == syntax.String
	}
	return gift{}, false
}
