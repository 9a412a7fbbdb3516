package view

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Function returns fennel.view for programs in L: a function of a value and a
// table of options. Charge is told of its work as [Options.Charge] is, with
// the state that runs.
func Function(L *lua.LState, charge func(L *lua.LState, n int)) *lua.LFunction {
	return L.NewFunction(func(L *lua.LState) int {
		v := L.Get(1)
		base := Options{Lua: &Lua{L: L}, Charge: func(n int) { charge(L, n) }}.withDefaults()
		L.Push(lua.LString(newPrinter(v, optionsOf(L.Get(2), base)).value(v, 0, unsaid)))
		return 1
	})
}

// An option is one key of a table of options.
type option struct {
	name string
	get  func(Options) lua.LValue
	set  func(*Options, lua.LValue)
}

// flag returns an option that is true or false, and the other way round in
// Options when inverted.
func flag(name string, inverted bool, field func(*Options) *bool) option {
	return option{
		name: name,
		get:  func(o Options) lua.LValue { return lua.LBool(*field(&o) != inverted) },
		set:  func(o *Options, v lua.LValue) { *field(o) = lua.LVAsBool(v) != inverted },
	}
}

// count returns an option that is a number, and a whole one where that matters.
func count(name string, whole bool, field func(*Options) *int) option {
	return option{
		name: name,
		get:  func(o Options) lua.LValue { return lua.LNumber(max(*field(&o), 0)) },
		set: func(o *Options, v lua.LValue) {
			n, ok := v.(lua.LNumber)
			if !ok || n != n {
				if o.Lua.L != nil {
					o.Lua.L.RaiseError("%s must be a number: got '%s'", name, v.String())
				}
				return
			}
			if whole && float64(n) != math.Floor(float64(n)) && o.Lua.L != nil {
				o.Lua.L.RaiseError("%s must be an integer: got '%s'", name, v.String())
			}
			*field(o) = int(min(max(n, 0), 1<<30))
			if *field(o) == 0 {
				*field(o) = -1
			}
		},
	}
}

// function returns an option that the program gives as a function. Options
// share their Lua, so that a change makes a copy.
func function(name string, field func(*Lua) **lua.LFunction) option {
	return option{
		name: name,
		get: func(o Options) lua.LValue {
			if f := *field(o.Lua); f != nil {
				return f
			}
			return lua.LNil
		},
		set: func(o *Options, v lua.LValue) {
			l := *o.Lua
			*field(&l), _ = v.(*lua.LFunction)
			o.Lua = &l
		},
	}
}

func text(name string, field func(*Lua) *string) option {
	return option{
		name: name,
		get: func(o Options) lua.LValue {
			if s := *field(o.Lua); s != "" {
				return lua.LString(s)
			}
			return lua.LNil
		},
		set: func(o *Options, v lua.LValue) {
			l := *o.Lua
			*field(&l) = lua.LVAsString(v)
			o.Lua = &l
		},
	}
}

var options = []option{
	flag("one-line?", false, func(o *Options) *bool { return &o.OneLine }),
	flag("empty-as-sequence?", false, func(o *Options) *bool { return &o.EmptyAsSequence }),
	flag("escape-newlines?", false, func(o *Options) *bool { return &o.EscapeNewlines }),
	flag("prefer-colon?", false, func(o *Options) *bool { return &o.PreferColon }),
	flag("detect-cycles?", true, func(o *Options) *bool { return &o.IgnoreCycles }),
	flag("metamethod?", true, func(o *Options) *bool { return &o.IgnoreMetamethods }),
	flag("utf8?", true, func(o *Options) *bool { return &o.RawBytes }),
	count("line-length", false, func(o *Options) *int { return &o.LineLength }),
	count("depth", false, func(o *Options) *int { return &o.Depth }),
	count("max-sparse-gap", true, func(o *Options) *int { return &o.MaxSparseGap }),
	function("preprocess", func(l *Lua) **lua.LFunction { return &l.Preprocess }),
	function("byte-escape", func(l *Lua) **lua.LFunction { return &l.ByteEscape }),
	text("infinity", func(l *Lua) *string { return &l.Infinity }),
	text("negative-infinity", func(l *Lua) *string { return &l.NegativeInfinity }),
	text("nan", func(l *Lua) *string { return &l.NaN }),
	text("negative-nan", func(l *Lua) *string { return &l.NegativeNaN }),
}

// optionsOf reads a table of options, for the value itself and for each level of
// tables in it; the last hold for all further ones. Base holds the defaults.
func optionsOf(v lua.LValue, base Options) []Options {
	t, ok := v.(*lua.LTable)
	if !ok {
		if L := base.Lua.L; L != nil && lua.LVAsBool(v) {
			L.RaiseError("bad argument #2 to 'view' (table expected, got %s)", v.Type())
		}
		return []Options{base}
	}
	levels := 1
	values := make([][]lua.LValue, len(options))
	for i, o := range options {
		values[i] = layers(t.RawGetString(o.name), base.Charge)
		levels = max(levels, len(values[i]))
	}
	colon, _ := t.RawGetString("prefer-colon?").(*lua.LFunction)
	out := make([]Options, levels)
	for level := range out {
		now := base
		for i, o := range options {
			if v := values[i][min(level, len(values[i])-1)]; v != lua.LNil {
				o.set(&now, v)
			}
		}
		if colon != nil {
			l := *now.Lua
			l.PreferColon = colon
			now.Lua = &l
		}
		now.Depth = min(now.Depth, MaxDepth)
		out[level] = now
	}
	return out
}

