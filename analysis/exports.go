package analysis

import (
	"slices"
	"strings"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// An export is something that a module gives: a value of the module, or what is
// found in it under keys. Without a value nothing is known of it.
type export struct {
	value *fennel.Value
	keys  []string
}

// An exports is what a module of the repository gives to whoever requires it.
//
// It is certain only where the module ends with a function, with a table that is
// written out, or with a name for one of these, and a table only where every
// form that may store something in it stands at top level, names the member,
// and is the only one that does.
type exports struct {
	whole   export // when that is no table
	members map[string]export
	stored  map[string]int
	busy    bool // its sense is being found out
}

// An exporting is what the modules give, by their names, and which values of a
// module stand for members of its own table.
type exporting struct {
	exports map[string]*exports
	inner   map[*fennel.Value]innerMember
}

type innerMember struct {
	of   *exports
	name string
}

// newExporting finds out what the modules give that are required by these names.
// It fails when code may store anything in any table.
func newExporting(units []*unit, names map[string]*unit) (e exporting, ok bool) {
	e = exporting{exports: map[string]*exports{}, inner: map[*fennel.Value]innerMember{}}
	of := map[*unit]*exports{}
	for _, u := range units[1:] {
		of[u] = e.collect(u)
	}
	stored := map[string]int{}
	for _, u := range units {
		if x := of[u]; x != nil {
			for key, n := range x.stored {
				stored[key] -= n
			}
		}
		if u.storesAnywhere() {
			return exporting{}, false
		}
		for _, d := range u.digests {
			for _, s := range d.stores {
				stored[s.key]++
			}
		}
	}
	for name, u := range names {
		if x := of[u]; x != nil && !slices.ContainsFunc(units, func(u *unit) bool { return u.handsToMacro(name) }) {
			e.exports[name] = x
			for key := range x.members {
				if stored[key] > 0 {
					x.members[key] = export{}
				}
			}
		}
	}
	return e, true
}

// collect returns what a module gives, or nil when that is not certain.
func (e *exporting) collect(u *unit) *exports {
	u.exempt = map[source.Span]bool{}
	last := lastForm(u.module.Tree)
	x := &collector{unit: u, exporting: e,
		exports: &exports{members: map[string]export{}, stored: map[string]int{}}}
	ok := false
	switch {
	case last == nil:
	case last.Kind == syntax.Table:
		ok = x.literal(last)
	case last.Kind == syntax.Symbol && !strings.ContainsFunc(last.Text, isSeparator):
		ok = x.named(last)
	default:
		x.whole = x.export(last)
		ok = x.whole.value != nil
	}
	if !ok {
		u.inside, u.lent, u.exempt, u.table = nil, nil, nil, ""
		return nil
	}
	return x.exports
}

// A collector collects what a module gives.
type collector struct {
	*unit
	*exporting
	*exports
}

// literal adds the members of a table that is written out, and reports whether
// they are certain.
func (x *collector) literal(t *syntax.Node) bool {
	gifts, all := tableGifts(t)
	for _, g := range gifts {
		x.add(g.name, x.export(g.value))
	}
	return all
}

// add adds a member. Of one that is given twice nothing is known.
func (x *collector) add(name string, given export) {
	if _, twice := x.members[name]; twice {
		given = export{}
	}
	x.members[name] = given
}

// named adds what a name stands for that the module ends with.
func (x *collector) named(last *syntax.Node) bool {
	s, inFile := x.symbolAt(last.Span.Start)
	if s == nil || s.Kind == fennel.Var || s.Value == nil {
		return false
	}
	if s.Value.Kind != fennel.TableOf {
		x.whole = x.export(last)
		return x.whole.value != nil
	}
	x.table = s.Name
	for _, f := range s.Value.Fields {
		if f.Key.Kind != fennel.Literal {
			return false
		}
		if f.Key.Type == "string" {
			x.add(f.Key.Text, export{value: f.Value})
			x.exempt[x.module.Locate(f.Value.Span)] = true
		}
	}
	if s.Value.Made || inFile.UsedByMacro {
		return false
	}
	for _, use := range inFile.Uses {
		if use != last.Span && !x.use(use) {
			return false
		}
	}
	return true
}

// use adds what the module does with its table where it names it, and reports
// whether that is certain.
func (x *collector) use(at source.Span) bool {
	path := x.module.Tree.Path(at.Start)
	n := path[len(path)-1]
	if n.Kind != syntax.Symbol || n.Span.Start != at.Start {
		return false
	}
	member := strings.TrimPrefix(n.Text[len(x.table):], ".")
	switch {
	case strings.ContainsFunc(member, isSeparator):
		return false
	case len(path) == 2 && isTarget(path[0], n):
		return x.store(path[0])
	}
	return member != "" && x.read(n.Span, member)
}

// isTarget reports whether a form stores something in what a node of it names.
func isTarget(form, n *syntax.Node) bool {
	items := form.Items()
	switch head(form) {
	case "set", "tset", "fn", "lambda", "λ":
		return len(items) > 1 && items[1] == n
	}
	return false
}

// store adds the member that a form of top level stores.
func (x *collector) store(form *syntax.Node) bool {
	g, ok := storedGift(form, x.table)
	if ok {
		x.stored[g.name]++
		x.add(g.name, x.export(g.value))
	}
	return ok
}

// read notes where the module itself uses a member.
func (x *collector) read(at source.Span, member string) bool {
	p, inPart := x.module.PartAt(at)
	if p == nil {
		return false
	}
	for _, c := range p.Calls {
		if c.Callee.Span == inPart {
			if c.Callee.Kind == fennel.Unknown {
				x.inside = append(x.inside, c)
				x.inner[c.Callee] = innerMember{x.exports, member}
			}
			return true
		}
		for _, arg := range c.Args {
			if arg.Span == inPart {
				x.inner[arg] = innerMember{x.exports, member}
				x.lent = append(x.lent, arg)
				return true
			}
		}
	}
	return false
}

// export returns what a form gives.
func (x *collector) export(n *syntax.Node) export {
	switch {
	case n.Kind == syntax.Symbol:
		name, keys, _ := strings.Cut(n.Text, ".")
		s, _ := x.symbolAt(n.Span.Start)
		if s == nil || s.Kind == fennel.Var || strings.Contains(n.Text, ":") {
			return export{}
		}
		x.exempt[source.Span{Start: n.Span.Start, End: n.Span.Start + len(name)}] = true
		x.exempt[n.Span] = true
		if keys == "" {
			return export{value: s.Value}
		}
		return export{s.Value, strings.Split(keys, ".")}
	case makesFunction(n) || n.Kind == syntax.Prefix && n.Text == "#" || head(n) == "hashfn":
		if fn := x.function(n.Span); fn != nil {
			return export{value: &fennel.Value{Kind: fennel.Lambda, Parts: &fennel.Parts{Fn: fn}, Route: new(fennel.Route)}}
		}
	}
	return export{}
}

// function returns the function that a form makes.
func (x *collector) function(at source.Span) *fennel.Func {
	p, inPart := x.module.PartAt(at)
	if p == nil {
		return nil
	}
	for _, fn := range p.Functions {
		if fn.Span == inPart {
			return fn
		}
	}
	return nil
}

// symbolAt returns the name of the module that stands at an offset, as its part
// and as the file has it, or nil.
func (x *collector) symbolAt(offset int) (inPart, inFile *fennel.Symbol) {
	inFile, _, ok := x.module.Index.At(offset)
	if !ok {
		return nil, nil
	}
	p, at := x.module.PartAt(inFile.Def)
	if p == nil {
		return nil, nil
	}
	for _, s := range p.Symbols {
		if s.Def == at && s.Name == inFile.Name {
			return s, inFile
		}
	}
	return nil, nil
}

// handsToMacro reports whether a module is given to a macro of the unit, which
// may store something in it.
func (u *unit) handsToMacro(module string) bool {
	for _, d := range u.digests {
		for _, s := range d.foreignNames {
			if v := s.Value; v.Root.Name != module || len(v.Keys) > 0 {
				continue
			}
			beyond := u.module.Beyond(s)
			if s.UsedByMacro || beyond.UsedByMacro || slices.ContainsFunc(s.Uses, u.isMacroArgument) ||
				slices.ContainsFunc(beyond.Uses, u.isMacroArgument) {
				return true
			}
		}
	}
	return false
}

// isMacroArgument reports whether the name at a place of a part is all of an
// argument of something that is neither a call nor a form of the language.
func (u *unit) isMacroArgument(use source.Span) bool {
	at := u.module.Locate(use)
	path := u.module.Tree.Path(at.Start)
	if len(path) < 2 || path[len(path)-1].Span != at {
		return false
	}
	form := head(path[len(path)-2])
	if _, known := formsByName()[form]; known || path[len(path)-2].Kind != syntax.List {
		return false
	}
	for _, c := range u.digestAt(use).part.Calls {
		if c.Callee.Span == use || slices.ContainsFunc(c.Args, func(v *fennel.Value) bool { return v.Span == use }) {
			return false
		}
	}
	return true
}

// required returns what (require name) gives.
func (f *flow) required(name string) sense {
	if x := f.exports[name]; x != nil {
		if t := f.exported(x, x.whole); t.kind != unknown {
			return t
		}
	}
	return moduleSense(name)
}

// key returns what stands under a key of a value.
func (f *flow) key(t sense, name string) sense {
	if t.kind == module {
		if x := f.exports[t.name]; x != nil {
			return f.exported(x, x.members[name])
		}
	}
	return t.key(name)
}

// mayBeFunction reports whether a value may be a function that the flow knows.
func (f *flow) mayBeFunction(v *fennel.Value) bool {
	if mayBeFunction(v) {
		return true
	}
	_, isMember := f.inner[v]
	return isMember
}

// ownMember returns what a value is that stands for a member of the table of its
// own module.
func (f *flow) ownMember(v *fennel.Value) sense {
	m, ok := f.inner[v]
	if !ok {
		return sense{}
	}
	return f.exported(m.of, m.of.members[m.name])
}

// exported returns what a module gives. Where modules pass on what they have from
// each other in a circle, nothing is known.
func (f *flow) exported(x *exports, given export) sense {
	if given.value == nil || x.busy {
		f.cut = f.cut || x.busy
		return sense{}
	}
	x.busy = true
	defer func() { x.busy = false }()
	t := f.sense(given.value)
	for _, k := range given.keys {
		t = f.key(t, k)
	}
	return t
}
