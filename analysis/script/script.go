// Package script runs Fennel programs that are no pipelines, with the compiler
// and the sandbox that pipelines have: for trying things.
package script

import (
	"context"
	"errors"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/fennel/view"
	"quire/analysis/pipeline"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// Options say how a program runs.
type Options struct {
	// Args are the program's "...".
	Args []string
	// Tree holds the modules it may require, found as those of a pipeline are.
	Tree source.Tree
	// Metadata keeps docstrings for fennel.doc and fennel.metadata.
	Metadata bool
	// ShowNil has the lone value nil printed too.
	ShowNil bool
	// Print receives what the program prints and then the values of its last
	// form, a line at a time without its terminator.
	Print func(line string)
}

// Run runs a program: Fennel, or Lua when the file is named .lua. The list is
// what is wrong with it; the error is ctx's when that ended first.
func Run(ctx context.Context, f *source.File, o Options) (diag.List, error) {
	p := &program{file: f, Options: o, modules: map[string]lua.LValue{}}
	return p.run(ctx)
}

// A program is one program and the modules it requires.
type program struct {
	Options
	file    *source.File
	linked  *fennel.Program
	options fennel.Options
	modules map[string]lua.LValue
	found   diag.List // what is wrong with modules
}

func (p *program) run(ctx context.Context) (diag.List, error) {
	limits := pipeline.DefaultLimits()
	p.options = fennel.Options{
		Globals:  isGlobal,
		Explain:  explainAbsent,
		Resolve:  pipeline.Resolver(p.Tree, limits),
		Limits:   limits.Load,
		Print:    p.Print,
		Metadata: p.Metadata,
	}
	m := p.compile("", p.file)
	if m.Diagnostics.HasErrors() {
		return m.Diagnostics, nil
	}
	p.linked = fennel.NewProgram(sandbox.Options{Limits: limits.Run, Print: p.Print})
	state := p.linked.State
	defer state.Close()
	library := p.linked.Library(p.options)
	state.L.SetGlobal("fennel", library)
	state.L.SetGlobal("require", state.L.NewFunction(p.require))
	p.modules["fennel"], p.modules["fennel.view"] = library, library.RawGetString("view")

	values := make([]lua.LValue, len(p.Args))
	for i, arg := range p.Args {
		values[i] = lua.LString(arg)
	}
	values, err := state.Call(ctx, state.L, p.linked.Function(m), values...)
	if err == nil {
		_, err = state.Call(ctx, state.L, state.L.NewFunction(p.show), values...)
	}
	return p.wrong(err)
}

// show prints values a line each. It runs as a part of the program, since a
// value may say itself how it is printed.
func (p *program) show(L *lua.LState) int {
	if L.GetTop() == 1 && L.Get(1) == lua.LNil && !p.ShowNil {
		return 0
	}
	printer := view.Function(L, p.linked.State.Step)
	for i := 1; i <= L.GetTop(); i++ {
		L.Push(printer)
		L.Push(L.Get(i))
		L.Call(1, 1)
		p.Print(L.Get(-1).String())
		L.Pop(1)
	}
	return 0
}

// wrong returns what the error that ended the program says.
func (p *program) wrong(err error) (diag.List, error) {
	var raised *sandbox.Error
	switch {
	case err == nil || !errors.As(err, &raised):
		return nil, err
	case len(p.found) > 0:
		return p.found, nil
	}
	return diag.List{p.linked.Diagnose(raised, p.file)}, nil
}

// compile compiles the program, or the module of a name.
func (p *program) compile(name string, f *source.File) *fennel.Module {
	if strings.HasSuffix(f.Name(), ".lua") {
		return fennel.CompileLua(f, p.options)
	}
	o := p.options
	o.Module = name
	return fennel.Compile(syntax.Read(f), o)
}

// require is Lua's function of that name.
func (p *program) require(L *lua.LState) int {
	name := L.CheckString(1)
	if _, ok := dsl.FindModule(name); ok {
		L.RaiseError("module '%s' is there in pipelines only; see quire ci", name)
	}
	v, ok := p.modules[name]
	switch {
	case !ok:
		v = p.load(L, name)
	case v == nil:
		L.RaiseError("module '%s' requires itself, directly or through another module", name)
	}
	L.Push(v)
	return 1
}

// load finds, compiles and runs a module.
func (p *program) load(L *lua.LState, name string) lua.LValue {
	file, err := p.options.Resolve(name, fennel.Code)
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	m := p.compile(name, file)
	if m.Diagnostics.HasErrors() {
		p.found = append(p.found, m.Diagnostics...)
		L.RaiseError("module '%s' has errors", name)
	}
	p.modules[name] = nil
	defer func() {
		if p.modules[name] == nil {
			delete(p.modules, name)
		}
	}()
	L.Push(p.linked.Function(m))
	L.Push(lua.LString(name))
	L.Call(1, 1)
	v := L.Get(-1)
	L.Pop(1)
	if v == lua.LNil {
		v = lua.LTrue
	}
	p.modules[name] = v
	return v
}

// isGlobal reports whether a program finds a global, which may be a
// multi-symbol.
func isGlobal(name string) bool {
	field, ok := strings.CutPrefix(name, "fennel.")
	if !ok {
		return name == "fennel" || name == "require" || sandbox.Global(name)
	}
	return slices.Contains(fennel.LibraryFields(), field)
}

// explainAbsent says of what Lua has and the sandbox has not that it is so.
func explainAbsent(name string) (message, help string, ok bool) {
	absent, ok := dsl.FindAbsent(name)
	if !ok {
		return "", "", false
	}
	if strings.HasPrefix(name, "fennel.") {
		return name + " does not exist in the sandbox", absent.Use, true
	}
	return name + " does not exist in the sandbox", "Programs here cannot reach files, processes or the network.", true
}
