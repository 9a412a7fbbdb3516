package fennel

import (
	"cmp"
	"slices"

	"quire/analysis/fennel/slab"
	"quire/analysis/source"
)

// Facts are what is known of code, each kind in the order of the places. A
// function is the same *Func wherever they refer to it.
type Facts struct {
	Calls     []*Call
	Accesses  []*Access
	Functions []*Func
	Missing   []*MissingGlobal
	Symbols   []*Symbol // in the order of the definitions
}

// sort brings everything in the order of the places, but for what is missing.
func (f *Facts) sort() {
	slices.SortStableFunc(f.Calls, func(a, b *Call) int { return compareSpans(a.Span, b.Span) })
	slices.SortStableFunc(f.Accesses, func(a, b *Access) int { return compareSpans(a.Value.Span, b.Value.Span) })
	slices.SortStableFunc(f.Functions, func(a, b *Func) int { return compareSpans(a.Span, b.Span) })
	slices.SortStableFunc(f.Symbols, func(a, b *Symbol) int { return compareSpans(a.Def, b.Def) })
}

// sortUses brings the uses of the symbols in the order of their places.
func (f *Facts) sortUses() {
	for _, s := range f.Symbols {
		slices.SortFunc(s.Uses, compareSpans)
	}
}

func compareSpans(a, b source.Span) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
}

// A copier copies what a unit knows to where it stands.
type copier struct {
	shift, end int // how far places are moved, and where those at fileEnd are
	first      factNumber
	copies     []copied         // by number, so that each thing is copied once
	names      map[string]meant // what the names that the unit asked about are
	factSlabs
	spans slab.Slab[source.Span]
}

// A copied is the copy of what has a number: one of these.
type copied struct {
	value  *Value
	call   *Call
	fn     *Func
	symbol *Symbol
}

// know notes what a name that the next unit asked about is.
func (c *copier) know(name string, is meant) {
	if c.names == nil {
		c.names = map[string]meant{}
	}
	c.names[name] = is
}

// copyOf returns where the copy of what has a number is kept.
func (c *copier) copyOf(n factNumber) *copied { return &c.copies[n-c.first] }

// begin forgets what was copied of the unit before.
func (c *copier) begin(u *unit) {
	clear(c.copies)
	c.first = u.firstFact
	c.copies = slices.Grow(c.copies[:0], u.numbers)[:u.numbers]
}

// fill completes what a unit knows itself, which nobody has seen yet, with what
// it knows of others, and returns it.
func (c *copier) fill(u *unit) Facts {
	c.begin(u)
	for _, f := range u.abroad {
		*f.value = c.follow(f.value)
	}
	for _, s := range u.symbols {
		c.copyOf(s.number).symbol = s
	}
	f := Facts{Calls: u.calls, Accesses: u.accesses, Functions: u.funcs, Missing: u.missing, Symbols: u.symbols}
	if slices.ContainsFunc(u.accesses, isOfNoPath) {
		f.Accesses = slices.DeleteFunc(slices.Clone(u.accesses), isOfNoPath)
	}
	return f
}

func isOfNoPath(a *Access) bool { return a.Value.Kind != Path }

// copy returns what a unit knows, all places moved by shift and those at fileEnd
// to end.
func (c *copier) copy(u *unit, shift, end int) Facts {
	c.begin(u)
	c.shift, c.end = shift, end
	f := Facts{
		Calls:     make([]*Call, 0, len(u.calls)),
		Accesses:  make([]*Access, 0, len(u.accesses)),
		Functions: make([]*Func, 0, len(u.funcs)),
		Symbols:   make([]*Symbol, 0, len(u.symbols)),
	}
	for _, abroad := range u.abroad {
		out := c.newValue(Value{Kind: Path, Made: abroad.value.Made, Span: c.span(abroad.value.Span), Route: c.route(abroad.route)})
		*out = c.follow(out)
		c.copyOf(abroad.value.number).value = out
	}
	for _, fn := range u.funcs {
		f.Functions = append(f.Functions, c.fn(fn))
	}
	for _, s := range u.symbols {
		f.Symbols = append(f.Symbols, c.symbol(s))
	}
	for _, s := range u.symbols {
		c.copyOf(s.number).symbol.Value = c.value(s.Value)
	}
	for _, call := range u.calls {
		f.Calls = append(f.Calls, c.call(call))
	}
	for _, a := range u.accesses {
		if v := c.value(a.Value); v.Kind == Path {
			f.Accesses = append(f.Accesses, c.reads.New(Access{Value: v, Fn: c.fn(a.Fn), Conditional: a.Conditional}))
		}
	}
	for _, g := range u.missing {
		out := *g
		out.Span, out.Fn = c.span(g.Span), c.fn(g.Fn)
		f.Missing = append(f.Missing, &out)
	}
	return f
}

