package bytecode

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/slab"
)

// Limits of one function. The VM's own are 255 registers and upvalues; the
// rest of the registers is left for what an instruction adds to its operands.
const (
	maxRegisters = 250
	maxLocals    = 200
	maxUpvalues  = 255
)

// maxDepth limits how deep statements and expressions may nest. It keeps the
// emitter's own stack small.
const maxDepth = 4000

// An emitter is what the functions of one chunk share. Functions are compiled
// inside one another, so that all of them use the same slices as stacks: a
// function's part begins at its marks and is copied out and dropped at its end.
type emitter struct {
	name   string
	shared func(name string) bool

	code   []uint32
	lines  []int // of code
	pool   []constant
	protos []*lua.FunctionProto
	calls  []lua.DbgCall
	named  []lua.DbgLocalInfo
	scopes scopes

	functions []*function           // by how many are around them, for use again
	texts     map[string]lua.LValue // string constants so far, boxed
	depth     int
	err       *Error
	made      made
}

// made is where finished prototypes and what they hold lie.
type made struct {
	prototypes slab.Slab[lua.FunctionProto]
	code       slab.Slab[uint32]
	lines      slab.Slab[int]
	constants  slab.Slab[lua.LValue]
	protos     slab.Slab[*lua.FunctionProto]
	calls      slab.Slab[lua.DbgCall]
	locals     slab.Slab[lua.DbgLocalInfo]
	localLinks slab.Slab[*lua.DbgLocalInfo]
	names      slab.Slab[string]
}

// function returns the function to compile inside another, or for nil the
// chunk's own.
func (e *emitter) function(outer *function) *function {
	level := 0
	if outer != nil {
		level = outer.level + 1
	}
	if level == len(e.functions) {
		e.functions = append(e.functions, &function{emitter: e, level: level})
	}
	f := e.functions[level]
	*f = function{emitter: e, outer: outer, level: level, upvalues: f.upvalues[:0]}
	return f
}

// marks are lengths of the stacks of an emitter.
type marks struct {
	code, pool, protos, calls, named, locals, blocks, labels, exits int
}

// A function is one function that is being compiled.
//
// Registers are a stack: the active locals, then temporaries. After every
// statement only the locals are left. An instruction that can give any number
// of results (a call, "...") makes the VM forget all registers above them, and
// so must have its results on the top of the stack.
type function struct {
	*emitter
	outer    *function // nil for the chunk's own
	level    int       // how many are around it
	start    marks
	upvalues []upvalue
	pooled   map[constant]int // places in the pool, when it is large
	free     int              // first register that is not in use
	high     int              // the most that were in use
	vararg   bool
}

// An upvalue is a variable of an outer function.
type upvalue struct {
	name     string
	implicit bool // one of Env, Concat, Store and Number, not a variable of the program
	local    bool // of the function right outside, in register index; else its upvalue
	index    int
}

// fail records an error, if it is the first. What is compiled after it is
// thrown away.
func (e *emitter) fail(line int, message string) {
	if e.err == nil {
		e.err = &Error{Line: line, Message: message}
	}
}

// enter begins a statement or expression inside others; each true result is
// paired with a call of leave. It is false after an error.
func (e *emitter) enter(line int) bool {
	if e.depth >= maxDepth {
		e.fail(line, "too many nested statements or expressions")
	}
	if e.err != nil {
		return false
	}
	e.depth++
	return true
}

func (e *emitter) leave() { e.depth-- }

func (e *emitter) marks() marks {
	return marks{
		code:   len(e.code),
		pool:   len(e.pool),
		protos: len(e.protos),
		calls:  len(e.calls),
		named:  len(e.named),
		locals: len(e.scopes.locals),
		blocks: len(e.scopes.blocks),
		labels: len(e.scopes.labels),
		exits:  len(e.scopes.exits),
	}
}

// A definition is what a function is made of.
type definition struct {
	line, last int
	self       bool // takes a first parameter "self"
	params     []string
	vararg     bool
	body       []ast.Stmt
}

