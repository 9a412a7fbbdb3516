package analysis

import (
	"cmp"
	"slices"
	"sort"

	"quire/analysis/fennel"
	"quire/analysis/source"
)

// A regions is many regions of a text, of which those that meet a place are
// found fast.
type regions struct {
	spans []source.Span // by where they start
	ends  []int         // for each, the furthest end up to it
}

func newRegions(spans []source.Span) regions {
	r := regions{slices.SortedFunc(slices.Values(spans), compareStarts), make([]int, len(spans))}
	end := 0
	for i, s := range r.spans {
		end = max(end, s.End)
		r.ends[i] = end
	}
	return r
}

func compareStarts(a, b source.Span) int { return cmp.Compare(a.Start, b.Start) }

// meet reports whether one of the regions starts before the offset to and ends
// at from or behind it.
func (r regions) meet(from, to int) bool {
	i := sort.Search(len(r.spans), func(i int) bool { return r.spans[i].Start >= to })
	return i > 0 && r.ends[i-1] >= from
}

// within reports whether one of the regions lies in a span.
func (r regions) within(s source.Span) bool {
	i := sort.Search(len(r.spans), func(i int) bool { return r.spans[i].Start >= s.Start })
	for ; i < len(r.spans) && r.spans[i].Start <= s.End; i++ {
		if r.spans[i].End <= s.End {
			return true
		}
	}
	return false
}

// A nesting is functions by their places, of which two lie in
// one another or apart.
type nesting struct {
	fns   []*fennel.Func // as the list of a part is ordered: outer ones first
	outer []int          // for each, the index of the innermost around it, or -1
}

func newNesting(fns []*fennel.Func) nesting {
	n := nesting{fns: fns}
	n.outer = make([]int, len(n.fns))
	for i, fn := range n.fns {
		at := i - 1
		for at >= 0 && !n.fns[at].Span.Encloses(fn.Span) {
			at = n.outer[at]
		}
		n.outer[i] = at
	}
	return n
}

// around returns the innermost function around a place, or nil.
func (n nesting) around(at source.Span) *fennel.Func {
	i := sort.Search(len(n.fns), func(i int) bool { return n.fns[i].Span.Start > at.Start }) - 1
	for i >= 0 && !n.fns[i].Span.Encloses(at) {
		i = n.outer[i]
	}
	if i < 0 {
		return nil
	}
	return n.fns[i]
}
