package analysis

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"sync"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A glossary makes the lexicons of the forms of a file, each when it is first
// asked for: what an editor asks first about a version is about one place.
type glossary struct {
	flow    *flow // which asking changes, so that mu is held
	module  *fennel.Module
	file    *source.File
	library librarian
	// mentions are those of jobs that evaluation saw and that are written, by
	// place.
	mentions []mention
	// borrowed are the calls of other forms that are given strings which are
	// written in a form, by its index.
	borrowed map[int][]*fennel.Call
	outputs  func() jobOutputs
	computed map[string][]source.Place

	mu    sync.Mutex
	forms []*lexicon // nil for those not asked for
	known map[source.Span]int
}

// A mention is the id of a job where it is written.
type mention struct {
	at   source.Span
	name string
	as   Mention
}

func newGlossary(m *fennel.Module, g *pipeline.Graph, f *flow, library librarian, outputs func() jobOutputs) *glossary {
	x := &glossary{
		flow:     f,
		module:   m,
		file:     m.Tree.File,
		library:  library,
		borrowed: map[int][]*fennel.Call{},
		outputs:  outputs,
		computed: map[string][]source.Place{},
		forms:    make([]*lexicon, len(m.Parts())),
		known:    map[source.Span]int{},
	}
	for _, j := range g.Jobs {
		x.mention(j.Name, j.ID, Registers)
		for _, in := range j.Inputs {
			x.mention(in.Place, in.Name, Needs)
		}
	}
	slices.SortStableFunc(x.mentions, func(a, b mention) int { return cmp.Compare(a.at.Start, b.at.Start) })
	for i, d := range f.digests {
		for _, k := range d.lending {
			x.lends(m.Facts(i).Calls[k])
		}
	}
	return x
}

// mention adds the id of a job, or notes that it is not written.
func (x *glossary) mention(p source.Place, name string, as Mention) {
	if p.File == x.file {
		if _, ok := writtenAs(x.file, p.Span, name); ok {
			x.mentions = append(x.mentions, mention{p.Span, name, as})
			return
		}
	}
	x.computed[name] = append(x.computed[name], p)
}

// lends notes in which other forms the strings stand that a call is given.
func (x *glossary) lends(c *fennel.Call) {
	for _, arg := range c.Args {
		for at := range partsOf(arg) {
			i := x.module.PartIndex(at.Start)
			if calls := x.borrowed[i]; len(calls) == 0 || calls[len(calls)-1] != c {
				x.borrowed[i] = append(calls, c)
			}
		}
	}
}

// partsOf iterates over the places of what makes up a table.
func partsOf(v *fennel.Value) func(yield func(source.Span) bool) {
	return func(yield func(source.Span) bool) {
		for _, item := range v.Items {
			if !yield(item.Span) {
				return
			}
		}
		for _, f := range v.Fields {
			if !yield(f.Key.Span) || !yield(f.Value.Span) {
				return
			}
		}
	}
}

// at returns the word that an offset is in, or just behind.
func (x *glossary) at(offset int) (*word, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i := x.module.PartIndex(offset)
	if i < 0 {
		return nil, false
	}
	l := x.form(i)
	if i > 0 && (len(l.words) == 0 || l.words[0].whole.Start > offset) {
		l = x.form(i - 1) // which may end where this one begins
	}
	return l.at(offset)
}

// sense returns what a name of the file is, if it is known to be something of
// the product's.
func (x *glossary) sense(s *fennel.Symbol) (sense, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i := x.module.PartIndex(s.Def.Start)
	if i < 0 {
		return sense{}, false
	}
	t, ok := x.form(i).senses[s]
	return t, ok
}

// fields returns the fields of what a primitive gave.
func (x *glossary) fields(of sense) []dsl.Key { return (&lexicon{outputs: x.outputs}).fields(of) }

// form returns the lexicon of a form.
func (x *glossary) form(i int) *lexicon {
	if x.forms[i] != nil {
		return x.forms[i]
	}
	clear(x.known)
	l := lexicographer{
		flow:    x.flow,
		lexicon: &lexicon{module: x.module, file: x.file, senses: map[*fennel.Symbol]sense{}, outputs: x.outputs, computed: x.computed},
		library: x.library,
		region:  x.region(i),
		known:   x.known,
	}
	facts := x.module.Facts(i)
	for _, a := range facts.Accesses {
		l.path(a.Value)
	}
	calls := facts.Calls
	if more := x.borrowed[i]; len(more) > 0 {
		calls = slices.Concat(calls, more)
		slices.SortStableFunc(calls, func(a, b *fennel.Call) int { return comparePlaces(a.Span, b.Span) })
	}
	for _, c := range calls {
		l.path(c.Callee)
		l.call(c)
	}
	first := sort.Search(len(x.mentions), func(k int) bool { return x.mentions[k].at.Start >= l.region.Start })
	for _, m := range x.mentions[first:] {
		if m.at.Start >= l.region.End {
			break
		}
		l.literal(m.at, jobMeaning(m.name, m.as))
	}
	for _, u := range x.module.Uses {
		l.literal(u.Span, Meaning{Kind: ModuleName, Name: u.Name})
	}
	for _, n := range x.module.Namings(i) {
		l.use(n.Span, l.symbolMeaning(n.Symbol))
	}
	for _, s := range facts.Symbols {
		l.symbol(s)
	}
	slices.SortFunc(l.words, func(a, b *word) int {
		return cmp.Or(cmp.Compare(a.whole.Start, b.whole.Start), cmp.Compare(a.whole.End, b.whole.End))
	})
	x.forms[i] = l.lexicon
	return l.lexicon
}

// region returns the text that belongs to a form: up to the next.
func (x *glossary) region(i int) source.Span {
	r := source.Span{Start: x.module.Start(i), End: len(x.file.Text())}
	if i+1 < len(x.forms) {
		r.End = x.module.Start(i + 1)
	}
	return r
}

// whole returns the lexicon of the file.
func (x *glossary) whole() *lexicon {
	x.mu.Lock()
	defer x.mu.Unlock()
	words, senses := 0, 0
	for i := range x.forms {
		l := x.form(i)
		words += len(l.words)
		senses += len(l.senses)
	}
	all := &lexicon{module: x.module, file: x.file, outputs: x.outputs, computed: x.computed}
	all.words = make([]*word, 0, words)
	all.senses = make(map[*fennel.Symbol]sense, senses)
	for _, l := range x.forms {
		all.words = append(all.words, l.words...)
		maps.Copy(all.senses, l.senses)
	}
	return all
}
