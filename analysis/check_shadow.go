package analysis

import (
	"fmt"

	"quire/analysis/diag"
	"quire/analysis/fennel"
)

// shadows reports locals that hide a primitive which the code around them has
// under that name, where the local is certainly something else.
func (c *checker) shadows(symbols []*fennel.Symbol) {
	primitives := map[string][]*fennel.Symbol{}
	for _, s := range symbols {
		if isPrimitive(s.Name) && s.Value != nil && c.sense(s.Value) == (sense{kind: primitive, name: s.Name}) {
			primitives[s.Name] = append(primitives[s.Name], s)
		}
	}
	for _, s := range symbols {
		hidden := primitives[s.Name]
		if len(hidden) == 0 || s.Expanded || s.Kind == fennel.Macro || !c.isSomethingElse(s) {
			continue
		}
		for _, p := range hidden {
			if p.Scope.Encloses(s.Def) && p.Def != s.Def {
				c.note(diag.Diagnostic{Span: s.Def, Code: diag.ShadowedPrim,
					Message: fmt.Sprintf("The name '%s' hides the primitive '%s' from here on.", s.Name, s.Name),
					Help:    "Give it another name, or do not bind the primitive where it is not needed.",
					Related: []diag.Related{{File: c.file, Span: p.Def, Message: "the primitive is bound here"}}})
				break
			}
		}
	}
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
