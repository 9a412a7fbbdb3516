package fennel

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// A macroWorld is the state in which the macros of one file run while it is
// compiled. Units are kept between versions of a file and states are not: what
// a unit keeps of a macro is the code that makes it, and each world that calls
// it runs that code once.
type macroWorld struct {
	session *session
	// program is nil until something is to run.
	program *Program
	kinds   *nodeKinds
	names   map[string]bool // of the globals
	made    map[*macroSource]lua.LValue
	modules map[string]*loadedModule
	// placements say where the units that define macros stand.
	placements map[*unit]placement
	watch      watch
	// exhausted reports that a limit was met. It was reported then; macros that
	// are called later do not run and say nothing more.
	exhausted bool
	// frames are the calls of macros under way, one within another.
	frames []*frame
}

// newMacroEnv returns the world of the macros of one file.
func newMacroEnv(s *session) macroEnv {
	return &macroWorld{
		session:    s,
		made:       map[*macroSource]lua.LValue{},
		modules:    map[string]*loadedModule{},
		placements: map[*unit]placement{},
	}
}

// world returns where the macros of the file run.
func (c *compiler) world() *macroWorld {
	c.needsTurn()
	w := c.macros.(*macroWorld)
	w.open()
	return w
}

func (w *macroWorld) state() *sandbox.State {
	if w.program == nil {
		return nil
	}
	return w.program.State
}

func (w *macroWorld) close() {
	if w.program != nil {
		w.program.State.Close()
	}
}

func (w *macroWorld) open() {
	if w.program != nil {
		return
	}
	w.program = NewProgram(sandbox.Options{Limits: w.session.options.Limits, Print: w.session.options.Print})
	L := w.program.State.L
	w.kinds = newNodeKinds(L, w.codec, w.program.State.Step)
	w.furnish(L)
	w.names = map[string]bool{}
	L.G.Global.ForEach(func(name, _ lua.LValue) { w.names[name.String()] = true })
	w.program.runtime[buildCode] = newCell(L.NewFunction(w.build))
	w.watch.add(L.G.Global)
	for _, kind := range []*lua.LTable{w.kinds.list, w.kinds.symbol, w.kinds.sequence, w.kinds.vararg, w.kinds.comment} {
		w.watch.add(kind)
	}
}

// knows reports whether code that runs at compile time finds a global.
func (w *macroWorld) knows(name string) bool { return w.names[rootName(name)] }

// A frame is a call of a macro, or a run of code at compile time.
type frame struct {
	x     *expander
	at    *syntax.Node // the form that brought it about
	codec *codec
	// running is the thread on which the frame runs, for calls from within.
	running *lua.LState
}

func (w *macroWorld) frame() *frame { return w.frames[len(w.frames)-1] }

func (w *macroWorld) codec() *codec {
	if len(w.frames) == 0 {
		return nil
	}
	return w.frame().codec
}

// enter begins a frame; what it returns ends it.
func (w *macroWorld) enter(x *expander, at *syntax.Node) (leave func()) {
	depth := len(w.frames)
	if x.c.quoted == nil {
		x.c.quoted = map[*syntax.Node]source.Place{}
	}
	running := w.program.State.L
	if depth > 0 {
		running = w.frame().running
	}
	c := &codec{
		kinds:    w.kinds,
		call:     at.Span,
		file:     x.c.file,
		origins:  map[*lua.LTable]origin{},
		literals: map[lua.LValue]*syntax.Node{},
		quoted:   x.c.quoted,
		placed:   func() { x.c.unit.line = x.c.file.Position(x.c.base).Line },
		gensym:   func(base string) string { return x.Gensym(base) },
		autos:    map[autoKey]string{},
	}
	s := &frame{x: x, at: at, codec: c, running: running}
	c.charge = func(n int) { x.c.spendNodes(at, n) }
	w.frames = append(w.frames, s)
	return func() { w.frames = w.frames[:depth] }
}

// call calls a function at compile time and returns its first result. What it
// raises is an error at the form that the frame is for.
func (w *macroWorld) call(fn lua.LValue, args ...lua.LValue) lua.LValue {
	s := w.frame()
	if w.exhausted {
		s.x.c.failed, s.x.c.unit.volatile = true, true
		panic(abandoned{})
	}
	results, err := w.program.State.Call(w.session.context, s.running, fn, args...)
	if err != nil {
		w.fail(s, err)
	}
	if len(results) == 0 {
		return lua.LNil
	}
	return results[0]
}

// fail reports why a call ended early, at the node that the macro blamed or at
// the form that called it.
func (w *macroWorld) fail(s *frame, err error) {
	failure := new(sandbox.Error)
	if !errors.As(err, &failure) {
		s.x.Fail(s.at, "%s", err)
	}
	if l := failure.Limit; l != nil {
		w.exhausted = true
		s.x.c.unit.volatile = true
		code := diag.LoadLimit
		if l.Name == "time" {
			code = diag.LoadTimeout
		}
		s.x.c.abort(s.at, code, "the macros of the file went over their limit of "+l.String(), "Check that the macros in it come to an end.", w.related(s, failure))
	}
	if u, ok := failure.Value.(*lua.LUserData); ok {
		switch v := u.Value.(type) {
		case blame:
			if v.file != s.x.c.file {
				v.at = nil // it was kept for later
			}
			s.x.Fail(orNode(v.at, s.at), "%s", v.message)
		case abandoned:
			panic(v)
		}
	}
	message := failure.Message
	if message == "" {
		message = "a macro failed"
	}
	s.x.c.abort(s.at, diag.Compile, message, suggest(message), w.related(s, failure))
}

func orNode(n, other *syntax.Node) *syntax.Node {
	if n != nil {
		return n
	}
	return other
}

