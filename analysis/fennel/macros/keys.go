package macros

import (
	"cmp"
	"strconv"

	"quire/analysis/fennel/syntax"
)

// CompareKeys orders the keys of tables as the reference does where the text
// does not: numbers, booleans, strings, and then what else there is.
func CompareKeys(a, b *syntax.Node) int {
	if c := cmp.Compare(keyRank(a), keyRank(b)); c != 0 {
		return c
	}
	x, err := strconv.ParseFloat(a.Text, 64)
	y, other := strconv.ParseFloat(b.Text, 64)
	if a.Kind == syntax.Number && err == nil && other == nil {
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
