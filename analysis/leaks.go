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
	d := leakDigester{seen: map[*fennel.Value]bool{}}
	for _, c := range p.Calls {
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
			d.params = append(d.params, paramSymbol{param{v.Root.Fn, v.Root.Index}, s})
		default:
			d.inside(v)
		}
	}
	for _, fn := range p.Functions {
		for _, v := range fn.Returns {
			d.leak(v)
		}
	}
	return d.leakDigest
}

// A leakDigester makes a leakDigest.
type leakDigester struct {
	leakDigest
	seen map[*fennel.Value]bool // tables that were looked into
}

// note notes the role of a value that may be a name for a function or
// parameter.
func (d *leakDigester) note(v *fennel.Value, r role, registering *fennel.Call) {
	if v.Kind == fennel.Lambda || isParam(v) {
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
	if len(v.Items) == 0 && len(v.Fields) == 0 || d.seen[v] {
		return
	}
	d.seen[v] = true
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
// something that is no function of the file.
func leaks(f *flow) map[*fennel.Func]bool {
	l := &leakage{flow: f, leaked: map[*fennel.Func]bool{}}
	for _, d := range f.digests {
		for _, fn := range d.leaked {
			l.leaked[fn] = true
		}
		for _, h := range d.helpers {
			for _, u := range f.module.Beyond(h.symbol).Uses {
				l.leaked[h.fn] = l.leaked[h.fn] || f.roleAt(u) < passedOn
			}
		}
	}
	l.spread()
	return l.leaked
}

// digestAt returns the digest of the part that a place is in.
func (f *flow) digestAt(at source.Span) *digest {
	return digestOf(f.module, f.module.PartOf(at))
}

// roleAt returns the role of the name at a place, or 0.
func (f *flow) roleAt(at source.Span) role {
	r := f.digestAt(at).roleAt(at)
	switch {
	case r == nil:
		return 0
	case r.call != nil && f.registers(r.call):
		return calledBy
	}
	return r.role
}

// onlyCalled reports whether a name is used only to call what it stands for,
// and to register jobs with it.
func (l *leakage) onlyCalled(s *fennel.Symbol) bool {
	isCall := func(u source.Span) bool { return l.roleAt(u) == calledBy }
	for _, u := range s.Uses {
		if !isCall(u) {
			return false
		}
	}
	for _, u := range l.module.Beyond(s).Uses {
		if !isCall(u) {
			return false
		}
	}
	return true
}

// symbolOf returns the name of a parameter, or nil.
func (l *leakage) symbolOf(p param) *fennel.Symbol {
	for _, s := range slices.Backward(l.digestAt(p.fn.Span).params) {
		if s.param == p {
			return s.symbol
		}
	}
	return nil
}

// spread follows functions through the parameters that they are passed for.
func (l *leakage) spread() {
	for _, d := range l.digests {
		for _, c := range d.spreading {
			l.spreadBy(c)
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
			if s := l.symbolOf(param{callee.fn, i}); s != nil && l.onlyCalled(s) {
				continue
			}
		}
		l.leaked[arg.Fn] = true
	}
}
