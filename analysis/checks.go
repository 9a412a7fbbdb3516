package analysis

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A checker finds what run-fns would do wrong without running them.
type checker struct {
	*flow
	file  *source.File
	tree  *syntax.Tree
	graph *pipeline.Graph
	found diag.List
}

// check returns the findings of the static checks, in the order of places.
func check(m *fennel.Module, g *pipeline.Graph) diag.List {
	c := &checker{flow: newFlow(m, g), file: m.Tree.File, tree: m.Tree, graph: g}
	for _, call := range c.calls {
		if t := c.meaning(call.Callee); t.kind == primitive && call.Fn != nil {
			c.primitive(call, t.name)
		}
	}
	for a := range m.Accesses() {
		c.access(a)
	}
	for g := range m.MissingGlobals() {
		c.report(g.Fn, g.Conditional, diag.Diagnostic{Span: g.Span, Code: diag.UnknownGlobal, Message: g.Message, Help: g.Help})
	}
	c.found.Sort()
	return slices.CompactFunc(c.found, func(a, b diag.Diagnostic) bool {
		return a.Code == b.Code && a.Span == b.Span && a.Message == b.Message
	})
}

// report adds a finding about something in fn. It is an error when fn is a
// run-fn that cannot end well without meeting it, else a warning.
func (c *checker) report(fn *fennel.Func, conditional bool, d diag.Diagnostic) {
	d.File = c.file
	if conditional || len(c.jobs[fn]) == 0 {
		d.As = diag.Warning
	}
	c.found = append(c.found, d)
}

// access finds primitives that do not exist.
func (c *checker) access(a *fennel.Access) {
	t := c.root(a.Value.Root)
	for _, k := range a.Value.Keys {
		if t = t.key(k.Name); t.kind != absent {
			continue
		}
		d := diag.Diagnostic{Span: k.Span, Code: diag.UnknownPrimitive,
			Message: dsl.UnknownPrimitive(t.name)}
		c.suggestKey(&d, k, dsl.PrimitiveNames())
		c.report(a.Fn, a.Conditional, d)
		return
	}
}

// primitive checks the arguments of a call of a primitive against the table.
func (c *checker) primitive(call *fennel.Call, name string) {
	f, ok := dsl.Primitive(name)
	if !ok {
		return
	}
	for i, p := range f.Params {
		switch {
		case i < len(call.Args):
			c.argument(call, f, p, call.Args[i])
		case !p.Optional && !spreads(call.Args):
			c.report(call.Fn, call.Conditional, diag.Diagnostic{Span: call.Span, Code: argumentCode(p),
				Message: dsl.Missing(f, p), Help: "It is called as " + f.Signature() + "."})
		}
	}
	if name == "jobs" && len(call.Args) > 0 {
		c.reads(call, call.Args[0])
	}
}

// spreads reports whether the last argument may stand for more than one.
func spreads(args []*fennel.Value) bool {
	if len(args) == 0 {
		return false
	}
	switch last := args[len(args)-1]; last.Kind {
	case fennel.Unknown, fennel.Result:
		return true
	}
	return false
}

func argumentCode(p dsl.Param) diag.Code {
	if p.Type == dsl.Command {
		return diag.BadCommand
	}
	return diag.BadArgument
}

// argument checks one argument.
func (c *checker) argument(call *fennel.Call, f dsl.Func, p dsl.Param, v *fennel.Value) {
	if p.Optional && v.Kind == fennel.Literal && v.Type == "nil" {
		return
	}
	if at, message := mistake(f, p.Name, p.Type, v); message != "" {
		c.report(call.Fn, call.Conditional, diag.Diagnostic{Span: at.Span, Code: argumentCode(p), Message: message,
			Help: "It is called as " + f.Signature() + "."})
		return
	}
	if v.Kind != fennel.TableOf || len(p.Keys) == 0 {
		return
	}
	for _, field := range v.Fields {
		c.option(call, f, p, field)
	}
}

// option checks one field of an option table.
func (c *checker) option(call *fennel.Call, f dsl.Func, p dsl.Param, field fennel.Field) {
	if field.Key.Kind != fennel.Literal {
		return
	}
	i := slices.IndexFunc(p.Keys, func(k dsl.Key) bool { return k.Name == field.Key.Text })
	if i < 0 {
		d := diag.Diagnostic{Span: field.Key.Span, Code: diag.UnknownOption,
			Message: dsl.UnknownOption(f, p, field.Key.Text)}
		suggest(&d, c.file, field.Key.Text, dsl.KeyNames(p.Keys))
		c.report(call.Fn, call.Conditional, d)
		return
	}
	k := p.Keys[i]
	if at, message := mistake(f, ":"+k.Name, k.Type, field.Value); message != "" {
		c.report(call.Fn, call.Conditional, diag.Diagnostic{Span: at.Span, Code: diag.BadOption, Message: message, Help: k.Doc})
	}
}

