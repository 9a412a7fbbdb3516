package analysis

import (
	"slices"

	"quire/analysis/fennel"
	"quire/analysis/source"
)

// A leakage finds the functions of a module that may be called from where the
// flow does not see it: what is known of the arguments of the calls in the
// file says nothing about their parameters.
type leakage struct {
	*flow
	leaked map[*fennel.Func]bool
	left   map[*exports]bool // modules of which all leaks
}

// A role is what a name stands for in a call.
type role int

const (
	passedOn role = iota + 1
	calledBy      // what is called, or what a job is registered with
)

// A placedRole is the role of the name at a place.
type placedRole struct {
	at   source.Span
	role role
	// call is set when the name is what a job is registered with, if the call
	// registers one.
	call *fennel.Call
}

// leakDigest is what finding the leaks needs of a part.
type leakDigest struct {
	leaked  []*fennel.Func // those that leak whatever the rest of the file does
	roles   []placedRole   // of names that are called or passed on, by place
	params  []paramSymbol  // in the order of their definitions
	helpers []helper
	tables  []heldTable
	// foreignNames are those that stand for modules of the repository, or for
	// what is found in one.
	foreignNames []*fennel.Symbol
	// foreign are such values where they are read and neither called nor given a
	// name.
	foreign []*fennel.Value
	// requiring reports that the part may require modules that it does not name.
	requiring bool
}

// A heldTable is the functions in a table under a name that other forms may use.
type heldTable struct {
	symbol *fennel.Symbol
	held   []*fennel.Func
}

// A paramSymbol is the name of a parameter.
type paramSymbol struct {
	param
	symbol *fennel.Symbol
}

// A helper is a function under a name that other forms may use.
type helper struct {
	fn     *fennel.Func
	symbol *fennel.Symbol
}

func newLeakDigest(p *fennel.Part) leakDigest {
	var d leakDigester
	for _, c := range p.Calls {
		d.requiring = d.requiring || requiresAnything(c)
		d.note(c.Callee, calledBy, nil)
		for i, arg := range c.Args {
			if i == 2 && mayRegister(c) {
				d.note(arg, passedOn, c)
			} else {
				d.note(arg, passedOn, nil)
			}
			d.inside(arg)
			if arg.Kind == fennel.Lambda && !mayBeFunction(c.Callee) && !mayRegister(c) {
				d.leaked = append(d.leaked, arg.Fn)
			}
		}
	}
	d.sortRoles()
	for _, s := range p.Symbols {
		switch v := s.Value; {
		case v == nil:
		case v.Kind == fennel.Lambda:
			if slices.ContainsFunc(s.Uses, func(u source.Span) bool { return d.roleAt(u) == nil }) {
				d.leaked = append(d.leaked, v.Fn)
			}
			if s.TopLevel() {
				d.helpers = append(d.helpers, helper{v.Fn, s})
			}
		case isParam(v):
			d.params = append(d.params, paramSymbol{param{v.Root.Fn, int(v.Root.Index)}, s})
		case isForeign(v):
			d.foreignNames = append(d.foreignNames, s)
		case v.Kind == fennel.TableOf && s.TopLevel():
			leaked := d.leaked
			d.leaked = nil
			d.inside(v)
			d.tables = append(d.tables, heldTable{s, d.leaked})
			d.leaked = leaked
		default:
			d.inside(v)
		}
	}
	for _, fn := range p.Functions {
		for _, v := range fn.Returns {
			d.leak(v)
		}
	}
	d.foreign = foreignIn(p)
	return d.leakDigest
}

// requiresAnything reports whether a call may require a module that it does not
// name.
func requiresAnything(c *fennel.Call) bool {
	isRequire := func(v *fennel.Value) bool {
		return v.Kind == fennel.Path && v.Root.Kind == fennel.GlobalRoot && v.Root.Name == "require"
	}
	if isRequire(c.Callee) {
		return len(c.Args) == 0 || c.Args[0].Kind != fennel.Literal
	}
	return slices.ContainsFunc(c.Args, isRequire)
}

// foreignIn returns the values that a part reads from modules of the repository
// and neither calls nor names.
func foreignIn(p *fennel.Part) []*fennel.Value {
	var all []*fennel.Value
	for _, a := range p.Accesses {
		if isForeign(a.Value) {
			all = append(all, a.Value)
		}
	}
	if len(all) == 0 {
		return nil
	}
	used := map[*fennel.Value]bool{}
	for _, c := range p.Calls {
		used[c.Callee] = true
	}
	for _, s := range p.Symbols {
		used[s.Value] = true
	}
	return slices.DeleteFunc(all, func(v *fennel.Value) bool { return used[v] })
}

// A leakDigester makes a leakDigest.
type leakDigester struct {
	leakDigest
	seen visited // tables that were looked into
}

// note notes the role of a value that may be a name for a function or
// parameter.
func (d *leakDigester) note(v *fennel.Value, r role, registering *fennel.Call) {
	if v.Kind == fennel.Lambda || isParam(v) || isForeign(v) {
		d.roles = append(d.roles, placedRole{v.Span, r, registering})
	}
}

// sortRoles orders the roles by place and keeps the last of each.
func (d *leakDigester) sortRoles() {
	slices.Reverse(d.roles)
	slices.SortStableFunc(d.roles, func(a, b placedRole) int { return comparePlaces(a.at, b.at) })
	d.roles = slices.CompactFunc(d.roles, func(a, b placedRole) bool { return a.at == b.at })
}

