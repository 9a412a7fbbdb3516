package fennel

import (
	lua "github.com/yuin/gopher-lua"
)

// maxWatched is how many entries of tables are watched for changes.
const maxWatched = 50_000

// A watch knows what was in tables that all macros of a file share: the library,
// and what modules give. Code that changes one of them changes what the macros
// called after it expand to, though nothing of that shows in the forms that call
// them.
type watch struct {
	tables  map[*lua.LTable]watchedTable
	entries int
}

// A watchedTable is what was in a table.
type watchedTable struct {
	metatable lua.LValue
	pairs     []lua.LValue // keys and values in turn
}

// add watches a value and all tables in it.
func (w *watch) add(v lua.LValue) {
	t, ok := v.(*lua.LTable)
	if _, known := w.tables[t]; !ok || known || w.entries > maxWatched {
		return
	}
	if w.tables == nil {
		w.tables = map[*lua.LTable]watchedTable{}
	}
	seen := watchedTable{metatable: t.Metatable}
	t.ForEach(func(key, value lua.LValue) { seen.pairs = append(seen.pairs, key, value) })
	w.tables[t] = seen
	w.entries += len(seen.pairs) / 2
	w.add(t.Metatable)
	for _, inner := range seen.pairs {
		w.add(inner)
	}
}

// changed reports whether a table has other entries than it had.
func (w *watch) changed() bool {
	for t, seen := range w.tables {
		if t.Metatable != seen.metatable {
			return true
		}
		entries := 0
		t.ForEach(func(lua.LValue, lua.LValue) { entries++ })
		if entries != len(seen.pairs)/2 {
			return true
		}
		for i := 0; i < len(seen.pairs); i += 2 {
			if t.RawGet(seen.pairs[i]) != seen.pairs[i+1] {
				return true
			}
		}
	}
	return false
}

// changed reports whether code that ran changed what all macros of the file find.
func (w *macroWorld) changed() bool { return w.watch.changed() }
