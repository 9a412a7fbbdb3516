package fennel

import (
	lua "github.com/yuin/gopher-lua"
)

// Running a module that is compiled with [Options.Deferred] does not end for
// good where a form cannot run: what can still be known of the forms behind it
// matters to an editor. A name whose definition is broken then stands for a
// function that raises, or for what [Program.StandIn] gives, so that it may be
// passed on and mentioned in functions.

// A run is how far a module has been run.
type run struct {
	cells []*lua.Upvalue
	next  int // the unit that is run next
	args  []lua.LValue
	env   *lua.LTable // the globals, when they are not the program's
}

// begin returns a new run of a module. The cells that its units share are new
// each time.
func (p *Program) begin(m *Module, args []lua.LValue) *run {
	r := &run{cells: make([]*lua.Upvalue, m.cells), args: args}
	for i := range r.cells {
		r.cells[i] = newCell(lua.LNil)
	}
	if m.deferred {
		for i, l := range m.links {
			if l.broken {
				p.standIn(m, r, i)
			}
		}
		p.runs[m] = r
	}
	return r
}

// standIn gives values to the names that a unit did not define.
func (p *Program) standIn(m *Module, r *run, unit int) {
	for i, e := range m.units[unit].exports {
		cell := r.cells[m.links[unit].cells+i]
		if cell.Value() != lua.LNil {
			continue
		}
		b := Broken{Name: e.name, Message: "the definition of " + e.name + " is broken", Told: true, Slip: lua.LNil}
		if p.StandIn != nil {
			if v := p.StandIn(p.State.L, b); v != nil {
				cell.SetValue(v)
				continue
			}
		}
		cell.SetValue(p.State.L.NewFunction(func(L *lua.LState) int {
			L.Error(lua.LString(b.Message), 0)
			return 0
		}))
	}
}

// Doubtful reports whether the form that ended the last run of a module may
// have failed only because another form is broken.
func (p *Program) Doubtful(m *Module) bool {
	r := p.runs[m]
	return r != nil && r.next > 0 && m.links[r.next-1].doubtful
}

// Resume returns a function that goes on with a module behind the form that
// ended its last run with an error, or nil when there is none. Only modules
// compiled with [Options.Deferred] can be resumed.
func (p *Program) Resume(m *Module) *lua.LFunction {
	r := p.runs[m]
	if r == nil || r.next == 0 || r.next >= len(m.units) {
		return nil
	}
	p.standIn(m, r, r.next-1)
	return p.State.L.NewFunction(func(L *lua.LState) int {
		L.SetTop(0)
		p.proceed(L, m, r)
		return L.GetTop()
	})
}

// proceed calls the units that are left and leaves the values of the last one
// on the stack.
func (p *Program) proceed(L *lua.LState, m *Module, r *run) {
	for r.next < len(m.units) {
		u, l := m.units[r.next], &m.links[r.next]
		r.next++
		if l.broken {
			continue
		}
		results := 0
		if r.next == len(m.units) {
			results = lua.MultRet
		}
		fn := p.State.Instantiate(u.proto, func(name string) *lua.Upvalue {
			if name[0] == runtimeMark[0] {
				return p.runtime[name]
			}
			return r.cells[l.cell(u, name)]
		})
		if r.env != nil {
			enclose(fn, r.env)
		}
		L.Push(fn)
		for _, a := range r.args {
			L.Push(a)
		}
		L.Call(len(r.args), results)
	}
}
