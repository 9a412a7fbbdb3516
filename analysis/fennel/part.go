package fennel

import (
	"math"
	"slices"
	"sort"
	"sync"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A Part is what is known of the code of one top-level form. As long as the
// form stays the same and what it names means the same, all versions of a file
// that are compiled with one [Cache] have the same *Part, so that what is found
// out from it alone need be found out once. It is immutable.
//
// The places in a part stay when the form moves: they count from a start that
// no other form has, so that each tells which form it is in. [Module.Locate]
// says where that is in the file.
type Part struct {
	// Facts are those of the form. Of a symbol, Uses, Written and UsedByMacro
	// tell what the form does with it; [Module.Beyond] knows what others do.
	Facts

	base      int
	low, high int       // all places in the part begin at or behind low and before high
	outside   []meant   // what the names that the form asked about are
	exports   []*Symbol // by the number of the export; nil where it has no entry
	macros    []*Symbol // those that the forms behind it see
	noted     noted
}

// A meant is what another form means by a name.
type meant struct {
	symbol *Symbol
	// written reports that code changes the table that the name stands for.
	written bool
}

// A Beyond is what the forms behind the one that defines a symbol do with it.
type Beyond struct {
	Uses        []source.Span // in the order of the forms
	Written     bool
	UsedByMacro bool
}

// noted is what users of the package keep with a part.
type noted struct {
	once sync.Once
	note any
}

// Note returns what compute finds out from the part alone. It is computed when
// it is first asked for; there is one note for a part.
func (p *Part) Note(compute func() any) any {
	p.noted.once.Do(func() { p.noted.note = compute() })
	return p.noted.note
}

// fileEnd is where a scope in a part ends that ends where the file does.
const fileEnd = math.MaxInt

// joined is the parts of a module and how they hang together.
type joined struct {
	parts  []*Part // by the number of the unit
	beyond map[*Symbol]*Beyond
	places map[*Symbol]unitSymbol // of what forms define for those behind them
	named  [][]named              // by the number of the unit: the names of others that it uses
	// starts are the units by where the places in their parts begin.
	starts func() []start
}

// A named is a name of another form where it is used.
type named struct {
	symbol *Symbol // as its part has it
	at     source.Span
}

// A unitSymbol is the place of a symbol among those of the units.
type unitSymbol struct {
	unit   int
	symbol *Symbol // as the unit knows it
}

// A start says where the places in the part of a unit begin.
type start struct{ base, unit int }

// Parts returns what is known of the forms of the module, in their order.
func (m *Module) Parts() []*Part { return m.joined().parts }

// Beyond returns what the forms behind the one that defines a symbol of a part
// do with it.
func (m *Module) Beyond(s *Symbol) Beyond {
	if b := m.joined().beyond[s]; b != nil {
		return *b
	}
	return Beyond{}
}

// Locate returns where a place in a part is in the file.
func (m *Module) Locate(at source.Span) source.Span {
	u := m.unitOf(at)
	if u < 0 {
		return at
	}
	out := at.Shift(m.links[u].offset - m.joined().parts[u].base)
	if at.End == fileEnd {
		out.End = len(m.Tree.File.Text())
	}
	return out
}

// PartAt returns the part of the form around a place in the file and the place
// as the part has it, or nil.
func (m *Module) PartAt(at source.Span) (*Part, source.Span) {
	i := m.unitAt(at.Start)
	if i < 0 {
		return nil, source.Span{}
	}
	p := m.joined().parts[i]
	return p, at.Shift(p.base - m.links[i].offset)
}

// Facts returns those of the form of a part, by its index among the parts, with
// places in the file. They are the same values whenever they are asked for.
func (m *Module) Facts(part int) *Facts { return &m.placer.unit(part).Facts }

// PartIndex returns the index of the last part whose form begins at or before an
// offset of the file, or -1.
func (m *Module) PartIndex(offset int) int { return m.unitAt(offset) }

// Start returns where the form of a part begins in the file.
func (m *Module) Start(part int) int { return m.links[part].offset }

// Holds reports whether a place is one in the part.
func (p *Part) Holds(at source.Span) bool { return p.low <= at.Start && at.Start < p.high }

// unitAt returns the number of the last unit that starts at or before an
// offset, or -1.
func (m *Module) unitAt(offset int) int {
	return sort.Search(len(m.links), func(i int) bool { return m.links[i].offset > offset }) - 1
}

// A joiner finds out what the units of a module mean by the names of others.
type joiner struct {
	m *Module
	joined
	top     map[string]*Symbol // the last top-level local of each name so far
	macros  map[string]*Symbol
	written map[*Symbol]bool // whose tables change
	copier
}

func (m *Module) join() *joined {
	j := &joiner{
		m:       m,
		joined:  joined{parts: make([]*Part, len(m.units)), named: make([][]named, len(m.units)), beyond: map[*Symbol]*Beyond{}, places: map[*Symbol]unitSymbol{}},
		top:     map[string]*Symbol{},
		macros:  map[string]*Symbol{},
		written: map[*Symbol]bool{},
	}
	for i, u := range m.units {
		for _, name := range u.written {
			if s := j.top[name]; s != nil {
				j.written[s] = true
			}
		}
		p := u.part.Load()
		if p == nil || !j.fits(u, p) {
			p = j.part(u)
			u.part.Store(p)
		}
		j.parts[i] = p
		j.references(i, u)
		j.define(i)
	}
	j.starts = sync.OnceValue(m.starts)
	return &j.joined
}

// starts returns where the places in the parts of the module begin.
func (m *Module) starts() []start {
	starts := make([]start, len(m.units))
	for i, u := range m.units {
		starts[i] = start{u.base - u.margin, i}
	}
	slices.SortFunc(starts, func(a, b start) int { return a.base - b.base })
	return starts
}

// meant returns what a name means to the unit that comes next.
func (j *joiner) meant(name string) meant {
	s := j.top[name]
	return meant{s, j.written[s]}
}

// fits reports whether the names that a unit asked about mean what they meant
// when the part was made.
func (j *joiner) fits(u *unit, p *Part) bool {
	k := 0
	for i := range u.asks {
		if u.asks[i].class == nothing {
			continue
		}
		if p.outside[k] != j.meant(u.asks[i].name) {
			return false
		}
		k++
	}
	return true
}

// part makes the part of a unit.
func (j *joiner) part(u *unit) *Part {
	p := &Part{base: u.base, low: u.base - u.margin, high: u.base + u.margin + 1}
	clear(j.names)
	for _, a := range u.asks {
		if a.class != nothing {
			is := j.meant(a.name)
			p.outside = append(p.outside, is)
			j.know(a.name, is)
		}
	}
	first := false
	u.joined.Do(func() {
		first = true
		p.Facts = j.fill(u)
	})
	if !first {
		p.Facts = j.copy(u, 0, fileEnd)
	}
	p.exports = make([]*Symbol, len(u.exports))
	for i, e := range u.exports {
		p.exports[i] = j.copyOf(e.symbol.number).symbol
	}
	for _, s := range u.symbols {
		if s.isOpenMacro() {
			p.macros = append(p.macros, j.copyOf(s.number).symbol)
		}
	}
	return p
}

// isOpenMacro reports whether a symbol of a unit is a macro that the forms
// behind it see.
func (s *Symbol) isOpenMacro() bool { return s.Kind == Macro && s.Scope.End == fileEnd }

// references adds the uses of names of other units.
func (j *joiner) references(i int, u *unit) {
	if len(u.outside) > 0 {
		j.named[i] = make([]named, 0, len(u.outside))
	}
	for _, r := range u.outside {
		s := j.top[r.name]
		if r.macro {
			s = j.macros[r.name]
		}
		if s == nil {
			continue
		}
		b := j.beyond[s]
		if b == nil {
			b = &Beyond{}
			j.beyond[s] = b
		}
		if r.made {
			b.UsedByMacro = true
		} else {
			b.Uses = append(b.Uses, r.span)
			j.named[i] = append(j.named[i], named{s, r.span})
		}
		b.Written = b.Written || r.write
	}
}

// define shows the names of a unit to those behind it.
func (j *joiner) define(i int) {
	u, p := j.m.units[i], j.parts[i]
	for k, e := range u.exports {
		delete(j.top, e.name)
		if s := p.exports[k]; s != nil {
			j.top[e.name] = s
			j.places[s] = unitSymbol{i, e.symbol}
		}
	}
	k := 0
	for _, s := range u.symbols {
		if s.isOpenMacro() {
			j.macros[s.Name] = p.macros[k]
			j.places[p.macros[k]] = unitSymbol{i, s}
			k++
		}
	}
}

// PartOf returns the part that a place of one is in, or nil.
func (m *Module) PartOf(at source.Span) *Part {
	if i := m.unitOf(at); i >= 0 {
		return m.joined().parts[i]
	}
	return nil
}

// unitOf returns the number of the unit whose part a place is in, or -1.
func (m *Module) unitOf(at source.Span) int {
	starts := m.joined().starts()
	i := sort.Search(len(starts), func(i int) bool { return starts[i].base > at.Start }) - 1
	if i < 0 {
		return -1
	}
	return starts[i].unit
}

// Form returns the form of a part in the tree of the module, or nil where the
// module has no tree.
func (m *Module) Form(p *Part) *syntax.Node {
	at := m.Locate(source.Span{Start: p.base, End: p.base}).Start
	forms := m.Tree.Forms
	i := sort.Search(len(forms), func(i int) bool { return forms[i].Span.Start >= at })
	if i == len(forms) || forms[i].Span.Start != at {
		return nil
	}
	return forms[i]
}

// TopLevel reports whether the forms behind the one of a part see a symbol.
func (s *Symbol) TopLevel() bool { return s.Scope.End == fileEnd }
