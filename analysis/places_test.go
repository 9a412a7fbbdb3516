package analysis_test

import (
	"sync"
	"testing"

	"quire/analysis"
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
	end := 0
	for _, r := range s.References(at) {
		if r.Span.Start < end || r.Span.End > size {
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
	end = 0
	for _, e := range edits {
		if e.Span.Start < end || e.Span.End > size {
			t.Errorf("edit of rename at %d: %+v", at, e)
		}
		end = e.Span.End
	}
	checkOutline(t, s.Outline(), 0, size)
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
