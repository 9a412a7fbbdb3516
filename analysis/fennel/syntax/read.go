package syntax

import (
	"slices"
	"strings"

	"quire/analysis/source"
)

// Read reads a file.
//
// A form is first read in good faith, wherever its lines begin. When that
// fails, because the end of the file or a delimiter of the wrong kind comes
// before its own, what was read of it is thrown away and the text up to the
// next opening delimiter in column 0 is read again with repair (repair.go).
// What lies behind is read in good faith again. How much text is read again is
// bounded, so that the whole takes linear time (see [reader.hasty]).
func Read(f *source.File) *Tree {
	r := &reader{file: f, text: f.Text()}
	return r.read()
}

// A reader holds the state of one reading.
type reader struct {
	file  *source.File
	text  string
	stack []frame // the forms that are open, outermost first
	// pending holds the nodes whose parent is not finished: those of the top
	// level, then the children of each open form in turn.
	pending []*Node
	arena   arena
	// problems and warnings are what was found so far.
	problems, warnings findings
	// glued reports that nothing separates the next token from a form.
	glued bool
	// place is where the token that is read stands; only repair keeps it.
	place layout
	// work is how many bytes were read, again and again included.
	work int
	// suspect is where to go back to when a form cannot be read: the start of
	// an earlier one that can be, but by way of a string that looks as if its
	// quotes belonged to two others.
	suspect suspect
}

// A suspect is a form that may have been read wrongly.
type suspect struct {
	known bool
	pos   int
	mark  mark
}

// A frame is an open form: between delimiters, or a prefix that waits for the
// form it applies to.
type frame struct {
	kind   Kind
	start  int
	first  int  // index of the first child in pending
	closer byte // what closes it; 0 for a prefix
	layout layout
}

func (r *reader) read() *Tree {
	for pos := r.skipSpace(r.preamble()); pos < len(r.text); {
		pos = r.skipSpace(r.top(pos))
	}
	return &Tree{
		File:        r.file,
		Forms:       slices.Clone(r.pending),
		Diagnostics: r.problems.list(),
		Warnings:    r.warnings.list(),
	}
}

// hasty reports that so much text has been read again that nothing is read in
// good faith any more: every form ends before the next opening delimiter in
// column 0, and every string in its line. It takes dozens of faults in a file,
// each with most of the file behind it.
func (r *reader) hasty() bool { return r.work > 8*len(r.text)+1<<20 }

// preamble reads what only the start of a file can hold, a byte order mark
// or a line for the kernel, and returns where it ends.
func (r *reader) preamble() int {
	if strings.HasPrefix(r.text, "\ufeff") {
		return len("\ufeff")
	}
	if strings.HasPrefix(r.text, "#!") {
		end := lineEnd(r.text, 0)
		r.leaf(Comment, source.Span{End: end}, r.text[:end])
		return end
	}
	return 0
}

// top reads one form of the top level, or more where they need repair, and
// returns where it ends.
func (r *reader) top(pos int) int {
	start := suspect{known: true, pos: pos, mark: r.mark()}
	if !r.hasty() {
		if end, ok := r.form(start); ok {
			return end
		}
		if r.suspect.known {
			start = r.suspect
		}
		r.suspect = suspect{}
		r.rewind(start.mark)
	}
	return r.repair(start.pos)
}

// form reads one form of the top level in good faith and returns where it
// ends. It fails when a delimiter of the form is missing or does not match.
func (r *reader) form(start suspect) (end int, ok bool) {
	pos := start.pos
	r.glued = false
	for {
		t := r.lex(pos)
		if t.start > pos {
			r.glued = false
		}
		pos = t.end
		switch {
		case t.kind == endOfFile:
			r.dropPrefixes()
			return pos, len(r.stack) == 0
		case t.open:
			return 0, false
		case (t.kind == opener || t.kind == sigil || t.kind == hash) && len(r.stack) >= MaxDepth:
			if pos, ok = r.skip(t.start); !ok {
				return 0, false
			}
			r.tooDeep(source.Span{Start: t.start, End: pos})
		case t.kind == closer:
			r.dropPrefixes()
			if len(r.stack) == 0 {
				pos = r.stray(t)
			} else if r.stack[len(r.stack)-1].closer != r.text[t.start] {
				return 0, false
			} else {
				r.close(t)
			}
		default:
			if t.kind == quote && !r.suspect.known && r.flipped(t) && r.crosses(t) {
				r.suspect = start
			}
			r.token(t)
		}
		if len(r.stack) == 0 {
			return pos, true
		}
	}
}

// skip finds the end of the form at pos, which is nested too deep to be read.
// It reports whether the delimiters in it match.
func (r *reader) skip(pos int) (end int, ok bool) {
	var closers []byte
	for end = pos; ; {
		t := r.lex(end)
		n := len(closers) - 1
		switch {
		case t.kind == endOfFile:
			return end, n < 0
		case t.open:
			return 0, false
		case t.kind == opener:
			closers = append(closers, closerOf(r.text[t.start]))
		case t.kind == closer && n < 0: // what is skipped is a prefix without a form
			return end, true
		case t.kind == closer && closers[n] != r.text[t.start]:
			return 0, false
		case t.kind == closer:
			closers = closers[:n]
		}
		end = t.end
		if len(closers) == 0 && t.kind != semicolon && !r.waits(t) {
			return end, true
		}
	}
}