const maxLayers = 64

// layers returns what an option is for the value itself and for each level of
// tables in it, with nil for the default. An option given as {:once value} is
// that for the value itself, and for what is in it what stands under :after or
// the default; false without :after holds for all.
//
// More than maxLayers are not looked at: a table of options can hold itself.
func layers(v lua.LValue, charge func(int)) []lua.LValue {
	var out []lua.LValue
	for len(out) < maxLayers {
		charge(1)
		t, ok := v.(*lua.LTable)
		if !ok || t.RawGetString("once") == lua.LNil {
			break
		}
		once, after := t.RawGetString("once"), t.RawGetString("after")
		if after == lua.LNil && once == lua.LFalse {
			after = once
		}
		out = append(out, once)
		v = after
	}
	return append(out, v)
}

// optionsTable returns options as the program sees them.
func (p *printer) optionsTable(o Options) *lua.LTable {
	t := p.now.Lua.L.NewTable()
	for _, option := range options {
		t.RawSetString(option.name, option.get(o))
	}
	if f := o.Lua.PreferColon; f != nil {
		t.RawSetString("prefer-colon?", f)
	}
	t.RawSetString("level", lua.LNumber(p.level))
	return t
}

// metamethod returns the function by which a value prints itself.
func (p *printer) metamethod(v lua.LValue) lua.LValue {
	if p.now.IgnoreMetamethods || p.now.Lua.L == nil {
		return nil
	}
	if f := metafield(v, "__fennelview"); lua.LVAsBool(f) {
		return f
	}
	return nil
}

// custom returns what a value's metamethod says: a text, or lines and whether
// they must not be joined.
func (p *printer) custom(v, metamethod lua.LValue, indent int) string {
	if p.now.Depth <= p.level {
		if p.now.EmptyAsSequence {
			return "[...]"
		}
		return "{...}"
	}
	L := p.now.Lua.L
	table := p.optionsTable(p.inner[0])
	table.RawSetString("visible-cycle?", L.NewFunction(func(L *lua.LState) int {
		t, ok := L.Get(1).(*lua.LTable)
		L.Push(lua.LBool(ok && p.isCycle(t)))
		return 1
	}))
	L.Push(metamethod)
	L.Push(v)
	L.Push(L.NewFunction(p.again))
	L.Push(table)
	L.Push(lua.LNumber(indent))
	tree := p.tree
	p.tree = false
	L.Call(4, 2)
	p.tree = tree
	result, apart := L.Get(-2), lua.LVAsBool(L.Get(-1))
	L.Pop(2)
	switch result := result.(type) {
	case lua.LString:
		return string(result)
	case *lua.LTable:
		return p.lines(result, indent, apart)
	}
	L.RaiseError("__fennelview metamethod must return a table of lines")
	return ""
}

// again prints a part of a value for its metamethod: (value options indent
// colon?).
func (p *printer) again(L *lua.LState) int {
	v, given, indent := L.Get(1), L.Get(2), 0
	if n, ok := L.Get(3).(lua.LNumber); ok {
		indent = int(min(max(n, 0), 1<<20))
	}
	c := unsaid
	if L.Get(4) != lua.LNil {
		if c = no; lua.LVAsBool(L.Get(4)) {
			c = yes
		}
	}
	base := Options{Lua: &Lua{L: L}, Charge: p.now.Charge}.withDefaults()
	printer := p
	if given == lua.LNil {
		printer = newPrinter(v, []Options{base})
	}
	now, inner := printer.now, printer.inner
	printer.use(optionsOf(given, base))
	text := printer.value(v, indent, c)
	printer.now, printer.inner = now, inner
	L.Push(lua.LString(text))
	return 1
}

// lines puts the lines of a metamethod together.
func (p *printer) lines(t *lua.LTable, indent int, apart bool) string {
	if t.Len() == 0 {
		if p.now.EmptyAsSequence {
			return "[]"
		}
		return "{}"
	}
	var lines, trimmed []string
	for i := 1; i <= t.Len(); i++ {
		line := t.RawGetInt(i).String()
		p.now.Charge(len(line) + indent)
		lines = append(lines, line)
		trimmed = append(trimmed, strings.TrimLeft(line, " \t\n\v\f\r"))
	}
	one := strings.Join(trimmed, " ")
	if !p.now.OneLine && (apart || strings.Contains(one, "\n") || indent+len(one) > p.now.LineLength) {
		return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
	}
	return one
}
