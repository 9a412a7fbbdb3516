package fennel_test

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

var suiteLimits = sandbox.Limits{Instructions: 500_000_000, Strings: 1 << 30, Depth: 5_000, Time: 60e9}

// A suite is the run of one file of the reference's tests in a program of its
// own.
type suite struct {
	file  string
	r     *conformanceRun
	tests []*suiteTest
	// compiled are the texts behind those that compile-string returned.
	compiled []string
}

func newSuite(file string, files map[string]string) *suite {
	c := &conformanceCase{Files: files, Opts: []string{"noglobals", "meta"}}
	r := &conformanceRun{c: c, out: &outcome{}, modules: map[string]*fennel.Module{}}
	r.p = fennel.NewProgram(sandbox.Options{Limits: suiteLimits, Print: func(string) {}})
	s := &suite{file: file, r: r}
	r.open(r.p.State.L)
	L := r.p.State.L
	if file == "api" {
		// It is about what there is: neither what the tests add nor what only
		// raises an error.
		s.library(L).Metatable = lua.LNil
	} else {
		s.complete(L)
	}
	return s
}

// complete adds to the environment of the corpus what the tests use beside the
// language: compile-string as far as it says what is wrong with a text, the
// modules that the reference is made of as far as the library has what they
// hold, and files that are only in memory.
func (s *suite) complete(L *lua.LState) {
	pkg := L.GetGlobal("package").(*lua.LTable)
	loaded := pkg.RawGetString("loaded").(*lua.LTable)
	library := s.library(L)
	add := func(fn lua.LGFunction, names ...string) {
		for _, name := range names {
			library.RawSetString(name, L.NewFunction(fn))
		}
	}
	add(s.compileString, "compile", "compile-string", "compileString")
	add(s.loadCode(library), "load-code", "loadCode")
	add(s.doFile(library), "dofile")
	library.RawSetString("macro-loaded", L.NewTable())
	library.RawSetString("repl", L.NewTable())
	add(func(L *lua.LState) int { L.Push(L.NewTable()); return 1 }, "scope")
	pkg.RawSetString("loaders", L.NewTable())
	loaded.RawSetString("fennel.view", library.RawGetString("view"))
	loaded.RawSetString("fennel.utils", library)
	loaded.RawSetString("fennel.friend", L.NewTable())
	(&suiteDisk{files: s.r.c.Files}).open(L)
	if s.file == "bit" {
		// The file makes tests only for a machine that has operators on bits.
		L.SetGlobal("jit", lua.LTrue)
	}
}

// library returns the module fennel.
func (s *suite) library(L *lua.LState) *lua.LTable {
	loaded := L.GetGlobal("package").(*lua.LTable).RawGetString("loaded").(*lua.LTable)
	return loaded.RawGetString("fennel").(*lua.LTable)
}

// doFile runs a file of the suite.
func (s *suite) doFile(library *lua.LTable) lua.LGFunction {
	return func(L *lua.LState) int {
		name := L.CheckString(1)
		if name == "src/fennel/view.fnl" {
			L.Push(library.RawGetString("view"))
			return 1
		}
		text, ok := s.r.c.Files[name]
		if !ok {
			L.RaiseError("cannot load %s", name)
		}
		args := []lua.LValue{}
		for i := 3; i <= L.GetTop(); i++ {
			args = append(args, L.Get(i))
		}
		m := s.r.compile(source.NewFile(name, text))
		if m.Diagnostics.HasErrors() {
			L.Error(lua.LString(fennel.ErrorText(m.Diagnostics, name, L.NewTable())), 0)
		}
		top := L.GetTop()
		L.Push(s.r.p.Function(m))
		for _, arg := range args {
			L.Push(arg)
		}
		L.Call(len(args), lua.MultRet)
		return L.GetTop() - top
	}
}

// compileString raises what is wrong with a text. There is no Lua text that it
// could return, but loadCode knows what it returns.
func (s *suite) compileString(L *lua.LState) int {
	o := s.r.options()
	opts, ok := L.Get(2).(*lua.LTable)
	if !ok {
		opts = L.NewTable()
	} else {
		if names, ok := opts.RawGetString("allowedGlobals").(*lua.LTable); ok {
			allowed := map[string]bool{}
			names.ForEach(func(_, v lua.LValue) { allowed[v.String()] = true })
			o.Globals = func(name string) bool {
				root, _, _ := strings.Cut(name, ".")
				return allowed[root]
			}
		}
	}
	text := L.CheckString(1)
	m := fennel.Compile(syntax.Read(source.NewFile("unknown", text)), o)
	if m.Diagnostics.HasErrors() {
		L.Error(lua.LString(fennel.ErrorText(m.Diagnostics, "unknown", opts)), 0)
	}
	s.compiled = append(s.compiled, text)
	L.Push(lua.LString(fmt.Sprintf("compiled text %d", len(s.compiled)-1)))
	return 1
}

// loadCode returns a function that returns a function that runs what
// compileString compiled.
func (s *suite) loadCode(library *lua.LTable) lua.LGFunction {
	return func(L *lua.LState) int {
		var number int
		if _, err := fmt.Sscanf(L.CheckString(1), "compiled text %d", &number); err != nil {
			L.RaiseError("load-code of Lua text")
		}
		options := L.NewTable()
		options.RawSetString("env", L.Get(2))
		options.RawSetString("allowedGlobals", lua.LFalse)
		L.Push(L.NewFunction(func(L *lua.LState) int {
			L.SetTop(0)
			L.Push(library.RawGetString("eval"))
			L.Push(lua.LString(s.compiled[number]))
			L.Push(options)
			L.Call(2, lua.MultRet)
			return L.GetTop()
		}))
		return 1
	}
}
