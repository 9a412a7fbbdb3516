package exec

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// minRedacted is the shortest value, in bytes, that is redacted. Shorter ones
// would take ordinary words with them.
const minRedacted = 8

// A redaction is the set of values that must not be recorded or shown. It is
// immutable; a nil redaction is empty.
//
// Of a value with several lines each line is a value as well, because so much
// of what handles text handles it by lines.
//
// Each value is replaced by its name in braces. Where values overlap, the text
// that any of them covers is replaced once, by the one that starts first and
// of those by the longest, so that no part of a value is left over.
type redaction struct {
	values  []redacted // longest first, then by name
	starts  [256]bool  // first bytes of values
	longest int
}

type redacted struct{ value, name, shown string }

// maxLines is how many lines of a value are values as well.
const maxLines = 500

// with returns the set with one more value. A value that is too short changes
// nothing.
func (r *redaction) with(name, value string) *redaction {
	next := &redaction{}
	if r != nil {
		next.values = slices.Clone(r.values)
	}
	for _, form := range forms(value) {
		next.add(name, form)
	}
	if len(next.values) == 0 {
		return r
	}
	slices.SortFunc(next.values, func(a, b redacted) int {
		return cmp.Or(cmp.Compare(len(b.value), len(a.value)), cmp.Compare(a.value, b.value))
	})
	next.longest = len(next.values[0].value)
	for i, v := range next.values {
		next.starts[v.value[0]] = true
		next.values[i].shown = next.show(v.name)
	}
	return next
}

// forms returns the texts by which a value may be met: itself, its lines, and
// each of these as it stands in a quoted string of a message.
func forms(value string) []string {
	all := []string{value}
	if strings.ContainsAny(value, "\r\n") {
		lines := strings.FieldsFunc(value, func(c rune) bool { return c == '\r' || c == '\n' })
		all = append(all, lines[:min(len(lines), maxLines)]...)
	}
	for _, form := range all {
		quoted := strconv.Quote(form)
		if quoted = quoted[1 : len(quoted)-1]; quoted != form {
			all = append(all, quoted)
		}
	}
	return all
}

// add adds one text. Of two names for one text the first in order is shown.
func (r *redaction) add(name, value string) {
	if len(value) < minRedacted {
		return
	}
	i := slices.IndexFunc(r.values, func(v redacted) bool { return v.value == value })
	if i < 0 {
		r.values = append(r.values, redacted{value: value, name: name})
	} else {
		r.values[i].name = min(r.values[i].name, name)
	}
}

// show returns what stands for the value of a name. A name that would give a
// value away is not shown.
func (r *redaction) show(name string) string {
	shown := "{{ " + name + " }}"
	for _, v := range r.values {
		if strings.Contains(shown, v.value) {
			return "{{ *** }}"
		}
	}
	return shown
}

// text returns the text without the values.
func (r *redaction) text(s string) string {
	if r == nil || !r.in(s) {
		return s
	}
	var st redactor
	return string(st.next(r, nil, []byte(s), true))
}

// in reports whether a value occurs in the text.
func (r *redaction) in(s string) bool {
	if r == nil {
		return false
	}
	return slices.ContainsFunc(r.values, func(v redacted) bool { return strings.Contains(s, v.value) })
}

// String names what is redacted, and keeps the values out of whatever prints
// them.
func (r *redaction) String() string {
	var names []string
	if r != nil {
		for _, v := range r.values {
			names = append(names, v.name)
		}
	}
	slices.Sort(names)
	return fmt.Sprintf("redaction of %q", slices.Compact(names))
}

// GoString does the same for %#v.
func (r *redaction) GoString() string { return r.String() }

// at returns the longest value that p starts with, and whether p could be the
// start of a value longer than p.
func (r *redaction) at(p []byte) (found *redacted, open bool) {
	for i := range r.values {
		v := &r.values[i]
		switch {
		case len(v.value) > len(p):
			open = open || strings.HasPrefix(v.value, string(p))
		case found == nil && string(p[:len(v.value)]) == v.value:
			found = v
		}
	}
	return found, open
}

// A redactor removes values from a stream, wherever its parts are cut. The
// zero redactor is ready to use.
type redactor struct {
	held  []byte // start of what may be a value, shorter than the longest one
	cover int    // so many bytes of held and after are part of a value already replaced
}

// next appends to dst what can be said of the stream after p arrived; last
// says that nothing follows. Less than the length of the longest value is held
// back, and only while it may be part of one.
func (s *redactor) next(r *redaction, dst, p []byte, last bool) []byte {
	if r == nil || len(r.values) == 0 {
		return append(dst, p...)
	}
	if len(s.held) > 0 {
		p = append(s.held, p...)
	}
	i, plain := 0, 0 // p[plain:i] is to be appended as it is
	for ; i < len(p); i++ {
		covered := s.cover > 0
		if covered {
			s.cover--
			plain = i + 1
		}
		if !r.starts[p[i]] {
			continue
		}
		found, open := r.at(p[i:])
		if open && !last {
			if covered {
				s.cover++
				plain = i
			}
			break
		}
		if found == nil {
			continue
		}
		if !covered {
			dst = append(append(dst, p[plain:i]...), found.shown...)
			plain = i + 1
		}
		s.cover = max(s.cover, len(found.value)-1)
	}
	dst = append(dst, p[plain:i]...)
	s.held = append(s.held[:0:0], p[i:]...)
	return dst
}

// A redactions is the set of values of one run, which grows as secrets are
// revealed. It may be used by several goroutines.
type redactions struct {
	mu  sync.Mutex // held while the set is replaced
	set atomic.Pointer[redaction]
}

func (r *redactions) add(name, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set.Store(r.set.Load().with(name, value))
}

// text returns the text without the values revealed so far.
func (r *redactions) text(s string) string { return r.set.Load().text(s) }

// in reports whether a value revealed so far occurs in the text.
func (r *redactions) in(s string) bool { return r.set.Load().in(s) }
