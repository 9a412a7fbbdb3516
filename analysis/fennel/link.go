package fennel

import (
	"cmp"
	"slices"
	"sync"

	"quire/analysis/diag"
	"quire/analysis/fennel/slab"
	"quire/analysis/source"
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
	derived  func() *derivedFacts
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
	for i, u := range m.units {
		offset := m.links[i].offset
		for _, d := range u.diagnostics {
			m.Diagnostics = append(m.Diagnostics, m.place(d, offset))
		}
		for _, use := range u.uses {
			key := Use{Name: use.Name, Kind: use.Kind}
			if seen[key] {
				continue
			}
			seen[key] = true
			use.Span = use.Span.Shift(offset)
			m.Uses = append(m.Uses, use)
		}
	}
	m.Diagnostics.Sort()
	m.derived = sync.OnceValue(m.derive)
	m.Index = &Index{m}
}

// place makes a unit's diagnostic one of the module.
func (m *Module) place(d diag.Diagnostic, offset int) diag.Diagnostic {
	if d.File == nil {
		d.File, d.Span = m.Tree.File, d.Span.Shift(offset)
	}
	d.Related = slices.Clone(d.Related)
	for i, r := range d.Related {
		if r.File == nil {
			d.Related[i].File, d.Related[i].Span = m.Tree.File, r.Span.Shift(offset)
		}
	}
	return d
}

func (m *Module) linked() *derivedFacts { return m.derived() }

// derivedFacts are the facts and names of a module with places in its file.
// They are derived when they are first asked for: most versions of a file are
// replaced by the next before anyone asks.
type derivedFacts struct {
	calls    []*Call
	accesses []*Access
	funcs    []*Func
	missing  []*MissingGlobal
	symbols  []*Symbol
	// occurrences returns all places where a symbol is named, in order. The
	// checks do without.
	occurrences func() []occurrence
}

// An occurrence is one place where a symbol is defined or used.
type occurrence struct {
	span   source.Span
	symbol *Symbol
}

func (m *Module) derive() *derivedFacts {
	d := &deriver{
		m:       m,
		out:     &derivedFacts{},
		top:     map[string]*Symbol{},
		macros:  map[string]*Symbol{},
		written: map[*Symbol]bool{},
	}
	for i, u := range m.units {
		d.unit(u, m.links[i].offset)
	}
	slices.SortStableFunc(d.out.calls, func(a, b *Call) int { return compareSpans(a.Span, b.Span) })
	slices.SortStableFunc(d.out.accesses, func(a, b *Access) int { return compareSpans(a.Value.Span, b.Value.Span) })
	slices.SortStableFunc(d.out.funcs, func(a, b *Func) int { return compareSpans(a.Span, b.Span) })
	slices.SortStableFunc(d.out.symbols, func(a, b *Symbol) int { return compareSpans(a.Def, b.Def) })
	for _, s := range d.out.symbols {
		slices.SortFunc(s.Uses, compareSpans)
	}
	d.out.occurrences = sync.OnceValue(func() []occurrence { return occurrencesOf(d.out.symbols) })
	return d.out
}

func compareSpans(a, b source.Span) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
}

// A deriver copies what the units know to where they stand.
type deriver struct {
	m       *Module
	out     *derivedFacts
	top     map[string]*Symbol // the last top-level local of each name so far
	macros  map[string]*Symbol
	written map[*Symbol]bool // whose tables change
	placing
	factSlabs
	spans slab.Slab[source.Span]
}

// placing is what was copied of one unit, so that each thing is copied once.
type placing struct {
	offset int
	first  factNumber
	copies []copied // by number
}

// A copied is the copy of what has a number: one of these.
type copied struct {
	value  *Value
	call   *Call
	fn     *Func
	symbol *Symbol
}

// place starts with a unit at an offset.
func (d *deriver) place(u *unit, offset int) {
	d.offset, d.first = offset, u.firstFact
	clear(d.copies)
	d.copies = slices.Grow(d.copies[:0], u.numbers)[:u.numbers]
}

// copyOf returns where the copy of what has a number is kept.
func (d *deriver) copyOf(n factNumber) *copied { return &d.copies[n-d.first] }

func (d *deriver) unit(u *unit, offset int) {
	d.place(u, offset)
	for _, name := range u.written {
		if s := d.top[name]; s != nil {
			d.written[s] = true
		}
	}
	for _, f := range u.funcs {
		d.out.funcs = append(d.out.funcs, d.fn(f))
	}
	for _, s := range u.symbols {
		d.out.symbols = append(d.out.symbols, d.symbol(s))
	}
	for _, s := range u.symbols {
		d.copyOf(s.number).symbol.Value = d.value(s.Value)
	}
	for _, c := range u.calls {
		d.out.calls = append(d.out.calls, d.call(c))
	}
	for _, a := range u.accesses {
		if a.Value == nil {
			continue
		}
		if v := d.value(a.Value); v.Kind == Path {
			out := d.reads.One()
			*out = Access{Value: v, Fn: d.fn(a.Fn), Conditional: a.Conditional}
			d.out.accesses = append(d.out.accesses, out)
		}
	}
	d.placeMissing(u)
	d.references(u)
	d.define(u)
}

