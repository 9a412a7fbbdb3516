package analysis

import (
	"fmt"
	"iter"
	"slices"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
)

// primitive checks the arguments of a call of a primitive against the table.
func (c *checker) primitive(call *fennel.Call, name string) {
	f, ok := dsl.Primitive(name)
	if !ok {
		return
	}
	for _, m := range misuses(f, call) {
		d := m.Diagnostic
		d.Span = c.at(d.Span)
		if m.names != nil {
			c.suggest(&d, m.typed, m.names)
		}
		c.report(call.Fn, call.Conditional, d)
	}
	for _, v := range secretsIn(f, call) {
		c.secretName(v)
	}
	if name == "jobs" && len(call.Args) > 0 {
		c.whenEvaluated(func() { c.reads(call, call.Args[0]) })
	}
}

// A misuse is something wrong with the arguments of a call, at its place in the
// part.
type misuse struct {
	diag.Diagnostic
	// typed is what is written instead of one of the names, if these are what
	// it may have been meant to be.
	typed *fennel.Value
	names iter.Seq[string]
}

// misuses returns what is wrong with the arguments of a call of a primitive.
func misuses(f dsl.Func, call *fennel.Call) []misuse {
	var all []misuse
	for i, p := range f.Params {
		switch {
		case i < len(call.Args):
			all = append(all, misusesOf(f, p, call.Args[i])...)
		case !p.Optional && !spreads(call.Args):
			all = append(all, misuse{Diagnostic: diag.Diagnostic{Span: call.Span, Code: argumentCode(p),
				Message: dsl.Missing(f, p), Help: "It is called as " + f.Signature() + "."}})
		}
	}
	return all
}

// secretsIn returns the arguments of a call that name secrets.
func secretsIn(f dsl.Func, call *fennel.Call) []*fennel.Value {
	var all []*fennel.Value
	for i, p := range f.Params {
		if p.Type == dsl.Secret && i < len(call.Args) && call.Args[i].Type == "string" {
			all = append(all, call.Args[i])
		}
	}
	return all
}

// member checks the arguments of a call of another function of a module as far
// as evaluation does not.
func (c *checker) member(call *fennel.Call, t sense) {
	m, _ := dsl.FindModule(t.module)
	f, _ := m.Func(t.name)
	for i, p := range f.Params {
		if i >= len(call.Args) || call.Args[i].Kind != fennel.TableOf {
			continue
		}
		opts := call.Args[i]
		for _, field := range opts.Fields {
			if k, ok := p.Key(field.Key.Text); ok && k.Type == dsl.Secret && field.Key.Kind == fennel.Literal {
				c.secretName(field.Value)
			}
		}
		if t.module == dsl.Stdlib {
			c.required(call, f, p, opts)
		}
	}
}

// required reports options that a call cannot do without.
func (c *checker) required(call *fennel.Call, f dsl.Func, p dsl.Param, opts *fennel.Value) {
	for _, field := range opts.Fields {
		if field.Key.Kind != fennel.Literal {
			return
		}
	}
	for _, k := range p.Keys {
		given := slices.ContainsFunc(opts.Fields, func(f fennel.Field) bool { return f.Key.Text == k.Name })
		if k.Required && !given && !c.writes(k.Name) {
			c.report(call.Fn, call.Conditional, diag.Diagnostic{Span: c.at(opts.Span), Code: diag.BadArgument,
				Message: "Missing argument " + k.Name, Help: "It is called as " + f.Signature() + ". :" + k.Name + ": " + k.Doc})
			return
		}
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

// misusesOf returns what is wrong with one argument.
func misusesOf(f dsl.Func, p dsl.Param, v *fennel.Value) []misuse {
	if p.Optional && v.Kind == fennel.Literal && v.Type == "nil" {
		return nil
	}
	if at, message := mistake(f, p.Name, p.Type, v); message != "" {
		return []misuse{{Diagnostic: diag.Diagnostic{Span: at.Span, Code: argumentCode(p), Message: message,
			Help: "It is called as " + f.Signature() + "."}}}
	}
	if v.Kind != fennel.TableOf || len(p.Keys) == 0 {
		return nil
	}
	var all []misuse
	for _, field := range v.Fields {
		if m, ok := misusedOption(f, p, v.Fields, field); ok {
			all = append(all, m)
		}
	}
	return all
}

// misusedOption returns what is wrong with one field of an option table that
// has all of these.
func misusedOption(f dsl.Func, p dsl.Param, all []fennel.Field, field fennel.Field) (misuse, bool) {
	if field.Key.Kind != fennel.Literal {
		return misuse{}, false
	}
	k, ok := p.Key(field.Key.Text)
	if !ok {
		missing := slices.DeleteFunc(slices.Clone(p.Keys), func(k dsl.Key) bool {
			return slices.ContainsFunc(all, func(f fennel.Field) bool { return f.Key.Text == k.Name })
		})
		return misuse{diag.Diagnostic{Span: field.Key.Span, Code: diag.UnknownOption,
			Message: dsl.UnknownOption(f, p, field.Key.Text)}, field.Key, dsl.KeyNames(missing)}, true
	}
	if field.Value.Kind == fennel.Literal && field.Value.Type == "nil" {
		return misuse{}, false
	}
	at, message := mistake(f, ":"+k.Name, k.Type, field.Value)
	if message == "" {
		return misuse{}, false
	}
	return misuse{Diagnostic: diag.Diagnostic{Span: at.Span, Code: diag.BadOption, Message: message, Help: k.Doc}}, true
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
		if len(v.Items) > 0 {
			return v.Items[0], dsl.BadKey(f, name, "1")
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
