package fennel

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// What compiling text costs a program, beside what its macros use: the steps
// and bytes for a text of no length, for each byte of it, for each node, and
// for the world of macros where there are any.
const (
	evalSteps     = 1500
	evalWorld     = 10_000
	evalByteSteps = 4
	evalNodeSteps = 8
	evalBytes     = 2048
	evalByteBytes = 32
)

// firstEvaluated is where the numbers in the names of evaluated units start, so
// that they meet none of a file of the same name.
const firstEvaluated = 1 << 40

// An evaluator compiles and runs text for a program.
type evaluator struct {
	program *Program
	options Options
}

// An evaluation is one call of fennel.eval.
type evaluation struct {
	text string
	// name is the name of the text in compile errors, and running the one in
	// run-time errors, which is made of the text where the program gives none.
	name, running string
	env           *lua.LTable // nil: the globals
	options       Options
	style         errorStyle
	unchecked     bool // lambda is fn
	args          []lua.LValue
}

// eval is fennel.eval: (text options …) runs the text with the further
// arguments as its "..." and returns its values.
func (e *evaluator) eval(L *lua.LState) int {
	ev := e.request(L)
	e.program.State.Step(L, evalSteps+evalByteSteps*len(ev.text))
	e.program.State.Charge(L, evalBytes+evalByteBytes*len(ev.text))
	m := e.compile(L, ev)
	if m.Diagnostics.HasErrors() {
		text := errorText(m.Diagnostics, ev.name, ev.style)
		e.program.State.Charge(L, len(text))
		L.Error(lua.LString(text), 0)
	}
	L.SetTop(0)
	L.Push(e.program.function(m, e.wrap(L, ev.env)))
	for _, a := range ev.args {
		L.Push(a)
	}
	L.Call(len(ev.args), lua.MultRet)
	return L.GetTop()
}

// request reads the arguments of fennel.eval.
func (e *evaluator) request(L *lua.LState) *evaluation {
	ev := &evaluation{text: L.CheckString(1), name: "unknown", options: e.options}
	ev.running = chunkName(ev.text)
	given, ok := L.Get(2).(*lua.LTable)
	if !ok {
		given = L.NewTable()
	}
	for i := 3; i <= L.GetTop(); i++ {
		ev.args = append(ev.args, L.Get(i))
	}
	if name, ok := given.RawGetString("filename").(lua.LString); ok {
		ev.name, ev.running = string(name), string(name)
	}
	switch env := given.RawGetString("env").(type) {
	case *lua.LTable:
		ev.env = env
	case lua.LString:
		if env != "_COMPILER" {
			break
		}
		L.RaiseError("fennel.eval cannot run code in the environment of macros here")
	}
	ev.style = errorStyleOf(given)
	ev.unchecked = lua.LVAsBool(given.RawGetString("lambdaAsFn"))
	if use := given.RawGetString("useMetadata"); use != lua.LNil {
		ev.options.Metadata = lua.LVAsBool(use)
	}
	ev.options.Globals = e.globals(L, given, ev.env)
	return ev
}

// globals returns which globals the text may name: those in the list that the
// program gives, or else those that exist. False gives all.
func (e *evaluator) globals(L *lua.LState, given, env *lua.LTable) func(string) bool {
	allowed := given.RawGetString("allowedGlobals")
	if allowed == lua.LNil {
		allowed = given.RawGetString("allowed-globals")
	}
	switch allowed := allowed.(type) {
	case lua.LBool:
		if !allowed {
			return nil
		}
	case *lua.LTable:
		names := map[string]bool{}
		for i := 1; i <= allowed.Len(); i++ {
			names[allowed.RawGetInt(i).String()] = true
		}
		return func(name string) bool { return names[rootName(name)] }
	}
	if env != nil {
		if env.Metatable != lua.LNil && L.GetMetaField(env, "__pairs") == lua.LNil {
			return nil
		}
		return func(name string) bool { return env.RawGetString(rootName(name)) != lua.LNil }
	}
	return func(name string) bool { return L.G.Global.RawGetString(globalName(rootName(name))) != lua.LNil }
}

// compile compiles the text. What its macros use is the program's.
func (e *evaluator) compile(L *lua.LState, ev *evaluation) *Module {
	state := e.program.State
	o := ev.options
	o.Limits, o.Deferred = state.Left(L), false
	o.Cache = &Cache{cache{made: e.program.evaluated}}
	s := newSession(source.NewFile(ev.running, ev.text), &o)
	s.context = state.Context(L)
	if ev.unchecked {
		s.around.macros["lambda"], s.around.macros["λ"] = uncheckedLambda{}, uncheckedLambda{}
	}
	m := s.module(syntax.Read(s.file))
	e.program.evaluated = o.Cache.c.made
	nodes, used := s.compiled+s.wasted, s.macros.state()
	s.macros.close()
	if used != nil {
		state.Step(L, evalWorld)
		state.Spend(L, used)
	}
	state.Step(L, evalNodeSteps*nodes)
	return m
}

// uncheckedLambda is lambda where the program wants it to be fn.
type uncheckedLambda struct{}

func (uncheckedLambda) expand(_ *expander, call *syntax.Node) *syntax.Node {
	items := forms(call)
	head := *items[0]
	head.Text = "fn"
	function := *call
	function.Children = append([]*syntax.Node{&head}, items[1:]...)
	return &function
}

// wrap returns the globals of code that a program runs in an environment of its
// own, where the names of globals are what the code calls them. Without an
// environment they are the program's.
func (e *evaluator) wrap(L *lua.LState, env *lua.LTable) *lua.LTable {
	if env == nil {
		return nil
	}
	t, mt := L.NewTable(), L.NewTable()
	mt.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		L.Push(L.GetTable(env, plainKey(L.Get(2))))
		return 1
	}))
	mt.RawSetString("__newindex", L.NewFunction(func(L *lua.LState) int {
		L.SetTable(env, plainKey(L.Get(2)), L.Get(3))
		return 0
	}))
	t.Metatable = mt
	return t
}

func plainKey(v lua.LValue) lua.LValue {
	if s, ok := v.(lua.LString); ok {
		return lua.LString(plainName(string(s)))
	}
	return v
}

// plainName returns the global that a name made by globalName stands for.
func plainName(name string) string {
	encoded, ok := strings.CutPrefix(name, globalPrefix)
	if !ok {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(encoded); i++ {
		if encoded[i] == '_' && i+2 < len(encoded) {
			var code byte
			if n, _ := fmt.Sscanf(encoded[i+1:i+3], "%02x", &code); n == 1 {
				b.WriteByte(code)
				i += 2
				continue
			}
		}
		b.WriteByte(encoded[i])
	}
	return b.String()
}

// chunkName returns the name that Lua gives a text without one.
func chunkName(text string) string {
	const longest = 45
	line, rest, cut := strings.Cut(text, "\n")
	if len(line) > longest {
		line, cut = line[:longest], true
	}
	if cut || rest != "" {
		line += "..."
	}
	return `[string "` + line + `"]`
}
