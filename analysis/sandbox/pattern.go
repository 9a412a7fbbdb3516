package sandbox

import (
	"errors"
	"strings"
)

// Lua's patterns. A pattern is compiled to items, which are matched one after
// the other; where an item can match in several ways the rest of the pattern is
// tried for each. Every way that is tried takes a step from the budget. As in
// Lua, a malformed part is an error when matching comes to it, and not before.

const (
	// maxCaptures is how many captures a pattern may have.
	maxCaptures = 32
	// maxMatchDepth is how many items of a pattern may be undecided at a time.
	maxMatchDepth = 200
	// specials are the bytes that make a pattern more than a text.
	specials = "^$*+?.([%-"
)

// A pattern is a compiled Lua pattern.
type pattern struct {
	anchored bool // it began with "^"
	items    []item
	captures int
	open     []uint8 // captures that never end: to ask for one is an error
	fault    error   // what is wrong at the item that is faulty
}

// An itemKind says what an item matches.
type itemKind uint8

const (
	oneByte      itemKind = iota // a byte of the set, as often as the repeat says
	openCapture                  // nothing; a capture begins
	openPosition                 // nothing; the place is captured
	closeCapture                 // nothing; the capture ends
	balanced                     // from low to the high that closes it
	frontier                     // nothing; the set begins here
	sameAgain                    // what the capture holds
	endOfText                    // nothing; the text ends here
	faulty                       // nothing; here the pattern is malformed
)

type item struct {
	kind      itemKind
	repeat    byte // one of "*+-?", or 0 for exactly once
	low, high byte // of balanced
	capture   uint8
	set       byteSet
}

// A byteSet holds one bit for each byte.
type byteSet [4]uint64

func (s *byteSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *byteSet) add(c byte) { s[c>>6] |= 1 << (c & 63) }

func (s *byteSet) addRange(low, high byte) {
	for c := int(low); c <= int(high); c++ {
		s.add(byte(c))
	}
}

func (s *byteSet) addAll(o byteSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s *byteSet) complement() {
	for i := range s {
		s[i] = ^s[i]
	}
}

// class returns the set that "%c" stands for: of a letter the class of that
// name, complemented for a capital, and of any other byte that byte.
func class(c byte) byteSet {
	var s byteSet
	switch c | 0x20 {
	case 'a':
		s.addRange('a', 'z')
		s.addRange('A', 'Z')
	case 'c':
		s.addRange(0, 31)
		s.add(127)
	case 'd':
		s.addRange('0', '9')
	case 'g':
		s.addRange(33, 126)
	case 'l':
		s.addRange('a', 'z')
	case 'p':
		s.addRange('!', '/')
		s.addRange(':', '@')
		s.addRange('[', '`')
		s.addRange('{', '~')
	case 's':
		s.addRange('\t', '\r')
		s.add(' ')
	case 'u':
		s.addRange('A', 'Z')
	case 'w':
		s.addRange('a', 'z')
		s.addRange('A', 'Z')
		s.addRange('0', '9')
	case 'x':
		s.addRange('a', 'f')
		s.addRange('A', 'F')
		s.addRange('0', '9')
	case 'z':
		s.add(0)
	default:
		s.add(c)
		return s
	}
	if c <= 'Z' {
		s.complement()
	}
	return s
}

// A patternReader compiles a pattern.
type patternReader struct {
	text string
	at   int
	out  pattern
	open []uint8 // captures that are not closed yet
	done [maxCaptures]bool
}

// compilePattern compiles a pattern. With anchors a "^" at its start is one.
func compilePattern(text string, anchors bool) *pattern {
	r := patternReader{text: text}
	r.out.items = make([]item, 0, len(text))
	if anchors && strings.HasPrefix(text, "^") {
		r.out.anchored = true
		r.at++
	}
	for r.at < len(r.text) {
		if err := r.item(); err != nil {
			return r.faulty(err)
		}
	}
	r.out.open = r.open
	return &r.out
}

// faulty ends the pattern where something is wrong.
func (r *patternReader) faulty(err error) *pattern {
	r.emit(item{kind: faulty})
	r.out.fault = err
	return &r.out
}

func (r *patternReader) emit(it item) { r.out.items = append(r.out.items, it) }

