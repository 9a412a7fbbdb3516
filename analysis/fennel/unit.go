package fennel

import (
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/source"
)

// A unit is one compiled top-level form. It is immutable once it is compiled,
// but for what joining it with others fills in; every span in it counts from its
// base.
type unit struct {
	identity
	proto *lua.FunctionProto // nil when the form cannot run
	spans []source.Span      // what the numbers in the prototypes mean
	// asks is everything that the form asked of its surroundings and that meant
	// something. As long as the answers are the same, so is the unit.
	asks []ask
	// unknown are the names that it asked about and that meant nothing.
	unknown []string
	exports []export
	// lookedAt is the sum of the names around the form when compiling it looked
	// at all of them; 0 when it did not.
	lookedAt  uint64
	templates []template // what its quotes make, in code that runs at compile time
	// line is the line from 1 on which the form begins, if the unit holds the
	// numbers of lines, else 0.
	line int
	// volatile reports that the unit holds places outside of the form, so that
	// it cannot be used again.
	volatile bool
	nodes    int // how many were compiled
	// compileTime reports that code of the form runs while the file is compiled.
	compileTime bool
	// doubtful reports that the form can run although it has an error.
	doubtful bool
	unitFindings
	unitFacts
	part atomic.Pointer[Part] // of the latest version
}

// An identity tells a unit from all others of a cache.
type identity struct {
	// name is the SourceName of its prototypes: NUL, the file's name, NUL and
	// a number, so that a frame of a running program leads back to the unit.
	name string
	// base is where the form begins among the places of the units. No other unit
	// has places nearer to it than margin, which is the length of the file: a
	// form may know of places outside of itself.
	base, margin int
}

// unitFindings is what a unit adds to its module beside code.
type unitFindings struct {
	diagnostics diag.List // File is set when the unit is linked into a module
	symbols     []*Symbol
	outside     []reference // uses of names of other units
	uses        []Use
	macros      []macroExport
	globals     []madeGlobal
	referred    []string // globals that scopes right within the form's refer to
}

// unitFacts is what a unit knows of what its code does.
type unitFacts struct {
	calls    []*Call
	accesses []*Access
	funcs    []*Func
	missing  []*MissingGlobal
	abroad   []foreign
	joined   sync.Once // the unit is part of a module
	written  []string  // names of other units whose tables the form changes
	// firstFact and numbers say which numbers the facts and symbols have.
	firstFact factNumber
	numbers   int
}

// A foreign is what a unit knows of a local of another unit, or of what is in
// one.
type foreign struct {
	value *Value
	// route begins at the local's name. The value has it until the unit is
	// joined with others, and then what these know.
	route *Route
}

// sort brings what is known of the code in the order of the places, without the
// accesses that turned out to be parts of others.
func (u *unit) sort() {
	u.accesses = slices.DeleteFunc(u.accesses, func(a *Access) bool { return a.Value == nil })
	f := Facts{Calls: u.calls, Accesses: u.accesses, Functions: u.funcs, Symbols: u.symbols}
	f.sort()
	f.sortUses()
}

// An export is a top-level local: a cell that units share.
type export struct {
	name     string
	lua      string // the upvalue's name in this unit
	mutable  bool
	poisoned bool
	symbol   *Symbol
}

// A macroExport is a macro that a unit defines at top level.
type macroExport struct {
	name  string
	macro userMacro
}

// A madeGlobal is a global that a form makes.
type madeGlobal struct {
	name  string
	class globalClass
}

// A globalClass is how forms made a name a global.
type globalClass uint8

const (
	notGlobal   globalClass = iota
	assigned                // the global may be used
	namedGlobal             // and (global …) made it a name of the file's scope
)

// A reference is a use of a name that the unit did not define.
type reference struct {
	name  string
	span  source.Span
	macro bool
	write bool
	made  bool // a macro made the code, so that span is not the name's
}

// An ask is one question of a unit to its surroundings, and the answer.
type ask struct {
	name string
	answer
}

