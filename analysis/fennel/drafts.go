package fennel

import (
	"quire/analysis/fennel/slab"
	"quire/analysis/source"
)

// drafts are the lists of a unit that grow while it is compiled.
type drafts struct {
	spans    draft[source.Span]
	asks     draft[ask]
	unknown  draft[string]
	symbols  draft[*Symbol]
	outside  draft[reference]
	calls    draft[*Call]
	accesses draft[*Access]
	funcs    draft[*Func]
	abroad   draft[foreign]
}

// A draft is memory in which a list grows for one unit after the other, and
// where they keep what it came to.
type draft[T any] struct {
	list []T
	kept slab.Slab[T]
}

func (d *draft[T]) keep(list []T) []T {
	d.list = list[:0]
	return d.kept.Clone(list)
}

// lend gives a unit the drafts to append to.
func (d *drafts) lend(u *unit) {
	u.spans, u.asks, u.unknown = d.spans.list, d.asks.list, d.unknown.list
	u.symbols, u.outside = d.symbols.list, d.outside.list
	u.calls, u.accesses, u.funcs = d.calls.list, d.accesses.list, d.funcs.list
	u.abroad = d.abroad.list
}

// settle gives a unit that is finished lists of its own.
func (d *drafts) settle(u *unit) {
	u.spans, u.asks, u.unknown = d.spans.keep(u.spans), d.asks.keep(u.asks), d.unknown.keep(u.unknown)
	u.symbols, u.outside = d.symbols.keep(u.symbols), d.outside.keep(u.outside)
	u.calls, u.accesses, u.funcs = d.calls.keep(u.calls), d.accesses.keep(u.accesses), d.funcs.keep(u.funcs)
	u.abroad = d.abroad.keep(u.abroad)
}
