package analysis

import (
	"iter"
	"slices"
	"strings"
	"sync"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A library is a module of the repository that the file names.
type library struct {
	libraryKey
	module  *fennel.Module
	members []libraryMember
	lexicon func() *lexicon
}

// A libraryMember is one thing that a module gives under a name.
type libraryMember struct {
	name string
	// key is where the table that the module gives names it, without colon or
	// quotes.
	key source.Span
	// symbol is the name of the module that it holds, or nil.
	symbol *fennel.Symbol
	// function is the form that makes it, when it is a function or macro.
	function *syntax.Node
	// again reports that the module gives something else under the name before.
	again bool
}

// libraries holds the modules of the repository, each from when it is asked for
// first.
type libraries struct {
	mu    sync.Mutex
	known map[libraryKey]*library
	forms int // of the modules that were compiled for this
}

// One name can stand for a module of code and for another one of macros.
type libraryKey struct {
	name string
	kind fennel.ModuleKind
}

// library returns a module of code of the repository, or nil when there is none
// of that name in Fennel.
func (s *Snapshot) library(name string) *library { return s.libraryOf(name, fennel.Code) }

// codeOf returns the code of such a module, or nil.
func (s *Snapshot) codeOf(name string) *fennel.Module {
	if l := s.library(name); l != nil {
		return l.module
	}
	return nil
}

// holder returns the module of the repository that holds what a name refers to, or
// nil.
func (s *Snapshot) holder(m Meaning) *library {
	switch m.Kind {
	case MemberName:
		return s.libraryOf(m.Of, fennel.Code)
	case MacroName:
		return s.libraryOf(m.Of, fennel.Macros)
	}
	return nil
}

// meaning returns what a name of the module refers to for those that take it.
func (l *library) meaning(name string) Meaning {
	if l.kind == fennel.Macros {
		return Meaning{Kind: MacroName, Name: name, Of: l.name}
	}
	return Meaning{Kind: MemberName, Name: name, Of: l.name}
}

func (s *Snapshot) libraryOf(name string, kind fennel.ModuleKind) *library {
	if _, ours := dsl.FindModule(name); ours || name == "" {
		return nil
	}
	if w := s.whole(); w != s {
		return w.libraryOf(name, kind)
	}
	s.libraries.mu.Lock()
	defer s.libraries.mu.Unlock()
	key := libraryKey{name, kind}
	l, ok := s.libraries.known[key]
	if !ok {
		l = s.newLibrary(key)
		if s.libraries.known == nil {
			s.libraries.known = map[libraryKey]*library{}
		}
		s.libraries.known[key] = l
	}
	return l
}

func (s *Snapshot) newLibrary(key libraryKey) *library {
	if s.maxForms > 0 && s.libraries.forms > s.maxForms/4 {
		return nil // as many as nobody has
	}
	file, err := s.resolve(key.name, key.kind)
	if err != nil || strings.HasSuffix(file.Name(), ".lua") {
		return nil
	}
	m := s.compiled(file)
	l := &library{libraryKey: key, module: m}
	l.lexicon = sync.OnceValue(func() *lexicon {
		return newLexicon(m, s.Graph(), newFlow(m, s.Graph(), repository{}), s.libraryOf, s.outputs)
	})
	l.collect()
	return l
}

// compiled returns a module as evaluation compiled it, or compiles it when it
// was not reached.
func (s *Snapshot) compiled(f *source.File) *fennel.Module {
	for _, m := range s.load().modules {
		if m.Tree.File.Name() == f.Name() {
			return m
		}
	}
	m := s.compile(f, s.caches.Of(f.Name()))
	s.libraries.forms += m.Forms
	return m
}

// required returns the modules of the repository that the file names, also
// through others, by the names of their files. A file can be several of them.
func (s *Snapshot) required() []*library {
	var all []*library
	seen := map[*library]bool{}
	for todo := []*fennel.Module{s.Module()}; len(todo) > 0; todo = todo[1:] {
		for _, u := range todo[0].Uses {
			if l := s.libraryOf(u.Name, u.Kind); l != nil && !seen[l] {
				seen[l] = true
				all = append(all, l)
				todo = append(todo, l.module)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *library) int { return strings.Compare(a.file().Name(), b.file().Name()) })
	return all
}

// lexicons returns that of the file and those of the other files of the pipeline
// that it is part of: first the pipeline's own, then those of the modules.
func (s *Snapshot) lexicons() []*lexicon {
	all := []*lexicon{s.lexicon()}
	seen := map[string]bool{s.File.Name(): true}
	if w := s.whole(); w != s {
		all = append(all, w.lexicon())
		seen[w.File.Name()] = true
	}
	for _, l := range s.whole().required() {
		if name := l.file().Name(); !seen[name] {
			seen[name] = true
			all = append(all, l.lexicon())
		}
	}
	return all
}

// own iterates over what the file is to the others of its pipeline, if it is a
// module: one of code, of macros, or both.
func (s *Snapshot) own() iter.Seq[*library] {
	return func(yield func(*library) bool) {
		w := s.whole()
		if w == s {
			return
		}
		for _, l := range w.required() {
			if l.file() == s.File && !yield(l) {
				return
			}
		}
	}
}

func (l *library) file() *source.File { return l.module.Tree.File }

// member returns the member of a name, or nil.
func (l *library) member(name string) *libraryMember {
	if l == nil {
		return nil
	}
	i := slices.IndexFunc(l.members, func(m libraryMember) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	return &l.members[i]
}

// collect finds the members: what the last form of the module is, or what the
// table that it names is given.
func (l *library) collect() {
	last := lastForm(l.module.Tree)
	switch {
	case last == nil:
	case last.Kind == syntax.Table:
		l.table(last)
	case last.Kind == syntax.Symbol:
		for _, form := range l.module.Tree.Forms {
			items := form.Items()
			switch name := head(form); {
			case (name == "local" || name == "var") && len(items) > 2 && items[1].Text == last.Text && items[2].Kind == syntax.Table:
				l.table(items[2])
			default:
				if g, ok := storedGift(form, last.Text); ok {
					l.add(g)
				}
			}
		}
	}
}

// table adds what a table holds under names.
func (l *library) table(t *syntax.Node) {
	gifts, _ := tableGifts(t)
	for _, g := range gifts {
		l.add(g)
	}
}

// add adds a member with what gives its value. The last one of a name counts.
func (l *library) add(g gift) {
	name, value := g.name, g.value
	m := libraryMember{name: name, key: g.key}
	if at, ok := writtenAs(l.file(), g.key, name); ok {
		m.key = at
	}
	if value.Kind == syntax.Symbol {
		if sym, at, ok := l.module.Index.At(value.Span.Start); ok && at == value.Span {
			m.symbol = sym
			value = l.definition(sym)
		}
	}
	if value != nil && makesFunction(value) {
		m.function = value
	}
	m.again = l.member(name) != nil
	l.members = slices.DeleteFunc(l.members, func(x libraryMember) bool { return x.name == name })
	l.members = append(l.members, m)
}

// definition returns the form that makes what a name of the module holds, or
// nil.
func (l *library) definition(sym *fennel.Symbol) *syntax.Node {
	path := l.module.Tree.Path(sym.Def.Start)
	if len(path) < 2 {
		return nil
	}
	form := path[len(path)-2]
	items := form.Items()
	switch head(form) {
	case "fn", "lambda", "λ", "macro":
		return form
	case "local":
		if len(items) == 3 && items[1] == path[len(path)-1] {
			return items[2]
		}
	}
	return nil
}

func makesFunction(n *syntax.Node) bool {
	switch head(n) {
	case "fn", "lambda", "λ", "macro":
		return true
	}
	return false
}

// place returns where a member is defined.
func (l *library) place(m *libraryMember) source.Place {
	if m.symbol != nil {
		return source.Place{File: l.file(), Span: m.symbol.Def}
	}
	return source.Place{File: l.file(), Span: m.key}
}

// callable returns how a member is called, if it is a function or macro.
func (l *library) callable(m *libraryMember) (callable, bool) {
	if m == nil || m.function == nil {
		return callable{}, false
	}
	c := callable{name: m.name}
	for x := range m.function.Forms() {
		if x.Kind == syntax.Sequence {
			for p := range x.Forms() {
				c.names = append(c.names, brief(l.file().Slice(p.Span)))
			}
			break
		}
	}
	if doc := docstring(m.function); doc != nil {
		c.doc = doc.Text
	}
	return c, true
}

// importedName returns the name, in its module, of the macro that a table of
// import-macros binds a name of the file to.
func importedName(binding *syntax.Node, sym *fennel.Symbol) string {
	pairs := binding.Items()
	for k := 0; k+1 < len(pairs); k += 2 {
		if pairs[k+1].Span == sym.Def {
			if pairs[k].Text == ":" {
				return sym.Name
			}
			return pairs[k].Text
		}
	}
	return ""
}

// importing returns the binding of import-macros that a name of the file stands
// in, and the name of the module beside it, or nothing.
func importing(m *fennel.Module, sym *fennel.Symbol) (binding *syntax.Node, module string) {
	if sym.Kind != fennel.Macro {
		return nil, ""
	}
	path := m.Tree.Path(sym.Def.Start)
	for i, form := range path[:max(len(path)-1, 0)] {
		if head(form) != "import-macros" {
			continue
		}
		items := form.Items()
		if at := slices.Index(items, path[i+1]); at > 0 && at+1 < len(items) {
			return items[at], items[at+1].Text
		}
	}
	return nil, ""
}
