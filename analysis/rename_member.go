package analysis

import (
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A memberRenaming is a member of a module of the repository that can be renamed:
// all places that need its name are known.
type memberRenaming struct {
	of     *library
	member *libraryMember
	names  []string      // by which the module is required
	files  []*lexicon    // of the pipeline
	own    *lexicon      // that of the module among them
	table  []source.Span // where the module names the member in its table elsewhere than at its key
}

// memberRenaming says why a member cannot be renamed, or what there is to rename.
func (s *Snapshot) memberRenaming(m Meaning) (*memberRenaming, error) {
	r := &memberRenaming{of: s.holder(m), files: s.lexicons()}
	r.member = r.of.member(m.Name)
	name := s.luaModule()
	switch {
	case r.of.kind == fennel.Macros:
		return nil, fmt.Errorf("'%s' is a macro of the module '%s': change it there, and where it is imported", m.Name, m.Of)
	case name != "":
		return nil, fmt.Errorf("the module '%s' is Lua, of which it is not known whether it names '%s'", name, m.Name)
	case r.member.again:
		return nil, fmt.Errorf("the module '%s' gives '%s' more than once", m.Of, m.Name)
	}
	for _, l := range s.whole().required() {
		if l.kind == fennel.Code && l.file() == r.of.file() {
			r.names = append(r.names, l.name)
		}
	}
	for _, x := range r.files {
		if x.file.Name() == r.of.file().Name() {
			r.own = x
		}
	}
	if r.own == nil {
		return nil, fmt.Errorf("no pipeline requires this module, so it is not known where '%s' is used", m.Name)
	}
	if at, ok := r.ownUses(); !ok {
		return nil, unclear(at, r.member.name)
	}
	for _, x := range r.files {
		if at, ok := r.follows(x); !ok {
			return nil, unclear(at, r.member.name)
		}
	}
	return r, nil
}

// unclear is why a member cannot be renamed that may be used at a place without
// being named.
func unclear(at source.Place, name string) error {
	return fmt.Errorf("what %v does with the module may need '%s', so that would not follow", at, name)
}

// ownUses finds where the module itself names the member in its table, and reports
// false with a place where it uses the table as a whole.
func (r *memberRenaming) ownUses() (source.Place, bool) {
	last := lastForm(r.of.module.Tree)
	if last == nil || last.Kind != syntax.Symbol {
		return source.Place{}, true
	}
	sym, _, ok := r.of.module.Index.At(last.Span.Start)
	if !ok {
		return source.Place{}, true
	}
	for _, use := range sym.Uses {
		path := r.of.module.Tree.Path(use.Start)
		n := path[len(path)-1]
		part, inside := strings.CutPrefix(n.Text, sym.Name)
		switch {
		case n == last:
		case n.Kind != syntax.Symbol || !inside:
			return source.Place{File: r.of.file(), Span: use}, false
		case part == "":
			// Only (tset M :key value) names what it does with the table.
			if len(path) < 2 || head(path[len(path)-2]) != "tset" || !isTarget(path[len(path)-2], n) {
				return source.Place{File: r.of.file(), Span: use}, false
			}
			if items := path[len(path)-2].Items(); len(items) != 4 || items[2].Kind != syntax.String {
				return source.Place{File: r.of.file(), Span: use}, false
			}
		default:
			name := part[1:]
			if i := strings.IndexFunc(name, isSeparator); i >= 0 {
				name = name[:i]
			}
			start := n.Span.Start + len(sym.Name) + 1
			if at := (source.Span{Start: start, End: start + len(name)}); name == r.member.name && at != r.member.key {
				r.table = append(r.table, at)
			}
		}
	}
	return source.Place{}, true
}

// follows reports whether all that a file does with the module is known, or where
// it is not.
func (r *memberRenaming) follows(x *lexicon) (source.Place, bool) {
	last := lastForm(x.module.Tree)
	for _, form := range x.module.Tree.Forms {
		for n := range form.All() {
			if name := head(n); name != "require" && name != "include" {
				continue
			}
			items := n.Items()
			written := len(items) == 2 && items[1].Kind == syntax.String
			statement := written && n == form && n != last
			if !written || slices.Contains(r.names, items[1].Text) && !statement && !r.takes(x, n) {
				return source.Place{File: x.file, Span: n.Span}, false
			}
		}
	}
	for _, w := range x.words {
		if w.Symbol == nil || w.Span == w.Symbol.Def || !r.isModule(w.Symbol.Value) {
			continue
		}
		path := x.module.Tree.Path(w.Span.Start)
		n := path[len(path)-1]
		_, part, named := strings.Cut(n.Text, ".")
		if named {
			part, _, _ = strings.Cut(part, ".")
			w, known := x.at(n.Span.Start + len(w.Symbol.Name) + 1)
			named = part != r.member.name || known && w.Kind == MemberName && w.Name == part
		}
		if strings.Contains(n.Text, ":") || !named && !r.takes(x, n) {
			return source.Place{File: x.file, Span: w.Span}, false
		}
	}
	return source.Place{}, true
}

// isModule reports whether a value is what the module gives.
func (r *memberRenaming) isModule(v *fennel.Value) bool {
	return v != nil && v.Kind == fennel.Path && len(v.Keys) == 0 && v.Root.Kind == fennel.ModuleRoot && slices.Contains(r.names, v.Root.Name)
}

// takes reports whether the form around one that gives the module names what it
// takes of it, or binds it to a name that is followed.
func (r *memberRenaming) takes(x *lexicon, module *syntax.Node) bool {
	path := x.module.Tree.Path(module.Span.Start)
	i := slices.Index(path, module)
	if i < 1 {
		return false
	}
	items := path[i-1].Items()
	switch at := slices.Index(items, module); {
	case head(path[i-1]) == ".":
		return at == 1 && len(items) > 2 && items[2].Kind == syntax.String && (items[2].Text != r.member.name || r.isMember(x, items[2]))
	case head(path[i-1]) == "local":
		return at == 2 && r.binds(x, items[1])
	case i >= 2 && head(path[i-2]) == "let" && path[i-1].Kind == syntax.Sequence:
		return at%2 == 1 && r.binds(x, items[at-1])
	}
	return false
}

// binds reports whether what a target takes of the module is known.
func (r *memberRenaming) binds(x *lexicon, target *syntax.Node) bool {
	switch target.Kind {
	case syntax.Symbol:
		w, ok := x.at(target.Span.Start)
		return ok && w.Symbol != nil && r.isModule(w.Symbol.Value)
	case syntax.Table:
		items := target.Items()
		for k := 0; k+1 < len(items); k += 2 {
			key, bound := items[k], items[k+1]
			switch {
			case key.Kind == syntax.String && (key.Text != r.member.name || r.isMember(x, key)):
			case key.Text == ":" && key.Kind == syntax.Symbol && (bound.Text != r.member.name || r.isMember(x, bound)):
			default:
				return false
			}
		}
		return true
	}
	return false
}

// isMember reports whether what is written at a node of a file is known to be the
// member, and a name that is written together with it to be its own.
func (r *memberRenaming) isMember(x *lexicon, n *syntax.Node) bool {
	w, ok := x.at(n.Span.End)
	return ok && w.Kind == MemberName && w.Name == r.member.name && slices.Contains(r.names, w.Of) &&
		(w.Symbol != nil) == (n.Kind == syntax.Symbol)
}

// givenAs returns the member that a module gives a symbol of it as, under the name
// of the symbol.
func (s *Snapshot) givenAs(sym *fennel.Symbol) (Meaning, bool) {
	for l := range s.own() {
		if m := l.member(sym.Name); l.kind == fennel.Code && m != nil && m.symbol != nil && m.symbol.Def == sym.Def {
			return l.meaning(m.name), true
		}
	}
	return Meaning{}, false
}

// renameMember returns the edits, in all files of the pipeline, that give a member
// of a module another name. So do the names that stand for it where it is written
// once for both, as in {: must}, unless another name is in the way there.
func (s *Snapshot) renameMember(m Meaning, name string) ([]diag.Edit, error) {
	r, err := s.memberRenaming(m)
	if err != nil {
		return nil, err
	}
	if n := onlyForm(name); n == nil || n.Kind != syntax.Symbol || strings.ContainsAny(name, ".:&#$|") {
		return nil, fmt.Errorf("'%s' cannot be the name of what a module gives", name)
	}
	if r.of.member(name) != nil {
		return nil, fmt.Errorf("the module '%s' gives '%s' already", r.of.name, name)
	}
	edits := r.given(name)
	for _, x := range r.files {
		if x != r.own {
			edits = append(edits, r.taken(x, name)...)
		}
	}
	return edits, nil
}

// given returns the edits of the module itself.
func (r *memberRenaming) given(name string) []diag.Edit {
	var edits []diag.Edit
	key := r.member.key
	if sym := r.ownSymbol(); sym != nil && r.own.canBe(sym, name) {
		edits = r.own.renamed(sym, name, key)
	}
	if !slices.ContainsFunc(edits, func(e diag.Edit) bool { return e.Span == key }) {
		edits = append(edits, r.own.renamedKey(key, name))
	}
	for _, at := range r.table {
		edits = append(edits, diag.Edit{File: r.own.file, Span: at, Text: name})
	}
	slices.SortFunc(edits, func(a, b diag.Edit) int { return a.Span.Start - b.Span.Start })
	return edits
}

// ownSymbol returns the name of the module that the member is, if it is the same.
func (r *memberRenaming) ownSymbol() *fennel.Symbol {
	if r.member.symbol == nil || r.member.symbol.Name != r.member.name {
		return nil
	}
	w, ok := r.own.at(r.member.symbol.Def.Start)
	if !ok {
		return nil
	}
	return w.Symbol
}

// taken returns the edits of a file that takes the member.
func (r *memberRenaming) taken(x *lexicon, name string) []diag.Edit {
	var edits []diag.Edit
	for _, w := range x.words {
		switch {
		case w.Kind != MemberName || w.Name != r.member.name || !slices.Contains(r.names, w.Of):
		case w.Symbol == nil:
			edits = append(edits, diag.Edit{File: x.file, Span: w.Span, Text: name})
		case w.Span == w.Symbol.Def:
			if _, both := x.shorthand(w.Span); !both {
				continue
			}
			if x.canBe(w.Symbol, name) {
				edits = append(edits, x.renamed(w.Symbol, name, w.Span)...)
			} else {
				edits = append(edits, x.renamedKey(w.Span, name))
			}
		}
	}
	slices.SortFunc(edits, func(a, b diag.Edit) int { return a.Span.Start - b.Span.Start })
	return edits
}
