package analysis

import (
	"slices"
	"strings"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
)

// A store is one place in the text that stores something under a key of a table.
type store struct {
	key string // or anyKey
	// into names the table, where a plain name stands for it.
	into string
}

// appendCollected adds what a binding such as [k v (pairs t) &into u] stores.
func appendCollected(all []store, n *syntax.Node) []store {
	items := n.Items()
	for i := 0; i+1 < len(items); i++ {
		if items[i].Text != "into" && items[i].Text != "&into" {
			continue
		}
		switch items[i+1].Kind {
		case syntax.Table, syntax.Sequence:
		default:
			all = append(all, store{anyKey, plainName(items[i+1])})
		}
	}
	return all
}

// appendStored adds what a form stores that begins with the name of one which may
// store something.
func appendStored(all []store, name string, items []*syntax.Node) []store {
	switch {
	case name == "lua":
		return append(all, store{key: anyKey})
	case len(items) < 2:
		return all
	case name != "tset":
		return appendTarget(all, items[1])
	}
	// Of a form such as (doto t (tset :key value)) the table stands elsewhere.
	key := items[max(len(items)-2, 1)]
	if key.Kind == syntax.String {
		return append(all, store{key: strings.Clone(key.Text)})
	}
	into := ""
	if len(items) == 4 {
		into = plainName(items[1])
	}
	return append(all, store{anyKey, into})
}

// appendTarget adds what setting a target stores.
func appendTarget(all []store, target *syntax.Node) []store {
	switch {
	case target.Kind == syntax.Symbol:
		if i := strings.LastIndexFunc(target.Text, isSeparator); i > 0 {
			all = append(all, store{key: strings.Clone(target.Text[i+1:])})
		}
	case head(target) == ".":
		items := target.Items()
		if key := items[len(items)-1]; key.Kind == syntax.String {
			return append(all, store{key: strings.Clone(key.Text)})
		}
		into := ""
		if len(items) == 3 {
			into = plainName(items[1])
		}
		all = append(all, store{anyKey, into})
	default:
		for x := range target.Forms() {
			all = appendTarget(all, x)
		}
	}
	return all
}

// plainName returns the name that a node is, or nothing.
func plainName(n *syntax.Node) string {
	if n.Kind != syntax.Symbol || strings.ContainsFunc(n.Text, isSeparator) {
		return ""
	}
	return strings.Clone(n.Text)
}

// storesAnywhere reports whether the unit may store something under any key of a
// table that is not one of its own.
func (u *unit) storesAnywhere() bool {
	return slices.ContainsFunc(u.digests, func(d *digest) bool {
		return slices.ContainsFunc(d.stores, func(s store) bool {
			return s.key == anyKey && !u.isOwnTable(s.into)
		})
	})
}

// isOwnTable reports whether a name stands only for tables that the unit makes.
func (u *unit) isOwnTable(name string) bool {
	found := false
	for s := range u.symbols() {
		if s.Name != name {
			continue
		}
		if s.Value == nil || s.Value.Kind != fennel.TableOf && s.Value.Kind != fennel.ArrayOf {
			return false
		}
		found = true
	}
	return found
}