// mistake says what is wrong with a value where the vocabulary wants a type,
// and which part of the value it is; an empty message means that nothing is
// known to be wrong. The texts are those of the run time.
func mistake(f dsl.Func, name string, want dsl.Type, v *fennel.Value) (at *fennel.Value, message string) {
	got, known := luaType(v)
	if !known {
		return nil, ""
	}
	if m := dsl.Mismatch(f, name, want, got, v.Text); m != "" {
		return v, m
	}
	switch want {
	case dsl.Command, dsl.Strings:
		if v.Kind == fennel.Literal {
			return nil, ""
		}
		if len(v.Items) == 0 && !v.Open {
			return v, dsl.EmptySequence(f, name, len(v.Fields) > 0)
		}
		for i, item := range v.Items {
			if got, known := luaType(item); known && got != "string" {
				return item, dsl.BadItem(f, name, fmt.Sprint(i+1), got)
			}
		}
	case dsl.EnvMap:
		for i, item := range v.Items {
			return item, dsl.BadItem(f, name, fmt.Sprint(i+1), "number")
		}
		for _, field := range v.Fields {
			if got, known := luaType(field.Value); known && got != "string" {
				return field.Value, dsl.BadItem(f, name, field.Key.Text, got)
			}
		}
	}
	return nil, ""
}

// luaType returns the Lua type of a value, if it is known.
func luaType(v *fennel.Value) (string, bool) {
	switch v.Kind {
	case fennel.Literal:
		return v.Type, true
	case fennel.ArrayOf, fennel.TableOf:
		return "table", true
	case fennel.Lambda:
		return "function", true
	}
	return "", false
}

// reads checks the name that (jobs name) reads for every job that the call is
// made for.
func (c *checker) reads(call *fennel.Call, name *fennel.Value) {
	if name.Kind != fennel.Literal || name.Type != "string" {
		return
	}
	for _, id := range c.jobsAround(call.Fn) {
		if _, ok := c.graph.Job(id); !ok {
			continue
		}
		err := c.graph.Readable(id, name.Text)
		if err == nil {
			continue
		}
		d := diag.Diagnostic{Span: name.Span, Code: diag.NotAnAncestor, Message: err.Error()}
		readable := append(c.graph.Needs(id), "quire/push")
		if id == name.Text {
			d.Code = diag.SelfRead
			d.Help = "A job's outputs exist only when it has ended."
		} else {
			d.Help = fmt.Sprintf("Add it to the inputs of '%s', or read one of: %s.", id, strings.Join(readable, ", "))
			suggest(&d, c.file, name.Text, slices.Values(readable))
		}
		c.report(call.Fn, call.Conditional, d)
		return
	}
}

// jobsAround returns the ids of the jobs whose run-fn is fn or holds it.
func (c *checker) jobsAround(fn *fennel.Func) []string {
	for ; fn != nil; fn = fn.Outer {
		if ids := c.jobs[fn]; len(ids) > 0 {
			return ids
		}
	}
	return nil
}

// suggest adds the nearest of the names that would be right, as a help and as
// a fix where the wrong one stands in the text.
func suggest(d *diag.Diagnostic, file *source.File, name string, names iter.Seq[string]) {
	near, ok := diag.Nearest(name, names)
	if !ok {
		return
	}
	d.Help = strings.TrimSpace(fmt.Sprintf("Did you mean `%s`? %s", near, d.Help))
	written := file.Slice(d.Span)
	replaced := strings.Replace(written, name, near, 1)
	if bare := strings.Trim(written, `:"`); bare != name {
		return
	}
	d.Fixes = append(d.Fixes, diag.Fix{
		Title: fmt.Sprintf("Replace `%s` by `%s`", name, near),
		Safe:  true,
		Edits: []diag.Edit{{File: file, Span: d.Span, Text: cmp.Or(replaced, near)}},
	})
}

// suggestKey adds the nearest of the names that a key of a path could have. A
// key that binds a local, as in {: shh}, keeps the local's name.
func (c *checker) suggestKey(d *diag.Diagnostic, k fennel.Key, names iter.Seq[string]) {
	path := c.tree.Path(k.Span.Start)
	if len(path) < 2 {
		return
	}
	node, parent := path[len(path)-1], path[len(path)-2]
	near, ok := diag.Nearest(k.Name, names)
	if !ok || node.Kind != syntax.Symbol || node.Span != k.Span {
		suggest(d, c.file, k.Name, names)
		return
	}
	d.Help = fmt.Sprintf("Did you mean `%s`?", near)
	at := slices.Index(parent.Children, node)
	if parent.Kind != syntax.Table || at == 0 || parent.Children[at-1].Text != ":" {
		return
	}
	d.Fixes = append(d.Fixes, diag.Fix{
		Title: fmt.Sprintf("Bind `%s` under this name", near),
		Safe:  true,
		Edits: []diag.Edit{{
			File: c.file,
			Span: source.Span{Start: parent.Children[at-1].Span.Start, End: k.Span.End},
			Text: ":" + near + " " + k.Name,
		}},
	})
}

func isPrimitive(name string) bool {
	_, ok := dsl.Primitive(name)
	return ok
}

// moduleKey returns what a module of the product holds under a name.
func moduleKey(mod, name string) meaning {
	m, ok := dsl.FindModule(mod)
	if !ok {
		return meaning{}
	}
	switch {
	case name == "runtime" && m.Name == "quire.ci":
		return meaning{kind: runtime}
	case isPrimitive(name) && m.Name == "quire.ci":
		return meaning{kind: primitive, name: name}
	}
	for _, f := range m.Funcs {
		if f.Name == name {
			return meaning{kind: member, name: name}
		}
	}
	return meaning{}
}
