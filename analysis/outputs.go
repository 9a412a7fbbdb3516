package analysis

import (
	"slices"

	"quire/analysis/source"
)

// jobOutputs are the fields of the tables that jobs are known to return, by the ids
// of the jobs.
type jobOutputs map[string][]output

// An output is a field of such a table, where the run-fn names it.
type output struct {
	name string
	at   source.Place
}

// findOutputs returns the outputs of all jobs of a pipeline, whichever of its files
// their run-fns are in.
func (s *Snapshot) findOutputs() jobOutputs {
	all := jobOutputs{}
	f := s.found().flow()
	for _, u := range f.units {
		all.add(f, u)
	}
	for _, l := range s.required() {
		if !slices.ContainsFunc(f.units, func(u *unit) bool { return u.module == l.module }) {
			alone := newFlow(l.module, s.Graph(), repository{})
			all.add(alone, alone.unit)
		}
	}
	return all
}

// add adds what the run-fns of a unit return.
func (o jobOutputs) add(f *flow, u *unit) {
	for _, d := range u.digests {
		for _, fn := range d.part.Functions {
			for _, id := range f.jobs[fn] {
				for _, v := range fn.Returns {
					for _, field := range v.Fields {
						if name := literalID(field.Key); id != "" && name != "" && !field.Key.Made {
							at := source.Place{File: u.module.Tree.File, Span: u.module.Locate(field.Key.Span)}
							if k := (output{name, at}); !slices.Contains(o[id], k) {
								o[id] = append(o[id], k)
							}
						}
					}
				}
			}
		}
	}
}
