package fennel

import (
	"path"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// A Program is a set of modules linked into one state.
type Program struct {
	State *sandbox.State

	chunks  map[string]chunk // by SourceName
	runtime map[string]*lua.Upvalue
}

// A chunk is where a unit's code stands.
type chunk struct {
	unit   *unit
	file   *source.File
	offset int
}

// NewProgram returns a program without modules in a new state with the given
// options, whose Position is the program's own.
func NewProgram(o sandbox.Options) *Program {
	p := &Program{chunks: map[string]chunk{}}
	o.Position = p.position
	p.State = sandbox.New(o)
	p.runtime = p.runtimeCells()
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
	return source.Place{File: c.file, Span: c.unit.spanOf(line).Shift(c.offset)}, true
}

// Function returns a function that runs the top-level forms of the module in
// order and returns the values of the last. Forms with compile errors, and
// forms that use what such forms define, are left out.
func (p *Program) Function(m *Module) *lua.LFunction {
	for i, u := range m.units {
		p.chunks[u.name] = chunk{u, m.Tree.File, m.links[i].offset}
	}
	return p.State.L.NewFunction(func(L *lua.LState) int {
		args := make([]lua.LValue, L.GetTop())
		for i := range args {
			args[i] = L.Get(i + 1)
		}
		L.SetTop(0)
		p.run(L, m, args)
		return L.GetTop()
	})
}

// run calls the units of a module and leaves the values of the last one on
// the stack. The cells that they share are new each time.
func (p *Program) run(L *lua.LState, m *Module, args []lua.LValue) {
	cells := make([]*lua.Upvalue, m.cells)
	for i := range cells {
		cells[i] = newCell(lua.LNil)
	}
	for i, u := range m.units {
		l := &m.links[i]
		if l.broken {
			continue
		}
		results := 0
		if i == len(m.units)-1 {
			results = lua.MultRet
		}
		L.Push(p.State.Instantiate(u.proto, func(name string) *lua.Upvalue {
			if name[0] == runtimeMark[0] {
				return p.runtime[name]
			}
			return cells[l.cell(u, name)]
		}))
		for _, a := range args {
			L.Push(a)
		}
		L.Call(len(args), results)
	}
}

// Caller returns the place of the call form that called the Go function now
// running in L. With level 1 it is the call of that function, with level 2 the
// call of its caller, and so on. A function that another Go function such as
// pcall called counts as called where that was. ok is false where that is not
// code of a module.
func (p *Program) Caller(L *lua.LState, level int) (source.Place, bool) {
	for i, f := range p.State.Frames(L) {
		if i == 0 || f.Chunk == "" {
			continue
		}
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
	d := diag.Diagnostic{File: main, Code: diag.Runtime, Message: err.Message}
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
