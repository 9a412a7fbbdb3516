package analysis

import (
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A Kind says what sort of thing a name in the text refers to.
type Kind int

// The kinds of what names refer to.
const (
	SymbolName    Kind = iota + 1 // a local, parameter, function, macro or global of the file
	JobName                       // the id of a job, wherever it is written
	SourceName                    // such as quire/push
	SecretName                    // what (secret name) asks for
	PrimitiveName                 // sh, jobs, …
	OptionName                    // a key of an option table
	FieldName                     // a field of a source's table, or of what a primitive gives
	ModuleName                    // what (require name) is given
	MemberName                    // what a module holds
	MacroName                     // a macro that a module holds, and a name of the file may stand for
	FormName                      // a special form or built-in macro
	LibraryName                   // what Lua provides
	LabelName                     // an item of a job's :labels, which is only offered
)

// A Mention says in which place the id of a job or the name of a source stands.
type Mention int

// The places.
const (
	Registers Mention = iota + 1 // the id of (ci.job id …)
	Needs                        // one of a job's inputs
	Reads                        // the argument of (jobs name)
)

// A Meaning is what one name in the text refers to.
type Meaning struct {
	Kind Kind
	// Span is that of the name: without the colon or quotes of a string, and of
	// a multi-symbol only the part.
	Span source.Span
	Name string
	// Of is what an option, field or member belongs to: a function, a source
	// or a module.
	Of string
	// As says, of a job or source, in which place it stands. Of a field, it is
	// Reads when Of is what a job or source gives, and not a primitive.
	As Mention
	// Symbol is set when the name is one that the file binds, whatever Kind it
	// has: in {: sh}, the primitive sh and the local that holds it.
	Symbol *fennel.Symbol

	key *dsl.Key // of an option or field; nil for other kinds
}

// MeaningAt returns what the name at an offset refers to. A cursor behind the
// last character of a name is at it.
func (s *Snapshot) MeaningAt(offset int) (Meaning, bool) {
	if w, ok := s.glossary().at(offset); ok {
		return w.Meaning, true
	}
	if m, ok := s.memberAt(offset); ok {
		return m, true
	}
	path := s.Module().Tree.Path(offset)
	if len(path) == 0 {
		return Meaning{}, false
	}
	n := path[len(path)-1]
	for _, p := range path {
		if p.Kind == syntax.Prefix && p.Text == "#" && offset <= p.Span.Start+1 && (n == p || len(n.Children) > 0) {
			return Meaning{Kind: FormName, Name: "hashfn", Span: source.Span{Start: p.Span.Start, End: p.Span.Start + 1}}, true
		}
	}
	if n.Kind != syntax.Symbol {
		return Meaning{}, false
	}
	if len(path) > 1 && isHead(path[len(path)-2], n) {
		if _, ok := findForm(n.Text); ok {
			return Meaning{Kind: FormName, Name: n.Text, Span: n.Span}, true
		}
	}
	return s.libraryAt(n, offset)
}

// memberAt returns the member that a module gives under the name at an offset,
// where that is no name that the module binds.
func (s *Snapshot) memberAt(offset int) (Meaning, bool) {
	for l := range s.own() {
		for _, m := range l.members {
			if m.key.Touches(offset) {
				at := l.meaning(m.name)
				at.Span = m.key
				return at, true
			}
		}
	}
	return Meaning{}, false
}

// libraryAt returns what Lua provides under the part of a symbol that the
// offset is in, such as string in string.format.
func (s *Snapshot) libraryAt(n *syntax.Node, offset int) (Meaning, bool) {
	if w, ok := s.glossary().at(n.Span.Start); ok && w.Symbol != nil {
		return Meaning{}, false
	}
	text := s.File.Slice(n.Span)
	at := min(max(offset-n.Span.Start, 0), len(text))
	start := strings.LastIndexByte(text[:at], '.') + 1
	end := len(text)
	if i := strings.IndexByte(text[at:], '.'); i >= 0 {
		end = at + i
	}
	if _, ok := dsl.FindGlobal(text[:end]); !ok {
		return Meaning{}, false
	}
	return Meaning{Kind: LibraryName, Name: text[:end],
		Span: source.Span{Start: n.Span.Start + start, End: n.Span.Start + end}}, true
}

// isHead reports whether a node is the first form of a list.
func isHead(list, n *syntax.Node) bool {
	if list.Kind != syntax.List {
		return false
	}
	for first := range list.Forms() {
		return first == n
	}
	return false
}

// findForm returns the special form or built-in macro of that name.
func findForm(name string) (fennel.Form, bool) {
	f, ok := formsByName()[name]
	return f, ok
}
