package fennel

import (
	"slices"

	"quire/analysis/diag"
)

// A link is the place of a unit in a module, and what its names are there.
type link struct {
	offset int
	cells  int // the first cell of its exports
	// imports are the cells of the names it asked for, in the order of its
	// asks, or −1 for those that are no locals.
	imports []int
	// broken reports that the unit cannot run, or uses what such a unit
	// defines.
	broken bool
	// doubtful reports that the unit is run although it, or one whose names it
	// uses, has an error.
	doubtful bool
}

// moduleLinks is how the units of a module hang together.
type moduleLinks struct {
	units []*unit
	links []link
	cells int
	// deferred reports that the module was compiled with Options.Deferred.
	deferred bool
	knowledge
}

// link adds a unit to the module and to the surroundings of those behind it.
func (m *Module) link(u *unit, offset int, around *surroundings) {
	l := link{offset: offset, cells: m.cells, broken: u.proto == nil, doubtful: u.doubtful}
	if len(u.asks) > 0 {
		l.imports = make([]int, len(u.asks))
	}
	for i, a := range u.asks {
		l.imports[i] = -1
		if a.class == nothing {
			continue
		}
		d := around.locals[a.name]
		l.imports[i] = m.links[d.unit].cells + d.export
		wrong := m.links[d.unit].broken || m.links[d.unit].doubtful
		l.broken = l.broken || wrong && !m.deferred
		l.doubtful = l.doubtful || wrong
	}
	m.units, m.links = append(m.units, u), append(m.links, l)
	m.cells += len(u.exports)
	around.add(len(m.units)-1, u)
}

// cell returns the number of the cell that a unit knows under a name.
func (l *link) cell(u *unit, name string) int {
	for i, e := range u.exports {
		if e.lua == name {
			return l.cells + i
		}
	}
	outside, _ := outsideName(name)
	for i, a := range u.asks {
		if a.class != nothing && a.name == outside {
			return l.imports[i]
		}
	}
	return 0
}

// finish gathers what the units found.
func (m *Module) finish() {
	m.Diagnostics = append(m.Diagnostics, m.Tree.Diagnostics...)
	seen := map[Use]bool{}
	var bound diag.Bound
	for i, u := range m.units {
		shift := m.links[i].offset - u.base
		for _, d := range u.diagnostics {
			if d = m.place(d, shift); bound.Admit(d) {
				m.Diagnostics = append(m.Diagnostics, d)
			}
		}
		for _, use := range u.uses {
			key := Use{Name: use.Name, Kind: use.Kind}
			if seen[key] {
				continue
			}
			seen[key] = true
			use.Span = use.Span.Shift(shift)
			m.Uses = append(m.Uses, use)
		}
	}
	m.Diagnostics = append(m.Diagnostics, bound.Rest()...)
	m.Diagnostics.Sort()
	m.know()
	m.Index = &Index{m}
}

// place makes a diagnostic one of the module, of a unit whose places are moved by
// shift.
func (m *Module) place(d diag.Diagnostic, shift int) diag.Diagnostic {
	if d.File == nil {
		d.File, d.Span = m.Tree.File, d.Span.Shift(shift)
	}
	if len(d.Related) == 0 {
		return d
	}
	d.Related = slices.Clone(d.Related)
	for i, r := range d.Related {
		if r.File == nil {
			d.Related[i].File, d.Related[i].Span = m.Tree.File, r.Span.Shift(shift)
		}
	}
	return d
}
