package fennel

import (
	"strconv"
	"strings"
	"sync"

	"quire/analysis/fennel/syntax"
)

// A Cache holds compiled units between versions of one file. It may be used
// by several goroutines; the zero Cache is empty and ready.
type Cache struct{ c cache }

type cache struct {
	mu    sync.Mutex
	made  int // units compiled so far, for their names
	units map[unitKey][]*unit
}

// A unitKey is what a unit depends on beside what it asked.
type unitKey struct {
	text string
	last bool // the form whose values are the module's
}

// A draw takes units from a cache for one version of a file. A unit is handed
// out once, since its name must identify a place.
type draw struct {
	cache *Cache
	units map[unitKey][]*unit
	taken map[*unit]bool
	fresh []freshUnit
}

// A freshUnit is one that this version made.
type freshUnit struct {
	key  unitKey
	unit *unit
}

// draw starts to take units. The map is never changed once it is in a cache.
func (c *Cache) draw() *draw {
	c.c.mu.Lock()
	defer c.c.mu.Unlock()
	return &draw{cache: c, units: c.c.units, taken: map[*unit]bool{}}
}

// find returns a unit for the key that fits the surroundings and the line on
// which the form begins, or nil.
func (d *draw) find(key unitKey, around *surroundings, line func() int) *unit {
	for _, u := range d.units[key] {
		if !d.taken[u] && (u.line == 0 || u.line == line()) && around.admits(u) {
			d.taken[u] = true
			return u
		}
	}
	return nil
}

// own returns a form to compile for the cache, with texts of its own: those of
// the reader are parts of the file's text, which a unit that outlives this
// version would keep. The units of the first version share theirs.
func (d *draw) own(n *syntax.Node) *syntax.Node {
	if d.first() {
		return n
	}
	out := *n
	out.Text = strings.Clone(n.Text)
	out.Children = make([]*syntax.Node, len(n.Children))
	for i, child := range n.Children {
		out.Children[i] = d.own(child)
	}
	return &out
}

// first reports whether the cache knows no earlier version.
func (d *draw) first() bool { return len(d.units) == 0 }

// name returns the name for a unit that is about to be compiled.
func (d *draw) name(file string) string {
	d.cache.c.mu.Lock()
	defer d.cache.c.mu.Unlock()
	d.cache.c.made++
	return "\x00" + file + "\x00" + strconv.Itoa(d.cache.c.made)
}

// add keeps a unit that was compiled.
func (d *draw) add(key unitKey, u *unit) {
	if u.volatile {
		return
	}
	if !d.first() {
		key.text = strings.Clone(key.text)
	}
	d.fresh = append(d.fresh, freshUnit{key, u})
}

// done puts what was drawn back. Units that this version does not have stay
// for a while, since edits are undone, until they are as many as the others.
func (d *draw) done() {
	if len(d.fresh) == 0 && len(d.units) < 2*len(d.taken)+64 {
		return
	}
	next := make(map[unitKey][]*unit, len(d.units)+len(d.fresh))
	made := make([]*unit, len(d.fresh))
	for i, f := range d.fresh {
		made[i] = f.unit
		if us := next[f.key]; us != nil {
			next[f.key] = append(us, f.unit)
		} else {
			next[f.key] = made[i : i+1 : i+1]
		}
	}
	older := d.units
	if len(d.units) >= 2*(len(d.taken)+len(d.fresh))+64 {
		older = d.takenUnits()
	}
	for key, us := range older {
		if made := next[key]; made != nil {
			us = append(made, us...)
		}
		next[key] = us
	}
	d.cache.c.mu.Lock()
	defer d.cache.c.mu.Unlock()
	d.cache.c.units = next
}

func (d *draw) takenUnits() map[unitKey][]*unit {
	units := make(map[unitKey][]*unit, len(d.taken))
	for key, us := range d.units {
		var kept []*unit
		for _, u := range us {
			if d.taken[u] {
				kept = append(kept, u)
			}
		}
		if kept != nil {
			units[key] = kept
		}
	}
	return units
}
