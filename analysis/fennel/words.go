package fennel

import (
	"strings"

	"quire/analysis/fennel/macros"
	"quire/analysis/fennel/slab"
)

// A word is a name as it stands in symbols, with what it is made of and what it
// means wherever nothing in a form hides it. A session looks each name up once
// for all of its symbols.
type word struct {
	text string
	// root is the word of the first part of a multi-symbol; of other names the
	// word itself.
	root    *word
	keys    []string // the parts of a multi-symbol, nil of other names
	method  bool     // the last part is behind a colon
	special *special
	builtin *macros.Macro
	cell    string // what the generated code calls a local of that name of another unit
	// meaning is what the surroundings answered to the unit asker.
	meaning outer
	asker   *unit
}

// words are those that a session has met.
type words struct {
	known map[string]*word
	slab  slab.Slab[word]
}

// word returns the word for a name.
func (s *session) word(name string) *word {
	if w := s.words.known[name]; w != nil {
		return w
	}
	if s.words.known == nil {
		s.words.known = map[string]*word{}
	}
	w := s.words.slab.One()
	s.words.known[name] = w
	w.text, w.root = name, w
	if w.keys, w.method = parts(name); w.keys != nil {
		w.root = s.word(w.keys[0])
	} else {
		w.special = s.specials[name]
		w.builtin, _ = macros.Lookup(name)
	}
	return w
}

// isMulti reports whether a name is a multi-symbol such as a.b or a:b.
func isMulti(name string) bool {
	return strings.IndexAny(name, ".:") > 0 && !strings.HasSuffix(name, ".") && !strings.HasSuffix(name, ":") &&
		name != "$..." && !strings.Contains(name, "..")
}

// parts splits a multi-symbol; method reports that the last part is behind a
// colon. A name that is none gives nil.
func parts(name string) (keys []string, method bool) {
	if !isMulti(name) {
		return nil, false
	}
	keys = make([]string, 0, 1+strings.Count(name, ".")+strings.Count(name, ":"))
	start := 0
	for i := 0; i < len(name); i++ {
		if name[i] == '.' || name[i] == ':' {
			keys = append(keys, name[start:i])
			start = i + 1
			method = name[i] == ':'
		}
	}
	return append(keys, name[start:]), method
}

// rootName returns the first part of a multi-symbol, or the name itself.
func rootName(name string) string {
	if !isMulti(name) {
		return name
	}
	return name[:strings.IndexAny(name, ".:")]
}
