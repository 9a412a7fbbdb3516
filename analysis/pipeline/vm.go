package pipeline

import (
	"context"
	"fmt"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/source"
)

// A vm is the state that a pipeline lives in, and the guard of its primitives.
//
// One lock lets one goroutine at a time run Lua: it is held from the start of
// a run-fn to its end, but for the time that a primitive waits for the host.
// What runs Lua is the active job, so the primitives need not be told who calls
// them, be it from a coroutine or through a protected call.
type vm struct {
	program  *fennel.Program
	main     *source.File
	limits   Limits
	graph    *Graph
	runtime  *lua.LTable           // the primitives
	builtins map[string]lua.LValue // the modules of the product
	valid    map[string]*Job       // what can run, by id
	runs     map[string]*lua.LFunction
	raise    func(L *lua.LState, d diag.Diagnostic)

	mu       sync.Mutex
	active   *activeJob // guarded by mu, as the state is
	released bool       // guarded by mu
}

// An activeJob is a run-fn that was called.
type activeJob struct {
	ctx  context.Context
	id   string
	host Host
}

// newVM makes the modules of the product in the loader's program.
func newVM(ld *loader) *vm {
	// Most top-level forms register a job.
	jobs := min(len(ld.main.Tree.Forms), ld.finder.limits.Jobs)
	v := &vm{
		program: ld.program,
		main:    ld.main.Tree.File,
		limits:  ld.finder.limits,
		graph:   ld.pipeline.Graph,
		valid:   make(map[string]*Job, jobs),
		runs:    make(map[string]*lua.LFunction, jobs),
		raise:   ld.raise,
	}
	L := v.program.State.L
	v.runtime = v.table(v.primitives())
	v.runtime.Metatable = v.table(map[string]lua.LGFunction{"__index": v.unknownPrimitive})
	ci := v.table(ld.registration())
	ci.RawSetString("runtime", v.runtime)
	for _, name := range []string{"sh", "secret"} {
		ci.RawSetString(name, v.runtime.RawGetString(name))
	}
	stdlib := L.NewTable()
	stdlib.RawSetString("mirror", L.NewFunction(v.stdlibMirror))
	v.builtins = map[string]lua.LValue{dsl.CI: ci, dsl.RuntimeOf: v.runtime, dsl.Stdlib: stdlib}
	return v
}

// setGlobals adds to the library what is not Lua's: require, and Fennel's own
// module.
func (v *vm) setGlobals(require lua.LGFunction, o fennel.Options) {
	L := v.program.State.L
	library := v.program.Library(o)
	L.SetGlobal("fennel", library)
	L.SetGlobal("require", L.NewFunction(require))
	v.builtins["fennel"] = library
	v.builtins["fennel.view"] = library.RawGetString("view")
}

func (v *vm) table(functions map[string]lua.LGFunction) *lua.LTable {
	t := v.program.State.L.NewTable()
	for name, f := range functions {
		t.RawSetString(name, v.program.State.L.NewFunction(f))
	}
	return t
}

// unknownPrimitive is what the runtime table does for a key that it does not
// have.
func (v *vm) unknownPrimitive(L *lua.LState) int {
	key := L.Get(2).String()
	d := diag.Diagnostic{Code: diag.UnknownPrimitive, Message: dsl.UnknownPrimitive(key)}
	if near, ok := diag.Nearest(key, dsl.PrimitiveNames()); ok {
		d.Message += fmt.Sprintf("; did you mean '%s'?", near)
	}
	v.raise(L, d)
	return 0
}

// outsideJob is what a primitive says while no run-fn runs.
const outsideJob = "runtime accessed outside a job — primitives are only available while a run-fn is executing"

// guard returns the job that runs, and raises where there is none. Nothing
// calls a primitive after the release: there is no state left to do so.
func (v *vm) guard(L *lua.LState) *activeJob {
	if v.active == nil {
		v.raise(L, diag.Diagnostic{Code: diag.EffectAtLoad, Message: outsideJob,
			Help: "Move the call into a run-fn: loading a file has no effects."})
	}
	return v.active
}

// running returns the job that runs, or nil while the file is loaded.
func (v *vm) running() *activeJob { return v.active }

// outside lets other jobs run while f does. The caller runs Lua, and so holds
// the lock.
func (v *vm) outside(f func()) {
	job := v.active
	v.active = nil
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		v.active = job
	}()
	f()
}

func (v *vm) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.released {
		v.released = true
		v.program.State.Close()
	}
}
