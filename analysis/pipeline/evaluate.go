package pipeline

import (
	"context"
	"errors"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// evaluate runs the file and reports whether it came to its end without an
// error.
//
// Behind a form that an error ended it goes on with the next, so that the jobs
// of all intact forms are known. An error there is shown only when it cannot
// come from what the first one left undone.
func (ld *loader) evaluate(ctx context.Context) bool {
	state := ld.program.State
	_, err := state.Call(ctx, state.L, ld.program.Function(ld.main), lua.LString(dsl.CI))
	if err == nil {
		return true
	}
	first := true
	for range maxResumed {
		if err == nil {
			return false
		}
		var raised *sandbox.Error
		if !errors.As(err, &raised) {
			ld.keep(diag.Diagnostic{File: ld.main.Tree.File, Code: diag.LoadTimeout,
				Message: "loading was stopped before it was done: " + err.Error()})
			return false
		}
		ld.limited = ld.limited || raised.Limit != nil
		known, isMistake := ld.mistakes[raised.Message]
		switch {
		case ld.program.Doubtful(ld.main) && raised.Limit == nil:
		case first || isMistake && isOwn(known.Code):
			first = false
			ld.raised(raised)
		}
		rest := ld.program.Resume(ld.main)
		if rest == nil || raised.Limit != nil {
			return false
		}
		_, err = state.Call(ctx, state.L, rest)
	}
	return false
}

// maxResumed is how many forms of a file may raise before nothing behind the last
// of them is run.
const maxResumed = 2000

// isOwn reports whether an error of that code is a mistake of the form that
// raised it, whatever else went wrong before.
func isOwn(c diag.Code) bool { return c == diag.EffectAtLoad }

// raised reports an error of the file.
func (ld *loader) raised(err *sandbox.Error) {
	d := diagnose(ld.program, err, ld.blamed(err), loading)
	if known, ok := ld.mistakes[err.Message]; ok {
		if known.Code == reported {
			return
		}
		d = refine(d, known)
	}
	for span, g := range missingIn(ld.main) {
		if d.File == ld.main.Tree.File && d.Message == g.Message && d.Span == span {
			d.Code, d.Help = diag.UnknownGlobal, g.Help
		}
	}
	ld.keep(d)
}

// blamed returns the file that an error is shown in: ci.fnl, or the module that
// raised it while it was loaded.
func (ld *loader) blamed(err *sandbox.Error) *source.File {
	for _, f := range err.Frames {
		if p, ok := ld.program.Place(f); ok && p.File == ld.failed {
			return ld.failed
		}
	}
	return ld.main.Tree.File
}

// standIn returns what a name means that has no value: what the vocabulary says
// of it, where the form that would define it is broken, or what it was most
// likely meant to be, so that jobs are found all the same. That the name was
// reached is an error nevertheless, unless the program would catch it.
func (ld *loader) standIn(L *lua.LState, b fennel.Broken) lua.LValue {
	if ld.sealed {
		return nil
	}
	v, help := ld.vocabulary(b.Name), forgotten(b.Name)
	if v == nil && b.Slip != lua.LNil {
		v, help = b.Slip, b.Help
	}
	if v == nil || b.Told || ld.salvaging {
		return v
	}
	if ld.program.State.Protected(L) {
		return nil
	}
	d := ld.here(L, b.Message)
	if p := (source.Place{File: d.File, Span: d.Span}); !ld.reached[p] {
		ld.reached[p] = true
		d.Code, d.Help = diag.UnknownGlobal, help
		ld.report(d)
	}
	return v
}

// here returns the diagnostic of an error that L would raise now.
func (ld *loader) here(L *lua.LState, message string) diag.Diagnostic {
	return ld.hereIn(L, ld.main.Tree.File, message)
}

// hereIn is here, shown in a file where that led to the error.
func (ld *loader) hereIn(L *lua.LState, f *source.File, message string) diag.Diagnostic {
	err := &sandbox.Error{Value: lua.LString(message), Message: message, Frames: ld.program.State.Frames(L)}
	return diagnose(ld.program, err, f, loading)
}

// vocabulary returns the value that a name usually has, or nil.
func (ld *loader) vocabulary(name string) lua.LValue {
	ci, _ := ld.vm.builtins[dsl.CI].(*lua.LTable)
	if name == "ci" {
		return ci
	}
	for _, t := range []*lua.LTable{ci, ld.vm.runtime} {
		if v := t.RawGetString(name); v != lua.LNil {
			return v
		}
	}
	return nil
}
