package analysis_test

import (
	"sync"
	"testing"

	"quire/analysis"
	"quire/analysis/source"
)

// TestEveryPlace asks everything about every place of the examples, whole and
// cut off there: nothing panics, every span is in the text, and an edit does
// not overlap the one before it. In the ordinary run only some places are
// asked about.
func TestEveryPlace(t *testing.T) {
	const stride, cut = 61, 397
	for name, text := range examples(t) {
		t.Run(name, func(t *testing.T) {
			s := load(text, nil)
			for at := -1; at <= len(text)+1; at++ {
				if long || at%stride == 0 {
					askEverything(t, s, at)
				}
				if at >= 0 && at <= len(text) && (at%cut == 0 || long && at%7 == 0) {
					askEverything(t, load(text[:at], nil), at)
				}
			}
		})
	}
}

func askEverything(t *testing.T, s *analysis.Snapshot, at int) {
	t.Helper()
	size := len(s.File.Text())
	if h, ok := s.Hover(at, analysis.HoverOptions{}); ok && (h.Markdown == "" || h.Span.Start < 0 || h.Span.End > size || at < h.Span.Start-1 || at > h.Span.End+1) {
		t.Errorf("hover at %d: %+v", at, h)
	}
	for _, p := range s.Definition(at) {
		if p.File == nil || p.Span.Start < 0 || p.Span.End > len(p.File.Text()) {
			t.Errorf("definition at %d: %+v", at, p)
		}
	}
	for _, p := range s.Declaration(at) {
		if p.File == nil || p.Span.Start < 0 || p.Span.End > len(p.File.Text()) {
			t.Errorf("declaration at %d: %+v", at, p)
		}
	}
	end, file := 0, s.File
	for _, r := range s.References(at) {
		if r.File != file {
			end, file = 0, r.File
		}
		if r.Span.Start < end || r.Span.End > len(file.Text()) {
			t.Errorf("reference at %d: %+v", at, r)
		}
		end = r.Span.End
	}
	for _, c := range s.Complete(at) {
		if c.Label == "" || c.Text == "" || c.Span.Start < 0 || c.Span.End > size || c.Span.Start > c.Span.End {
			t.Errorf("completion at %d: %+v", at, c)
		}
	}
	edits, err := s.Rename(at, "another-name")
	if err != nil && err.Error() == "" {
		t.Errorf("rename at %d gives no reason", at)
	}
	end, file = 0, s.File
	for _, e := range edits {
		if e.File != file {
			end, file = 0, e.File
		}
		if e.Span.Start < end || e.Span.End > len(file.Text()) {
			t.Errorf("edit of rename at %d: %+v", at, e)
		}
		end = e.Span.End
	}
	checkOutline(t, s.Outline(), 0, size)
	askForms(t, s, at)
}

// askForms asks what depends on forms rather than names.
func askForms(t *testing.T, s *analysis.Snapshot, at int) {
	t.Helper()
	size := len(s.File.Text())
	inner := source.Span{Start: min(max(at, 0), size), End: min(max(at, 0), size)}
	for _, outer := range s.Selections(at) {
		if !outer.Encloses(inner) && (inner.Len() > 0 || outer.End < at-1) || outer == inner && size > 0 && inner.Len() > 0 {
			t.Errorf("selection at %d: %v around %v", at, outer, inner)
		}
		inner = outer
	}
	if sig, ok := s.SignatureAt(at); ok {
		for _, p := range sig.Params {
			if p.Span.Start < 1 || p.Span.End > len(sig.Label)-1 || p.Span.Len() == 0 {
				t.Errorf("signature at %d: %+v", at, sig)
			}
		}
		if sig.Active >= len(sig.Params) {
			t.Errorf("signature at %d: %+v", at, sig)
		}
	}
	last := -1
	for _, f := range s.Folds() {
		if f.Span.Start < last || f.Span.End > size {
			t.Errorf("fold %+v", f)
		}
		last = f.Span.Start
	}
	last = 0
	for _, k := range s.Tokens() {
		if k.Span.Start < last || k.Span.Len() == 0 || k.Span.End > size {
			t.Errorf("token %+v", k)
		}
		last = k.Span.End
	}
	last = 0
	for _, h := range s.Hints(source.Span{End: size}, analysis.HintOptions{Order: true, Dependents: true, Parameters: true}) {
		if h.Offset < last || h.Offset > size || h.Label == "" {
			t.Errorf("hint %+v", h)
		}
		last = h.Offset
	}
	for _, l := range s.Links() {
		if l.Span.Start < 0 || l.Span.End > size || l.Path == "" {
			t.Errorf("link %+v", l)
		}
	}
	for _, span := range s.Linked(at) {
		if s.File.Slice(span) != s.File.Slice(s.Linked(at)[0]) {
			t.Errorf("linked at %d: %q", at, s.File.Slice(span))
		}
	}
	if n, ok := s.NodeAt(at); ok && !n.Form.Span.Encloses(n.ID.Span) {
		t.Errorf("node at %d: %+v", at, n)
	}
}

func checkOutline(t *testing.T, items []analysis.Item, start, end int) {
	t.Helper()
	for _, x := range items {
		if x.Name == "" || !x.Span.Encloses(x.Select) || x.Span.Start < start || x.Span.End > end {
			t.Errorf("outline: %+v", x)
		}
		checkOutline(t, x.Children, x.Span.Start, x.Span.End)
	}
}

// A snapshot answers several questions at once.
func TestQuestionsAtOnce(t *testing.T) {
	text := examples(t)["release.fnl"]
	s := load(text, nil)
	var all sync.WaitGroup
	for start := range 4 {
		all.Go(func() {
			for at := start * 97; at < len(text); at += 997 {
				askEverything(t, s, at)
			}
			s.Diagnostics()
		})
	}
	all.Wait()
}

// TestDescribe asks about subjects that a client may send back when the text is
// another one by now, or that it makes up.
func TestDescribe(t *testing.T) {
	s := load(examples(t)["release.fnl"], nil)
	for kind := analysis.Kind(0); kind <= analysis.LibraryName+1; kind++ {
		for _, of := range []string{"", "quire.ci", "lib.x"} {
			s.Describe(analysis.Subject{Kind: kind, Name: "nothing", Of: of})
		}
	}
	if got := s.Describe(analysis.Subject{Kind: analysis.PrimitiveName, Name: "sh"}); got == "" {
		t.Error("nothing is known of sh")
	}
}