func isParam(v *fennel.Value) bool {
	return v.Kind == fennel.Path && v.Root.Kind == fennel.ParamRoot && len(v.Keys) == 0
}

// leak notes the functions in a value that goes where nothing is known of it.
func (d *leakDigester) leak(v *fennel.Value) {
	if v.Kind == fennel.Lambda {
		d.leaked = append(d.leaked, v.Fn)
	}
	d.inside(v)
}

// inside notes the functions in a table.
func (d *leakDigester) inside(v *fennel.Value) {
	if len(v.Items) == 0 && len(v.Fields) == 0 || !d.seen.add(v) {
		return
	}
	for _, item := range v.Items {
		d.leak(item)
	}
	for _, field := range v.Fields {
		d.leak(field.Value)
	}
}

// roleAt returns the role of the name at a place, or nil.
func (d *leakDigest) roleAt(at source.Span) *placedRole {
	i, ok := slices.BinarySearchFunc(d.roles, at, func(r placedRole, at source.Span) int { return comparePlaces(r.at, at) })
	if !ok {
		return nil
	}
	return &d.roles[i]
}

// leaks returns the functions that are put into a table, returned, or given to
// something that is no function of the flow.
func leaks(f *flow) map[*fennel.Func]bool {
	l := &leakage{flow: f, leaked: map[*fennel.Func]bool{}, left: map[*exports]bool{}}
	for _, u := range f.units {
		l.ofUnit(u)
	}
	if len(f.units) > 1 {
		l.foreign()
	}
	l.spread()
	return l.leaked
}

// ofUnit finds what leaks where it is made.
func (l *leakage) ofUnit(u *unit) {
	for _, d := range u.digests {
		for _, fn := range d.leaked {
			l.leaked[fn] = true
		}
		for _, t := range d.tables {
			for _, fn := range t.held {
				l.leaked[fn] = l.leaked[fn] || t.symbol.Name != u.table
			}
		}
		for _, h := range d.helpers {
			for _, use := range u.module.Beyond(h.symbol).Uses {
				l.leaked[h.fn] = l.leaked[h.fn] || l.roleAt(u, use) < passedOn && !u.exempts(use)
			}
		}
	}
}

// exempts reports whether a place of a part only gives what it names to whoever
// requires the module.
func (u *unit) exempts(use source.Span) bool {
	return len(u.exempt) > 0 && u.exempt[u.module.Locate(use)]
}

// roleAt returns the role of the name at a place of a part, or 0.
func (f *flow) roleAt(u *unit, at source.Span) role {
	r := u.digestAt(at).roleAt(at)
	switch {
	case r == nil:
		return 0
	case r.call != nil && f.registers(r.call):
		return calledBy
	}
	return r.role
}

// onlyCalled reports whether a name of a unit is used only to call what it stands
// for, and to register jobs with it.
func (l *leakage) onlyCalled(u *unit, s *fennel.Symbol) bool {
	isCall := func(use source.Span) bool { return l.roleAt(u, use) == calledBy }
	for _, use := range s.Uses {
		if !isCall(use) {
			return false
		}
	}
	for _, use := range u.module.Beyond(s).Uses {
		if !isCall(use) && !u.exempts(use) {
			return false
		}
	}
	return true
}

// symbolOf returns the unit and the name of a parameter, or nil.
func (l *leakage) symbolOf(p param) (*unit, *fennel.Symbol) {
	u := l.unitOf(p.fn)
	for _, s := range slices.Backward(u.digestAt(p.fn.Span).params) {
		if s.param == p {
			return u, s.symbol
		}
	}
	return u, nil
}

// foreign finds what leaks of what the modules give.
func (l *leakage) foreign() {
	requiring := false
	for _, u := range l.units {
		for _, v := range u.lent {
			l.leak(l.sense(v))
		}
		for _, d := range u.digests {
			requiring = requiring || d.requiring
			for _, v := range d.foreign {
				if !u.exempts(v.Span) {
					l.leak(l.sense(v))
				}
			}
			for _, x := range d.escaping {
				if isForeign(x.value) {
					l.leak(l.sense(x.value))
				}
			}
			for _, s := range d.foreignNames {
				if t := l.sense(s.Value); t.kind == function && !l.onlyCalled(u, s) {
					l.leak(t)
				}
			}
		}
	}
	if requiring {
		for name := range l.exports {
			l.leak(l.required(name))
		}
	}
}

// leak notes that a function leaks, or all that a module gives.
func (l *leakage) leak(t sense) {
	switch t.kind {
	case function:
		l.leaked[t.fn] = true
	case module:
		x := l.exports[t.name]
		if x == nil || l.left[x] {
			return
		}
		l.left[x] = true
		for _, given := range x.members {
			l.leak(l.exported(x, given))
		}
	}
}

// spread follows functions through the parameters that they are passed for.
func (l *leakage) spread() {
	for _, u := range l.units {
		for _, d := range u.digests {
			for _, c := range d.spreading {
				l.spreadBy(c)
			}
		}
	}
}

func (l *leakage) spreadBy(c *fennel.Call) {
	callee, registers := l.sense(c.Callee), l.registers(c)
	for i, arg := range c.Args {
		if arg.Kind != fennel.Lambda || i == 2 && registers {
			continue
		}
		if callee.kind == function {
			if u, s := l.symbolOf(param{callee.fn, i}); s != nil && l.onlyCalled(u, s) {
				continue
			}
		}
		l.leaked[arg.Fn] = true
	}
}
