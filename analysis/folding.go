package analysis

import (
	"strings"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A FoldKind says what a fold hides.
type FoldKind int

// The kinds of folds.
const (
	FormFold    FoldKind = iota + 1 // a list, sequence or table
	CommentFold                     // comments in lines that follow each other, or a docstring
	StringFold                      // any other string
)

// A Fold is text of several lines that can be shown as its first one.
type Fold struct {
	Kind FoldKind
	Span source.Span
}

// Folds returns what can be folded, in the order of the places. No two folds
// begin in the same line: of forms that do, the outermost is meant.
func (s *Snapshot) Folds() []Fold {
	f := folder{File: s.File}
	f.nodes(nil, s.Module().Tree.Forms)
	return f.out
}

// A folder finds folds. The last line that one begins in is that of the last.
type folder struct {
	*source.File
	out []Fold
}

func (f *folder) add(k FoldKind, at source.Span) {
	first, last := f.Position(at.Start).Line, f.Position(at.End).Line
	if first == last {
		return
	}
	if n := len(f.out); n > 0 && f.Position(f.out[n-1].Span.Start).Line == first {
		return
	}
	f.out = append(f.out, Fold{k, at})
}

// nodes adds the folds of what stands in a form, or at top level.
func (f *folder) nodes(in *syntax.Node, nodes []*syntax.Node) {
	for i := 0; i < len(nodes); i++ {
		switch n := nodes[i]; n.Kind {
		case syntax.Comment:
			i += f.comments(nodes[i:]) - 1
		case syntax.String:
			if in != nil && docstring(in) == n {
				f.add(CommentFold, n.Span)
			} else {
				f.add(StringFold, n.Span)
			}
		case syntax.List, syntax.Sequence, syntax.Table:
			f.add(FormFold, n.Span)
			f.nodes(n, n.Children)
		case syntax.Prefix:
			f.nodes(n, n.Children)
		}
	}
}

// comments adds the comments that nodes begin with, as far as each is right
// below the one before, and returns their number.
func (f *folder) comments(nodes []*syntax.Node) int {
	n := 1
	for n < len(nodes) && continues(f.File, nodes[n-1], nodes[n]) {
		n++
	}
	f.add(CommentFold, source.Span{Start: nodes[0].Span.Start, End: nodes[n-1].Span.End})
	return n
}

// continues reports whether two nodes are comments, each alone in its line, the
// second right below the first.
func continues(f *source.File, above, below *syntax.Node) bool {
	if above.Kind != syntax.Comment || below.Kind != syntax.Comment {
		return false
	}
	line := f.Position(above.Span.Start).Line
	before := source.Span{Start: f.Line(line).Start, End: above.Span.Start}
	return f.Position(below.Span.Start).Line == line+1 && strings.TrimSpace(f.Slice(before)) == ""
}
