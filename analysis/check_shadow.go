package analysis

import (
	"fmt"
	"slices"

	"quire/analysis/diag"
	"quire/analysis/fennel"
)

// shadows reports locals that hide a primitive which the code around them has
// under that name, where the local is certainly something else.
func (c *checker) shadows() {
	top := map[string][]*fennel.Symbol{} // those that the forms so far show to the rest
	for _, d := range c.digests {
		seen := slices.ContainsFunc(d.primitives, func(s *fennel.Symbol) bool { return len(top[s.Name]) > 0 })
		if d.repeated || seen {
			c.shadowsIn(d.primitives, top)
		}
		for _, s := range d.primitives {
			if s.TopLevel() && c.holdsPrimitive(s) {
				top[s.Name] = append(top[s.Name], s)
			}
		}
	}
}

// shadowsIn reports those of the names of a part that hide a primitive which
// another of them holds, or one that forms before hold.
func (c *checker) shadowsIn(symbols []*fennel.Symbol, top map[string][]*fennel.Symbol) {
	for _, s := range symbols {
		if s.Expanded || s.Kind == fennel.Macro || !c.isSomethingElse(s) {
			continue
		}
		hidden := slices.Clone(top[s.Name])
		for _, p := range symbols {
			if p.Name == s.Name && p.Scope.Encloses(s.Def) && p.Def != s.Def && c.holdsPrimitive(p) {
				hidden = append(hidden, p)
			}
		}
		if len(hidden) > 0 {
			c.note(diag.Diagnostic{Span: c.at(s.Def), Code: diag.ShadowedPrim,
				Message: fmt.Sprintf("The name '%s' hides the primitive '%s' from here on.", s.Name, s.Name),
				Help:    "Give it another name, or do not bind the primitive where it is not needed.",
				Related: []diag.Related{{File: c.file, Span: c.at(hidden[0].Def), Message: "the primitive is bound here"}}})
		}
	}
}

// holdsPrimitive reports whether a local is the primitive of its name.
func (c *checker) holdsPrimitive(s *fennel.Symbol) bool {
	return s.Value != nil && c.sense(s.Value) == (sense{kind: primitive, name: s.Name})
}

// isSomethingElse reports whether a local is certainly not the primitive of its
// name.
func (c *checker) isSomethingElse(s *fennel.Symbol) bool {
	if s.Kind == fennel.LoopVar {
		return true
	}
	if s.Value == nil {
		return false
	}
	switch s.Value.Kind {
	case fennel.Literal, fennel.ArrayOf, fennel.TableOf, fennel.Lambda:
		return true
	}
	t := c.sense(s.Value)
	return t.kind != unknown && t.kind != absent && t != (sense{kind: primitive, name: s.Name})
}
