package fennel

import (
	"slices"
	"sync"

	"quire/analysis/source"
)

// knowledge is what is known of the code of a module. All of it is found out
// when it is first asked for: most versions of a file are replaced by the next
// before anyone asks, and what most ask about is one place.
type knowledge struct {
	joined func() *joined
	// placed is what is known with places in the file.
	placed func() *Facts
	// occurrences are all places where a symbol is named, in order.
	occurrences func() []occurrence
	placer      *placer
}

func (m *Module) know() {
	m.joined = sync.OnceValue(m.join)
	m.placer = &placer{m: m, units: make([]*placedUnit, len(m.units))}
	m.placed = sync.OnceValue(m.allPlaced)
	m.occurrences = sync.OnceValue(func() []occurrence { return occurrencesOf(m.placed().Symbols) })
}

// A placer copies what units know to where they stand in the file, a unit when
// it is first asked about.
type placer struct {
	m     *Module
	mu    sync.Mutex
	units []*placedUnit // by the number of the unit; nil for those not asked about
	copier
}

// A placedUnit is what is known of a unit with places in the file.
type placedUnit struct {
	Facts
	of map[*Symbol]*Symbol // the symbols that other units may name, by what the unit has
}

// An occurrence is one place where a symbol is defined or used.
type occurrence struct {
	span   source.Span
	symbol *Symbol
}

// allPlaced returns what is known of all units, in the order of the places.
func (m *Module) allPlaced() *Facts {
	var all Facts
	for i := range m.units {
		f := m.placer.unit(i)
		all.Calls = append(all.Calls, f.Calls...)
		all.Accesses = append(all.Accesses, f.Accesses...)
		all.Functions = append(all.Functions, f.Functions...)
		all.Missing = append(all.Missing, f.Missing...)
		all.Symbols = append(all.Symbols, f.Symbols...)
	}
	all.sort()
	return &all
}

// unit returns what is known of a unit.
func (p *placer) unit(i int) *placedUnit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.place(i)
}

func (p *placer) place(i int) *placedUnit {
	if p.units[i] != nil {
		return p.units[i]
	}
	u, j := p.m.units[i], p.m.joined()
	part := j.parts[i]
	names := make([]*Symbol, len(part.outside))
	for k, is := range part.outside {
		if is.symbol != nil {
			at := j.places[is.symbol]
			names[k] = p.place(at.unit).of[at.symbol]
		}
	}
	clear(p.names)
	k := 0
	for _, a := range u.asks {
		if a.class != nothing {
			p.know(a.name, meant{names[k], part.outside[k].written})
			k++
		}
	}
	out := &placedUnit{Facts: p.copy(u, p.m.links[i].offset-u.base, len(p.m.Tree.File.Text())), of: map[*Symbol]*Symbol{}}
	for k, e := range u.exports {
		if s := part.exports[k]; s != nil && out.of[e.symbol] == nil {
			out.of[e.symbol] = p.beyond(p.copyOf(e.symbol.number).symbol, s)
		}
	}
	k = 0
	for _, s := range u.symbols {
		if s.isOpenMacro() {
			if out.of[s] == nil {
				out.of[s] = p.beyond(p.copyOf(s.number).symbol, part.macros[k])
			}
			k++
		}
	}
	out.sortUses()
	for k, fn := range out.Functions {
		fn.lasting = part.Functions[k]
	}
	p.units[i] = out
	return out
}

// beyond adds to a symbol what the forms behind it do with the one of the part.
func (p *placer) beyond(s, ofPart *Symbol) *Symbol {
	if b := p.m.joined().beyond[ofPart]; b != nil {
		s.Written, s.UsedByMacro = s.Written || b.Written, s.UsedByMacro || b.UsedByMacro
		s.Uses = slices.Grow(slices.Clip(s.Uses), len(b.Uses))
		for _, u := range b.Uses {
			s.Uses = append(s.Uses, p.m.Locate(u))
		}
	}
	return s
}

// CallsAt returns the calls with exactly a place in the file.
func (m *Module) CallsAt(at source.Span) []*Call {
	i := m.unitAt(at.Start)
	if i < 0 {
		return nil
	}
	calls := m.placer.unit(i).Calls
	first, _ := slices.BinarySearchFunc(calls, at, func(c *Call, at source.Span) int { return compareSpans(c.Span, at) })
	end := first
	for end < len(calls) && calls[end].Span == at {
		end++
	}
	return calls[first:end]
}

// A Naming is a place in the file where a form uses a name of another.
type Naming struct {
	Symbol *Symbol
	Span   source.Span
}

// Namings returns where the form of a part, by its index among the parts, uses
// the names of forms before it.
func (m *Module) Namings(part int) []Naming {
	j := m.joined()
	all := make([]Naming, len(j.named[part]))
	for i, n := range j.named[part] {
		at := j.places[n.symbol]
		all[i] = Naming{m.placer.unit(at.unit).of[at.symbol], m.Locate(n.at)}
	}
	return all
}
