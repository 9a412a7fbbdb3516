package fennel

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/view"
)

// libraryFields are what programs find in the module fennel, sorted.
var libraryFields = []string{
	"ast-source", "comment", "comment?", "doc", "eval", "granulate", "install", "list", "list?", "metadata", "multi-sym?",
	"parser", "runtime-version", "runtimeVersion", "search-module", "searchModule", "sequence", "sequence?",
	"string-stream", "stringStream", "sym", "sym-char?", "sym?", "syntax", "table?", "traceback", "varg", "varg?",
	"version", "view",
}

// LibraryFields returns the names of what is in the table that
// [Program.Library] returns, sorted.
func LibraryFields() []string { return slices.Clone(libraryFields) }

// Library returns a new table for (require :fennel) and the global fennel of
// the program. Code given to fennel.eval is compiled with the options, but that
// the globals it may use are those that exist at that moment, and with what is
// left of the program's budget.
//
// Of the reference's module the functions raise an error that give or take the
// text of Lua programs, read files, or open the compiler ([AbsentFields]), and
// what says where modules are found is not there (path, macro-path,
// macro-searchers, macro-loaded): that is the host's.
func (p *Program) Library(o Options) *lua.LTable {
	L := p.State.L
	t := L.NewTable()
	kinds := newNodeKinds(L, func() *codec { return nil }, p.State.Step)
	e := &evaluator{program: p, options: o}
	r := &reader{program: p, kinds: kinds}
	for _, functions := range []map[string]lua.LGFunction{kinds.functions(p.State.Step), r.functions(), e.modules(t)} {
		for name, fn := range functions {
			t.RawSetString(name, L.NewFunction(fn))
		}
	}
	for name, fn := range map[string]lua.LGFunction{
		"ast-source":      func(L *lua.LState) int { return kinds.astSource(L, rawField) },
		"varg":            kinds.makeVararg,
		"sym-char?":       isSymbolChar,
		"eval":            e.eval,
		"doc":             p.doc,
		"traceback":       p.traceback,
		"runtime-version": runtimeVersion,
		"runtimeVersion":  runtimeVersion,
		"syntax":          p.syntax,
	} {
		t.RawSetString(name, L.NewFunction(fn))
	}
	t.RawSetString("metadata", p.functionMetadata())
	t.RawSetString("version", lua.LString(Version))
	t.RawSetString("view", view.Function(L, p.State.Step))
	raiseForAbsent(L, t)
	return t
}

// modules returns what finds modules as require does. Programs need not install
// anything to require modules of Fennel.
func (e *evaluator) modules(library *lua.LTable) map[string]lua.LGFunction {
	search := func(L *lua.LState) int {
		name := L.CheckString(1)
		if e.options.Resolve == nil {
			L.Push(lua.LNil)
			return 1
		}
		file, err := e.options.Resolve(name, Code)
		if err != nil {
			L.Push(lua.LNil)
			L.Push(lua.LString(err.Error()))
			return 2
		}
		e.program.State.Step(L, evalByteSteps*len(file.Text()))
		L.Push(lua.LString(file.Name()))
		return 1
	}
	return map[string]lua.LGFunction{
		"search-module": search,
		"searchModule":  search,
		"install": func(L *lua.LState) int {
			L.Push(library)
			return 1
		},
	}
}

// entrySteps is what an entry of the table of syntax costs.
const entrySteps = 64

// syntax returns a table of what names mean in programs: special forms, macros
// and globals.
func (p *Program) syntax(L *lua.LState) int {
	t := L.NewTable()
	add := func(name, kind string) *lua.LTable {
		entry := L.NewTable()
		entry.RawSetString(kind, lua.LTrue)
		t.RawSetString(name, entry)
		return entry
	}
	p.addGlobals(L, add, "", L.G.Global)
	documented := Forms()
	p.State.Step(L, entrySteps*len(documented))
	for _, f := range documented {
		kind := "macro?"
		if f.Special {
			kind = "special?"
		}
		entry := add(f.Name, kind)
		if f.Binds {
			entry.RawSetString("binding-form?", lua.LTrue)
		}
	}
	L.Push(t)
	return 1
}

// addGlobals adds the names in a table of globals and in the tables in it.
func (p *Program) addGlobals(L *lua.LState, add func(name, kind string) *lua.LTable, prefix string, globals *lua.LTable) {
	globals.ForEach(func(key, value lua.LValue) {
		p.State.Step(L, entrySteps)
		name, ok := key.(lua.LString)
		if !ok || strings.HasPrefix(string(name), "_") {
			return
		}
		entry := add(prefix+plainName(string(name)), "global?")
		if value.Type() == lua.LTFunction {
			entry.RawSetString("function?", lua.LTrue)
		}
		if inner, ok := value.(*lua.LTable); ok && prefix == "" {
			p.addGlobals(L, add, string(name)+".", inner)
		}
	})
}

