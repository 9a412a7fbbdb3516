package syntax

import (
	"quire/analysis/diag"
	"quire/analysis/source"
)

// harmless returns the edits of a formatter, or none where the text would read
// differently after them. That can only be so where it does not read: which of its
// lines belong to a form that is not closed is told by where they stand.
func harmless(t *Tree, edits []diag.Edit) []diag.Edit {
	if len(t.Diagnostics) == 0 || len(edits) == 0 {
		return edits
	}
	formatted := source.NewFile(t.File.Name(), diag.Apply(t.File.Text(), edits))
	if !alike(t.Forms, Read(formatted).Forms) {
		return nil
	}
	return edits
}

// alike reports whether nodes differ in nothing but their places.
func alike(a, b []*Node) bool {
	if len(a) != len(b) {
		return false
	}
	for i, x := range a {
		y := b[i]
		if x.Kind != y.Kind || x.Open != y.Open || x.Text != y.Text || !alike(x.Children, y.Children) {
			return false
		}
	}
	return true
}
