package fennel

import (
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A moduleCode is a compiled module of macros. It is immutable.
type moduleCode struct {
	name   string
	module *Module
}

// A loadedModule is what a module's code gave in one world.
type loadedModule struct {
	code    *moduleCode
	value   lua.LValue
	loading bool // its code is running
}

// A moduleMacro is a macro in the table that a module gives, or in a table
// within it.
type moduleMacro struct {
	code *moduleCode
	path []string
}

func (m *moduleMacro) expand(x *expander, call *syntax.Node) *syntax.Node {
	w := x.c.world()
	v := w.value(m.code, x, call)
	for _, key := range m.path {
		t, _ := v.(*lua.LTable)
		if t == nil {
			x.Fail(call, "expected macros to be table")
		}
		v = t.RawGetString(key)
	}
	return w.expand(v, x, call)
}

// An importedModule is a name that stands for all macros of a module, or a table
// of macros within it.
type importedModule struct {
	members map[string]userMacro
	// callable is the module itself when its table can be called.
	callable *callableModule
}

func (m *importedModule) expand(x *expander, call *syntax.Node) *syntax.Node {
	if m.callable != nil {
		return m.callable.expand(x, call)
	}
	x.Fail(call, "macro not found in imported macro module")
	return nil
}

func (m *importedModule) member(name string) (userMacro, bool) {
	member, ok := m.members[name]
	return member, ok
}

// A callableModule is a module whose table has a metatable that makes it a
// macro.
type callableModule struct{ code *moduleCode }

func (m *callableModule) expand(x *expander, call *syntax.Node) *syntax.Node {
	w := x.c.world()
	t := w.value(m.code, x, call)
	fn := w.program.State.L.GetMetaField(t, "__call")
	return w.expand(fn, x, call, t)
}

// compileImportMacros compiles (import-macros binding module …).
func compileImportMacros(c *compiler, f form) exprs {
	c.require(len(f.items) > 1 && len(f.items)%2 == 1, f.n, "expected even number of binding/modulename pairs")
	for i := 1; i < len(f.items); i += 2 {
		binding, name := f.items[i], f.items[i+1]
		code, t := c.importModule(name, f)
		switch {
		case isName(binding):
			c.checkMacroName(binding.Text, f)
			c.defineMacro(binding.Text, c.world().imported(code, t), binding, f.scope, nil, "")
		case binding.Kind == syntax.Table:
			c.importByName(binding, code, t, f)
		default:
			c.fail(binding, "expected a name or a table of names for the macros")
		}
	}
	return c.noValue(f)
}

// imported returns what a module gives under a name of its own.
func (w *macroWorld) imported(code *moduleCode, t *lua.LTable) *importedModule {
	m := w.members(code, t, nil, map[*lua.LTable]*importedModule{})
	if w.program.State.L.GetMetaField(t, "__call").Type() == lua.LTFunction {
		m.callable = &callableModule{code}
	}
	return m
}

// maxTables is how deep tables of macros may be nested in each other.
const maxTables = 10

// members returns the macros in a table that the path leads to. A table that is
// met again, as one that holds itself is, is the same as before.
func (w *macroWorld) members(code *moduleCode, t *lua.LTable, path []string, known map[*lua.LTable]*importedModule) *importedModule {
	if m := known[t]; m != nil {
		return m
	}
	m := &importedModule{members: map[string]userMacro{}}
	known[t] = m
	t.ForEach(func(key, v lua.LValue) {
		if key.Type() != lua.LTString {
			return
		}
		name := key.String()
		to := append(slices.Clone(path), name)
		if v.Type() == lua.LTFunction {
			m.members[name] = &moduleMacro{code, to}
		} else if inner, ok := v.(*lua.LTable); ok && len(to) < maxTables {
			m.members[name] = w.members(code, inner, to, known)
		}
	})
	return m
}

func (c *compiler) importByName(binding *syntax.Node, code *moduleCode, t *lua.LTable, f form) {
	for _, e := range c.entries(binding) {
		c.require(isName(e.value), e.value, "expected the name of a macro")
		key := e.key.Text
		if t.RawGetString(key).Type() != lua.LTFunction {
			key = c.slipOfMacro(key, code, t, f)
		}
		c.checkMacroName(e.value.Text, f)
		c.defineMacro(e.value.Text, &moduleMacro{code, []string{key}}, e.value, f.scope, nil, "")
	}
}

// compileRequireMacros compiles (require-macros module).
func compileRequireMacros(c *compiler, f form) exprs {
	c.require(len(f.items) == 2, f.n, "Expected one module name argument")
	code, t := c.importModule(f.items[1], f)
	for _, key := range tableKeys(t, origin{}) {
		c.require(key.Type() == lua.LTString && t.RawGet(key).Type() == lua.LTFunction, f.n, "expected each macro to be function")
		c.checkMacroName(key.String(), f)
		c.defineMacro(key.String(), &moduleMacro{code, []string{key.String()}}, f.items[1], f.scope, nil, "")
	}
	return c.noValue(f)
}

// importModule loads the module that a form names.
func (c *compiler) importModule(n *syntax.Node, f form) (*moduleCode, *lua.LTable) {
	w := c.world()
	x := &expander{c: c, scope: f.scope}
	name := c.moduleName(n, x, f)
	m := w.load(name, n, x, f.n)
	t, ok := m.value.(*lua.LTable)
	c.require(ok && w.isPlain(t), f.n, "expected macros to be table")
	return m.code, t
}

// moduleName returns the name of a module, which stands in the form or is what
// the code in it makes when it runs at compile time.
func (c *compiler) moduleName(n *syntax.Node, x *expander, f form) string {
	if n.Kind == syntax.String {
		return n.Text
	}
	if isSequenceOrTable(n) || isName(n) && !c.world().knows(rootName(n.Text)) { // no local of the program is there yet
		c.fail(f.n, "module name must compile to string")
	}
	var args []lua.LValue
	if name := c.options.Module; name != "" {
		args = []lua.LValue{lua.LString(name), lua.LString(c.file.Name())}
	}
	v, ok := c.world().run(c.source(n), x, f.n, args...).(lua.LString)
	c.require(ok, f.n, "module name must compile to string")
	return string(v)
}

// load finds, compiles and runs a module. The name stands at a node of the form
// that asks for it.
func (w *macroWorld) load(name string, named *syntax.Node, x *expander, at *syntax.Node) *loadedModule {
	if m := w.modules[name]; m != nil {
		if m.loading {
			x.Fail(at, "the macro module %s needs itself", name)
		}
		x.c.uses(name, Macros, x.c.span(named), m.code.module.Tree.File)
		return m
	}
	x.c.requireRoom(at)
	file := w.resolve(name, named, x, at)
	x.c.asked.add(Macros, name)
	m := &loadedModule{code: &moduleCode{name: name}, loading: true}
	w.modules[name] = m
	m.code.module = w.compileModule(name, file)
	if m.code.module.Diagnostics.HasErrors() {
		delete(w.modules, name)
		x.c.failed = true
		x.c.unit.diagnostics = append(x.c.unit.diagnostics, m.code.module.Diagnostics...)
		panic(abandoned{})
	}
	w.runModule(m, x, at)
	return m
}

// resolve finds the file of a module and notes that it was needed.
func (w *macroWorld) resolve(name string, named *syntax.Node, x *expander, at *syntax.Node) *source.File {
	file, unusable := w.session.options.find(name, Macros)
	x.c.uses(name, Macros, x.c.span(named), file)
	x.c.require(unusable == "", at, "%s", unusable)
	if file == nil {
		x.Fail(at, "%s", moduleText(name))
	}
	return file
}

// value returns what a module gives in this world.
func (w *macroWorld) value(code *moduleCode, x *expander, at *syntax.Node) lua.LValue {
	m := w.modules[code.name]
	if m == nil || m.code != code {
		m = &loadedModule{code: code, loading: true}
		w.modules[code.name] = m
		w.runModule(m, x, at)
	}
	return m.value
}

func (w *macroWorld) runModule(m *loadedModule, x *expander, at *syntax.Node) {
	defer func() {
		if m.loading {
			delete(w.modules, m.code.name)
		}
	}()
	defer w.enter(x, at)()
	file := m.code.module.Tree.File
	m.value = w.call(w.program.Function(m.code.module), lua.LString(m.code.name), lua.LString(file.Name()))
	m.loading = false
	w.watch.add(m.value)
}

// compileModule compiles a file as code that runs at compile time.
func (w *macroWorld) compileModule(name string, f *source.File) *Module {
	if strings.HasSuffix(f.Name(), ".lua") {
		m := CompileLua(f, Options{Forms: w.session.options.Forms})
		w.session.asked.forms += m.Forms
		return m
	}
	options := *w.session.options
	options.Globals, options.Explain, options.Module = w.knows, nil, name
	s := &session{
		options:  &options,
		file:     f,
		around:   newSurroundings(),
		specials: w.session.specials,
		macros:   w,
		context:  w.session.context,
	}
	s.asked = w.session.asked
	m := &Module{Tree: syntax.Read(f)}
	within := s.admits(m)
	s.asked.forms += m.Forms
	if !within {
		m.finish()
		return m
	}
	last := lastForm(m.Tree.Forms)
	for i, n := range m.Tree.Forms {
		if !isForm(n) {
			continue
		}
		c := s.compiler(n, identity{name: "\x00" + f.Name() + "\x00macros" + strconv.Itoa(i), base: n.Span.Start})
		c.compileTime = true
		u := c.topLevel(n, i == last)
		w.placements[u] = placement{f, 0}
		m.link(u, n.Span.Start, s.around)
	}
	m.finish()
	return m
}

// current reports whether a module is still the one that a unit was compiled
// with.
func (w *macroWorld) current(use Use) bool {
	if use.Kind != Macros {
		return true
	}
	file, _ := w.session.options.find(use.Name, Macros)
	if file == nil || use.File == nil {
		return file == use.File
	}
	return file == use.File || file.Name() == use.File.Name() && file.Text() == use.File.Text()
}

// require loads a module for code that runs at compile time. Only modules of
// macros are there, and a few fields of fennel.
func (w *macroWorld) require(L *lua.LState) int {
	name := L.CheckString(1)
	if name == "fennel" || name == "fennel.macros" {
		L.Push(w.fennelModule(L))
		return 1
	}
	s := w.frame()
	w.within(L, func() { L.Push(w.load(name, s.at, s.x, s.at).value) })
	return 1
}

// fennelModule is what macros find when they require Fennel itself.
func (w *macroWorld) fennelModule(L *lua.LState) *lua.LTable {
	t, metadata := L.NewTable(), L.NewTable()
	metadata.RawSetString("setall", L.NewFunction(func(*lua.LState) int { return 0 }))
	t.RawSetString("view", L.G.Global.RawGetString("view"))
	t.RawSetString("version", lua.LString(Version))
	t.RawSetString("metadata", metadata)
	return t
}