func (c *copier) span(s source.Span) source.Span {
	end := s.End
	if s = s.Shift(c.shift); end == fileEnd {
		s.End = c.end
	}
	return s
}

func (c *copier) symbol(s *Symbol) *Symbol {
	out := c.newSymbol(*s)
	c.copyOf(s.number).symbol = out
	out.Def, out.Scope = c.span(s.Def), c.span(s.Scope)
	out.Uses = c.spans.Take(len(s.Uses))
	for i, u := range s.Uses {
		out.Uses[i] = c.span(u)
	}
	return out
}

func (c *copier) value(v *Value) *Value {
	if v == nil {
		return nil
	}
	known := c.copyOf(v.number)
	if known.value != nil {
		return known.value
	}
	out := c.newValue(*v)
	known.value = out
	out.Span = c.span(v.Span)
	out.Parts, out.Route = c.noParts(), c.noRoute()
	switch v.Kind {
	case Unknown, Literal:
	case Path:
		out.Route = c.route(v.Route)
	default:
		out.Parts = c.partsOf(v.Parts)
	}
	return out
}

func (c *copier) route(r *Route) *Route {
	out := c.routes.New(*r)
	out.Root.Fn, out.Root.Call = c.fn(r.Root.Fn), c.call(r.Root.Call)
	out.Keys = c.keys.Take(len(r.Keys))
	for i, k := range r.Keys {
		out.Keys[i] = Key{k.Name, c.span(k.Span)}
	}
	return out
}

func (c *copier) partsOf(p *Parts) *Parts {
	out := c.parts.New(*p)
	out.Items = c.each(p.Items)
	out.Fields = c.pairs.Take(len(p.Fields))
	for i, f := range p.Fields {
		out.Fields[i] = Field{c.value(f.Key), c.value(f.Value)}
	}
	out.Fn, out.Call = c.fn(p.Fn), c.call(p.Call)
	return out
}

func (c *copier) each(vs []*Value) []*Value {
	out := c.lists.Take(len(vs))
	for i, v := range vs {
		out[i] = c.value(v)
	}
	return out
}

// follow returns the value of another unit's local in the place of a path that
// starts there. Everything in v is placed already.
func (c *copier) follow(v *Value) Value {
	unknown := Value{Span: v.Span, Made: v.Made, number: v.number, Parts: c.noParts(), Route: c.noRoute()}
	is := c.names[v.Root.Name]
	s := is.symbol
	if s == nil || s.Value == nil {
		return unknown
	}
	at := *s.Value
	for _, key := range v.Keys {
		if is.written && (at.Kind == TableOf || at.Kind == ArrayOf) {
			return unknown
		}
		var ok bool
		if at, ok = c.under(&at, key); !ok {
			return unknown
		}
	}
	if is.written && (at.Kind == TableOf || at.Kind == ArrayOf) {
		return unknown
	}
	at.Span, at.Made, at.number = v.Span, v.Made, v.number
	return at
}

func (c *copier) call(call *Call) *Call {
	if call == nil {
		return nil
	}
	known := c.copyOf(call.number)
	if known.call != nil {
		return known.call
	}
	out := c.newCall(*call)
	known.call = out
	out.Span = c.span(call.Span)
	out.Fn = c.fn(call.Fn)
	out.Callee = c.value(call.Callee)
	out.Args = c.each(call.Args)
	return out
}

func (c *copier) fn(f *Func) *Func {
	if f == nil {
		return nil
	}
	known := c.copyOf(f.number)
	if known.fn != nil {
		return known.fn
	}
	out := c.newFunc(*f)
	known.fn = out
	out.Span = c.span(f.Span)
	out.Outer = c.fn(f.Outer)
	out.Returns = c.each(f.Returns)
	return out
}
