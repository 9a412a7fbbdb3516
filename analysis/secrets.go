package analysis

import (
	"iter"
	"maps"
	"slices"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/source"
)

// Secrets are the names of secrets that a job may ask for.
type Secrets struct {
	// Names are those that are written in the code that the job runs, in order.
	Names []string
	// Certain reports that there are no others: no name is computed, and what
	// could ask for one goes nowhere that cannot be followed.
	Certain bool
}

// A secretUse is what is known of the secrets that jobs ask for.
type secretUse struct {
	byJob   map[string]map[string]bool
	all     map[string]bool // also of code of which it is not known who runs it
	unsure  map[string]bool // jobs that may ask for others
	anybody bool            // any job may
}

// SecretsOf returns the secrets that a job may ask for, found without running
// it.
func (s *Snapshot) SecretsOf(job string) Secrets {
	u := s.secretUse()
	return Secrets{Names: slices.Sorted(maps.Keys(u.byJob[job])), Certain: !u.anybody && !u.unsure[job]}
}

// NamedSecrets returns the secrets whose names are written anywhere in the code
// of the pipeline, in order.
func (s *Snapshot) NamedSecrets() []string { return slices.Sorted(maps.Keys(s.secretUse().all)) }

// findSecrets follows the calls that ask for secrets to the jobs that run them.
func findSecrets(m *fennel.Module, l loaded, s surround) secretUse {
	u := secretUse{byJob: map[string]map[string]bool{}, all: map[string]bool{}, unsure: map[string]bool{}}
	c := newChecker(m, l.graph, s)
	for _, file := range c.all {
		for call := range file.asking() {
			u.add(file, call)
		}
		u.anybody = u.anybody || file.lua || file.leaksPrimitive("secret") || file.keeps("secret")
	}
	for _, required := range l.modules {
		u.anybody = u.anybody || !slices.ContainsFunc(c.units, func(k *unit) bool { return k.module == required })
	}
	for _, j := range l.graph.Jobs {
		u.unsure[j.ID] = u.unsure[j.ID] || c.runsElsewhere(j)
	}
	return u
}

// asking iterates over the calls that may ask for a secret.
func (c *checker) asking() iter.Seq[*fennel.Call] {
	return func(yield func(*fennel.Call) bool) {
		for _, d := range c.digests {
			for _, call := range d.part.Calls {
				if !yield(call) {
					return
				}
			}
		}
		for _, call := range c.inside {
			if !yield(call) {
				return
			}
		}
	}
}

// add adds what a call asks for.
func (u *secretUse) add(c *checker, call *fennel.Call) {
	switch t := c.sense(call.Callee); {
	case t.kind == primitive && t.name == "secret" && call.Fn != nil && len(call.Args) > 0:
		r := c.anyRunners(call.Fn)
		u.ask(r, call.Args[0])
		u.anybody = u.anybody || r.others
	case t.kind == member && t.module == dsl.CI && t.name == "mirror" && len(call.Args) > 1:
		named := false
		for _, field := range call.Args[1].Fields {
			if literalID(field.Key) == "secret" {
				named = true
				u.ask(runners{ids: []string{dsl.MirrorJob}}, field.Value)
			}
		}
		u.unsure[dsl.MirrorJob] = u.unsure[dsl.MirrorJob] || !named
	}
}

// ask adds one name, or that it is not known, to what jobs ask for.
func (u *secretUse) ask(r runners, name *fennel.Value) {
	id := literalID(name)
	if id != "" {
		u.all[id] = true
	}
	for _, job := range r.ids {
		if id == "" {
			u.unsure[job] = true
			continue
		}
		if u.byJob[job] == nil {
			u.byJob[job] = map[string]bool{}
		}
		u.byJob[job][id] = true
	}
}

// anyRunners returns which jobs run a function: unlike [checker.runners], also
// those whose run-fns call one that is a run-fn itself.
func (c *checker) anyRunners(fn *fennel.Func) (r runners) {
	seen := map[*fennel.Func]bool{nil: true}
	for todo := []*fennel.Func{fn}; len(todo) > 0; {
		fn, todo = todo[0], todo[1:]
		if seen[fn] {
			continue
		}
		seen[fn] = true
		own := c.jobs[fn]
		r.ids = append(r.ids, own...)
		r.others = r.others || c.leaked[fn] && len(own) == 0
		if len(own) == 0 {
			todo = append(todo, fn.Outer)
		}
		for _, call := range c.callers()[fn] {
			todo = append(todo, call.Fn)
		}
	}
	r.others = r.others || slices.Contains(r.ids, "")
	return r
}

// keeps reports whether the file has a name for a primitive, or for the runtime,
// in a place where it is neither used nor given to a function, a table or
// another name: it may be stored anywhere.
func (c *checker) keeps(name string) bool {
	for _, d := range c.digests {
		known := map[source.Span]bool{}
		for _, call := range d.part.Calls {
			known[call.Callee.Span] = true
			for _, arg := range call.Args {
				known[arg.Span] = true
			}
		}
		var within []source.Span
		for _, s := range d.part.Symbols {
			if s.Value != nil {
				within = append(within, s.Value.Span)
			}
		}
		for _, a := range d.part.Accesses {
			if a.Value != nil {
				within = append(within, a.Value.Span)
			}
		}
		for _, x := range d.escaping {
			within = append(within, x.value.Span) // followed elsewhere
		}
		used := newRegions(within)
		for _, s := range d.part.Symbols {
			if s.Value == nil || !carries(c.sense(s.Value), name) {
				continue
			}
			for _, at := range s.Uses {
				if !known[at] && !used.meet(at.Start, at.End) {
					return true
				}
			}
		}
	}
	return false
}

// leaksPrimitive reports whether the file carries a primitive to where nothing
// is known of what is done with it.
func (c *checker) leaksPrimitive(name string) bool {
	for _, d := range c.digests {
		for _, x := range d.escaping {
			if c.escapes(x, name) {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.lent, func(v *fennel.Value) bool { return c.escapes(escape{value: v}, name) })
}
