package syntax

import (
	"strings"

	"quire/analysis/source"
)

// Repair reads a region whose delimiters do not match: from the start of a form
// of the top level to the next opening delimiter in column 0.
//
// What the writer meant is guessed by reading the region by several plans and
// taking the one with the fewest faults. Most regions have one fault, and the
// first plan finds it.
//
// A string that lacks its closing quote turns everything behind it inside out:
// it ends where the next string starts. Such a string runs over the end of its
// line, and its seeming end is directly followed by text. It is cut at the end
// of its line. What was to close the forms around it may be part of it, so
// these are not reported; and where delimiters do not match behind it, nothing
// behind it is.

// A plan is a way of reading a region.
type plan struct {
	// distrust cuts every string that runs over an opening delimiter in column
	// 0, unless a closing delimiter follows on it.
	distrust bool
	// early cuts a string that touches text, but ends in its line, where it
	// seems to end: that quote then opens the next string.
	early bool
	// flat ignores indentation; else a line ends the forms that it is not
	// indented under.
	flat  bool
	wrong wrongCloser
}

// A wrongCloser says what a closer does that is not of the kind expected.
type wrongCloser uint8

const (
	closeOuter wrongCloser = iota // end the innermost form that it fits; if none, as closeInner
	closeInner                    // end the innermost form, in place of the right closer
	closeNone                     // nothing
)

// variants returns the plans that differ from p in how strings are read, or
// else those that read strings as p does and differ in how delimiters are read.
func (p plan) variants(strings bool) []plan {
	if strings {
		return []plan{
			{distrust: p.distrust, early: true}, {distrust: !p.distrust}, {distrust: !p.distrust, early: true},
		}
	}
	var all []plan
	for _, flat := range []bool{false, true} {
		for _, wrong := range []wrongCloser{closeOuter, closeInner, closeNone} {
			all = append(all, plan{p.distrust, p.early, flat, wrong})
		}
	}
	return all[1:]
}

// hopeless is the number of faults from which on no other plan is tried.
const hopeless = 100

// A layout says how a token stands on its line.
type layout struct {
	column int  // in bytes, from 0
	indent int  // the column of the first token of the line
	leads  bool // it is that token
	hung   bool // of a form: a later line of it starts right of it
}

// A repairer reads one region by one plan.
type repairer struct {
	*reader
	plan      plan
	start     int // of the region
	lineStart int // of the last token
	end       int // of the last token that is no comment
	faults    int
	// tainted is how many forms of the stack hold a string that was cut.
	tainted int
	// odd is the place of the last string that touches text and ends in its
	// line, or of the first one of that line, whose start is oddLine: a string
	// that is cut later in the line lacks its quote because this one does. It
	// is -1 before there is any.
	odd, oddLine int
	// cut is the last token when that is a string that was cut.
	cut token
	// cuts is how many strings were cut, and first what was found up to the
	// first of them, that one included.
	cuts  int
	first struct {
		problems, warnings findings
		faults             int
	}
}

// repair reads the region that starts at pos and returns where it ends.
func (r *reader) repair(pos int) int {
	start := r.mark()
	best := plan{distrust: r.survey(pos)}
	end, fewest, doubtful := r.attempt(pos, best)
	last := best
	for _, inStrings := range []bool{true, false} {
		if inStrings && !doubtful {
			continue
		}
		for _, p := range best.variants(inStrings) {
			if fewest <= 1 || fewest > hopeless || r.hasty() {
				break
			}
			r.rewind(start)
			last = p
			var faults int
			if end, faults, _ = r.attempt(pos, p); faults < fewest {
				best, fewest = p, faults
			}
		}
	}
	if last != best {
		r.rewind(start)
		end, _, _ = r.attempt(pos, best)
	}
	return end
}

// attempt reads the region at pos by a plan. It returns the end of the region,
// the number of faults, and whether the ends of its strings are in doubt.
func (r *reader) attempt(pos int, p plan) (end, faults int, doubtful bool) {
	m := r.repairer(pos, p)
	end = m.run()
	return end, m.faults, m.odd >= 0 || m.cuts > 0
}

func (r *reader) repairer(pos int, p plan) repairer {
	lineStart := strings.LastIndexAny(r.text[:pos], "\r\n") + 1
	first := lineStart
	for first < pos && classes[r.text[first]] == space {
		first++
	}
	r.place = layout{indent: first - lineStart, leads: first == pos}
	return repairer{reader: r, plan: p, start: pos, lineStart: lineStart, end: pos, odd: -1}
}

