package syntax

import (
	"sort"
	"strings"

	"quire/analysis/source"
)

// Reread reads a version of a file of which an earlier one was read: what comes
// out is what [Read] gives, for the cost of the forms of the top level that
// changed, and of moving those behind them. The old tree may be nil.
//
// A form that is read in good faith depends on nothing in front of it, so that
// forms stay what they were from where a form begins at the same place as in
// the old version. Where anything is to be said of either version, all of it is
// read: what is wrong with one form can lie in another.
func Reread(old *Tree, f *source.File) *Tree {
	if old != nil && len(old.Diagnostics) == 0 && len(old.Warnings) == 0 {
		u := &update{old: old.Forms, reader: reader{file: f, text: f.Text()}}
		if forms, ok := u.forms(old.File.Text()); ok {
			return &Tree{File: f, Forms: forms}
		}
	}
	return Read(f)
}

// An update reads what has changed between two versions.
type update struct {
	reader
	old []*Node
}

// forms returns the forms of the new version; ok is false when all of it has to
// be read.
func (u *update) forms(was string) (forms []*Node, ok bool) {
	same := commonPrefix(was, u.text)
	behind := commonSuffix(was[same:], u.text[same:])
	// A form that ends where the change begins may go on now.
	first := sort.Search(len(u.old), func(i int) bool { return u.old[i].Span.End >= same })
	var pos int
	if first == 0 {
		pos = u.preamble()
	} else {
		pos = u.old[first-1].Span.End
	}
	by := len(u.text) - len(was)
	kept := len(u.old) // the forms from here on are those of the old version
	for pos = u.skipSpace(pos); pos < len(u.text); pos = u.skipSpace(pos) {
		if pos >= len(u.text)-behind {
			if i := u.beginning(pos - by); i < len(u.old) {
				kept = i
				break
			}
		}
		if pos, ok = u.form(suspect{pos: pos}); !ok {
			return nil, false
		}
	}
	if len(u.problems.list()) > 0 || len(u.warnings.list()) > 0 {
		return nil, false
	}
	forms = make([]*Node, 0, first+len(u.pending)+len(u.old)-kept)
	forms = append(forms, u.old[:first]...)
	for _, n := range u.pending {
		forms = append(forms, own(n))
	}
	for _, n := range u.old[kept:] {
		forms = append(forms, u.moved(n, by))
	}
	return forms, true
}

// beginning returns the index of the old form that begins at an offset, or the
// number of forms when there is none.
func (u *update) beginning(offset int) int {
	i := sort.Search(len(u.old), func(i int) bool { return u.old[i].Span.Start >= offset })
	if i < len(u.old) && u.old[i].Span.Start != offset {
		return len(u.old)
	}
	return i
}

// own gives a node and those in it texts of their own: it may be a part of many
// versions to come, and would keep the whole text of this one.
func own(n *Node) *Node {
	for x := range n.All() {
		x.Text = strings.Clone(x.Text)
	}
	return n
}

// moved returns a node so many bytes further on.
func (u *update) moved(n *Node, by int) *Node {
	if by == 0 {
		return n
	}
	out := u.arena.nodes.One()
	*out = *n
	out.Span = n.Span.Shift(by)
	if len(n.Children) > 0 {
		out.Children = u.arena.links.Take(len(n.Children))
		for i, c := range n.Children {
			out.Children[i] = u.moved(c, by)
		}
	}
	return out
}

// stride is how much of two texts is compared at once.
const stride = 256

func commonPrefix(a, b string) int {
	n, i := min(len(a), len(b)), 0
	for i+stride <= n && a[i:i+stride] == b[i:i+stride] {
		i += stride
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

func commonSuffix(a, b string) int {
	n, i := min(len(a), len(b)), 0
	for i+stride <= n && a[len(a)-i-stride:len(a)-i] == b[len(b)-i-stride:len(b)-i] {
		i += stride
	}
	for i < n && a[len(a)-1-i] == b[len(b)-1-i] {
		i++
	}
	return i
}
