package fennel

import (
	"path"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/fennel/bytecode"
	"quire/analysis/fennel/view"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// A Program is a set of modules linked into one state.
type Program struct {
	State *sandbox.State

	chunks   map[string]chunk // by SourceName
	runtime  map[string]*lua.Upvalue
	metadata *lua.LTable // what is known of functions; nil before anything is
	// evaluated is the last number in the name of a unit of evaluated text.
	evaluated int

	// StandIn gives a value to a name that has none, so that what uses it is
	// still evaluated; nil has it raise. It matters to modules compiled with
	// [Options.Deferred] only.
	StandIn func(L *lua.LState, b Broken) lua.LValue

	runs map[*Module]*run
}

// A chunk is where a unit's code stands.
type chunk struct {
	unit  *unit
	file  *source.File
	shift int // from a place of the unit to that in the file
}

// NewProgram returns a program without modules in a new state with the given
// options, whose Position is the program's own.
func NewProgram(o sandbox.Options) *Program {
	p := &Program{chunks: map[string]chunk{}, runs: map[*Module]*run{}, evaluated: firstEvaluated}
	o.Position = p.position
	p.State = sandbox.New(o)
	p.runtime = p.runtimeCells()
	p.addMissing()
	return p
}

// position is what messages and tracebacks show for an instruction.
func (p *Program) position(name string, line int) (string, int, bool) {
	place, ok := p.place(name, line)
	if !ok {
		return "", 0, false
	}
	return place.File.Name(), place.File.Position(place.Span.Start).Line, true
}

func (p *Program) place(name string, line int) (source.Place, bool) {
	c, ok := p.chunks[name]
	if !ok {
		return source.Place{}, false
	}
	return source.Place{File: c.file, Span: c.unit.spanOf(line).Shift(c.shift)}, true
}

// Function returns a function that runs the top-level forms of the module in
// order and returns the values of the last. Forms with compile errors are left
// out; so are forms that use what such forms define, unless the module is
// compiled with [Options.Deferred].
func (p *Program) Function(m *Module) *lua.LFunction { return p.function(m, nil) }

// function is Function for code with globals of its own, or the program's when
// env is nil.
func (p *Program) function(m *Module, env *lua.LTable) *lua.LFunction {
	if len(p.chunks) == 0 {
		p.chunks = make(map[string]chunk, len(m.units))
	}
	for i, u := range m.units {
		p.chunks[u.name] = chunk{u, m.Tree.File, m.links[i].offset - u.base}
	}
	return p.State.L.NewFunction(func(L *lua.LState) int {
		args := make([]lua.LValue, L.GetTop())
		for i := range args {
			args[i] = L.Get(i + 1)
		}
		L.SetTop(0)
		r := p.begin(m, args)
		r.env = env
		p.proceed(L, m, r)
		return L.GetTop()
	})
}

// enclose gives a function globals of its own.
func enclose(fn *lua.LFunction, env *lua.LTable) {
	for i, name := range fn.Proto.DbgUpvalues {
		if name == bytecode.Env {
			fn.Upvalues[i] = newCell(env)
		}
	}
}

// Caller returns the place of the call form that called the Go function now
// running in L. With level 1 it is the call of that function, with level 2 the
// call of its caller, and so on. A function that another Go function such as
// pcall called counts as called where that was. ok is false where that is not
// code of a module.
func (p *Program) Caller(L *lua.LState, level int) (source.Place, bool) {
	for _, f := range p.State.Positions(L) {
		if level--; level == 0 {
			return p.Place(f)
		}
	}
	return source.Place{}, false
}

// Place turns a frame of an error into a place.
func (p *Program) Place(f sandbox.Frame) (source.Place, bool) { return p.place(f.Chunk, f.Line) }

// Defined returns the place of a function's form.
func (p *Program) Defined(f *lua.LFunction) (source.Place, bool) {
	if f.IsG {
		return source.Place{}, false
	}
	return p.place(f.Proto.SourceName, f.Proto.LineDefined)
}

// Diagnose turns an error of the program into a diagnostic: at the innermost
// place that is in the file named main, or else the innermost place there is,
// with the other places as related. The code is runtime, load-limit or
// load-timeout.
func (p *Program) Diagnose(err *sandbox.Error, main *source.File) diag.Diagnostic {
	d := diag.Diagnostic{File: main, Code: diag.Runtime, Message: messageOf(err)}
	if err.Limit != nil {
		d.Code = diag.LoadLimit
		if err.Limit.Name == "time" {
			d.Code = diag.LoadTimeout
		}
	}
	var places []source.Place
	for _, f := range err.Frames {
		if place, ok := p.Place(f); ok {
			places = append(places, place)
		}
	}
	at := 0
	for i, place := range places {
		if place.File.Name() == main.Name() {
			at = i
			break
		}
	}
	for i, place := range places {
		if i == at {
			d.File, d.Span = place.File, place.Span
			continue
		}
		message := "called from here"
		if i < at {
			message = "raised in " + path.Base(place.File.Name())
		}
		d.Related = append(d.Related, diag.Related{File: place.File, Span: place.Span, Message: message})
	}
	return d
}

// messageOf returns what a program raised as text. A table that does not say
// itself what it is shows what is in it.
func messageOf(err *sandbox.Error) string {
	t, ok := err.Value.(*lua.LTable)
	if !ok || !strings.HasPrefix(err.Message, "table: 0x") {
		return err.Message
	}
	text := view.View(t, view.Options{OneLine: true, Depth: 4, IgnoreMetamethods: true})
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return text
}

// maxShown is how many bytes of a table that was raised are shown.
const maxShown = 200
