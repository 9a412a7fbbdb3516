package fennel

import (
	"cmp"
	"iter"
	"slices"
	"sort"

	"quire/analysis/source"
)

// An Index knows the names of a module: what defines each, who uses it, and
// where it can be seen.
type Index struct{ m *Module }

// occurrencesOf returns all places where symbols are named, in order.
func occurrencesOf(symbols []*Symbol) []occurrence {
	n := len(symbols)
	for _, s := range symbols {
		n += len(s.Uses)
	}
	out := make([]occurrence, 0, n)
	for _, s := range symbols {
		if !s.Expanded {
			out = append(out, occurrence{s.Def, s})
		}
		for _, u := range s.Uses {
			out = append(out, occurrence{u, s})
		}
	}
	slices.SortStableFunc(out, func(a, b occurrence) int { return compareSpans(a.span, b.span) })
	return out
}

// At returns the symbol that the name at offset defines or uses, and the span
// of that name (of a multi-symbol: of its root).
func (x *Index) At(offset int) (*Symbol, source.Span, bool) {
	all := x.m.occurrences()
	i := sort.Search(len(all), func(i int) bool { return all[i].span.Start > offset })
	for i--; i >= 0; i-- {
		if all[i].span.Touches(offset) {
			return all[i].symbol, all[i].span, true
		}
		if all[i].span.End < offset {
			break
		}
	}
	return nil, source.Span{}, false
}

// Visible returns the symbols that code at offset can see, innermost first.
func (x *Index) Visible(offset int) []*Symbol {
	var out []*Symbol
	here := x.m.unitAt(offset)
	for i, p := range x.m.Parts()[:here+1] {
		for k, s := range p.Symbols {
			// Of the forms before, the last may end at the offset.
			if i < here-1 && !s.TopLevel() {
				continue
			}
			if s = x.m.Facts(i).Symbols[k]; s.Scope.Touches(offset) {
				out = append(out, s)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *Symbol) int {
		return cmp.Or(cmp.Compare(a.Scope.Len(), b.Scope.Len()), cmp.Compare(b.Def.Start, a.Def.Start))
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(s *Symbol) bool {
		hidden := seen[s.Name]
		seen[s.Name] = true
		return hidden
	})
}

// Symbols iterates over all symbols in the order of their definitions.
func (x *Index) Symbols() iter.Seq[*Symbol] { return slices.Values(x.m.placed().Symbols) }