// survey reports whether the strings of the region at pos deserve no trust: one
// runs over the start of a form, and a later one needs to be cut.
func (r *reader) survey(pos int) bool {
	m := r.repairer(pos, plan{})
	crossed := false
	for {
		t := m.next(pos)
		if m.ends(t) {
			return false
		}
		if t.open && crossed {
			return true
		}
		crossed = crossed || t.kind == quote && m.doubtful(t)
		pos = t.end
	}
}

// run reads the region.
func (m *repairer) run() int {
	pos := m.start
	for {
		t := m.next(pos)
		if m.ends(t) {
			m.finishRegion()
			return t.start
		}
		pos = m.take(t)
		if t.kind != semicolon {
			m.end = pos
		}
	}
}

// ends reports whether the region ends before t.
func (m *repairer) ends(t token) bool {
	return t.kind == endOfFile || t.kind == opener && m.place.leads && m.place.column == 0 && t.start > m.start
}

// next returns the token at pos or behind the white space there.
func (m *repairer) next(pos int) token {
	t := m.lex(pos)
	if t.start > pos || len(m.stack) == 0 {
		m.glued = false
	}
	gap := strings.LastIndexAny(m.text[pos:t.start], "\r\n")
	if gap >= 0 {
		m.lineStart = pos + gap + 1
	}
	m.place.column = t.start - m.lineStart
	if gap >= 0 {
		m.place.indent, m.place.leads = m.place.column, true
	} else if pos > m.start {
		m.place.leads = false
	}
	if t.kind == quote {
		t = m.trusted(t)
		if i := strings.LastIndexAny(m.text[t.start:t.end], "\r\n"); i >= 0 {
			m.lineStart = t.start + i + 1
		}
	}
	return t
}

// trusted returns a string as it is read, or cut at the end of its line.
func (m *repairer) trusted(t token) token {
	line := lineEnd(m.text, t.start)
	flipped := !t.open && m.flipped(t)
	if t.end <= line && !t.open {
		if flipped || t.start > 0 && inName(m.text[t.start-1]) {
			return m.oddString(t)
		}
		return t
	}
	if t.open || flipped || m.plan.distrust && m.doubtful(t) {
		t.end, t.open = line, true
	}
	return t
}

// oddString returns a string that ends in its line and directly follows on text
// or is followed by it.
func (m *repairer) oddString(t token) token {
	if m.odd < 0 || m.oddLine != m.lineStart {
		m.odd, m.oddLine = t.start, m.lineStart
	}
	if !m.plan.early {
		return t
	}
	t.end, t.open = t.end-1, true
	for t.end > t.start+1 && classes[m.text[t.end-1]] == space {
		t.end--
	}
	return t
}

// flipped reports whether text follows directly on a string, as it does when
// its closing quote is the opening quote of another.
func (r *reader) flipped(t token) bool {
	if t.end == len(r.text) {
		return false
	}
	c := classes[r.text[t.end]]
	return c != space && c != closer && c != semicolon
}

// doubtful reports whether a string runs over what may be the start of a form
// and what follows on it does not show that it ends there: there are strings
// that start with white space, but few that start with a closer.
func (r *reader) doubtful(t token) bool {
	return r.crosses(t) && (t.end == len(r.text) || classes[r.text[t.end]] != closer)
}

// crosses reports whether a line of a string starts with an opening delimiter.
func (r *reader) crosses(t token) bool {
	for i := t.start + 1; i < t.end; i++ {
		if classes[r.text[i]] == opener && (r.text[i-1] == '\n' || r.text[i-1] == '\r') {
			return true
		}
	}
	return false
}

// take reads a token and returns where the next one starts at the earliest.
func (m *repairer) take(t token) int {
	if m.place.leads && t.kind != semicolon {
		if !m.plan.flat {
			m.dedent(t)
		}
		if n := len(m.stack) - 1; n >= 0 && m.stack[n].layout.column < m.place.column {
			m.stack[n].layout.hung = true
		}
	}
	m.cut = token{}
	switch {
	case t.open:
		m.cutString(t)
		m.cut = t
	case t.kind == closer:
		return m.closing(t)
	case (t.kind == opener || t.kind == sigil || t.kind == hash) && len(m.stack) >= MaxDepth:
		end := m.skipDeep(t)
		m.tooDeep(source.Span{Start: t.start, End: end})
		return end
	default:
		m.token(t)
	}
	return t.end
}

// dedent ends the forms that the line of t is not indented under. The form of
// the top level is left alone: text in column 0 is no sign that it ends.
func (m *repairer) dedent(t token) {
	n := len(m.stack)
	if t.kind == closer {
		for n > 0 && !m.alignedCloser(m.stack[n-1], t) {
			n--
		}
		if n > 0 {
			m.giveUp(n, false)
		}
		return
	}
	root := 0
	for root < n && m.stack[root].closer == 0 {
		root++
	}
	for n > root+1 && m.left(m.stack[n-1].layout) {
		n--
	}
	m.giveUp(n, false)
}

