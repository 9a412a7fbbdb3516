package analysis

import (
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A Restructuring is a change of how code is put together that somebody may
// want at a place. Its edits move and replace what is written and never drop a
// comment.
type Restructuring struct {
	Title string
	// Extracts reports that it gives a piece of the code a name of its own;
	// else it writes the same piece in another way.
	Extracts bool
	Edits    []diag.Edit
}

// Restructurings returns what can be done with the form at a cursor, or with
// the form that is selected. There is nothing to do in a form of top level that
// does not read.
func (s *Snapshot) Restructurings(at source.Span) []Restructuring {
	r, ok := s.newRestructurer(at)
	if !ok {
		return nil
	}
	r.slurp()
	r.barf()
	r.raise()
	r.splice()
	r.thread()
	r.unthread()
	if !slices.ContainsFunc(r.path, isQuote) { // where names cannot be bound freely
		r.convert()
		r.extractLocal()
		r.addDependent()
		r.extractRunFn()
	}
	return r.out
}

func isQuote(n *syntax.Node) bool { return n.Kind == syntax.Prefix && n.Text == "`" }

// A restructurer looks at one place.
type restructurer struct {
	*Snapshot
	// path leads from top level to the form at the place.
	path []*syntax.Node
	out  []Restructuring
}

func (s *Snapshot) newRestructurer(at source.Span) (*restructurer, bool) {
	r := &restructurer{Snapshot: s}
	for nodes := s.Module().Tree.Forms; ; {
		i := slices.IndexFunc(nodes, func(n *syntax.Node) bool { return n.Span.Encloses(at) && (n.Span.End > at.Start || n.Span == at) })
		if i < 0 {
			// A cursor behind a form is at it when nothing else is there.
			i = slices.IndexFunc(nodes, func(n *syntax.Node) bool { return n.Span.Encloses(at) })
		}
		if i < 0 || nodes[i].Kind == syntax.Comment || nodes[i].Kind == syntax.Error {
			break
		}
		r.path = append(r.path, nodes[i])
		nodes = nodes[i].Children
	}
	if len(r.path) == 0 {
		return nil, false
	}
	for n := range r.path[0].All() {
		if n.Open || n.Kind == syntax.Error {
			return nil, false
		}
	}
	return r, true
}

// offer adds a restructuring of the file.
func (r *restructurer) offer(title string, extracts bool, edits ...diag.Edit) {
	r.out = append(r.out, Restructuring{title, extracts, edits})
}

// replace returns the edit that puts text in the place of a span.
func (r *restructurer) replace(start, end int, text string) diag.Edit {
	return diag.Edit{File: r.File, Span: source.Span{Start: start, End: end}, Text: text}
}

// cut returns the edit that takes text away, and leaves a blank where two forms
// would run together.
func (r *restructurer) cut(start, end int) diag.Edit {
	text := r.File.Text()
	if start > 0 && end < len(text) && !strings.ContainsRune(" \t\r\n([{#`,", rune(text[start-1])) && !strings.ContainsRune(" \t\r\n)]}", rune(text[end])) {
		return r.replace(start, end, " ")
	}
	return r.replace(start, end, "")
}

// text returns the text of a node.
func (r *restructurer) text(n *syntax.Node) string { return r.File.Slice(n.Span) }

// bracket returns the innermost bracketed form around the place, and its index
// in the path, or -1.
func (r *restructurer) bracket() (*syntax.Node, int) {
	for i, n := range slices.Backward(r.path) {
		if isBracketed(n) {
			return n, i
		}
	}
	return nil, -1
}

func isBracketed(n *syntax.Node) bool {
	return n.Kind == syntax.List || n.Kind == syntax.Sequence || n.Kind == syntax.Table
}

// unit returns the form at an index of the path with the prefixes right around
// it.
func (r *restructurer) unit(i int) (*syntax.Node, int) {
	for i > 0 && r.path[i-1].Kind == syntax.Prefix {
		i--
	}
	return r.path[i], i
}

// siblings returns the forms that stand beside the one at an index of the path,
// and its own index among them.
func (r *restructurer) siblings(i int) ([]*syntax.Node, int) {
	var items []*syntax.Node
	if i == 0 {
		for _, n := range r.Module().Tree.Forms {
			if n.Kind != syntax.Comment && n.Kind != syntax.Error {
				items = append(items, n)
			}
		}
	} else {
		items = r.path[i-1].Items()
	}
	return items, slices.Index(items, r.path[i])
}

// slurp has the form take in the one behind it.
func (r *restructurer) slurp() {
	n, i := r.bracket()
	if n == nil {
		return
	}
	_, i = r.unit(i)
	items, at := r.siblings(i)
	if at < 0 || at+1 >= len(items) || items[at+1].Open {
		return
	}
	next, closer := items[at+1], r.File.Slice(source.Span{Start: n.Span.End - 1, End: n.Span.End})
	gap := ""
	if next.Span.Start == n.Span.End {
		gap = " "
	}
	r.offer("Slurp the form behind into this one", false,
		r.replace(n.Span.End-1, n.Span.End, gap), r.replace(next.Span.End, next.Span.End, closer))
}

// barf has the form give up its last form.
func (r *restructurer) barf() {
	n, _ := r.bracket()
	if n == nil {
		return
	}
	items := n.Items()
	if len(items) < 2 {
		return
	}
	last, before := items[len(items)-1], items[len(items)-2]
	closer := r.File.Slice(source.Span{Start: n.Span.End - 1, End: n.Span.End})
	if before.Span.End == last.Span.Start {
		closer += " "
	}
	r.offer("Barf the last form out of this one", false,
		r.replace(before.Span.End, before.Span.End, closer), r.cut(n.Span.End-1, n.Span.End))
}

// raise puts the form in the place of the one around it.
func (r *restructurer) raise() {
	n, i := r.unit(len(r.path) - 1)
	if i == 0 {
		return
	}
	around := r.path[i-1]
	if r.commented(source.Span{Start: around.Span.Start, End: n.Span.Start}, around) || r.commented(source.Span{Start: n.Span.End, End: around.Span.End}, around) {
		return
	}
	r.offer("Raise this form over the one around it", false,
		r.cut(around.Span.Start, n.Span.Start), r.cut(n.Span.End, around.Span.End))
}

// splice takes the brackets of the form away.
func (r *restructurer) splice() {
	n, i := r.bracket()
	if n == nil || i == 0 || r.path[i-1].Kind == syntax.Prefix || len(n.Items()) == 0 {
		return
	}
	r.offer("Splice this form into the one around it", false,
		r.cut(n.Span.Start, n.Span.Start+1), r.cut(n.Span.End-1, n.Span.End))
}

// commented reports whether a comment within a form lies in a span.
func (r *restructurer) commented(at source.Span, in *syntax.Node) bool {
	for n := range in.All() {
		if n.Kind == syntax.Comment && at.Encloses(n.Span) {
			return true
		}
	}
	return false
}
