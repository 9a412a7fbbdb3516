package analysis

import (
	"sort"
	"strings"
	"sync"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

var (
	allForms    = sync.OnceValue(fennel.Forms)
	formsByName = sync.OnceValue(func() map[string]fennel.Form {
		byName := map[string]fennel.Form{}
		for _, f := range allForms() {
			byName[f.Name] = f
		}
		return byName
	})
)

// A lexicon holds the meaning of every name in a file that the compiler or
// evaluation knows. It is made once for a version, so that a request looks up
// and several can at once.
type lexicon struct {
	module *fennel.Module
	file   *source.File
	words  []*word // by place
	// senses are those of the symbols whose value is known to be something of
	// the product's.
	senses map[*fennel.Symbol]sense
	// outputs holds the fields of the tables that jobs are known to return.
	outputs func() jobOutputs
	// computed holds, by job id, places where the id is used but not written.
	computed map[string][]source.Place
}

// A word is one name with the whole of what is written for it.
type word struct {
	whole source.Span // with colon or quotes
	Meaning
}

// lexicographer makes the lexicon of one form.
type lexicographer struct {
	*flow
	*lexicon
	// library finds modules of the repository.
	library librarian
	// region is that of the form: what is found out about names of others is
	// left to theirs.
	region source.Span
	// known are the indexes of words by the places of their names.
	known map[source.Span]int
}

// A librarian finds modules of the repository: nil when there is none.
type librarian func(name string, kind fennel.ModuleKind) *library

func newLexicon(m *fennel.Module, g *pipeline.Graph, f *flow, library librarian, outputs func() jobOutputs) *lexicon {
	return newGlossary(m, g, f, library, outputs).whole()
}

// at returns the word that an offset is in, or just behind.
func (l *lexicon) at(offset int) (*word, bool) {
	i := sort.Search(len(l.words), func(i int) bool { return l.words[i].whole.Start > offset }) - 1
	if i < 0 || !l.words[i].whole.Touches(offset) {
		return nil, false
	}
	return l.words[i], true
}

// add adds a word unless its place has a meaning already.
func (l *lexicographer) add(whole source.Span, m Meaning) {
	if i, ok := l.known[m.Span]; ok {
		if l.words[i].Symbol == nil {
			l.words[i].Symbol = m.Symbol
		}
		if m.Kind == JobName && m.As == Registers {
			l.words[i].As = Registers
		}
		return
	}
	if !l.region.Encloses(m.Span) {
		return
	}
	l.known[m.Span] = len(l.words)
	l.words = append(l.words, &word{whole, m})
}

// literal adds the meaning of a string, if it is written there as it is read.
func (l *lexicographer) literal(at source.Span, m Meaning) bool {
	name, ok := writtenAs(l.file, at, m.Name)
	if ok {
		m.Span = name
		l.add(at, m)
	}
	return ok
}

// writtenAs returns the place of a name in the string that is written at a
// place, if that is read as the name.
func writtenAs(f *source.File, at source.Span, name string) (source.Span, bool) {
	switch text := f.Slice(at); {
	case len(text) == len(name)+1 && text[0] == ':' && text[1:] == name:
		return source.Span{Start: at.Start + 1, End: at.End}, true
	case len(text) == len(name)+2 && text[0] == '"' && text[len(text)-1] == '"' && text[1:len(text)-1] == name:
		return source.Span{Start: at.Start + 1, End: at.End - 1}, true
	}
	return source.Span{}, false
}

// key adds the meaning of a key of a path, which may be a part of a symbol.
func (l *lexicographer) key(at source.Span, m Meaning) {
	if l.file.Slice(at) == m.Name {
		m.Span = at
		l.add(at, m)
		return
	}
	l.literal(at, m)
}

func jobMeaning(name string, as Mention) Meaning {
	if _, ok := dsl.FindSource(name); ok {
		return Meaning{Kind: SourceName, Name: name, As: as}
	}
	return Meaning{Kind: JobName, Name: name, As: as}
}

// path adds the meanings of the keys of a path and returns that of the whole.
func (l *lexicographer) path(v *fennel.Value) Meaning {
	var last Meaning
	if v.Kind != fennel.Path {
		return last
	}
	t := l.root(v.Root)
	for _, k := range v.Keys {
		last, t = l.step(t, k.Name), t.key(k.Name)
		if last.Kind == 0 {
			break
		}
		l.key(k.Span, last)
	}
	return last
}

// step returns the meaning of a key of something.
func (l *lexicographer) step(of sense, name string) Meaning {
	t := of.key(name)
	switch {
	case t.kind == primitive:
		return Meaning{Kind: PrimitiveName, Name: name}
	case of.kind == module && t.kind != absent && t.kind != unknown:
		return Meaning{Kind: MemberName, Name: name, Of: of.name}
	case of.kind == module && l.library(of.name, fennel.Code).member(name) != nil:
		return Meaning{Kind: MemberName, Name: name, Of: of.name}
	case of.kind == result:
		keys := l.fields(of)
		for i := range keys {
			if keys[i].Name == name {
				m := Meaning{Kind: FieldName, Name: name, Of: ownerOf(of), key: &keys[i]}
				if of.name == "jobs" {
					m.As = Reads
				}
				return m
			}
		}
	}
	return Meaning{}
}

// fields returns the fields of what a primitive gave.
func (l *lexicon) fields(of sense) []dsl.Key {
	var keys []dsl.Key
	if of.name == "jobs" && len(of.call.Args) > 0 {
		id := ownerOf(of)
		for _, k := range l.outputs()[id] {
			keys = append(keys, dsl.Key{Name: k.name, Type: dsl.Any, Doc: "What the job `" + id + "` returns under this key."})
		}
	}
	if keys == nil {
		_, keys = fieldsOf(of)
	}
	return keys
}

// ownerOf returns the name of what has the fields of a result.
func ownerOf(of sense) string {
	if of.name == "jobs" && len(of.call.Args) > 0 {
		return literalID(of.call.Args[0])
	}
	return of.name
}

// call adds the meanings of the arguments of a call.
func (l *lexicographer) call(c *fennel.Call) {
	t := l.sense(c.Callee)
	switch {
	case t.kind == primitive:
		f, _ := dsl.Primitive(t.name)
		l.arguments(c, f)
	case t.kind == member:
		m, _ := dsl.FindModule(t.module)
		f, _ := m.Func(t.name)
		l.arguments(c, f)
		if t.module == dsl.CI && t.name == "job" {
			l.job(c)
		}
	case c.Callee.Kind == fennel.Path && c.Callee.Root.Kind == fennel.GlobalRoot && c.Callee.Root.Name == "require" &&
		len(c.Callee.Keys) == 0 && len(c.Args) > 0:
		l.literal(c.Args[0].Span, Meaning{Kind: ModuleName, Name: literalID(c.Args[0])})
	}
}

// job adds what a call of ci.job says, which evaluation may not have come to.
func (l *lexicographer) job(c *fennel.Call) {
	if len(c.Args) > 0 && literalID(c.Args[0]) != "" {
		l.literal(c.Args[0].Span, jobMeaning(literalID(c.Args[0]), Registers))
	}
	if len(c.Args) < 2 || c.Args[1].Parts == nil {
		return
	}
	for _, in := range c.Args[1].Items {
		if id := literalID(in); id != "" {
			l.literal(in.Span, jobMeaning(id, Needs))
		}
	}
}

func (l *lexicographer) arguments(c *fennel.Call, f dsl.Func) {
	for i, p := range f.Params {
		if i >= len(c.Args) {
			return
		}
		arg := c.Args[i]
		switch id := literalID(arg); {
		case id == "":
		case p.Type == dsl.JobName:
			l.literal(arg.Span, jobMeaning(id, Reads))
		case p.Type == dsl.Secret:
			l.literal(arg.Span, Meaning{Kind: SecretName, Name: id})
		}
		if arg.Parts == nil {
			continue
		}
		for _, field := range arg.Fields {
			k, ok := p.Key(literalID(field.Key))
			if !ok {
				continue
			}
			option := k // apart from k, of which there is one for each key that is none
			l.key(field.Key.Span, Meaning{Kind: OptionName, Name: k.Name, Of: f.Name, key: &option})
			if id := literalID(field.Value); id != "" && k.Type == dsl.Secret {
				l.literal(field.Value.Span, Meaning{Kind: SecretName, Name: id})
			}
		}
	}
}

// symbol adds what a name of the form refers to, where it is defined and where
// the form uses it.
func (l *lexicographer) symbol(s *fennel.Symbol) {
	m := l.symbolMeaning(s)
	if !s.Expanded {
		m.Span = s.Def
		l.add(s.Def, m)
	}
	for _, u := range s.Uses {
		l.use(u, m)
	}
}

// macro returns what an imported macro of the file is in its module, if it is
// known.
func (l *lexicographer) macro(s *fennel.Symbol) Meaning {
	binding, module := importing(l.module, s)
	if binding == nil || binding.Kind != syntax.Table {
		return Meaning{}
	}
	return l.macroOf(module, importedName(binding, s))
}

// macroOf returns the meaning of a macro of a module, if there is one.
func (l *lexicographer) macroOf(module, name string) Meaning {
	if _, ok := providedMacro(module, name); ok || l.library(module, fennel.Macros).member(name) != nil {
		return Meaning{Kind: MacroName, Name: name, Of: module}
	}
	return Meaning{}
}

// macroIn adds the meaning of the macro that stands behind the name of a whole
// module of macros, as in (mac.twice x).
func (l *lexicographer) macroIn(s *fennel.Symbol, at source.Span) {
	binding, module := importing(l.module, s)
	if binding == nil || binding.Kind != syntax.Symbol {
		return
	}
	path := l.module.Tree.Path(at.Start)
	n := path[len(path)-1]
	name, ok := strings.CutPrefix(n.Text, s.Name+".")
	if n.Kind != syntax.Symbol || n.Span.Start != at.Start || !ok {
		return
	}
	if m := l.macroOf(module, name); m.Kind != 0 {
		m.Span = source.Span{Start: at.End + 1, End: n.Span.End}
		l.add(m.Span, m)
	}
}

// symbolMeaning returns what a name of the file refers to.
func (l *lexicographer) symbolMeaning(s *fennel.Symbol) Meaning {
	m := Meaning{Kind: SymbolName, Name: s.Name}
	if s.Kind == fennel.Macro {
		if of := l.macro(s); of.Kind != 0 {
			m = of
		}
	}
	if s.Value != nil {
		t := l.sense(s.Value)
		if t.kind != unknown {
			l.senses[s] = t
		}
		if of := l.path(s.Value); of.Kind != 0 {
			m = of
		} else if t.kind == primitive {
			m = Meaning{Kind: PrimitiveName, Name: t.name}
		}
	}
	m.Symbol = s
	return m
}

// use adds what a name refers to at a place where it is used. Where code of a
// macro uses it, something else stands there.
func (l *lexicographer) use(at source.Span, m Meaning) {
	if !l.region.Encloses(at) {
		return
	}
	if text := l.file.Slice(at); text == m.Symbol.Name || strings.HasPrefix(text, "$") {
		m.Span = at
		l.add(at, m)
		if m.Symbol.Kind == fennel.Macro {
			l.macroIn(m.Symbol, at)
		}
	}
}
