package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/fennel/view"
	"quire/analysis/pipeline"
	"quire/analysis/sandbox"
	"quire/analysis/source"
	"quire/exec"
)

func newFennel(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "fennel FILE|- [ARG...] | fennel -e EXPR [ARG...]",
		Short: "Run a Fennel program in the sandbox",
		Long: `fennel runs a program with the compiler and the sandbox that pipelines have, and
prints the values of its last form as fennel.view does. It is for trying things:
there are no jobs, and neither files nor commands can be reached.

FILE may also be a file of Lua, named .lua; - reads the program from standard
input. The program gets the further arguments as "...". Modules are found as in
a pipeline, under .quire/ and from the current directory.`,
		Example: `  quire fennel -e '(+ 1 2)'
  quire fennel script.fnl
  quire fennel -e '(string.rep ... 3)' ab
  echo '(print :hello)' | quire fennel -`,
		Args: cobra.ArbitraryArgs,
	}
	c.Flags().SetInterspersed(false)
	text := c.Flags().StringP("eval", "e", "", "run this `text` and print its values, nil as well")
	metadata := c.Flags().Bool("metadata", false, "keep docstrings for fennel.doc and fennel.metadata")
	c.RunE = func(c *cobra.Command, args []string) error {
		p := &fennelProgram{s: s, modules: map[string]lua.LValue{}, metadata: *metadata}
		if c.Flags().Changed("eval") {
			p.file, p.showNil = source.NewFile("-e", *text), true
			return p.run(c.Context(), args)
		}
		if len(args) == 0 {
			return usagef("quire fennel needs a FILE, - or -e EXPR.\nSee %s --help.", c.CommandPath())
		}
		var err error
		if p.file, err = readProgram(s.stdin, args[0]); err != nil {
			return err
		}
		return p.run(c.Context(), args[1:])
	}
	return c
}

// readProgram reads a file, or standard input for -.
func readProgram(stdin io.Reader, path string) (*source.File, error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, usagef("%v", err)
		}
		defer file.Close()
		stdin = file
	}
	limit := pipeline.DefaultLimits().File
	text, err := io.ReadAll(io.LimitReader(stdin, int64(limit)+1))
	switch {
	case err != nil:
		return nil, usagef("cannot read %s: %v", path, err)
	case len(text) > limit:
		return nil, usagef("%s is larger than %d MiB.", path, limit>>20)
	}
	return source.NewFile(filepath.ToSlash(path), string(text)), nil
}

// A fennelProgram is one program and the modules it requires.
type fennelProgram struct {
	s        *session
	file     *source.File
	metadata bool
	showNil  bool // also a lone nil is printed

	program *fennel.Program
	options fennel.Options
	modules map[string]lua.LValue
	found   diag.List // what is wrong with modules
}

// errModule is raised where a module with errors is required; the errors are
// among those found.
const errModule = "module '%s' has errors"

func (p *fennelProgram) run(ctx context.Context, args []string) error {
	limits := pipeline.DefaultLimits()
	p.options = fennel.Options{
		Globals:  isProgramGlobal,
		Explain:  explainAbsent,
		Resolve:  pipeline.Resolver(exec.Dir(here()), limits),
		Limits:   limits.Load,
		Print:    p.print,
		Metadata: p.metadata,
	}
	m := p.compile(p.file)
	if m.Diagnostics.HasErrors() {
		return showFaults(p.s, m.Diagnostics)
	}
	p.program = fennel.NewProgram(sandbox.Options{Limits: limits.Run, Print: p.print})
	state := p.program.State
	defer state.Close()
	library := p.program.Library(p.options)
	state.L.SetGlobal("fennel", library)
	state.L.SetGlobal("require", state.L.NewFunction(p.require))
	p.modules["fennel"], p.modules["fennel.view"] = library, library.RawGetString("view")

	values := make([]lua.LValue, len(args))
	for i, arg := range args {
		values[i] = lua.LString(arg)
	}
	values, err := state.Call(ctx, state.L, p.program.Function(m), values...)
	if err == nil {
		values, err = state.Call(ctx, state.L, state.L.NewFunction(p.show), values...)
	}
	return p.fail(err)
}

func (p *fennelProgram) print(line string) { fmt.Fprintln(p.s.stdout, line) }

// show prints values a line each. It runs as a part of the program, since a
// value may say itself how it is printed.
func (p *fennelProgram) show(L *lua.LState) int {
	if L.GetTop() == 1 && L.Get(1) == lua.LNil && !p.showNil {
		return 0
	}
	printer := view.Function(L, p.program.State.Step)
	for i := 1; i <= L.GetTop(); i++ {
		L.Push(printer)
		L.Push(L.Get(i))
		L.Call(1, 1)
		p.print(L.Get(-1).String())
		L.Pop(1)
	}
	return 0
}

// fail shows the error that ended the program.
func (p *fennelProgram) fail(err error) error {
	var raised *sandbox.Error
	if err == nil || !errors.As(err, &raised) {
		return err
	}
	if len(p.found) > 0 {
		return showFaults(p.s, p.found)
	}
	return showFaults(p.s, diag.List{p.program.Diagnose(raised, p.file)})
}

func (p *fennelProgram) compile(f *source.File) *fennel.Module {
	if strings.HasSuffix(f.Name(), ".lua") {
		return fennel.CompileLua(f, p.options)
	}
	return fennel.Compile(syntax.Read(f), p.options)
}

// require is Lua's function of that name.
func (p *fennelProgram) require(L *lua.LState) int {
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
func (p *fennelProgram) load(L *lua.LState, name string) lua.LValue {
	file, err := p.options.Resolve(name, fennel.Code)
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	m := p.compile(file)
	if m.Diagnostics.HasErrors() {
		p.found = append(p.found, m.Diagnostics...)
		L.RaiseError(errModule, name)
	}
	p.modules[name] = nil
	defer func() {
		if p.modules[name] == nil {
			delete(p.modules, name)
		}
	}()
	L.Push(p.program.Function(m))
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

// isProgramGlobal reports whether a program finds a global, which may be a
// multi-symbol.
func isProgramGlobal(name string) bool {
	field, ok := strings.CutPrefix(name, "fennel.")
	if !ok {
		return name == "fennel" || name == "require" || sandbox.Global(name)
	}
	for _, known := range fennel.LibraryFields() {
		if field == known {
			return true
		}
	}
	return false
}

// explainAbsent says of what Lua has and the sandbox has not that it is so.
func explainAbsent(name string) (message, help string, ok bool) {
	if _, ok := dsl.FindAbsent(name); !ok {
		return "", "", false
	}
	return name + " does not exist in the sandbox", "Programs here cannot reach files, processes or the network.", true
}
