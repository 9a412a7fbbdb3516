package syntax

import "strings"

// A class says what a byte can begin.
type class uint8

const (
	bad class = iota // a control character or @, which mean nothing
	space
	name // continues a symbol, number or keyword; every byte above ASCII is one
	opener
	closer
	quote
	semicolon
	sigil // a prefix; # is one too, but only where a form may begin
	hash
	tilde // begins only ~=
)

var classes = func() (table [256]class) {
	for b := range table {
		switch {
		case b == ' ' || '\t' <= b && b <= '\r':
			table[b] = space
		case b > ' ' && b != 0x7f:
			table[b] = name
		}
	}
	for c, bytes := range map[class]string{
		bad: "@", opener: "([{", closer: ")]}", quote: `"`, semicolon: ";", sigil: "`',", hash: "#", tilde: "~",
	} {
		for i := range len(bytes) {
			table[bytes[i]] = c
		}
	}
	return table
}()

func inName(b byte) bool { return classes[b] == name || classes[b] == hash }

// A token is the smallest piece of text that means something. Its kind is the
// class of its first byte; a space is the end of the file.
type token struct {
	kind       class
	start, end int
	open       bool // a string that nothing closes
}

const endOfFile = space

// lex returns the token at pos or behind the white space there.
func (r *reader) lex(pos int) token {
	t := r.scan(pos)
	r.work += t.end - pos
	return t
}

func (r *reader) scan(pos int) token {
	text := r.text
	pos = r.skipSpace(pos)
	if pos == len(text) {
		return token{kind: endOfFile, start: pos, end: pos}
	}
	t := token{kind: classes[text[pos]], start: pos, end: pos + 1}
	switch t.kind {
	case name, tilde:
		for t.end < len(text) && inName(text[t.end]) {
			t.end++
		}
	case quote:
		t.end, t.open = r.lexString(pos)
	case semicolon:
		t.end = lineEnd(text, pos)
	case bad:
		for t.end < len(text) && classes[text[t.end]] == bad {
			t.end++
		}
	}
	return t
}

// skipSpace returns the end of the white space at pos.
func (r *reader) skipSpace(pos int) int {
	for pos < len(r.text) && classes[r.text[pos]] == space {
		pos++
	}
	return pos
}

// lexString returns the end of the string that starts at pos, behind its
// closing quote, and whether that quote is missing.
func (r *reader) lexString(pos int) (end int, open bool) {
	text, oneLine := r.text, r.hasty()
	for i := pos + 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i + 1, false
		case '\\':
			i++
		}
		if oneLine && i < len(text) && text[i] == '\n' {
			return lineEnd(text, pos), true
		}
	}
	return len(text), true
}

// lineEnd returns the end of the line that holds pos, without its terminator.
func lineEnd(text string, pos int) int {
	end := len(text)
	if i := strings.IndexByte(text[pos:], '\n'); i >= 0 {
		end = pos + i
	}
	for end > pos && text[end-1] == '\r' {
		end--
	}
	return end
}
