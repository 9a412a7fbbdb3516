package analysis

import (
	"iter"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/source"
)

// A unit is one file as the flow sees it: ci.fnl, or a module of the repository
// that it requires.
type unit struct {
	module  *fennel.Module
	digests []*digest // of the parts
	// inside are the calls, in a module, of what its own table holds. Only
	// knowing what the module gives shows that they are.
	inside []*fennel.Call
	// lent are the values among its arguments that are such members.
	lent []*fennel.Value
	// table names the table that the module gives, if that has a name.
	table string
	// exempt are the places in the file where a function is named only to give it
	// to whoever requires the module.
	exempt map[source.Span]bool
}

func newUnit(m *fennel.Module) *unit {
	u := &unit{module: m}
	for _, p := range m.Parts() {
		u.digests = append(u.digests, digestOf(m, p))
	}
	return u
}

// candidates iterates over the calls that may be of a function that the flow
// knows, or register a job.
func (u *unit) candidates() iter.Seq[*fennel.Call] {
	return func(yield func(*fennel.Call) bool) {
		for _, d := range u.digests {
			for _, c := range d.flowing {
				if !yield(c) {
					return
				}
			}
		}
		for _, c := range u.inside {
			if !yield(c) {
				return
			}
		}
	}
}

// digestAt returns the digest of the part that a place is in.
func (u *unit) digestAt(at source.Span) *digest {
	return digestOf(u.module, u.module.PartOf(at))
}

// symbols iterates over the names of the file, as its parts have them.
func (u *unit) symbols() iter.Seq[*fennel.Symbol] {
	return func(yield func(*fennel.Symbol) bool) {
		for _, d := range u.digests {
			for _, s := range d.part.Symbols {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// owners tell which unit something is in that is not in the first one.
type owners struct {
	funcs map[*fennel.Func]*unit
	calls map[*fennel.Call]*unit
}

// own notes what is in a unit.
func (o *owners) own(u *unit) {
	if o.funcs == nil {
		o.funcs, o.calls = map[*fennel.Func]*unit{}, map[*fennel.Call]*unit{}
	}
	for _, d := range u.digests {
		for _, fn := range d.part.Functions {
			o.funcs[fn] = u
		}
		for _, c := range d.part.Calls {
			o.calls[c] = u
		}
	}
}

// unitOf returns the unit that a function is in.
func (f *flow) unitOf(fn *fennel.Func) *unit {
	if u := f.funcs[fn]; u != nil {
		return u
	}
	return f.units[0]
}

// unitOfCall returns the unit that a call is in.
func (f *flow) unitOfCall(c *fennel.Call) *unit {
	if u := f.calls[c]; u != nil {
		return u
	}
	return f.units[0]
}

// isForeign reports whether a value is a module that the product does not have,
// or is found in one.
func isForeign(v *fennel.Value) bool {
	return v.Kind == fennel.Path && v.Root.Kind == fennel.ModuleRoot && isForeignName(v.Root.Name)
}

func isForeignName(name string) bool {
	return name != dsl.RuntimeOf && members()[name] == nil && !isCompilerName(name)
}

// isCompilerName reports whether a module is the compiler's own.
func isCompilerName(name string) bool {
	return name == "fennel" || strings.HasPrefix(name, "fennel.")
}

// A repository is what the flow of a file knows of the modules around it.
type repository struct {
	// find returns the module of a name, or nil when there is none in Fennel. A nil
	// find has none.
	find func(name string) *fennel.Module
	// loaded are those that evaluation required, by whatever names.
	loaded []*fennel.Module
}

// require adds the modules of the repository that the first unit names, also
// through others, those that evaluation required, and what they give. When one of
// them is not understood, it may change what the others give: nothing is known of
// any.
func (f *flow) require(r repository) {
	if r.find == nil {
		return
	}
	names := map[string]*unit{}
	all := f.units
	add := func(m *fennel.Module) *unit {
		for _, u := range all {
			if u.module == m {
				return u
			}
		}
		u := newUnit(m)
		all = append(all, u)
		return u
	}
	for _, m := range r.loaded {
		if !f.understands(m) {
			return
		}
		add(m)
	}
	for i := 0; i < len(all); i++ {
		for _, use := range all[i].module.Uses {
			if use.Kind != fennel.Code || !isForeignName(use.Name) || names[use.Name] != nil {
				continue
			}
			m := r.find(use.Name)
			if !f.understands(m) {
				return
			}
			names[use.Name] = add(m)
		}
	}
	if len(all) == 1 {
		return
	}
	known, ok := newExporting(all, names)
	if !ok {
		return
	}
	f.units, f.exporting = all, known
	for _, u := range all[1:] {
		f.own(u)
	}
}

// understands reports whether all of a module is known: it is one of Fennel,
// intact, and not the file itself once more.
func (f *flow) understands(m *fennel.Module) bool {
	return m != nil && m.Index != nil && !m.Diagnostics.HasErrors() && m.Tree.File.Name() != f.module.Tree.File.Name()
}