// An answer says what a name means to the forms behind those that were
// compiled so far.
type answer struct {
	class  class
	macro  userMacro
	global globalClass
}

// A class is what a name of the surroundings is.
type class uint8

const (
	nothing class = iota
	constant
	variable
	poisoned
)

// surroundings are what the top-level forms define for those behind them.
type surroundings struct {
	locals  map[string]definition
	macros  map[string]userMacro
	globals map[string]globalClass
	// referred are the globals that scopes right below the file's refer to.
	referred map[string]bool
	names    uint64 // a sum that tells which names there are
	// current reports whether a module is still what it was when a unit was
	// compiled with it; nil says that it is.
	current func(Use) bool
}

// A definition is the place of an export in a module.
type definition struct {
	unit, export int
	class        class
}

func newSurroundings() *surroundings {
	return &surroundings{locals: map[string]definition{}, macros: map[string]userMacro{}, globals: map[string]globalClass{}, referred: map[string]bool{}, names: 1}
}

func (s *surroundings) answer(name string) answer {
	return answer{s.locals[name].class, s.macros[name], s.globals[name]}
}

// admits reports whether a unit would be compiled to the same again.
func (s *surroundings) admits(u *unit) bool {
	for i := range u.asks {
		if s.answer(u.asks[i].name) != u.asks[i].answer {
			return false
		}
	}
	for _, name := range u.unknown {
		if s.answer(name) != (answer{}) {
			return false
		}
	}
	if u.lookedAt != 0 && u.lookedAt != s.names {
		return false
	}
	for i := range u.exports {
		if len(s.referred) > 0 && s.referred[u.exports[i].name] {
			return false
		}
	}
	for _, use := range u.uses {
		if s.current != nil && !s.current(use) {
			return false
		}
	}
	return true
}

// add shows the definitions of a unit to the forms behind it.
func (s *surroundings) add(index int, u *unit) {
	for i, e := range u.exports {
		c := constant
		switch {
		case e.poisoned:
			c = poisoned
		case e.mutable:
			c = variable
		}
		s.name(e.name)
		s.locals[e.name] = definition{index, i, c}
	}
	for _, m := range u.macros {
		s.name(m.name)
		s.macros[m.name] = m.macro
	}
	for _, g := range u.globals {
		s.globals[g.name] = max(s.globals[g.name], g.class)
	}
	for _, g := range u.referred {
		s.referred[g] = true
	}
}

// name adds a name to the sum of all names.
func (s *surroundings) name(name string) {
	h := fnv.New64a()
	h.Write([]byte(name))
	s.names += h.Sum64() | 1
}

// ask asks the surroundings what a name means.
func (c *compiler) ask(name string) { c.askAll(c.word(name)) }

// isOuterGlobal asks whether a form made a name a global.
func (c *compiler) isOuterGlobal(name string) bool {
	return c.askAll(c.word(name)).global != notGlobal
}

func (c *compiler) askAll(w *word) outer {
	if w.asker == c.unit {
		return w.meaning
	}
	name := w.text
	a := c.around.answer(name)
	if a == (answer{}) {
		c.unit.unknown = append(c.unit.unknown, name)
	} else {
		c.unit.asks = append(c.unit.asks, ask{name, a})
	}
	var b *binding
	if a.class != nothing {
		if w.cell == "" {
			w.cell = cellName(name)
		}
		b = c.work.bindings.New(binding{
			name:     name,
			lua:      w.cell,
			mutable:  a.class != constant,
			poisoned: a.class == poisoned,
			value:    c.newValue(Value{Kind: Path, Route: c.factSlabs.routes.New(Route{Root: Root{Kind: outerRoot, Name: name}})}),
		})
	}
	w.meaning, w.asker = outer{b, a.macro, a.global}, c.unit
	return w.meaning
}

// outer is what the surroundings answered to a unit.
type outer struct {
	binding *binding
	macro   userMacro
	global  globalClass
}