// left reports whether the line that begins with the last token starts too far
// left to be part of a form. A form that stands behind others on its line may
// be continued left of itself, unless its first lines were not.
func (m *repairer) left(l layout) bool {
	return m.place.column <= l.indent || l.hung && m.place.column <= l.column
}

// alignedCloser reports whether t, the first token of its line, stands under
// the delimiter that it closes.
func (m *repairer) alignedCloser(f frame, t token) bool {
	return f.closer == m.text[t.start] && f.layout.leads && f.layout.column == m.place.column
}

// giveUp finishes all but n forms of the stack without their ends.
func (m *repairer) giveUp(n int, safe bool) {
	if len(m.stack) <= n {
		return
	}
	m.dropPrefixes()
	if first := max(n, m.tainted); first < len(m.stack) {
		m.faults++
		m.unclosed(m.stack[first:], m.end, safe)
	}
	for len(m.stack) > n {
		m.abandon()
	}
	m.tainted = min(m.tainted, n)
	m.glued = false
}

// closing takes a closing delimiter and returns where the next token starts at
// the earliest.
func (m *repairer) closing(t token) int {
	m.dropPrefixes()
	n := len(m.stack) - 1
	if n < 0 {
		m.faults++
		return m.stray(t)
	}
	if m.stack[n].closer == m.text[t.start] {
		m.close(t)
		m.tainted = min(m.tainted, n)
		return t.end
	}
	outer := -1
	if m.plan.wrong == closeOuter {
		outer = m.fits(t)
	}
	made := m.plan.wrong
	if made == closeOuter && outer < 0 {
		made = closeInner
	}
	if made != closeOuter || n >= m.tainted {
		m.faults++
		m.mismatched(t, m.stack[n], made)
	}
	if made == closeOuter {
		for len(m.stack) > outer+1 {
			m.abandon()
		}
		m.close(t)
	} else {
		m.loose(source.Span{Start: t.start, End: t.end})
		if made == closeInner {
			m.abandon()
		}
	}
	m.tainted = min(m.tainted, len(m.stack))
	return t.end
}

// fits returns the index in the stack of the innermost form that t can close,
// or -1.
func (m *repairer) fits(t token) int {
	n := len(m.stack) - 1
	for n >= 0 && m.stack[n].closer != m.text[t.start] {
		n--
	}
	return n
}

// skipDeep returns the end of the form that starts with t, which is nested too
// deep to be read. Closers need not fit: what they close is not kept.
func (m *repairer) skipDeep(t token) int {
	depth, end := 0, t.start
	for ; !m.ends(t); t = m.next(end) {
		switch {
		case t.kind == opener:
			depth++
		case t.kind == closer && depth == 0:
			return end
		case t.kind == closer:
			depth--
		case t.open:
			m.reportCut(t)
		}
		end = t.end
		if depth == 0 && t.kind != semicolon && !m.waits(t) {
			break
		}
	}
	return end
}

// cutString takes a string whose closing quote is missing.
func (m *repairer) cutString(t token) {
	m.reportCut(t)
	// A bad escape in it is no news: the text may not be meant for the string.
	found := m.problems
	value := m.unescape(source.Span{Start: t.start + 1, End: t.end})
	m.problems = found
	m.leaf(String, source.Span{Start: t.start, End: t.end}, value).Open = true
}

// reportCut reports a string whose closing quote is missing.
func (m *repairer) reportCut(t token) {
	opening := t.start
	if m.odd >= 0 && m.oddLine == m.lineStart && !m.plan.early {
		opening = m.odd
	}
	m.faults++
	m.tainted = len(m.stack)
	m.unclosedString(opening, t)
	if m.cuts++; m.cuts == 1 {
		m.first.problems, m.first.warnings, m.first.faults = m.problems, m.warnings, m.faults
	}
}

// finishRegion ends everything that is open at the end of the region.
func (m *repairer) finishRegion() {
	m.dropPrefixes()
	if m.cut.open && len(m.stack) > 0 && classes[m.text[m.cut.end-1]] != closer {
		m.unclosedStringIn(m.stack, m.cut)
	}
	// Where nothing else is wrong and the lines are indented as they should be,
	// there is no doubt about the place.
	m.giveUp(0, !m.plan.flat && m.faults == 0)
	if m.cuts > 0 && m.faults > m.first.faults+m.cuts-1 {
		m.problems, m.warnings = m.first.problems, m.first.warnings
	}
}

// outdented reports whether a comment is alone on its line and indented no more
// than a form.
func (r *reader) outdented(comment *Node, f frame) bool {
	column, alone := r.indent(comment.Span.Start)
	return alone && column <= f.layout.column
}