func rawField(t *lua.LTable, name string) lua.LValue { return t.RawGetString(name) }

// isSymbolChar reports whether a byte, or the first of a string, may stand in a
// symbol.
func isSymbolChar(L *lua.LState) int {
	var b int
	switch v := L.Get(1).(type) {
	case lua.LString:
		if v != "" {
			b = int(v[0])
		}
	default:
		b = L.CheckInt(1)
	}
	L.Push(lua.LBool(b > 32 && b != 127 && b < 256 && !strings.ContainsRune("()[]{}\"'~;,@`", rune(b))))
	return 1
}

// runtimeVersion returns what runs a program: a text, or with a true argument a
// table.
func runtimeVersion(L *lua.LState) int {
	machine := L.G.Global.RawGetString("_VERSION").String()
	if !lua.LVAsBool(L.Get(1)) {
		L.Push(lua.LString("Fennel " + Version + " on " + machine))
		return 1
	}
	t := L.NewTable()
	t.RawSetString("fennel", lua.LString(Version))
	t.RawSetString("lua", lua.LString(machine))
	L.Push(t)
	return 1
}

// functionMetadata returns the program's table of metadata: functions and what
// is known of them, with the methods get, set and setall.
func (p *Program) functionMetadata() *lua.LTable {
	if p.metadata != nil {
		return p.metadata
	}
	L := p.State.L
	p.metadata = L.NewTable()
	methods := L.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"get": func(L *lua.LState) int {
			L.Push(known(L.CheckTable(1), L.Get(2), L.Get(3)))
			return 1
		},
		"set": func(L *lua.LState) int {
			p.addMetadata(L, L.CheckTable(1), L.CheckAny(2), L.CheckAny(3), L.Get(4))
			L.Push(L.Get(2))
			return 1
		},
		"setall": func(L *lua.LState) int {
			t := L.CheckTable(1)
			L.Remove(1)
			return p.addAllMetadata(L, t)
		},
	} {
		methods.RawSetString(name, L.NewFunction(fn))
	}
	mt := L.NewTable()
	mt.RawSetString("__index", methods)
	p.metadata.Metatable = mt
	return p.metadata
}

func known(metadata *lua.LTable, of, key lua.LValue) lua.LValue {
	if t, ok := metadata.RawGet(of).(*lua.LTable); ok {
		return t.RawGet(key)
	}
	return lua.LNil
}

// metadataSize is what an entry of the metadata costs, in bytes: it stays for
// as long as the program.
const metadataSize = 128

func (p *Program) addMetadata(L *lua.LState, metadata *lua.LTable, of, key, value lua.LValue) {
	p.State.Charge(L, metadataSize)
	t, ok := metadata.RawGet(of).(*lua.LTable)
	if !ok {
		t = L.NewTable()
		metadata.RawSet(of, t)
	}
	t.RawSet(key, value)
}

// addAllMetadata is (f k v …): f, with all that it was given as metadata.
func (p *Program) addAllMetadata(L *lua.LState, metadata *lua.LTable) int {
	of := L.CheckAny(1)
	if L.GetTop()%2 == 0 {
		L.RaiseError("metadata:setall() expected even number of k/v pairs")
	}
	for i := 2; i < L.GetTop(); i += 2 {
		p.addMetadata(L, metadata, of, L.CheckAny(i), L.Get(i+1))
	}
	L.Push(of)
	return 1
}

func (p *Program) setAllMetadata(L *lua.LState) int {
	return p.addAllMetadata(L, p.functionMetadata())
}

// doc is (value name): how a function is called and what it is for.
func (p *Program) doc(L *lua.LState) int {
	of, name := L.Get(1), L.ToStringMeta(L.Get(2)).String()
	if !lua.LVAsBool(of) {
		L.Push(lua.LString(name + " not found"))
		return 1
	}
	metadata := p.functionMetadata()
	text := "#<undocumented>"
	if doc, ok := known(metadata, of, lua.LString(docstringKey)).(lua.LString); ok {
		text = strings.ReplaceAll(strings.TrimSuffix(string(doc), "\n"), "\n", "\n  ")
	}
	if isCallable(L, of) {
		name = "(" + name + arguments(known(metadata, of, lua.LString(arglistKey))) + ")"
	}
	p.State.Charge(L, len(name)+len(text))
	L.Push(lua.LString(name + "\n  " + text))
	return 1
}

func isCallable(L *lua.LState, v lua.LValue) bool {
	return v.Type() == lua.LTFunction || L.GetMetaField(v, "__call").Type() == lua.LTFunction
}

// arguments shows a list of parameters as it stands behind a function's name.
func arguments(list lua.LValue) string {
	t, ok := list.(*lua.LTable)
	if !ok {
		return " #<unknown-arguments>"
	}
	var b strings.Builder
	for i := 1; i <= t.Len(); i++ {
		b.WriteString(" " + t.RawGetInt(i).String())
	}
	return b.String()
}