// abort reports a diagnostic at a node and abandons the form.
func (c *compiler) abort(at *syntax.Node, code diag.Code, message, help string, related []diag.Related) {
	c.unit.volatile = c.unit.volatile || related != nil
	c.diagnose(diag.Diagnostic{Span: c.span(at), Code: code, Message: message, Help: help, Related: related})
	panic(abandoned{})
}

// related returns the innermost place of an error in the code of macros.
// Places in the file that is being compiled are the unit's, as all its places
// are, and have no file yet.
func (w *macroWorld) related(s *frame, failure *sandbox.Error) []diag.Related {
	for _, f := range failure.Frames {
		place, ok := w.program.Place(f)
		if !ok {
			continue
		}
		r := diag.Related{File: place.File, Span: place.Span, Message: "raised in this macro"}
		if place.File == s.x.c.file {
			r.File, r.Span = nil, place.Span.Shift(s.x.c.shift())
		}
		return []diag.Related{r}
	}
	return nil
}

// A blame is an error that a macro raised about a node.
type blame struct {
	at      *syntax.Node // nil for code that the macro made
	file    *source.File // of the form that was expanded
	message string
}

// A macroSource is code that runs at compile time and makes macros.
type macroSource struct {
	owner *unit // the top-level form that it stands in
	code  *unit
}

// A placement is the file that a unit stands in, and how far its places are moved
// there.
type placement struct {
	file  *source.File
	shift int
}

func (w *macroWorld) placed(u *unit, offset int) {
	if !u.compileTime {
		return
	}
	w.placements[u] = placement{w.session.file, offset - u.base}
}

// source compiles a form that runs at compile time. When something is wrong
// with it, that is reported and the form being compiled abandoned.
func (c *compiler) source(n *syntax.Node) *macroSource {
	w := c.world()
	c.unit.compileTime = true
	u := c.aside(n, w.knows)
	if u.proto == nil {
		panic(abandoned{})
	}
	return &macroSource{owner: c.unit, code: u}
}

// run runs the code of a source for a form, and returns its first value. Its
// globals are its own: what it sets, no other source sees.
func (w *macroWorld) run(src *macroSource, x *expander, at *syntax.Node, args ...lua.LValue) lua.LValue {
	where, ok := w.placements[src.owner]
	if !ok {
		where = placement{x.c.file, -x.c.shift()}
	}
	w.program.chunks[src.code.name] = chunk{src.code, where.file, where.shift}
	defer w.enter(x, at)()
	return w.call(w.instantiate(src.code), args...)
}

func (w *macroWorld) instantiate(u *unit) *lua.LFunction {
	cells := map[string]*lua.Upvalue{}
	fn := w.program.State.Instantiate(u.proto, func(name string) *lua.Upvalue {
		if cell := w.program.runtime[name]; cell != nil {
			return cell
		}
		if cells[name] == nil {
			cells[name] = newCell(lua.LNil)
		}
		return cells[name]
	})
	enclose(fn, w.globals())
	return fn
}

// globals returns a table of globals that starts with those of the world.
func (w *macroWorld) globals() *lua.LTable {
	L := w.program.State.L
	t, mt := L.NewTable(), L.NewTable()
	mt.RawSetString("__index", L.G.Global)
	t.Metatable = mt
	t.RawSetString("_G", t)
	return t
}

// functions returns what a source made.
func (w *macroWorld) functions(src *macroSource, x *expander, at *syntax.Node) lua.LValue {
	v, ok := w.made[src]
	if !ok {
		v = w.run(src, x, at)
		w.made[src] = v
	}
	return v
}

// A sourceMacro is a macro that a source makes: the field of a table that is
// its value.
type sourceMacro struct {
	source *macroSource
	name   string
}

func (m *sourceMacro) expand(x *expander, call *syntax.Node) *syntax.Node {
	w := x.c.world()
	t, _ := w.functions(m.source, x, call).(*lua.LTable)
	if t == nil {
		x.Fail(call, "%s is no macro", m.name)
	}
	return w.expand(t.RawGetString(m.name), x, call)
}

// expand calls a macro with the arguments of a call, behind those that come
// first.
func (w *macroWorld) expand(fn lua.LValue, x *expander, call *syntax.Node, first ...lua.LValue) *syntax.Node {
	if fn.Type() != lua.LTFunction {
		x.Fail(call, "expected a macro to be a function, not a %s", fn.Type())
	}
	if len(w.frames) >= maxFrames {
		x.c.exceed(call, "macros call each other more than 150 levels deep", "Check that the macros in it come to an end.")
	}
	defer w.enter(x, call)()
	codec := w.codec()
	items := forms(call)[1:]
	args := make([]lua.LValue, 0, len(first)+len(items))
	args = append(args, first...)
	for _, n := range items {
		args = append(args, codec.argument(n))
	}
	return w.node(w.call(fn, args...))
}

// maxFrames bounds how deep expansions may be nested in each other, which
// costs stack of this process.
const maxFrames = 150

// node returns the code that a value stands for in the present frame, nil for
// nil.
func (w *macroWorld) node(v lua.LValue) *syntax.Node {
	if v == lua.LNil {
		return nil
	}
	s := w.frame()
	n, err := s.codec.node(v)
	if errors.Is(err, errTooDeep) {
		s.x.c.exceed(s.at, err.Error(), "Check that the macros in it come to an end.")
	}
	if err != nil {
		s.x.Fail(s.at, "%s", err)
	}
	return n
}

// moduleText says what a module is not, for messages.
func moduleText(name string) string {
	return fmt.Sprintf("%s module not found.", strings.TrimSpace(name))
}
