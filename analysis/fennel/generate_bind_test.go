package fennel_test

import (
	"fmt"
	"strings"
)

// A shape is what a value looks like that is taken apart: a scalar of a kind,
// or a table with shapes in it.
type shape struct {
	kind   kind
	items  []*shape
	fields []string // names of items, nil for a sequence
}

func (g *generator) shape(depth int) *shape {
	s := &shape{kind: pick(g, number, number, text, boolean, anything)}
	if depth == 0 || g.below(3) == 0 {
		return s
	}
	n := 1 + g.below(3)
	for range n {
		s.items = append(s.items, g.shape(depth-1))
	}
	if g.oneIn(2) {
		s.fields = []string{"a", "b", "x-y", "end"}[:n]
	}
	return s
}

// value writes an expression for the shape.
func (g *generator) value(s *shape) string {
	if s.items == nil {
		return g.expr(s.kind)
	}
	parts := []string{}
	for i, item := range s.items {
		if s.fields != nil {
			parts = append(parts, ":"+s.fields[i])
		}
		parts = append(parts, g.value(item))
	}
	if s.fields != nil {
		return "{" + strings.Join(parts, " ") + "}"
	}
	return brackets(parts...)
}

// pattern writes a pattern that takes apart what has the shape, and defines
// its names.
func (g *generator) pattern(s *shape, mutable bool) string {
	if s.items == nil || g.oneIn(6) {
		if g.oneIn(8) {
			return "_"
		}
		return g.bind(s.kindOf(), mutable)
	}
	whole := ""
	if g.oneIn(6) {
		whole = " &as " + g.bind(s.kindOf(), mutable)
	}
	if s.fields != nil {
		return g.fieldPattern(s, mutable, whole)
	}
	parts := []string{}
	for _, item := range s.items[:1+g.below(len(s.items))] {
		parts = append(parts, g.pattern(item, mutable))
	}
	if g.oneIn(4) {
		parts = append(parts, "&", g.bind(anything, mutable))
	}
	if g.oneIn(8) && whole == "" {
		parts = append(parts, g.bind(anything, mutable)) // one more than there is
	}
	return "[" + strings.Join(parts, " ") + whole + "]"
}

func (g *generator) fieldPattern(s *shape, mutable bool, whole string) string {
	parts := []string{}
	for i, item := range s.items {
		switch {
		case g.oneIn(4):
		case item.items == nil && g.oneIn(2) && !g.quote:
			name := s.fields[i]
			g.names = append(g.names, variable{name, item.kindOf(), mutable})
			parts = append(parts, ": "+name)
		default:
			parts = append(parts, ":"+s.fields[i]+" "+g.pattern(item, mutable))
		}
	}
	if g.oneIn(6) {
		parts = append(parts, "& "+g.bind(anything, mutable))
	}
	return "{" + strings.Join(parts, " ") + whole + "}"
}

func (s *shape) kindOf() kind {
	if s.items != nil {
		return anything
	}
	return s.kind
}

// bind defines a name in a pattern.
func (g *generator) bind(k kind, mutable bool) string { return g.define(k, mutable) }

// binding returns a pattern, its value and the number of names it defines. The
// value does not see them.
func (g *generator) binding(mutable bool) string {
	switch g.below(6) {
	case 0, 1, 2:
		k := g.anyKind()
		value := g.expr(k)
		return g.define(k, mutable) + " " + value
	case 3:
		a, b := g.anyKind(), g.anyKind()
		value := g.form("values", g.expr(a), g.expr(b))
		return fmt.Sprintf("(%s %s) %s", g.define(a, mutable), g.define(b, mutable), value)
	}
	s := g.shape(2)
	value := g.value(s)
	return g.pattern(s, mutable) + " " + value
}