// token takes any token but a closer and the end of the file.
func (r *reader) token(t token) {
	span := source.Span{Start: t.start, End: t.end}
	switch t.kind {
	case opener:
		if r.glued {
			r.gluedOpener(t)
			r.glued = false
		}
		r.open(t)
	case sigil, hash:
		r.prefix(t)
	case quote:
		if r.glued {
			r.missingSpace(span, "string")
		}
		body := source.Span{Start: t.start + 1, End: t.end - 1}
		r.leaf(String, span, r.unescape(body))
	case semicolon:
		r.leaf(Comment, span, r.text[t.start:t.end])
	case bad:
		r.badCharacter(span)
		r.leaf(Error, span, r.text[t.start:t.end])
	case name, tilde:
		r.word(span)
	}
}

// word takes a symbol, a number or a keyword.
func (r *reader) word(span source.Span) {
	text := r.text[span.Start:span.End]
	if text[0] == ':' && len(text) > 1 {
		r.checkGlued(span)
		r.leaf(String, span, text[1:])
		return
	}
	if digits, ok := r.number(text); ok {
		r.checkGlued(span)
		r.leaf(Number, span, digits)
		return
	}
	if isDecimal(text[0]) {
		r.badNumber(span)
		r.leaf(Error, span, text)
		return
	}
	if at, problem := malformed(text); problem != "" {
		r.badSymbol(span, at, problem)
		r.leaf(Error, span, text)
		return
	}
	r.checkGlued(span)
	r.leaf(Symbol, span, text)
}

func (r *reader) checkGlued(span source.Span) {
	if r.glued {
		r.missingSpace(span, "token")
	}
}

// number returns the text of a number without underscores, and whether it is
// one.
func (r *reader) number(text string) (string, bool) {
	if !isDecimal(text[0]) && text[0] != '-' && text[0] != '+' && text[0] != '.' {
		return "", false
	}
	if strings.IndexByte(text, '_') >= 0 {
		text = strings.ReplaceAll(text, "_", "")
	}
	if text == ".inf" || text == ".nan" || len(text) == 5 && (text[1:] == ".inf" || text[1:] == ".nan") {
		_, ok := ParseNumber(text)
		return text, ok
	}
	_, _, ok := numeral(text)
	return text, ok
}

// malformed returns what is wrong with the parts of a symbol, empty when
// nothing is, and where in the symbol that shows.
func malformed(text string) (at int, problem string) {
	if text[0] == '~' && text != "~=" {
		return 0, "invalid character: ~"
	}
	method := strings.IndexByte(text, ':')
	if method < 0 && strings.IndexByte(text, '.') < 0 || len(text) == 1 {
		return 0, ""
	}
	if text == ".." || text == "..." || text == "$..." {
		return 0, ""
	}
	joint := func(b byte) bool { return b == '.' || b == ':' }
	for i := 1; i < len(text); i++ {
		if joint(text[i-1]) && joint(text[i]) {
			return i - 1, "malformed multisym: " + shown(text)
		}
	}
	if text[len(text)-1] == ':' {
		return len(text) - 1, "malformed multisym: " + shown(text)
	}
	if method >= 0 && strings.ContainsAny(text[method+1:], ".:") {
		return method, "method must be last component of multisym: " + shown(text)
	}
	return 0, ""
}

// prefix takes the token of a prefix. Its form must follow at once, save that
// a # by itself is a symbol; a form on the same line is taken for it all the
// same.
func (r *reader) prefix(t token) {
	waits := r.waits(t)
	if r.apart(t.end) && t.end < len(r.text) {
		if t.kind == hash {
			r.leaf(Symbol, source.Span{Start: t.start, End: t.end}, "#")
			return
		}
		r.prefixApart(t, waits)
	}
	r.stack = append(r.stack, frame{kind: Prefix, start: t.start, first: len(r.pending), layout: r.place})
	if !waits && t.end < len(r.text) {
		r.abandon()
	}
}

// waits reports whether t is a prefix whose form may follow: one on the same
// line, or behind a comment.
func (r *reader) waits(t token) bool {
	if t.kind != sigil && t.kind != hash || t.kind == hash && r.apart(t.end) {
		return false
	}
	gap := r.skipSpace(t.end)
	return !r.apart(gap) && !strings.ContainsAny(r.text[t.end:gap], "\r\n")
}

// dropPrefixes finishes the prefixes that wait for a form in vain, because a
// closing delimiter or the end of the file follows.
func (r *reader) dropPrefixes() {
	for n := len(r.stack) - 1; n >= 0 && r.stack[n].closer == 0; n = len(r.stack) - 1 {
		span := source.Span{Start: r.stack[n].start, End: r.stack[n].start + 1}
		if !r.apart(span.End) || span.End == len(r.text) {
			r.lonePrefix(span)
		}
		r.abandon()
	}
}

