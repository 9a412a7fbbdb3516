package analysis

import (
	"fmt"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// Renameable returns what the name at an offset refers to if it can be
// renamed: a job, a name that the file binds, or what a module of the repository
// gives. The error says why not, for the user to read.
func (s *Snapshot) Renameable(offset int) (Meaning, error) {
	m, ok := s.MeaningAt(offset)
	switch {
	case !ok:
		return m, fmt.Errorf("there is no name here that can be renamed")
	case m.Symbol != nil:
		return m, s.lexicon().renameable(m.Symbol)
	case s.holder(m) != nil:
		_, err := s.memberRenaming(m)
		return m, err
	case m.Kind == JobName:
		return m, s.renameableJob(m.Name)
	}
	return m, fmt.Errorf("'%s' is not a name of this file: only jobs and names that the file binds can be renamed", m.Name)
}

// renameable says why a symbol of the file cannot be renamed.
func (l *lexicon) renameable(sym *fennel.Symbol) error {
	switch {
	case strings.HasPrefix(sym.Name, "$") || sym.Name == "...":
		return fmt.Errorf("'%s' is a name of the language", sym.Name)
	case sym.Expanded:
		return fmt.Errorf("'%s' is bound by a macro and not in the text", sym.Name)
	case sym.UsedByMacro:
		return fmt.Errorf("code that a macro makes uses '%s', which would not follow", sym.Name)
	case l.takenBare(sym):
		return fmt.Errorf("defrun takes the primitive by the name '%s': write (defrun [{: %s}] …) to give it another", sym.Name, sym.Name)
	case sym.Kind == fennel.Global:
		return fmt.Errorf("'%s' is a global, which other files may use", sym.Name)
	}
	return nil
}

func (s *Snapshot) renameableJob(id string) error {
	if s.isModule && s.whole() == s {
		return fmt.Errorf("no pipeline requires this module, so it is not known where '%s' is used", id)
	}
	registered, written := false, map[source.Place]bool{}
	for _, j := range s.Graph().Jobs {
		if j.ID == id && j.Mirror {
			return fmt.Errorf("the job '%s' is registered by ci.mirror, which names it", id)
		}
		registered = registered || j.ID == id
	}
	for _, x := range s.lexicons() {
		for _, w := range x.words {
			if w.Kind == JobName && w.Name == id {
				registered = registered || w.As == Registers
				written[source.Place{File: x.file, Span: w.whole}] = true
			}
		}
	}
	if !registered {
		return fmt.Errorf("no job '%s' is registered", id)
	}
	for _, at := range s.glossary().computed[id] {
		if !written[at] {
			return fmt.Errorf("'%s' is not written out at %v, so that place would not follow", id, at)
		}
	}
	if at, ok := s.unknownMention(id, written); ok {
		return fmt.Errorf("the string at %v may name the job '%s' or not, so it is not safe to rename it", at, id)
	}
	if name := s.luaModule(); name != "" {
		return fmt.Errorf("the module '%s' is Lua, of which it is not known whether it names '%s'", name, id)
	}
	return nil
}

// unknownMention returns a string of a module that may be meant as the id of a
// job or not: a function that is passed jobs may ask for it.
func (s *Snapshot) unknownMention(id string, written map[source.Place]bool) (source.Place, bool) {
	for _, l := range s.whole().required() {
		for _, form := range l.module.Tree.Forms {
			for n := range form.All() {
				at := source.Place{File: l.file(), Span: n.Span}
				if n.Kind == syntax.String && n.Text == id && !written[at] {
					return at, true
				}
			}
		}
	}
	return source.Place{}, false
}

// luaModule returns the name of a module in Lua that is needed, or nothing.
func (s *Snapshot) luaModule() string {
	for _, m := range s.whole().load().modules {
		if strings.HasSuffix(m.Tree.File.Name(), ".lua") {
			return m.Tree.File.Name()
		}
	}
	return ""
}

// Rename returns the edits, in the file and the others of its pipeline, that give
// what the name at an offset refers to another name. The error says why it cannot have it.
func (s *Snapshot) Rename(offset int, name string) ([]diag.Edit, error) {
	m, err := s.Renameable(offset)
	switch {
	case err != nil:
		return nil, err
	case m.Symbol != nil && m.Symbol.Name == name, m.Symbol == nil && m.Name == name:
		return nil, nil
	case m.Symbol != nil:
		if given, ok := s.givenAs(m.Symbol); ok {
			if edits, err := s.renameMember(given, name); err == nil {
				return edits, nil
			}
		}
		return s.lexicon().renameSymbol(m.Symbol, name)
	case s.holder(m) != nil:
		return s.renameMember(m, name)
	}
	return s.renameJob(m, name)
}

func (s *Snapshot) renameJob(m Meaning, name string) ([]diag.Edit, error) {
	switch {
	case name == "":
		return nil, fmt.Errorf("a job needs a name")
	case strings.Contains(name, "/"):
		return nil, fmt.Errorf("the id of a job must not contain a slash")
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f }):
		return nil, fmt.Errorf("the id of a job must not contain quotes, backslashes or control characters")
	}
	for _, j := range s.Graph().Jobs {
		if j.ID == name {
			return nil, fmt.Errorf("there is a job '%s' already", name)
		}
	}
	written := ":" + name
	if !isKeyword(name) {
		written = `"` + name + `"`
	}
	var edits []diag.Edit
	for _, x := range s.lexicons() {
		for _, w := range x.words {
			if w.Kind != JobName || w.Name != m.Name {
				continue
			}
			e := diag.Edit{File: x.file, Span: w.Span, Text: name}
			if written[0] == '"' || strings.HasPrefix(x.file.Slice(w.whole), `"`) {
				e.Span, e.Text = w.whole, `"`+name+`"`
			}
			edits = append(edits, e)
		}
	}
	return edits, nil
}

