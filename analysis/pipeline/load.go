package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// Load evaluates a compiled file to its jobs. The list holds everything that
// is wrong: the module's own diagnostics, what evaluation raised, and all
// definition and graph errors. The pipeline is never nil and holds what could
// be known; it can run only when the list has no errors. Load has no effect
// outside of the process.
//
// The caches are those of the modules that it requires (nil: nothing is kept).
//
// The context only shortens the wall-time budget; that it ended is reported
// like a met limit.
func Load(ctx context.Context, m *fennel.Module, tree source.Tree, caches *Caches, l Limits) (*Pipeline, diag.List) {
	ld := &loader{
		main:     m,
		finder:   finder{tree, l},
		caches:   caches,
		trees:    newTrees(m),
		modules:  map[string]*module{},
		mistakes: map[string]diag.Diagnostic{},
		// Reading and compiling have each a bound of their own.
		told:    diag.Bound{Room: 2 * (diag.Most + 1)},
		reached: map[source.Place]bool{},
		known:   map[identity]bool{},
	}
	for _, d := range m.Diagnostics {
		ld.keep(d)
	}
	ld.pipeline = &Pipeline{Graph: &Graph{}, Files: []*source.File{m.Tree.File}}
	ld.addMacroFiles(m)
	ld.program = fennel.NewProgram(sandbox.Options{Limits: l.Load, Print: ld.print})
	ld.vm = newVM(ld)
	ld.program.StandIn = ld.standIn
	ld.pipeline.vm = ld.vm
	evaluating := options(ld.finder)
	evaluating.Print = ld.print
	ld.vm.setGlobals(ld.require, evaluating)
	ld.pipeline.Complete = ld.evaluate(ctx) && !m.Diagnostics.HasErrors()
	ld.sealed = true
	ld.findProblems(ld.pipeline.Complete)
	ld.found = slices.Concat(ld.found, ld.bound.Rest(), ld.told.Rest())
	for i := range ld.found {
		ld.found[i] = printable(ld.found[i])
	}
	ld.found.Sort()
	return ld.pipeline, ld.found
}

// A loader evaluates one file.
type loader struct {
	main     *fennel.Module
	finder   finder
	caches   *Caches
	program  *fennel.Program
	pipeline *Pipeline
	vm       *vm
	trees    *trees
	modules  map[string]*module
	failed   *source.File // the module whose loading was left by an error
	// mistakes are the errors that this package raised, by their text, with
	// what a diagnostic should say beside it.
	mistakes map[string]diag.Diagnostic
	found    diag.List
	bound    diag.Bound        // of what loading reports
	told     diag.Bound        // of what modules were found to have when they were compiled
	reread   int               // bytes of files that were read again for what they name
	limited  bool              // a limit ended loading, or kept a job or a module out
	required int               // forms of the modules that were required
	known    map[identity]bool // what is found
	image    source.Place      // of the first (ci.image …); its File is nil before
	sealed   bool              // registration is over
	// salvaging reports that intact forms of a broken module are run.
	salvaging bool
	// reached holds the places of names that do not exist and were reached.
	reached map[source.Place]bool
}

// reported is the code of a mistake whose diagnostics are among those found.
const reported diag.Code = ""

// refine adds to the diagnostic of an error what is known of the mistake.
func refine(d, known diag.Diagnostic) diag.Diagnostic {
	d.Code, d.Message, d.Help, d.Fixes = known.Code, known.Message, known.Help, known.Fixes
	if known.File != nil {
		d.File, d.Span = known.File, known.Span
	}
	d.Related = slices.Concat(known.Related, slices.DeleteFunc(slices.Clone(d.Related), func(r diag.Related) bool {
		return r.File == d.File && r.Span == d.Span
	}))
	return d
}

// raise raises an error in L. When the program does not catch it, the
// diagnostic says what is known beside its message; a zero place means the
// form that raised.
func (ld *loader) raise(L *lua.LState, d diag.Diagnostic) {
	if !ld.sealed {
		ld.mistakes[d.Message] = d
	}
	L.Error(lua.LString(d.Message), 0)
}

// exceed reports that a limit was met, once and also when the program catches
// the error that this raises.
func (ld *loader) exceed(L *lua.LState, p source.Place, related []diag.Related, message string) {
	ld.limited = true
	if _, again := ld.mistakes[message]; !again {
		ld.keep(diag.Diagnostic{File: p.File, Span: p.Span, Code: diag.LoadLimit, Message: message,
			Help: "Split the pipeline, or generate less of it.", Related: related})
	}
	ld.raise(L, diag.Diagnostic{Code: reported, Message: message})
}

// report adds a diagnostic of loading, as far as there is room for more.
func (ld *loader) report(d diag.Diagnostic) {
	if ld.bound.Admit(d) {
		ld.keep(d)
	}
}

