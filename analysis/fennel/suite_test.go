package fennel_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// suiteFiles are the files of the reference's suite that do not concern its
// command line, its repl or its plugins.
var suiteFiles = strings.Fields("core mangling quoting bit fennelview parser failures macro loops misc searcher api sourcemap")

var suiteLimits = sandbox.Limits{Instructions: 500_000_000, Strings: 1 << 30, Depth: 5_000, Time: 60e9}

// TestReferenceSuite runs the test files of a checkout of the reference, which
// FENNEL_SUITE names, and logs how many assertions of each hold. A test that
// raises an error, such as for a function that the sandbox does not have, is
// counted as broken off, with the reason.
func TestReferenceSuite(t *testing.T) {
	dir := os.Getenv("FENNEL_SUITE")
	if dir == "" {
		t.Skip("set FENNEL_SUITE to a checkout of the reference to run its tests")
	}
	files := suiteSources(t, dir)
	passed, failed, broken := 0, 0, 0
	for _, name := range suiteFiles {
		s := newSuite(files)
		err := s.run("test." + name)
		t.Logf("%s: %d passed, %d failed, %d of %d tests broken off", name, s.passed, s.failed, len(s.broken), s.tests)
		if err != nil {
			t.Logf("  does not load: %v", err)
		}
		for _, note := range slices.Concat(s.broken, s.notes) {
			t.Logf("  %s", firstLine(note))
		}
		passed, failed, broken = passed+s.passed, failed+s.failed, broken+len(s.broken)
	}
	t.Logf("%d passed, %d failed, %d tests broken off", passed, failed, broken)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line[:min(len(line), 300)]
}

// suiteSources reads the Fennel and Lua files that tests are made of.
func suiteSources(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "test"), func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || d.IsDir() || ext != ".fnl" && ext != ".fnlm" && ext != ".lua" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	assertions, err := os.ReadFile("testdata/assertions.fnl")
	if err != nil {
		t.Fatal(err)
	}
	out["test/faith.fnl"] = string(assertions)
	return out
}

// A suite is the run of one file of tests in a program of its own.
type suite struct {
	r              *conformanceRun
	passed, failed int
	tests          int
	notes, broken  []string
}

func newSuite(files map[string]string) *suite {
	c := &conformanceCase{Files: files, Opts: []string{"noglobals"}}
	r := &conformanceRun{c: c, out: &outcome{}, modules: map[string]*fennel.Module{}}
	r.p = fennel.NewProgram(sandbox.Options{Limits: suiteLimits, Print: func(string) {}})
	return &suite{r: r}
}

// run loads the file and calls its tests in the order of their names.
func (s *suite) run(name string) error {
	state := s.r.p.State
	defer state.Close()
	L := state.L
	s.r.open(L)
	s.complete(L)
	require := L.GetGlobal("require")
	values, err := state.Call(context.Background(), L, require, lua.LString(name))
	if err != nil {
		return err
	}
	exported, ok := values[0].(*lua.LTable)
	if !ok {
		return nil
	}
	tests := map[string]lua.LValue{}
	exported.ForEach(func(k, v lua.LValue) { tests[k.String()] = v })
	call := func(name string) error {
		if tests[name] == nil {
			return nil
		}
		state.Refill(suiteLimits)
		_, err := state.Call(context.Background(), L, tests[name])
		return err
	}
	if err := call("setup-all"); err != nil {
		return err
	}
	for _, name := range sortedTests(tests) {
		s.tests++
		err := call("setup")
		if err == nil {
			err = call(name)
		}
		if err != nil {
			s.broken = append(s.broken, fmt.Sprintf("%s: %v", name, err))
		}
		if err := call("teardown"); err != nil {
			s.broken = append(s.broken, fmt.Sprintf("teardown of %s: %v", name, err))
		}
	}
	return s.count(L, require)
}

func sortedTests(tests map[string]lua.LValue) []string {
	var names []string
	for name := range tests {
		if strings.HasPrefix(name, "test-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *suite) count(L *lua.LState, require lua.LValue) error {
	state := s.r.p.State
	values, err := state.Call(context.Background(), L, require, lua.LString("test.faith"))
	if err != nil {
		return err
	}
	values, err = state.Call(context.Background(), L, values[0].(*lua.LTable).RawGetString("counts"))
	if err != nil {
		return err
	}
	s.passed, s.failed = int(values[0].(lua.LNumber)), int(values[1].(lua.LNumber))
	values[2].(*lua.LTable).ForEach(func(_, v lua.LValue) { s.notes = append(s.notes, v.String()) })
	return nil
}

// complete adds to the environment of the corpus what the tests use beside the
// language: compile-string without its result, the modules that the reference
// is made of as far as the library has what they hold, and a place for
// warnings.
func (s *suite) complete(L *lua.LState) {
	loaded := L.GetGlobal("package").(*lua.LTable).RawGetString("loaded").(*lua.LTable)
	library := loaded.RawGetString("fennel").(*lua.LTable)
	for _, name := range []string{"compile-string", "compileString"} {
		library.RawSetString(name, L.NewFunction(s.compileString))
	}
	library.RawSetString("macro-loaded", L.NewTable())
	library.RawSetString("dofile", L.NewFunction(func(L *lua.LState) int {
		name := L.CheckString(1)
		if name == "src/fennel/view.fnl" {
			L.Push(library.RawGetString("view"))
			return 1
		}
		return s.doFile(L, name)
	}))
	loaded.RawSetString("fennel.view", library.RawGetString("view"))
	loaded.RawSetString("fennel.utils", library)
	loaded.RawSetString("fennel.friend", L.NewTable())
	stderr := L.NewTable()
	stderr.RawSetString("write", L.NewFunction(func(*lua.LState) int { return 0 }))
	L.GetGlobal("io").(*lua.LTable).RawSetString("stderr", stderr)
}

// doFile runs a file of the suite.
func (s *suite) doFile(L *lua.LState, name string) int {
	text, ok := s.r.c.Files[name]
	if !ok {
		L.RaiseError("cannot load %s", name)
	}
	m := s.r.compile(source.NewFile(name, text))
	if f := compileFailure(m); f != nil {
		L.RaiseError("%s:%d:%d: %s", name, *f.Line, *f.Col, failureText(f))
	}
	top := L.GetTop()
	L.Push(s.r.p.Function(m))
	L.Call(0, lua.MultRet)
	return L.GetTop() - top
}

func failureText(f *failure) string {
	return fmt.Sprintf("%s error: %s\n\n", strings.ToUpper(f.Kind[:1])+f.Kind[1:], f.Message)
}

// compileString raises what is wrong with a text, and else returns an empty
// one.
func (s *suite) compileString(L *lua.LState) int {
	o := s.r.options()
	if opts, ok := L.Get(2).(*lua.LTable); ok {
		if names, ok := opts.RawGetString("allowedGlobals").(*lua.LTable); ok {
			allowed := map[string]bool{}
			names.ForEach(func(_, v lua.LValue) { allowed[v.String()] = true })
			o.Globals = func(name string) bool {
				root, _, _ := strings.Cut(name, ".")
				return allowed[root]
			}
		}
	}
	m := fennel.Compile(syntax.Read(source.NewFile("unknown", L.CheckString(1))), o)
	if f := compileFailure(m); f != nil {
		L.Error(lua.LString(fmt.Sprintf("unknown:%d:%d: %s", *f.Line, *f.Col, failureText(f))), 0)
	}
	L.Push(lua.LString(""))
	return 1
}