// references adds the uses of names of other units.
func (d *deriver) references(u *unit) {
	for _, r := range u.outside {
		s := d.top[r.name]
		if r.macro {
			s = d.macros[r.name]
		}
		if s == nil {
			continue
		}
		if r.made {
			s.UsedByMacro = true
		} else {
			s.Uses = append(s.Uses, r.span.Shift(d.offset))
		}
		s.Written = s.Written || r.write
	}
}

// define shows the names of a unit to those behind it.
func (d *deriver) define(u *unit) {
	for _, e := range u.exports {
		delete(d.top, e.name)
		if out := d.copyOf(e.symbol.number).symbol; out != nil {
			d.top[e.name] = out
		}
	}
	for _, s := range u.symbols {
		if s.Kind == Macro && s.Scope.End == toEnd {
			d.macros[s.Name] = d.copyOf(s.number).symbol
		}
	}
}

func (d *deriver) span(s source.Span) source.Span {
	end := s.End
	s = s.Shift(d.offset)
	if end == toEnd {
		s.End = len(d.m.Tree.File.Text())
	}
	return s
}

func (d *deriver) symbol(s *Symbol) *Symbol {
	out := d.newSymbol(*s)
	d.copyOf(s.number).symbol = out
	out.Def, out.Scope = d.span(s.Def), d.span(s.Scope)
	out.Uses = d.spans.Take(len(s.Uses))
	for i, u := range s.Uses {
		out.Uses[i] = d.span(u)
	}
	return out
}

func (d *deriver) value(v *Value) *Value {
	if v == nil {
		return nil
	}
	known := d.copyOf(v.number)
	if known.value != nil {
		return known.value
	}
	out := d.newValue(*v)
	known.value = out
	out.Span = d.span(v.Span)
	if v.Kind == Unknown || v.Kind == Literal {
		out.Parts = d.noParts()
		return out
	}
	out.Parts = d.newParts(*v.Parts)
	out.Items = d.each(v.Items)
	out.Fields = d.pairs.Take(len(v.Fields))
	for i, f := range v.Fields {
		out.Fields[i] = Field{d.value(f.Key), d.value(f.Value)}
	}
	out.Keys = d.keys.Take(len(v.Keys))
	for i, k := range v.Keys {
		out.Keys[i] = Key{k.Name, d.span(k.Span)}
	}
	out.Fn, out.Call = d.fn(v.Fn), d.call(v.Call)
	out.Root.Fn, out.Root.Call = d.fn(v.Root.Fn), d.call(v.Root.Call)
	if v.Root.Kind == outerRoot {
		*out = d.follow(out)
	}
	return out
}

func (d *deriver) each(vs []*Value) []*Value {
	out := d.lists.Take(len(vs))
	for i, v := range vs {
		out[i] = d.value(v)
	}
	return out
}

// follow returns the value of another unit's local in the place of a path that
// starts there. Everything in v is placed already.
func (d *deriver) follow(v *Value) Value {
	unknown := Value{Span: v.Span, Made: v.Made, Parts: d.noParts()}
	s := d.top[v.Root.Name]
	if s == nil || s.Value == nil {
		return unknown
	}
	at := *s.Value
	for _, key := range v.Keys {
		if d.written[s] && (at.Kind == TableOf || at.Kind == ArrayOf) {
			return unknown
		}
		var ok bool
		if at, ok = d.under(&at, key); !ok {
			return unknown
		}
	}
	if d.written[s] && (at.Kind == TableOf || at.Kind == ArrayOf) {
		return unknown
	}
	at.Span, at.Made = v.Span, v.Made
	return at
}

func (d *deriver) call(c *Call) *Call {
	if c == nil {
		return nil
	}
	known := d.copyOf(c.number)
	if known.call != nil {
		return known.call
	}
	out := d.newCall(*c)
	known.call = out
	out.Span = d.span(c.Span)
	out.Fn = d.fn(c.Fn)
	out.Callee = d.value(c.Callee)
	out.Args = d.each(c.Args)
	return out
}

func (d *deriver) fn(f *Func) *Func {
	if f == nil {
		return nil
	}
	known := d.copyOf(f.number)
	if known.fn != nil {
		return known.fn
	}
	out := d.newFunc(*f)
	known.fn = out
	out.Span = d.span(f.Span)
	out.Outer = d.fn(f.Outer)
	out.Returns = d.each(f.Returns)
	return out
}