// An identity is what makes diagnostics the same.
type identity struct {
	file    string
	span    source.Span
	code    diag.Code
	message string
}

func identityOf(d diag.Diagnostic) identity {
	return identity{d.File.Name(), d.Span, d.Code, d.Message}
}

// keep adds a diagnostic, however many there are: what ended loading, or was found
// within another bound.
func (ld *loader) keep(d diag.Diagnostic) {
	ld.found = append(ld.found, d)
	ld.known[identityOf(d)] = true
}

func (ld *loader) print(line string) {
	if job := ld.vm.running(); job != nil {
		ld.vm.outside(func() { job.host.Log(job.ctx, job.id, line) })
		return
	}
	ld.pipeline.Printed = append(ld.pipeline.Printed, line)
}

// A module is one that was required.
type module struct {
	value   lua.LValue
	loading bool
	mistake diag.Diagnostic // why it has no value; zero Message: it has one
}

// require is Lua's function of that name.
func (ld *loader) require(L *lua.LState) int {
	name, ok := L.Get(1).(lua.LString)
	if !ok {
		ld.raise(L, diag.Diagnostic{Code: diag.BadArgument,
			Message: fmt.Sprintf("bad argument #1 to 'require' (string expected, got %s)", L.Get(1).Type())})
	}
	if v, ok := ld.vm.builtins[string(name)]; ok {
		L.Push(v)
		return 1
	}
	m, ok := ld.modules[string(name)]
	switch {
	case !ok:
		m = ld.loadModule(L, string(name))
	case m.loading:
		ld.raise(L, diag.Diagnostic{Code: diag.Runtime,
			Message: fmt.Sprintf("module '%s' requires itself, directly or through another module", name),
			Help:    "Move what both need into a module of its own."})
	case m.value == nil:
		ld.raise(L, m.mistake)
	}
	L.Push(m.value)
	return 1
}

// moduleForms is how many times as many forms as one file may have all modules
// that it requires may have. None is compiled once there are more.
const moduleForms = 2

// loadModule finds, compiles and runs a module.
func (ld *loader) loadModule(L *lua.LState, name string) *module {
	m := &module{loading: true}
	ld.modules[name] = m
	limits := ld.finder.limits
	if limit := limits.Modules; limit > 0 && len(ld.modules) > limit {
		ld.exceedModules(L, name, fmt.Sprintf("more than %d modules are required", limit))
	}
	if limit := moduleForms * limits.Forms; limit > 0 && ld.required >= limit {
		ld.exceedModules(L, name, fmt.Sprintf("the required modules have more than %d forms", limit))
	}
	file, err := ld.finder.find(name, fennel.Code)
	if err != nil {
		m.loading = false
		m.mistake = ld.missingModule(L, name, err)
		if m.value = ld.slipOfModule(L, name, m.mistake); m.value != nil {
			return m
		}
		ld.raise(L, m.mistake)
	}
	done := false
	defer func() {
		m.loading = false
		if !done && m.mistake.Message == "" {
			ld.failed = file
			m.mistake = diag.Diagnostic{Code: diag.Runtime, Message: fmt.Sprintf("module '%s' could not be loaded", name)}
		}
	}()
	compiled := compileModule(name, file, ld.finder, ld.caches.Of(file.Name()))
	ld.required += compiled.Forms
	if !ld.hasRead(file.Name()) {
		ld.pipeline.Files = append(ld.pipeline.Files, file)
	}
	ld.addMacroFiles(compiled)
	ld.trees.of[file] = compiled
	ld.pipeline.Modules = append(ld.pipeline.Modules, compiled)
	ld.addFindings(L, m, name, compiled)
	L.Push(ld.program.Function(compiled))
	L.Push(lua.LString(name))
	L.Call(1, 1)
	m.value = L.Get(-1)
	L.Pop(1)
	if m.value == lua.LNil {
		m.value = lua.LTrue
	}
	done = true
	return m
}

// exceedModules reports, at the innermost call, that a module is one too many.
func (ld *loader) exceedModules(L *lua.LState, name, message string) {
	delete(ld.modules, name)
	in := ld.main.Tree.File
	if calls := ld.site(L, "require").calls; len(calls) > 0 {
		in = calls[0].File
	}
	d := ld.hereIn(L, in, "")
	ld.exceed(L, source.Place{File: d.File, Span: d.Span}, d.Related, message)
}

// missingModule returns the diagnostic for a module that is not there.
func (ld *loader) missingModule(L *lua.LState, name string, err error) diag.Diagnostic {
	d := diag.Diagnostic{Code: diag.Runtime, Message: err.Error()}
	if near, ok := diag.Nearest(name, moduleNames); ok {
		d.Help = fmt.Sprintf("Did you mean '%s'?", near)
		d.Fixes = ld.replaceLiteral(ld.site(L, "require").argumentPlace(1), name, near)
	}
	return d
}