// match writes a case or match of something.
func (g *generator) match(k kind) string {
	return g.in(func() string {
		head := pick(g, "case", "match")
		s := g.shape(2)
		several := g.oneIn(4)
		subject := g.value(s)
		second := &shape{kind: number}
		if several {
			subject = g.form("values", subject, g.value(second))
		}
		clauses := []string{}
		for range 1 + g.below(3) {
			clauses = append(clauses, g.in(func() string {
				p := g.clausePattern(head, s)
				if several {
					p = fmt.Sprintf("(%s %s)", p, g.clausePattern(head, second))
				}
				return g.guarded(p, s, several) + " " + g.body(k)
			}))
		}
		if !g.oneIn(5) {
			clauses = append(clauses, pick(g, "_ ", "_x ", "?other ")+g.expr(k))
		}
		return g.form(head, append([]string{subject}, clauses...)...)
	})
}

func (g *generator) guarded(p string, s *shape, several bool) string {
	switch g.below(5) {
	case 3:
		return fmt.Sprintf("(where %s %s)", p, g.expr(boolean))
	case 4:
		if several {
			return p
		}
		// Alternatives that bind nothing can stand beside any other.
		return fmt.Sprintf("(where (or %s %s) %s)", g.in(func() string { return g.refutable(s) }), g.in(func() string { return g.refutable(s) }),
			pick(g, "", g.expr(boolean)))
	}
	return p
}

// clausePattern writes a pattern that the shape may or may not match.
func (g *generator) clausePattern(head string, s *shape) string {
	switch g.below(5) {
	case 0:
		return g.refutable(s)
	case 1:
		if name, ok := g.variable(s.kindOf(), false); ok && !strings.HasPrefix(name, ",") {
			if head == "match" {
				return name
			}
			return fmt.Sprintf("(where (= %s))", name)
		}
	case 2:
		return pick(g, "?", "_") + g.label("m")
	}
	return g.matching(s)
}

func (g *generator) matching(s *shape) string {
	if s.items == nil {
		if g.oneIn(4) {
			return g.refutable(s)
		}
		name := g.label(pick(g, "v", "?v", "v-"))
		g.names = append(g.names, variable{name, s.kindOf(), false})
		return name
	}
	parts := []string{}
	for i, item := range s.items[:g.below(len(s.items)+1)] {
		if s.fields != nil {
			parts = append(parts, ":"+s.fields[i])
		}
		parts = append(parts, g.matching(item))
	}
	if s.fields != nil {
		return "{" + strings.Join(parts, " ") + "}"
	}
	if g.oneIn(4) {
		rest := g.label("rest")
		g.names = append(g.names, variable{rest, anything, false})
		parts = append(parts, "&", rest)
	}
	return brackets(parts...)
}

// refutable writes a pattern that defines nothing.
func (g *generator) refutable(s *shape) string {
	if s.items == nil {
		switch s.kind {
		case number:
			return pick(g, "1", "2", "0", "-1", "_", "3.5", "1e3")
		case text:
			return pick(g, ":a", `""`, `"x y"`, "_")
		case boolean:
			return pick(g, "true", "false", "_")
		}
		return pick(g, "nil", "_", "1", "[]", "{}", "[_]", "{:a _}")
	}
	parts := []string{}
	for i, item := range s.items {
		if s.fields != nil {
			parts = append(parts, ":"+s.fields[i])
		}
		parts = append(parts, g.refutable(item))
	}
	if s.fields != nil {
		return "{" + strings.Join(parts, " ") + "}"
	}
	return brackets(parts...)
}

// attempt writes a case-try or match-try.
func (g *generator) attempt(k kind) string {
	return g.in(func() string {
		a, b := g.label("s"), g.label("s")
		steps := fmt.Sprintf("%s %s %s", g.expr(number), a, g.expr(number))
		if g.oneIn(2) {
			steps += fmt.Sprintf(" %s %s", pick(g, b, "1", "?"+b), g.expr(k))
		}
		if g.oneIn(2) {
			steps += fmt.Sprintf(" (catch %s %s _ %s)", pick(g, "nil", "1", ":a"), g.expr(k), g.expr(k))
		}
		return fmt.Sprintf("(%s %s)", pick(g, "case-try", "match-try"), steps)
	})
}
