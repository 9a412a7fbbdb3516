package analysis

import (
	"fmt"
	"iter"
	"slices"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
)

// reading checks everything that a part reads from one root.
func (c *checker) reading(r reading) {
	root := r.root()
	t := c.root(root)
	if t.kind == unknown || r.right && t == usual(root) {
		return
	}
	for _, a := range r.accesses {
		c.access(a)
	}
}

// access checks the keys that a path reads.
func (c *checker) access(a *fennel.Access) {
	t := c.root(a.Value.Root)
	for _, k := range a.Value.Keys {
		of := t
		switch t = c.key(t, k.Name); {
		case of.kind == result:
			c.field(of, k)
			return
		case t.kind == absent && t.module == dsl.RuntimeOf:
			d := diag.Diagnostic{Span: c.at(k.Span), Code: diag.UnknownPrimitive, Message: dsl.UnknownPrimitive(t.name)}
			c.suggestKey(&d, k, dsl.PrimitiveNames())
			c.report(a.Fn, a.Conditional, d)
			return
		case t.kind == absent:
			c.absentMember(a, t, k)
			return
		}
	}
}

// absentMember reports a name that a module of the product does not have.
func (c *checker) absentMember(a *fennel.Access, t sense, k fennel.Key) {
	if c.writes(k.Name) {
		return
	}
	m, _ := dsl.FindModule(t.module)
	d := diag.Diagnostic{Span: c.at(k.Span), Code: diag.UnknownPrimitive,
		Message: dsl.UnknownMember(m, k.Name)}
	switch {
	case slices.ContainsFunc(m.Macros, func(f dsl.Func) bool { return f.Name == k.Name }):
		d.Help = fmt.Sprintf("It is a macro: begin the file with (import-macros {: %s} :%s).", k.Name, m.Name)
	case isPrimitive(k.Name) && m.Name == dsl.CI:
		d.Help = fmt.Sprintf("It is a primitive: take it from the run-fn's argument, (fn [{: %s}] …), or from runtime.", k.Name)
	default:
		c.suggestKey(&d, k, dsl.MemberNames(m))
	}
	c.report(a.Fn, a.Conditional, d)
}

// field checks a key that is read from what a primitive gave.
func (c *checker) field(of sense, k fennel.Key) {
	what, fields := fieldsOf(of)
	isField := func(f dsl.Key) bool { return f.Name == k.Name }
	if len(fields) == 0 || slices.ContainsFunc(fields, isField) || c.given()[of.call] || c.writes(k.Name) {
		return
	}
	d := diag.Diagnostic{Span: c.at(k.Span), Code: diag.UnknownOption, As: diag.Warning,
		Message: dsl.UnknownField(what, fields, k.Name)}
	c.suggestKey(&d, k, dsl.KeyNames(fields))
	c.note(d)
}

// resultsGiven returns the calls whose results are given to another, which may
// add fields to them.
func (c *checker) resultsGiven() map[*fennel.Call]bool {
	given := map[*fennel.Call]bool{}
	for _, u := range c.units {
		for _, d := range u.digests {
			for _, call := range d.given {
				given[call] = true
			}
		}
	}
	return given
}

// writes reports whether the flow stores something under a key of any table.
// Where it holds Lua code nobody knows.
func (c *checker) writes(key string) bool {
	return c.written()[key] || c.written()[anyKey]
}

func (c *checker) keysWritten() map[string]bool {
	written := map[string]bool{}
	for _, u := range c.units {
		for _, d := range u.digests {
			for _, key := range d.written {
				written[key] = true
			}
		}
	}
	return written
}

// secretName checks the name of a secret against those that are known.
func (c *checker) secretName(v *fennel.Value) {
	if c.surround.secrets == nil || v.Kind != fennel.Literal || v.Type != "string" ||
		slices.Contains(c.surround.secrets, v.Text) {
		return
	}
	d := diag.Diagnostic{Span: c.at(v.Span), Code: diag.UnknownSecret, As: diag.Warning,
		Message: fmt.Sprintf("unknown secret: %q", v.Text),
		Help:    "Add it to :secrets of the global configuration, or pass it with --secret."}
	c.suggest(&d, v, slices.Values(c.surround.secrets))
	c.note(d)
}

// suggest adds the nearest of the names that a literal could have.
func (c *checker) suggest(d *diag.Diagnostic, v *fennel.Value, names iter.Seq[string]) {
	if v.Made {
		return
	}
	suggest(d, c.file, v.Text, names)
}