// item reads one item.
func (r *patternReader) item() error {
	rest := r.text[r.at:]
	switch {
	case strings.HasPrefix(rest, "()"):
		r.at += 2
		return r.begin(openPosition)
	case rest[0] == '(':
		r.at++
		return r.begin(openCapture)
	case rest[0] == ')':
		r.at++
		return r.end()
	case rest == "$":
		r.at++
		r.emit(item{kind: endOfText})
		return nil
	case strings.HasPrefix(rest, "%b"):
		if len(rest) < 4 {
			return errors.New("unbalanced pattern")
		}
		r.at += 4
		r.emit(item{kind: balanced, low: rest[2], high: rest[3]})
		return nil
	case strings.HasPrefix(rest, "%f"):
		return r.frontier()
	case len(rest) > 1 && rest[0] == '%' && rest[1] >= '0' && rest[1] <= '9':
		n := int(rest[1]) - '1'
		if n < 0 || n >= r.out.captures || !r.done[n] {
			return errors.New("invalid capture index")
		}
		r.at += 2
		r.emit(item{kind: sameAgain, capture: uint8(n)})
		return nil
	}
	return r.single()
}

func (r *patternReader) begin(kind itemKind) error {
	n := r.out.captures
	if n == maxCaptures {
		return errors.New("too many captures")
	}
	r.out.captures++
	if kind == openPosition {
		r.done[n] = true
	} else {
		r.open = append(r.open, uint8(n))
	}
	r.emit(item{kind: kind, capture: uint8(n)})
	return nil
}

func (r *patternReader) end() error {
	if len(r.open) == 0 {
		return errors.New("invalid pattern capture")
	}
	n := r.open[len(r.open)-1]
	r.open = r.open[:len(r.open)-1]
	r.done[n] = true
	r.emit(item{kind: closeCapture, capture: n})
	return nil
}

func (r *patternReader) frontier() error {
	r.at += 2
	if r.at >= len(r.text) || r.text[r.at] != '[' {
		return errors.New("missing '[' after '%f' in pattern")
	}
	set, err := r.set()
	if err != nil {
		return err
	}
	r.emit(item{kind: frontier, set: set})
	return nil
}

// single reads a set and how often it repeats.
func (r *patternReader) single() error {
	it := item{kind: oneByte}
	var err error
	if it.set, err = r.oneSet(); err != nil {
		return err
	}
	if r.at < len(r.text) && strings.IndexByte("*+-?", r.text[r.at]) >= 0 {
		it.repeat = r.text[r.at]
		r.at++
	}
	r.emit(it)
	return nil
}

// oneSet reads the set of a single byte: ".", a class, brackets, or the byte
// itself.
func (r *patternReader) oneSet() (byteSet, error) {
	var s byteSet
	c := r.text[r.at]
	switch c {
	case '.':
		s.complement()
	case '[':
		return r.set()
	case '%':
		if r.at+1 == len(r.text) {
			return s, errors.New("malformed pattern (ends with '%')")
		}
		r.at++
		s = class(r.text[r.at])
	default:
		s.add(c)
	}
	r.at++
	return s, nil
}

// set reads a set in brackets. A "]" that stands first is a member.
func (r *patternReader) set() (byteSet, error) {
	var s byteSet
	i := r.at + 1
	negated := i < len(r.text) && r.text[i] == '^'
	if negated {
		i++
	}
	end := r.setEnd(i)
	if end < 0 {
		return s, errors.New("malformed pattern (missing ']')")
	}
	for i < end {
		c := r.text[i]
		switch {
		case c == '%':
			s.addAll(class(r.text[i+1]))
			i += 2
		case i+2 < end && r.text[i+1] == '-':
			s.addRange(c, r.text[i+2])
			i += 3
		default:
			s.add(c)
			i++
		}
	}
	if negated {
		s.complement()
	}
	r.at = end + 1
	return s, nil
}

// setEnd returns the place of the "]" that closes the set whose first member
// is at i, or -1.
func (r *patternReader) setEnd(i int) int {
	for first := true; i < len(r.text); first = false {
		switch r.text[i] {
		case ']':
			if !first {
				return i
			}
			i++
		case '%':
			i += 2
		default:
			i++
		}
	}
	return -1
}

// A capture is a part of the text; position captures have no length.
type capture struct{ start, length int }

