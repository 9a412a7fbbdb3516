package analysis

import (
	"quire/analysis/fennel"
	"quire/analysis/source"
)

// A leakage finds the functions of a module that may be called from where the
// flow does not see it: what is known of the arguments of the calls in the
// file says nothing about their parameters.
type leakage struct {
	*flow
	roles   map[source.Span]role // of names that are called or passed on
	symbols map[*fennel.Func][]*fennel.Symbol
	params  map[param]*fennel.Symbol
	leaked  map[*fennel.Func]bool
	seen    map[*fennel.Value]bool // tables that were looked into
}

// A role is what a name stands for in a call.
type role int

const (
	passedOn role = iota + 1
	calledBy      // what is called, or what a job is registered with
)

// leaks returns the functions that are put into a table, returned, or given to
// something that is no function of the file.
func leaks(m *fennel.Module, f *flow) map[*fennel.Func]bool {
	l := &leakage{
		flow:    f,
		roles:   map[source.Span]role{},
		symbols: map[*fennel.Func][]*fennel.Symbol{},
		params:  map[param]*fennel.Symbol{},
		leaked:  map[*fennel.Func]bool{},
		seen:    map[*fennel.Value]bool{},
	}
	for _, c := range f.calls {
		l.note(c.Callee, calledBy)
		registers := f.registers(c)
		for i, arg := range c.Args {
			if registers && i == 2 {
				l.note(arg, calledBy)
			} else {
				l.note(arg, passedOn)
			}
			l.inside(arg)
		}
	}
	for s := range m.Index.Symbols() {
		v := s.Value
		switch {
		case v == nil:
		case v.Kind == fennel.Lambda:
			l.symbols[v.Fn] = append(l.symbols[v.Fn], s)
		case isParam(v):
			l.params[param{v.Root.Fn, v.Root.Index}] = s
		default:
			l.inside(v)
		}
	}
	for fn := range m.Functions() {
		for _, v := range fn.Returns {
			l.leak(v)
		}
		for _, s := range l.symbols[fn] {
			l.leaked[fn] = l.leaked[fn] || !l.contained(s, passedOn)
		}
	}
	l.spread()
	return l.leaked
}

// note notes the role of a value that may be a name for a function or
// parameter.
func (l *leakage) note(v *fennel.Value, r role) {
	if v.Kind == fennel.Lambda || isParam(v) {
		l.roles[v.Span] = r
	}
}

func isParam(v *fennel.Value) bool {
	return v.Kind == fennel.Path && v.Root.Kind == fennel.ParamRoot && len(v.Keys) == 0
}

// leak notes the functions in a value that goes where nothing is known of it.
func (l *leakage) leak(v *fennel.Value) {
	if v.Kind == fennel.Lambda {
		l.leaked[v.Fn] = true
	}
	l.inside(v)
}

// inside notes the functions in a table.
func (l *leakage) inside(v *fennel.Value) {
	if len(v.Items) == 0 && len(v.Fields) == 0 || l.seen[v] {
		return
	}
	l.seen[v] = true
	for _, item := range v.Items {
		l.leak(item)
	}
	for _, field := range v.Fields {
		l.leak(field.Value)
	}
}

// contained reports whether a name is only used in a role, or a better known
// one.
func (l *leakage) contained(s *fennel.Symbol, least role) bool {
	for _, u := range s.Uses {
		if l.roles[u] < least {
			return false
		}
	}
	return true
}

// spread follows functions through the parameters that they are passed for.
func (l *leakage) spread() {
	for _, c := range l.calls {
		callee := l.sense(c.Callee)
		for i, arg := range c.Args {
			if arg.Kind != fennel.Lambda {
				continue
			}
			switch {
			case i == 2 && l.registers(c):
			case callee.kind == function:
				s := l.params[param{callee.fn, i}]
				if s == nil || !l.contained(s, calledBy) {
					l.leaked[arg.Fn] = true
				}
			default:
				l.leaked[arg.Fn] = true
			}
		}
	}
}
