package analysis

import (
	"slices"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A Reference is one place where a name stands.
type Reference struct {
	source.Place
	// Defines reports that the place gives the name its meaning: it binds a
	// local or registers a job.
	Defines bool
}

// Definition returns where what the name at an offset refers to is defined. A
// job that is registered more than once has several places; what the product
// provides has none.
func (s *Snapshot) Definition(offset int) []source.Place {
	m, ok := s.MeaningAt(offset)
	outputs := s.outputPlaces(m)
	switch {
	case !ok:
		return nil
	case s.holder(m) != nil:
		l := s.holder(m)
		return []source.Place{l.place(l.member(m.Name))}
	case len(outputs) > 0 && (m.Symbol == nil || m.Span == m.Symbol.Def):
		return outputs
	case m.Symbol != nil:
		return []source.Place{{File: s.File, Span: m.Symbol.Def}}
	case m.Kind == ModuleName:
		return s.moduleFile(m.Name)
	case m.Kind != JobName:
		return nil
	}
	var places []source.Place
	for _, r := range s.mentions(m) {
		if r.Defines {
			places = append(places, r.Place)
		}
	}
	if len(places) > 0 {
		return places
	}
	for _, j := range s.Graph().Jobs {
		if j.ID == m.Name && j.Name.File != nil {
			places = append(places, j.Name)
		}
	}
	return places
}

// Declaration returns where the name at an offset gets its meaning in the file:
// where a local is bound, even one that holds what another job returns, else
// what Definition returns.
func (s *Snapshot) Declaration(offset int) []source.Place {
	if m, ok := s.MeaningAt(offset); ok && m.Symbol != nil && !m.Symbol.Expanded {
		return []source.Place{{File: s.File, Span: m.Symbol.Def}}
	}
	return s.Definition(offset)
}

// outputPlaces returns where the run-fn of a job gives its table a field.
func (s *Snapshot) outputPlaces(m Meaning) []source.Place {
	if m.Kind != FieldName || m.As != Reads {
		return nil
	}
	var places []source.Place
	for _, k := range s.whole().outputs()[m.Of] {
		if k.name == m.Name {
			places = append(places, k.at)
		}
	}
	return places
}

// moduleFile returns the start of the file of a module of the repository, that of
// its macros if the file takes any from there.
func (s *Snapshot) moduleFile(name string) []source.Place {
	if _, ours := dsl.FindModule(name); ours {
		return nil
	}
	kinds := []fennel.ModuleKind{fennel.Code, fennel.Macros}
	if slices.ContainsFunc(s.Module().Uses, func(u fennel.Use) bool { return u.Name == name && u.Kind == fennel.Macros }) {
		slices.Reverse(kinds)
	}
	for _, kind := range kinds {
		if f, err := s.resolve(name, kind); err == nil {
			return []source.Place{{File: f}}
		}
	}
	return nil
}

// References returns where what the name at an offset refers to stands: in the
// order of the places in the file, then in the other files of the pipeline that
// it is part of.
func (s *Snapshot) References(offset int) []Reference {
	m, ok := s.MeaningAt(offset)
	if !ok {
		return nil
	}
	switch {
	case s.holder(m) != nil:
		return s.memberReferences(m)
	case m.Symbol != nil:
		return s.symbolReferences(m.Symbol)
	case m.Kind == FormName || m.Kind == LibraryName:
		return s.symbolsNamed(m)
	}
	return s.mentions(m)
}

// symbolReferences returns where a symbol of the file stands, and, if the file is
// a module that gives it to others, where these take it.
func (s *Snapshot) symbolReferences(sym *fennel.Symbol) []Reference {
	out := s.occurrences(sym)
	for l := range s.own() {
		for i := range l.members {
			if given := l.members[i].symbol; given != nil && given.Def == sym.Def {
				out = append(out, s.takings(l, &l.members[i])...)
			}
		}
	}
	return out
}

// takings returns where other files name a member of a module.
func (s *Snapshot) takings(of *library, member *libraryMember) []Reference {
	return slices.DeleteFunc(s.mentions(of.meaning(member.name)), func(r Reference) bool {
		return r.File.Name() == of.file().Name()
	})
}

// occurrences returns where a symbol of the file stands.
func (s *Snapshot) occurrences(sym *fennel.Symbol) []Reference {
	return s.lexicon().occurrences(sym)
}

func (l *lexicon) occurrences(sym *fennel.Symbol) []Reference {
	var out []Reference
	for _, w := range l.words {
		if w.Symbol == sym {
			out = append(out, Reference{source.Place{File: l.file, Span: w.Span}, w.Span == sym.Def})
		}
	}
	return out
}

// mentions returns where what is no symbol of the file is named.
func (s *Snapshot) mentions(m Meaning) []Reference {
	var out []Reference
	for _, l := range s.lexicons() {
		for _, w := range l.words {
			if w.Kind == m.Kind && w.Name == m.Name && w.Of == m.Of && (w.Kind != FieldName || w.As == m.As) {
				out = append(out, Reference{source.Place{File: l.file, Span: w.Span}, w.Kind == JobName && w.As == Registers})
			}
		}
	}
	return out
}

// memberReferences returns where a member of a module of the repository stands:
// in the files that take it from the module, and in the module itself.
func (s *Snapshot) memberReferences(m Meaning) []Reference {
	of := s.holder(m)
	member := of.member(m.Name)
	out := s.takings(of, member)
	if member.symbol == nil {
		return append(out, Reference{source.Place{File: of.file(), Span: member.key}, true})
	}
	stands := of.lexicon().occurrences(member.symbol)
	if !slices.ContainsFunc(stands, func(r Reference) bool { return r.Span == member.key }) {
		out = append(out, Reference{Place: source.Place{File: of.file(), Span: member.key}})
	}
	return append(out, stands...)
}

// symbolsNamed returns where a form or something of Lua is used.
func (s *Snapshot) symbolsNamed(m Meaning) []Reference {
	var out []Reference
	for _, form := range s.Module().Tree.Forms {
		for n := range form.All() {
			if n.Kind != syntax.Symbol || len(n.Text) < len(m.Name) || n.Text[:len(m.Name)] != m.Name {
				continue
			}
			if other, ok := s.MeaningAt(n.Span.Start + len(m.Name)); ok && other.Kind == m.Kind && other.Name == m.Name {
				out = append(out, Reference{Place: source.Place{File: s.File, Span: other.Span}})
			}
		}
	}
	return out
}