// apart reports whether what stands at pos cannot begin the form of a prefix
// that ends there.
func (r *reader) apart(pos int) bool {
	return pos == len(r.text) || classes[r.text[pos]] == space || classes[r.text[pos]] == closer
}

// open pushes the frame of an opening delimiter.
func (r *reader) open(t token) {
	f := frame{start: t.start, first: len(r.pending), closer: closerOf(r.text[t.start]), layout: r.place}
	switch f.closer {
	case ')':
		f.kind = List
	case ']':
		f.kind = Sequence
	case '}':
		f.kind = Table
	}
	r.stack = append(r.stack, f)
}

func closerOf(opener byte) byte {
	switch opener {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}

// close finishes the innermost form, which t closes.
func (r *reader) close(t token) {
	f := r.stack[len(r.stack)-1]
	if f.kind == Table {
		r.checkPairs(r.pending[f.first:], t)
	}
	r.finish(t.end, len(r.pending), false)
}

// abandon finishes the innermost form without its end. Comments behind its
// last form that are indented no more than itself belong to what is around it.
func (r *reader) abandon() {
	f := r.stack[len(r.stack)-1]
	last := len(r.pending)
	for last > f.first && r.pending[last-1].Kind == Comment && r.outdented(r.pending[last-1], f) {
		last--
	}
	end := f.start + 1
	if last > f.first {
		end = r.pending[last-1].Span.End
	}
	r.finish(end, last, f.closer != 0)
}

// finish pops the innermost frame and adds its node, whose children end before
// index last in pending. What is pending from there comes after the node.
func (r *reader) finish(end, last int, open bool) {
	n := len(r.stack) - 1
	f := r.stack[n]
	r.stack = r.stack[:n]
	node := r.arena.nodes.One()
	*node = Node{Kind: f.kind, Span: source.Span{Start: f.start, End: end}, Open: open, size: 1}
	if f.kind == Prefix {
		node.Text = prefixText(r.text[f.start])
	}
	if last > f.first {
		node.Children = r.arena.links.Take(last - f.first)
		copy(node.Children, r.pending[f.first:last])
		for _, c := range node.Children {
			node.size += c.size
		}
	}
	var loose []*Node
	if last < len(r.pending) {
		loose = slices.Clone(r.pending[last:])
	}
	r.pending = r.pending[:f.first]
	r.add(node)
	r.pending = append(r.pending, loose...)
}

func prefixText(b byte) string {
	switch b {
	case '#':
		return "#"
	case ',':
		return ","
	}
	return "`"
}

// leaf adds a node without children.
func (r *reader) leaf(kind Kind, span source.Span, text string) *Node {
	node := r.arena.nodes.One()
	*node = Node{Kind: kind, Span: span, Text: text, size: 1}
	r.add(node)
	return node
}

// add appends a finished node to those of the innermost form, and finishes the
// prefix that waited for it.
func (r *reader) add(n *Node) {
	r.pending = append(r.pending, n)
	r.glued = n.Kind != Comment && n.Kind != Error
	if n.Kind == Comment {
		return
	}
	if top := len(r.stack) - 1; top >= 0 && r.stack[top].closer == 0 {
		r.finish(n.Span.End, len(r.pending), false)
	}
}

// loose adds text that is no form where it stands, such as a closer too many.
// It is not what a prefix waits for.
func (r *reader) loose(span source.Span) {
	node := r.arena.nodes.One()
	*node = Node{Kind: Error, Span: span, Text: r.text[span.Start:span.End], size: 1}
	r.pending = append(r.pending, node)
	r.glued = false
}

// stray takes the closing delimiters at t, which close nothing, and returns
// where they end.
func (r *reader) stray(t token) int {
	span := source.Span{Start: t.start, End: t.end}
	for span.End < len(r.text) && classes[r.text[span.End]] == closer {
		span.End++
	}
	r.unexpectedCloser(span)
	r.loose(span)
	return span.End
}

// tooDeep takes a form that is nested too deep.
func (r *reader) tooDeep(span source.Span) {
	r.depthLimit(span)
	r.leaf(Error, span, r.text[span.Start:span.End])
}

// checkPairs reports a table of an odd number of forms that t closes.
func (r *reader) checkPairs(children []*Node, t token) {
	forms := 0
	var last *Node
	for _, c := range children {
		switch c.Kind {
		case Comment:
		case Error:
			return
		default:
			forms++
			last = c
		}
	}
	if forms%2 != 0 {
		r.oddTable(t, last.Span)
	}
}

// A mark is a state of the reader, between two forms of the top level.
type mark struct {
	pending            int
	problems, warnings findings
	arena              arenaMark
}

func (r *reader) mark() mark {
	return mark{len(r.pending), r.problems, r.warnings, r.arena.mark()}
}

func (r *reader) rewind(m mark) {
	r.stack = r.stack[:0]
	r.pending = r.pending[:m.pending]
	r.problems, r.warnings = m.problems, m.warnings
	r.arena.rewind(m.arena)
}