// isPosition is the length of a position capture.
const isPosition = -1

// A matcher matches one pattern against one text.
type matcher struct {
	*pattern
	text     string
	captured [maxCaptures]capture
	fiber    *fiber
	depth    int
}

func newMatcher(f *fiber, p *pattern, text string) *matcher {
	return &matcher{pattern: p, text: text, fiber: f}
}

// find returns the first match that begins at at or later, or at at when the
// pattern is anchored.
func (m *matcher) find(at int) (start, end int, ok bool) {
	for ; at <= len(m.text); at++ {
		if end := m.match(at, 0); end >= 0 {
			return at, end, true
		}
		if m.anchored {
			break
		}
	}
	return 0, 0, false
}

// match matches the items from i on at a place of the text and returns the end
// of the match, or -1.
func (m *matcher) match(at, i int) int {
	m.depth++
	if m.depth > maxMatchDepth {
		m.fiber.raise("pattern too complex")
	}
	for at >= 0 && i < len(m.items) {
		m.fiber.meter.step(1)
		it := &m.items[i]
		i++
		switch it.kind {
		case oneByte:
			if it.repeat != 0 {
				at = m.repeated(it, at, i)
				i = len(m.items)
			} else if at < len(m.text) && it.set.has(m.text[at]) {
				at++
			} else {
				at = -1
			}
		case openCapture:
			m.captured[it.capture].start = at
		case openPosition:
			m.captured[it.capture] = capture{at, isPosition}
		case closeCapture:
			// A way that fails may have closed the capture before.
			m.captured[it.capture].length = at - m.captured[it.capture].start
		case balanced:
			at = m.balance(it, at)
		case frontier:
			if it.set.has(m.byteAt(at-1)) || !it.set.has(m.byteAt(at)) {
				at = -1
			}
		case sameAgain:
			at = m.again(it, at)
		case endOfText:
			if at != len(m.text) {
				at = -1
			}
		case faulty:
			m.fiber.raise("%s", m.fault.Error())
		}
	}
	m.depth--
	return at
}

// byteAt returns a byte of the text, and 0 just outside of it.
func (m *matcher) byteAt(i int) byte {
	if i < 0 || i >= len(m.text) {
		return 0
	}
	return m.text[i]
}

// repeated matches an item that repeats, and the items from next on after it.
func (m *matcher) repeated(it *item, at, next int) int {
	least, most := 0, len(m.text)-at
	switch it.repeat {
	case '+':
		least = 1
	case '?':
		most = min(most, 1)
	case '-':
		return m.fewest(it, at, next)
	}
	n := 0
	for n < most && it.set.has(m.text[at+n]) {
		n++
	}
	m.fiber.meter.step(n / 8)
	if next == len(m.items) {
		// Nothing comes after it that could want less.
		if n < least {
			return -1
		}
		return at + n
	}
	for ; n >= least; n-- {
		if end := m.match(at+n, next); end >= 0 {
			return end
		}
	}
	return -1
}

// fewest matches an item as few times as will do.
func (m *matcher) fewest(it *item, at, next int) int {
	for {
		if end := m.match(at, next); end >= 0 {
			return end
		}
		if at >= len(m.text) || !it.set.has(m.text[at]) {
			return -1
		}
		at++
	}
}

// balance returns the end of the balanced text that begins at at, or -1.
func (m *matcher) balance(it *item, at int) int {
	if at >= len(m.text) || m.text[at] != it.low {
		return -1
	}
	open := 1
	for i := at + 1; i < len(m.text); i++ {
		switch m.text[i] {
		case it.high:
			open--
			if open == 0 {
				m.fiber.meter.step((i - at) / 8)
				return i + 1
			}
		case it.low:
			open++
		}
	}
	m.fiber.meter.step((len(m.text) - at) / 8)
	return -1
}

// again matches what a capture holds.
func (m *matcher) again(it *item, at int) int {
	c := m.captured[it.capture]
	if c.length == isPosition {
		// As in Lua, where a position is a capture that is too long to repeat.
		return -1
	}
	m.fiber.meter.step(c.length / 16)
	if strings.HasPrefix(m.text[at:], m.text[c.start:c.start+c.length]) {
		return at + c.length
	}
	return -1
}