// slipOfModule returns the module that one which is not there was most likely
// meant to be, once this is reported, and nil where the program would catch the
// error or there is no such module.
func (ld *loader) slipOfModule(L *lua.LState, name string, mistake diag.Diagnostic) lua.LValue {
	meant, ok := diag.Slip(name, moduleNames)
	if !ok || ld.sealed || ld.program.State.Protected(L) {
		return nil
	}
	ld.report(refine(ld.here(L, mistake.Message), mistake))
	return ld.vm.builtins[meant]
}

// moduleNames iterates over the modules that need no file.
func moduleNames(yield func(string) bool) {
	for _, m := range dsl.Modules() {
		if !yield(m.Name) {
			return
		}
	}
}

// addFindings reports the diagnostics of a module. One with errors has no value.
func (ld *loader) addFindings(L *lua.LState, m *module, name string, compiled *fennel.Module) {
	call := ld.site(L, "require").call()
	for _, d := range compiled.Diagnostics {
		// One that includes the module may have been told the same before.
		if ld.known[identityOf(d)] {
			continue
		}
		d.Related = append(slices.Clone(d.Related), diag.Related{
			File: call.File, Span: call.Span, Message: fmt.Sprintf("'%s' is required here", name)})
		if ld.told.Admit(d) {
			ld.keep(d)
		}
	}
	for span, g := range missingIn(compiled) {
		ld.report(diag.Diagnostic{File: compiled.Tree.File, Span: span, Code: diag.UnknownGlobal, As: diag.Warning,
			Message: g.Message, Help: g.Help, Related: []diag.Related{{
				File: call.File, Span: call.Span, Message: fmt.Sprintf("'%s' is required here", name)}}})
	}
	if compiled.Diagnostics.HasErrors() {
		ld.runIntact(L, name, compiled)
		m.mistake = diag.Diagnostic{Code: reported, Message: fmt.Sprintf("module '%s' has errors", name)}
		ld.raise(L, m.mistake)
	}
}

// runIntact runs the forms of a broken module that are intact, so that the jobs are
// known which it registers by itself. What they raise comes, as a rule, from what
// the others left undone.
func (ld *loader) runIntact(L *lua.LState, name string, compiled *fennel.Module) {
	state := ld.program.State
	defer func(before bool) { ld.salvaging = before }(ld.salvaging)
	ld.salvaging = true
	for fn := ld.program.Function(compiled); fn != nil; fn = ld.program.Resume(compiled) {
		_, err := state.Call(state.Context(L), L, fn, lua.LString(name))
		var raised *sandbox.Error
		if !errors.As(err, &raised) || raised.Limit != nil {
			return
		}
	}
}

// missingIn iterates over the globals that do not exist and are used in functions
// of a module, by where that is in its file. Nothing else of it is placed.
func missingIn(m *fennel.Module) iter.Seq2[source.Span, *fennel.MissingGlobal] {
	return func(yield func(source.Span, *fennel.MissingGlobal) bool) {
		for _, p := range m.Parts() {
			for _, g := range p.Missing {
				if !yield(m.Locate(g.Span), g) {
					return
				}
			}
		}
	}
}

// addMacroFiles adds the files that a module was compiled with.
func (ld *loader) addMacroFiles(m *fennel.Module) {
	for _, u := range m.Uses {
		if u.File != nil {
			ld.addFile(u.File)
		}
	}
}

// addFile adds a file of macros, and those that its own macros come from. What
// it names is looked up again: compiling it told nobody. That is done for as much
// text as one file may have.
func (ld *loader) addFile(f *source.File) {
	if f.Name() == dsl.CI || ld.hasRead(f.Name()) {
		return
	}
	ld.pipeline.Files = append(ld.pipeline.Files, f)
	if ld.reread += len(f.Text()); ld.finder.limits.oversize(ld.reread) {
		return
	}
	for _, form := range syntax.Read(f).Forms {
		for n := range form.All() {
			name, kind, ok := usedModule(n)
			if !ok {
				continue
			}
			if used, err := ld.finder.find(name, kind); err == nil {
				ld.addFile(used)
			}
		}
	}
}

func (ld *loader) hasRead(name string) bool {
	return slices.ContainsFunc(ld.pipeline.Files, func(f *source.File) bool { return f.Name() == name })
}

// usedModule returns the module that a form takes macros or code from while it
// is compiled.
func usedModule(n *syntax.Node) (name string, kind fennel.ModuleKind, ok bool) {
	forms := n.Items()
	if n.Kind != syntax.List || len(forms) < 2 || forms[0].Kind != syntax.Symbol {
		return "", 0, false
	}
	last := forms[len(forms)-1]
	switch forms[0].Text {
	case "import-macros", "require-macros", "require":
		return last.Text, fennel.Macros, last.Kind == syntax.String
	case "include":
		return last.Text, fennel.Code, last.Kind == syntax.String
	}
	return "", 0, false
}
