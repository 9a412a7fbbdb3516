package exec

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
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
// of what handles text handles it by lines, and so are the encoded forms of
// all of these.
//
// Each value is replaced by its name in braces. Where values overlap, the text
// that any of them covers is replaced once, by the one that starts first and
// of those by the longest, so that no part of a value is left over.
//
// Values are found as Wu and Manber describe it in "A Fast Algorithm for
// Multi-Pattern Searching" (1994), which reads a fraction of the text: every
// value is at least as long as the window of minRedacted bytes that is moved
// over the text, and a table says how far it can move past the block that it
// ends with.
type redaction struct {
	values  []redacted // in the order of their texts
	longest int
	skips   [1 << tableBits]uint8       // by the hash of a block
	heads   [1 << tableBits / 64]uint64 // the set of the hashes of the first minRedacted bytes
}

type redacted struct {
	value, name, shown string
	// form is how value is made of what the secret is, as in [form].
	form string
	// within is the index of the longest other value that this one starts
	// with, or -1.
	within int
}

const (
	tableBits = 16
	blockSize = 3
)

// with returns the set with one more value. A value that is too short changes
// nothing.
func (r *redaction) with(name, value string) *redaction {
	byText := map[string]redacted{}
	if r != nil {
		for _, v := range r.values {
			byText[v.value] = redacted{value: v.value, name: v.name, form: v.form}
		}
	}
	for _, f := range forms(value) {
		// Of two names for one text the first in order is shown.
		if other, ok := byText[f.text]; !ok || name < other.name {
			byText[f.text] = redacted{value: f.text, name: name, form: f.name}
		}
	}
	if len(byText) == 0 {
		return r
	}
	next := &redaction{values: slices.Collect(maps.Values(byText))}
	next.index()
	return next
}

// index fills in all that follows from the values.
func (r *redaction) index() {
	slices.SortFunc(r.values, func(a, b redacted) int { return cmp.Compare(a.value, b.value) })
	for i := range r.skips {
		r.skips[i] = minRedacted - blockSize + 1
	}
	for i := range r.values {
		v := &r.values[i]
		r.longest = max(r.longest, len(v.value))
		for v.within = i - 1; v.within >= 0 && !strings.HasPrefix(v.value, r.values[v.within].value); {
			v.within = r.values[v.within].within
		}
		head := []byte(v.value[:minRedacted])
		for end := blockSize; end <= minRedacted; end++ {
			skip := &r.skips[hashBlock(head[end-blockSize:])]
			*skip = min(*skip, uint8(minRedacted-end))
		}
		hash := hashHead(head)
		r.heads[hash/64] |= 1 << (hash % 64)
	}
	shown := map[string]string{}
	for i, v := range r.values {
		text, ok := shown[v.name]
		if !ok {
			text = r.show(v.name)
			shown[v.name] = text
		}
		r.values[i].shown = text
	}
}

func hashBlock(p []byte) uint32 {
	return (uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16) * 0x9e3779b1 >> (32 - tableBits)
}

func hashHead(p []byte) uint64 {
	return binary.LittleEndian.Uint64(p) * 0x9e3779b97f4a7c15 >> (64 - tableBits)
}

// show returns what stands for the value of a name. A name that would give a
// value away is not shown.
func (r *redaction) show(name string) string {
	shown := "{{ " + name + " }}"
	if r.in(shown) {
		return "{{ *** }}"
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
	p := []byte(s)
	for i := r.candidate(p, 0); i < len(p); i = r.candidate(p, i+1) {
		if found, _ := r.at(p[i:]); found != nil {
			return true
		}
	}
	return false
}

// scanSize is how many bytes of a file are looked through at once.
const scanSize = 256 << 10

// inReader reports whether a value occurs in what a reader gives.
func (r *redaction) inReader(in io.Reader) (bool, error) {
	buf := make([]byte, 0, r.longest+scanSize)
	for {
		n, err := in.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		for i := r.candidate(buf, 0); i < len(buf); i = r.candidate(buf, i+1) {
			if found, _ := r.at(buf[i:]); found != nil {
				return true, nil
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return false, err
		}
		// What begins in the rest may go on.
		if rest := min(len(buf), r.longest-1); len(buf) > cap(buf)/2 {
			buf = buf[:copy(buf, buf[len(buf)-rest:])]
		}
	}
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

// candidate returns the first place from i on where a value may start: one
// where its first bytes may stand, or fewer bytes than that are left.
func (r *redaction) candidate(p []byte, i int) int {
	for i+minRedacted <= len(p) {
		window := p[i : i+minRedacted]
		if skip := r.skips[hashBlock(window[minRedacted-blockSize:])]; skip > 0 {
			i += int(skip)
			continue
		}
		if hash := hashHead(window); r.heads[hash/64]&(1<<(hash%64)) != 0 {
			return i
		}
		i++
	}
	return i
}

// at returns the longest value that p starts with, and whether p could be the
// start of a value longer than p.
func (r *redaction) at(p []byte) (found *redacted, open bool) {
	// In the order of texts, what starts with p comes directly behind p, and
	// what p starts with directly before, or is what that starts with.
	i, exact := slices.BinarySearchFunc(r.values, p, func(v redacted, p []byte) int {
		switch {
		case v.value < string(p):
			return -1
		case v.value > string(p):
			return 1
		}
		return 0
	})
	if exact {
		found = &r.values[i]
		i++
	}
	if i < len(r.values) {
		v := r.values[i].value
		open = len(v) > len(p) && v[:len(p)] == string(p)
	}
	for i--; found == nil && i >= 0; i = r.values[i].within {
		if v := &r.values[i]; len(v.value) <= len(p) && string(p[:len(v.value)]) == v.value {
			found = v
		}
	}
	return found, open
}

// A redactor removes values from a stream, wherever its parts are cut. The
// zero redactor is ready to use.
type redactor struct {
	held   []byte // start of what may be a value, shorter than the longest one
	cover  int    // so many bytes of held and after are part of a value already replaced
	joined []byte // buffer for held and what follows it
}

// next appends to dst what can be said of the stream after p arrived; last
// says that nothing follows. Less than the length of the longest value is held
// back, and only while it may be part of one.
func (s *redactor) next(r *redaction, dst, p []byte, last bool) []byte {
	if r == nil {
		return append(dst, p...)
	}
	if len(s.held) > 0 {
		s.joined = append(append(s.joined[:0], s.held...), p...)
		p = s.joined
	}
	// Of p[:covered] everything is dealt with; p[covered:i] holds no value.
	covered, i := s.cover, r.candidate(p, 0)
	for i < len(p) {
		found, open := r.at(p[i:])
		if open && !last {
			break
		}
		if found != nil {
			if i >= covered {
				dst = append(append(dst, p[covered:i]...), found.shown...)
			}
			covered = max(covered, i+len(found.value))
		}
		i = r.candidate(p, i+1)
	}
	i = min(i, len(p))
	if covered < i {
		dst = append(dst, p[covered:i]...)
	}
	s.cover = max(covered-i, 0)
	s.held = append(s.held[:0], p[i:]...)
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
