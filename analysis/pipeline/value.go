package pipeline

import (
	"context"
	"errors"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// A Value is what a file that is an expression, such as a configuration,
// evaluates to.
type Value struct {
	// Data is the value of the last form; nil when it is nil or the file has
	// errors.
	Data *Data
	file *source.File
	last *syntax.Node // the last form, nil when there is none
}

// Evaluate evaluates a file to plain data, in the sandbox and within the
// limits of loading, without the modules of the product and of a workspace.
// The value is never nil. The list holds all that is wrong.
func Evaluate(ctx context.Context, f *source.File, l Limits) (*Value, diag.List) {
	m := fennel.Compile(syntax.Read(f), fennel.Options{Globals: sandbox.Global, Limits: l.Load})
	v := &Value{file: f}
	for _, n := range m.Tree.Forms {
		if n.Kind != syntax.Comment && n.Kind != syntax.Error {
			v.last = n
		}
	}
	found := m.Diagnostics
	if found.HasErrors() {
		return v, found
	}
	p := fennel.NewProgram(sandbox.Options{Limits: l.Load})
	defer p.State.Close()
	results, err := p.State.Call(ctx, p.State.L, p.Function(m))
	var raised *sandbox.Error
	switch {
	case errors.As(err, &raised):
		return v, append(found, diagnose(p, raised, f, evaluating))
	case err != nil:
		return v, append(found, diag.Diagnostic{File: f, Code: diag.LoadTimeout,
			Message: "evaluating was stopped before it was done: " + err.Error()})
	case len(results) == 0 || results[0] == lua.LNil:
		return v, found
	}
	v.Data = copyData(results[0], func(*lua.LTable) []lazyField { return nil })
	return v, found
}

// Place returns where the value of nested keys is named, as far as the last
// form is a literal: the key, or else what stands around it.
func (v *Value) Place(keys ...string) source.Place {
	p := source.Place{File: v.file}
	if v.last == nil {
		return p
	}
	p.Span = v.last.Span
	at := v.last
	for _, key := range keys {
		k, value, ok := field(at, key)
		if !ok {
			return p
		}
		p.Span, at = k.Span, value
	}
	return p
}
