package macros

import (
	"cmp"

	"quire/analysis/fennel/syntax"
)

// CompareKeys orders the keys of tables as the reference does where the text
// does not: numbers, booleans, strings, and then what else there is.
func CompareKeys(a, b *syntax.Node) int {
	if c := cmp.Compare(keyRank(a), keyRank(b)); c != 0 {
		return c
	}
	if a.Kind == syntax.Number && b.Kind == syntax.Number {
		x, _ := syntax.ParseNumber(a.Text)
		y, _ := syntax.ParseNumber(b.Text)
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a.Text, b.Text)
}

func keyRank(n *syntax.Node) int {
	switch {
	case n.Kind == syntax.Number:
		return 0
	case n.Kind == syntax.Symbol && (n.Text == "true" || n.Text == "false"):
		return 1
	case n.Kind == syntax.String:
		return 2
	}
	return 3
}