// compile compiles what the function is made of.
func (f *function) compile(d definition) *lua.FunctionProto {
	f.start, f.vararg = f.marks(), d.vararg
	f.openBlock(false)
	if d.self {
		f.parameter("self", d.line)
	}
	for _, name := range d.params {
		f.parameter(name, d.line)
	}
	params := f.free
	f.statements(d.body, false)
	if !endsInReturn(d.body) {
		f.emitABC(lua.OP_RETURN, 0, 1, 0, d.last)
	}
	f.unresolved()
	return f.finish(d, params)
}

// finish copies a function's part of the stacks to a prototype.
func (f *function) finish(d definition, params int) *lua.FunctionProto {
	made := &f.made
	p := made.prototypes.One()
	*p = lua.FunctionProto{
		SourceName:         f.name,
		LineDefined:        d.line,
		LastLineDefined:    d.last,
		NumUpvalues:        uint8(len(f.upvalues)),
		NumParameters:      uint8(params),
		NumUsedRegisters:   uint8(max(f.high, params+1)), // a tail call loses the last register
		Code:               made.code.Clone(f.code[f.start.code:]),
		Constants:          f.constantValues(),
		FunctionPrototypes: made.protos.Clone(f.protos[f.start.protos:]),
		DbgSourcePositions: made.lines.Clone(f.lines[f.start.code:]),
		DbgCalls:           made.calls.Clone(f.calls[f.start.calls:]),
		DbgLocals:          f.localInfos(),
		DbgUpvalues:        made.names.Take(len(f.upvalues)),
	}
	if f.vararg {
		p.IsVarArg = lua.VarArgIsVarArg
	}
	for i, u := range f.upvalues {
		p.DbgUpvalues[i] = u.name
	}
	f.drop()
	return p
}

// localInfos returns the names of the function's registers, by where they hold.
func (f *function) localInfos() []*lua.DbgLocalInfo {
	infos := f.made.locals.Clone(f.named[f.start.named:])
	out := f.made.localLinks.Take(len(infos))
	for i := range infos {
		if infos[i].EndPc == 0 {
			infos[i].EndPc = f.pc()
		}
		out[i] = &infos[i]
	}
	return out
}

// drop gives the stacks back as they were before the function.
func (f *function) drop() {
	e := f.emitter
	e.code = e.code[:f.start.code]
	e.lines = e.lines[:f.start.code]
	e.pool = e.pool[:f.start.pool]
	e.protos = e.protos[:f.start.protos]
	e.calls = e.calls[:f.start.calls]
	e.named = e.named[:f.start.named]
	e.scopes.locals = e.scopes.locals[:f.start.locals]
	e.scopes.infos = e.scopes.infos[:f.start.locals]
	e.scopes.blocks = e.scopes.blocks[:f.start.blocks]
	e.scopes.labels = e.scopes.labels[:f.start.labels]
	e.scopes.exits = e.scopes.exits[:f.start.exits]
}

// reserve takes n registers from the top of the stack and returns the first.
func (f *function) reserve(n, line int) int {
	r := f.free
	f.require(n, line)
	f.free += n
	return r
}

// require says that the VM uses n registers above those in use.
func (f *function) require(n, line int) {
	if f.free+n > maxRegisters {
		f.fail(line, "function or expression too complex")
		return
	}
	f.high = max(f.high, f.free+n)
}

// capture returns the upvalue through which the function reaches a variable of
// an outer function, or -1 when there is no such variable. For an implicit
// one, it is always found.
func (f *function) capture(name string, implicit bool, line int) int {
	for i, u := range f.upvalues {
		if u.name == name && u.implicit == implicit {
			return i
		}
	}
	u := upvalue{name: name, implicit: implicit}
	switch {
	case f.outer == nil:
		if !implicit && (f.shared == nil || name == Env || !f.shared(name)) {
			return -1
		}
	case !implicit && f.captureLocal(name) >= 0:
		u.local, u.index = true, f.captureLocal(name)
	default:
		if u.index = f.outer.capture(name, implicit, line); u.index < 0 {
			return -1
		}
	}
	if len(f.upvalues) >= maxUpvalues {
		f.fail(line, "too many upvalues in a function (limit is 255)")
		return 0
	}
	f.upvalues = append(f.upvalues, u)
	return len(f.upvalues) - 1
}

// implicit loads one of Env, Concat, Store and Number into a register.
func (f *function) implicit(dst int, name string, line int) {
	f.emitABC(lua.OP_GETUPVAL, dst, f.capture(name, true, line), 0, line)
}