// onlyForm returns the form that a text consists of, or nil.
func onlyForm(text string) *syntax.Node {
	t := syntax.Read(source.NewFile("name", text))
	if len(t.Diagnostics) > 0 || len(t.Forms) != 1 || t.Forms[0].Span.Len() != len(text) {
		return nil
	}
	return t.Forms[0]
}

// renameSymbol returns the edits that give a symbol of the file another name, in
// the file itself.
func (l *lexicon) renameSymbol(sym *fennel.Symbol, name string) ([]diag.Edit, error) {
	if err := l.freeName(sym, name); err != nil {
		return nil, err
	}
	return l.renamed(sym, name, source.Span{}), nil
}

// canBe reports whether a symbol of the file can have another name.
func (l *lexicon) canBe(sym *fennel.Symbol, name string) bool {
	return l.renameable(sym) == nil && l.freeName(sym, name) == nil
}

// renamed returns the edits that give a symbol of the file another name. At one
// place, a key that is written together with it gets the name as well.
func (l *lexicon) renamed(sym *fennel.Symbol, name string, withKey source.Span) []diag.Edit {
	var edits []diag.Edit
	for _, r := range l.occurrences(sym) {
		e := diag.Edit{File: l.file, Span: r.Span, Text: name}
		if colon, ok := l.shorthand(r.Span); ok && r.Span != withKey {
			e.Span.Start = colon
			e.Text = ":" + sym.Name + " " + name
		}
		edits = append(edits, e)
	}
	return edits
}

// renamedKey returns the edit that gives a key another name and leaves a name that
// is written together with it.
func (l *lexicon) renamedKey(key source.Span, name string) diag.Edit {
	e := diag.Edit{File: l.file, Span: key, Text: name}
	if colon, ok := l.shorthand(key); ok {
		e.Span.Start = colon
		e.Text = ":" + name + " " + l.file.Slice(key)
	}
	return e
}

// freeName says why a symbol cannot have a name.
func (l *lexicon) freeName(sym *fennel.Symbol, name string) error {
	n := onlyForm(name)
	if n == nil || n.Kind != syntax.Symbol || strings.ContainsAny(name, ".:&#$|") {
		return fmt.Errorf("'%s' cannot be the name of a local", name)
	}
	switch name {
	case "true", "false", "nil":
		return fmt.Errorf("'%s' is a value", name)
	}
	if strings.HasPrefix(name, "?") != strings.HasPrefix(sym.Name, "?") {
		return fmt.Errorf("a ? at the start of a name says that it may be nil, so '%s' and '%s' do not mean the same", sym.Name, name)
	}
	if strings.HasPrefix(name, "_") != strings.HasPrefix(sym.Name, "_") && l.matched(sym) {
		return fmt.Errorf("a _ at the start of a name in a pattern says that it matches nil too, so '%s' and '%s' do not mean the same", sym.Name, name)
	}
	if _, ok := findForm(name); ok {
		return fmt.Errorf("'%s' is a special form or macro", name)
	}
	if _, ok := dsl.FindGlobal(name); ok {
		return fmt.Errorf("'%s' is provided by Lua and would be hidden", name)
	}
	for other := range l.module.Index.Symbols() {
		if other.Name == name && other.Scope.Start <= sym.Scope.End && sym.Scope.Start <= other.Scope.End {
			return fmt.Errorf("'%s' is bound at %v already, where both could be seen", name,
				source.Place{File: l.file, Span: other.Def})
		}
	}
	return nil
}

// takenBare reports whether a symbol is one of the names of (defrun [sh] …).
func (l *lexicon) takenBare(sym *fennel.Symbol) bool {
	path := l.module.Tree.Path(sym.Def.Start)
	n := len(path)
	return n >= 3 && path[n-2].Kind == syntax.Sequence && head(path[n-3]) == "defrun"
}

// matched reports whether a symbol may be bound by a pattern of case or match.
func (l *lexicon) matched(sym *fennel.Symbol) bool {
	for _, n := range l.module.Tree.Path(sym.Def.Start) {
		switch head(n) {
		case "case", "match", "case-try", "match-try":
			return true
		}
	}
	return false
}

// shorthand reports whether a name stands behind a lone colon, as in {: sh},
// where it is the key as well, and where that colon is.
func (l *lexicon) shorthand(at source.Span) (colon int, ok bool) {
	path := l.module.Tree.Path(at.Start)
	if len(path) < 2 || path[len(path)-2].Kind != syntax.Table || path[len(path)-1].Span != at {
		return 0, false
	}
	items := path[len(path)-2].Items()
	for i := 0; i+1 < len(items); i += 2 {
		if items[i+1].Span == at && items[i].Kind == syntax.Symbol && items[i].Text == ":" {
			return items[i].Span.Start, true
		}
	}
	return 0, false
}
