package analysis

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"sync"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
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
	file  *source.File
	words []*word // by place
	// senses are those of the symbols whose value is known to be something of
	// the product's.
	senses map[*fennel.Symbol]sense
	// commands are the calls of sh, and registrations those of ci.job, in the
	// order of their places.
	commands, registrations []*fennel.Call
	// outputs holds the fields of the tables that jobs are known to return.
	outputs map[string][]fennel.Value
	// computed holds, by job id, places where the id is used but not written.
	computed map[string][]source.Place
	// known are the indexes of words by the places of their names, while it is
	// made.
	known map[source.Span]int
}

// A word is one name with the whole of what is written for it.
type word struct {
	whole source.Span // with colon or quotes
	Meaning
}

// lexicographer makes a lexicon.
type lexicographer struct {
	*flow
	*lexicon
	// library finds modules of the repository.
	library func(name string) *library
}

func newLexicon(m *fennel.Module, g *pipeline.Graph, f *flow, library func(name string) *library) *lexicon {
	l := lexicographer{f, &lexicon{file: m.Tree.File, senses: map[*fennel.Symbol]sense{}, computed: map[string][]source.Place{}, outputs: map[string][]fennel.Value{},
		known: map[source.Span]int{}}, library}
	for fn := range m.Functions() {
		l.returned(fn)
	}
	for a := range m.Accesses() {
		l.path(a.Value)
	}
	for c := range m.Calls() {
		l.path(c.Callee)
		l.call(c)
	}
	for _, j := range g.Jobs {
		l.mention(j.Name, j.ID, Registers)
		for _, in := range j.Inputs {
			l.mention(in.Place, in.Name, Needs)
		}
	}
	for _, u := range m.Uses {
		l.literal(u.Span, Meaning{Kind: ModuleName, Name: u.Name})
	}
	for s := range m.Index.Symbols() {
		l.symbol(s)
	}
	slices.SortFunc(l.words, func(a, b *word) int {
		return cmp.Or(cmp.Compare(a.whole.Start, b.whole.Start), cmp.Compare(a.whole.End, b.whole.End))
	})
	l.known = nil
	return l.lexicon
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
func (l *lexicon) add(whole source.Span, m Meaning) {
	if i, ok := l.known[m.Span]; ok {
		if l.words[i].Symbol == nil {
			l.words[i].Symbol = m.Symbol
		}
		if m.Kind == JobName && m.As == Registers {
			l.words[i].As = Registers
		}
		return
	}
	l.known[m.Span] = len(l.words)
	l.words = append(l.words, &word{whole, m})
}

// literal adds the meaning of a string, if it is written there as it is read.
func (l *lexicographer) literal(at source.Span, m Meaning) bool {
	switch l.file.Slice(at) {
	case ":" + m.Name:
		m.Span = source.Span{Start: at.Start + 1, End: at.End}
	case `"` + m.Name + `"`:
		m.Span = source.Span{Start: at.Start + 1, End: at.End - 1}
	default:
		return false
	}
	l.add(at, m)
	return true
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

// mention adds the id of a job, or notes that it is not written.
func (l *lexicographer) mention(p source.Place, name string, as Mention) {
	if p.File == l.file && l.literal(p.Span, jobMeaning(name, as)) {
		return
	}
	l.computed[name] = append(l.computed[name], p)
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
	case of.kind == module && l.library(of.name).member(name) != nil:
		return Meaning{Kind: MemberName, Name: name, Of: of.name}
	case of.kind == result:
		for _, k := range l.fields(of) {
			if k.Name == name {
				m := Meaning{Kind: FieldName, Name: name, Of: ownerOf(of), key: k}
				if of.name == "jobs" {
					m.As = Reads
				}
				return m
			}
		}
	}
	return Meaning{}
}

// returned notes the fields of the tables that a run-fn returns.
func (l *lexicographer) returned(fn *fennel.Func) {
	for _, id := range l.jobs[fn.Lasting()] {
		for _, v := range fn.Returns {
			if v.Parts == nil {
				continue
			}
			for _, f := range v.Fields {
				if name := literalID(f.Key); id != "" && name != "" && !f.Key.Made {
					l.outputs[id] = append(l.outputs[id], *f.Key)
				}
			}
		}
	}
}

// fields returns the fields of what a primitive gave.
func (l *lexicon) fields(of sense) []dsl.Key {
	var keys []dsl.Key
	if of.name == "jobs" && len(of.call.Args) > 0 {
		id := ownerOf(of)
		for _, k := range l.outputs[id] {
			keys = append(keys, dsl.Key{Name: k.Text, Type: dsl.Any, Doc: "What the job `" + id + "` returns under this key."})
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
		if t.name == "sh" {
			l.commands = append(l.commands, c)
		}
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
	l.registrations = append(l.registrations, c)
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
			l.key(field.Key.Span, Meaning{Kind: OptionName, Name: k.Name, Of: f.Name, key: k})
			if id := literalID(field.Value); id != "" && k.Type == dsl.Secret {
				l.literal(field.Value.Span, Meaning{Kind: SecretName, Name: id})
			}
		}
	}
}

// symbol adds what a name of the file refers to, everywhere it stands.
func (l *lexicographer) symbol(s *fennel.Symbol) {
	m := Meaning{Kind: SymbolName, Name: s.Name}
	if s.Value != nil {
		l.senses[s] = l.sense(s.Value)
		if of := l.path(s.Value); of.Kind != 0 {
			m = of
		} else if t := l.senses[s]; t.kind == primitive {
			m = Meaning{Kind: PrimitiveName, Name: t.name}
		}
	}
	m.Symbol = s
	if !s.Expanded {
		m.Span = s.Def
		l.add(s.Def, m)
	}
	for _, u := range s.Uses {
		// Where code of a macro uses the name, something else stands there.
		if text := l.file.Slice(u); text == s.Name || strings.HasPrefix(text, "$") {
			m.Span = u
			l.add(u, m)
		}
	}
}
