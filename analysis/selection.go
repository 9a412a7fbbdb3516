package analysis

import (
	"slices"
	"strings"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// Selections returns what could be meant by "this" at an offset, from the
// smallest to the whole file, each within the next: the part of a multi-symbol,
// what a string says, the atom, the pair of a table or binding that it belongs
// to, the forms around it.
func (s *Snapshot) Selections(offset int) []source.Span {
	offset = min(max(offset, 0), len(s.File.Text()))
	out := selections{{Start: 0, End: len(s.File.Text())}}
	path := s.Module().Tree.Path(offset)
	for i, n := range path {
		if i > 0 {
			out.add(pairOf(path[:i], n))
		} else if n.Kind == syntax.Comment {
			out.add(s.commentBlock(n))
		}
		out.add(n.Span)
	}
	if len(path) > 0 {
		out.add(s.inner(path[len(path)-1], offset))
	}
	slices.Reverse(out)
	return out
}

// selections holds spans, each within the one before.
type selections []source.Span

// add adds a span unless it is not smaller than the last one.
func (l *selections) add(at source.Span) {
	if last := (*l)[len(*l)-1]; last.Encloses(at) && last != at && at.Len() > 0 {
		*l = append(*l, at)
	}
}

// pairOf returns the key and value, or name and value, of which a node in the
// last form of a path is one, or the node alone.
func pairOf(path []*syntax.Node, n *syntax.Node) source.Span {
	in := path[len(path)-1]
	binding := false
	if in.Kind == syntax.Sequence && len(path) > 1 {
		outer := path[len(path)-2]
		items := outer.Items()
		binding = head(outer) == "let" && len(items) > 1 && items[1] == in
	}
	if in.Kind != syntax.Table && !binding {
		return n.Span
	}
	items := in.Items()
	i := slices.Index(items, n)
	if i < 0 {
		return n.Span
	}
	first := i - i%2
	return source.Span{Start: items[first].Span.Start, End: items[min(first+1, len(items)-1)].Span.End}
}

// commentBlock returns the comments around a comment of top level whose lines
// follow each other.
func (s *Snapshot) commentBlock(n *syntax.Node) source.Span {
	forms := s.Module().Tree.Forms
	i := slices.Index(forms, n)
	first, last := i, i
	for first > 0 && continues(s.File, forms[first-1], forms[first]) {
		first--
	}
	for last+1 < len(forms) && continues(s.File, forms[last], forms[last+1]) {
		last++
	}
	return source.Span{Start: forms[first].Span.Start, End: forms[last].Span.End}
}

// inner returns the part of an atom that the offset is in: what a string says
// without its colon or quotes, or a part of a multi-symbol.
func (s *Snapshot) inner(n *syntax.Node, offset int) source.Span {
	at, text := n.Span, s.File.Slice(n.Span)
	switch n.Kind {
	case syntax.String:
		if at.Start++; text[0] == '"' && !n.Open {
			at.End--
		}
		return at
	case syntax.Symbol:
		cut := min(offset-at.Start, len(text))
		at.Start += strings.LastIndexAny(text[:cut], ".:") + 1
		if i := strings.IndexAny(text[cut:], ".:"); i >= 0 {
			at.End = n.Span.Start + cut + i
		}
	}
	return at
}
