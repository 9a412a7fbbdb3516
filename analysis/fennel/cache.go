package fennel

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A Cache holds compiled units between versions of one file. It may be used
// by several goroutines; the zero Cache is empty and ready.
type Cache struct{ c cache }

type cache struct {
	mu    sync.Mutex
	tree  *syntax.Tree // of the version that was read last
	made  int          // units compiled so far, for their names
	spent int          // where the places of the next unit begin
	shelf
}

// Read reads a version of the file for the cost of what changed since the one
// that was read last with the cache. A nil cache keeps nothing.
func (c *Cache) Read(f *source.File) *syntax.Tree {
	if c == nil {
		return syntax.Read(f)
	}
	c.c.mu.Lock()
	old := c.c.tree
	c.c.mu.Unlock()
	t := syntax.Reread(old, f)
	c.c.mu.Lock()
	c.c.tree = t
	c.c.mu.Unlock()
	return t
}

// A shelf holds units by what they depend on. It is never changed once it is in
// a cache.
type shelf struct {
	units map[unitKey][]batch
	count int  // of the units
	lined bool // some units hold the numbers of lines
}

// A unitKey is what a unit depends on beside what it asked.
type unitKey struct {
	text string
	last bool // the form whose values are the module's
	line int  // on which the form begins, if the unit holds numbers of lines, else 0
}

// A batch is units that are the same but for their places: forms with the same
// text that asked the same and were told the same.
type batch []*unit

// A draw takes units from a cache for one version of a file. A unit is handed
// out once, since its name must identify a place.
type draw struct {
	cache *Cache
	shelf
	taken map[*unit]int // how many of a batch, by its first
	drawn int           // units taken
	fresh []freshUnit
}

// A freshUnit is one that this version made.
type freshUnit struct {
	key  unitKey
	unit *unit
}

// draw starts to take units.
func (c *Cache) draw() *draw {
	c.c.mu.Lock()
	defer c.c.mu.Unlock()
	return &draw{cache: c, shelf: c.c.shelf, taken: make(map[*unit]int, len(c.c.units))}
}

// find returns a unit for the key that fits the surroundings and the line on
// which the form begins, or nil.
func (d *draw) find(key unitKey, around *surroundings, line func() int) *unit {
	if u := d.take(key, around); u != nil || !d.lined {
		return u
	}
	key.line = line()
	return d.take(key, around)
}

func (d *draw) take(key unitKey, around *surroundings) *unit {
	for _, b := range d.units[key] {
		if n := d.taken[b[0]]; n < len(b) && around.admits(b[0]) {
			d.taken[b[0]]++
			d.drawn++
			return b[n]
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

// identity returns what identifies a unit of a file that is about to be compiled.
func (d *draw) identity(file *source.File) identity {
	c := &d.cache.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	id := identity{name: "\x00" + file.Name() + "\x00" + strconv.Itoa(c.made), margin: len(file.Text())}
	id.base = c.spent + id.margin
	c.spent = id.base + id.margin + 1
	return id
}

// add keeps a unit that was compiled.
func (d *draw) add(key unitKey, u *unit) {
	if u.volatile {
		return
	}
	if !d.first() {
		key.text = strings.Clone(key.text)
	}
	key.line = u.line
	d.fresh = append(d.fresh, freshUnit{key, u})
}

// done puts what was drawn back. Units that this version does not have stay
// for a while, since edits are undone, until they are as many as the others.
func (d *draw) done() {
	crowded := d.count >= 2*(d.drawn+len(d.fresh))+64
	if len(d.fresh) == 0 && !crowded {
		return
	}
	var made shelf
	for _, f := range d.fresh {
		made.add(f.key, batch{f.unit})
	}
	made.clip()
	next := made
	if !d.first() {
		if next = (shelf{maps.Clone(d.units), d.count, d.lined}); crowded {
			next = d.takenUnits()
		}
		for key, batches := range made.units {
			for _, b := range batches {
				next.add(key, b)
			}
		}
	}
	d.cache.c.mu.Lock()
	defer d.cache.c.mu.Unlock()
	d.cache.c.shelf = next
}

// add puts units on a shelf that is in no cache yet.
func (s *shelf) add(key unitKey, b batch) {
	if s.units == nil {
		s.units = map[unitKey][]batch{}
	}
	s.count += len(b)
	s.lined = s.lined || key.line != 0
	batches := s.units[key]
	for i, same := range batches {
		if same[0].sameAs(b[0]) {
			s.units[key] = slices.Concat(batches[:i], []batch{append(same, b...)}, batches[i+1:])
			return
		}
	}
	s.units[key] = slices.Concat([]batch{b}, batches)
}

// clip sees to it that nothing is added to the batches in place, since shelves
// that are made of this one share them.
func (s *shelf) clip() {
	for _, batches := range s.units {
		for i := range batches {
			batches[i] = slices.Clip(batches[i])
		}
	}
}

// takenUnits returns a shelf with the units that were taken.
func (d *draw) takenUnits() shelf {
	out := shelf{units: make(map[unitKey][]batch, len(d.taken))}
	for key, batches := range d.units {
		var kept []batch
		for _, b := range batches {
			if n := d.taken[b[0]]; n > 0 {
				kept = append(kept, b[:n:n])
				out.count += n
			}
		}
		if kept != nil {
			out.units[key] = kept
			out.lined = out.lined || key.line != 0
		}
	}
	return out
}

// sameAs reports whether two units of the same text were told the same by their
// surroundings, so that either does for the other.
func (u *unit) sameAs(v *unit) bool {
	return slices.Equal(u.asks, v.asks) && slices.Equal(u.unknown, v.unknown) && u.lookedAt == v.lookedAt &&
		slices.Equal(u.uses, v.uses)
}
