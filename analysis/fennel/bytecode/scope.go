package bytecode

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// scopes are what can be seen at the place being compiled: of the innermost
// function at the end, of those around it before.
type scopes struct {
	locals []string // the register of a local is its place among its function's
	infos  []int    // of locals, their places in emitter.named
	blocks []block
	labels []label
	exits  []exit
}

// A block is a scope of locals and labels.
type block struct {
	locals   int // active locals of the function at its start
	labels   int // length of scopes.labels at its start
	exits    int // length of scopes.exits at its start
	captured bool
	loop     bool // break leaves it
}

// A label is one that a goto can see.
type label struct {
	name   string
	target int // instruction
	locals int // active locals at the label
}

// An exit is a goto or break whose target is not yet known. Whether it has to
// close captured locals is known when the blocks it leaves have ended.
// Therefore it has a slot, which becomes an OP_CLOSE or the jump itself, and
// the jump behind it; one that leaves no locals has only the jump.
type exit struct {
	label    string // empty for break
	line     int
	locals   int // active locals, of blocks that have not ended
	slot     jumpList
	jump     jumpList
	captured bool
}

// active returns the number of active locals, which is the first register
// that is none.
func (f *function) active() int { return len(f.scopes.locals) - f.start.locals }

// local returns the register of the innermost local with a name, or -1.
func (f *function) local(name string) int {
	return lastIndex(f.scopes.locals[f.start.locals:], name)
}

// captureLocal returns the register of the local with a name in the function
// right outside, or -1, and notes that its block has to close it.
func (f *function) captureLocal(name string) int {
	outer := f.outer.start
	register := lastIndex(f.scopes.locals[outer.locals:f.start.locals], name)
	if register < 0 {
		return -1
	}
	blocks := f.scopes.blocks[outer.blocks:f.start.blocks]
	i := len(blocks) - 1
	for blocks[i].locals > register {
		i--
	}
	blocks[i].captured = true
	return register
}

func lastIndex(names []string, name string) int {
	for i := len(names) - 1; i >= 0; i-- {
		if names[i] == name {
			return i
		}
	}
	return -1
}

// declare makes the first register that is not a local the local of a name. It
// has to be reserved.
func (f *function) declare(name string, line int) {
	if f.active() >= maxLocals {
		f.fail(line, "too many local variables in a function (limit is 200)")
		return
	}
	f.scopes.locals = append(f.scopes.locals, name)
	f.scopes.infos = append(f.scopes.infos, len(f.named))
	f.named = append(f.named, lua.DbgLocalInfo{Name: name, StartPc: f.pc()})
}

func (f *function) parameter(name string, line int) {
	f.reserve(1, line)
	f.declare(name, line)
}

func (f *function) openBlock(loop bool) {
	f.scopes.blocks = append(f.scopes.blocks, block{
		locals: f.active(),
		labels: len(f.scopes.labels),
		exits:  len(f.scopes.exits),
		loop:   loop,
	})
}

// closeBlock ends the innermost block. Captured locals get their values for
// good, so that the next round of a loop has new ones.
func (f *function) closeBlock(line int) {
	b := f.innermost()
	if b.captured {
		f.emitABC(lua.OP_CLOSE, b.locals, 0, 0, line)
	}
	f.dropBlock()
}

// dropBlock ends the innermost block without closing its locals.
func (f *function) dropBlock() {
	b := *f.innermost()
	s := &f.scopes
	first := f.start.locals + b.locals
	for _, info := range s.infos[first:] {
		f.named[info].EndPc = f.pc()
	}
	s.locals, s.infos = s.locals[:first], s.infos[:first]
	s.labels = s.labels[:b.labels]
	s.blocks = s.blocks[:len(s.blocks)-1]
	f.free = b.locals
	for i := b.exits; i < len(s.exits); i++ {
		x := &s.exits[i]
		x.captured = x.captured || b.captured && x.locals > b.locals
		x.locals = min(x.locals, b.locals)
	}
	if len(s.blocks) == f.start.blocks {
		return
	}
	outer := f.innermost()
	for _, l := range s.labels[outer.labels:] {
		f.resolve(b.exits, l)
	}
}

func (f *function) innermost() *block { return &f.scopes.blocks[len(f.scopes.blocks)-1] }

// resolve makes the exits from a place on that go to a label go there.
func (f *function) resolve(from int, l label) {
	kept := f.scopes.exits[:from]
	for _, x := range f.scopes.exits[from:] {
		if x.label != l.name {
			kept = append(kept, x)
			continue
		}
		// A jump backward may leave locals that code behind it captures.
		backward := l.target < int(x.jump)
		if x.captured || backward && x.locals > l.locals {
			f.setClose(x.slot, l.locals)
		} else {
			f.patch(x.slot, l.target)
		}
		f.patch(x.jump, l.target)
	}
	f.scopes.exits = kept
}

func (f *function) setClose(slot jumpList, register int) {
	f.code[f.start.code+int(slot)-1] = encodeABC(lua.OP_CLOSE, register, 0, 0)
}

// unresolved reports gotos without a label at the end of the function.
func (f *function) unresolved() {
	for _, x := range f.scopes.exits[f.start.exits:] {
		f.fail(x.line, "no visible label '"+x.label+"' for goto")
	}
}

// exitTo emits an exit that leaves all locals from a register on, or none.
func (f *function) exitTo(name string, locals, line int) {
	x := exit{label: name, line: line, locals: f.active()}
	if x.locals > locals {
		x.slot = f.jump(line)
	}
	x.jump = f.jump(line)
	f.scopes.exits = append(f.scopes.exits, x)
}

func (f *function) breakStmt(s *ast.BreakStmt) {
	blocks := f.scopes.blocks[f.start.blocks:]
	for i := len(blocks) - 1; i >= 0; i-- {
		if blocks[i].loop {
			f.exitTo("", blocks[i].locals, s.Line())
			return
		}
	}
	f.fail(s.Line(), "no loop to break")
}

// breaksHere makes the breaks from a place among the exits on go to the next
// instruction. It is called at the end of the loop they leave.
func (f *function) breaksHere(from int) {
	f.resolve(from, label{target: f.pc(), locals: f.active()})
}

func (f *function) gotoStmt(s *ast.GotoStmt) {
	for _, l := range f.scopes.labels[f.innermost().labels:] {
		if l.name != s.Label {
			continue
		}
		if f.active() > l.locals {
			f.emitABC(lua.OP_CLOSE, l.locals, 0, 0, s.Line())
		}
		f.jumpTo(l.target, s.Line())
		return
	}
	f.exitTo(s.Label, 0, s.Line())
}

// labelStmt defines a label. At the end of a block its locals are no longer
// seen, so that a jump to it does not enter their scope.
func (f *function) labelStmt(s *ast.LabelStmt, last bool) {
	b := f.innermost()
	for _, l := range f.scopes.labels[b.labels:] {
		if l.name == s.Name {
			f.fail(s.Line(), "label '"+s.Name+"' is already defined in this block")
			return
		}
	}
	l := label{name: s.Name, target: f.pc(), locals: f.active()}
	if last {
		l.locals = b.locals
	}
	for _, x := range f.scopes.exits[b.exits:] {
		if x.label == s.Name && x.locals < l.locals {
			f.fail(x.line, "goto '"+s.Name+"' jumps into the scope of local '"+
				f.scopes.locals[f.start.locals+x.locals]+"'")
			return
		}
	}
	f.scopes.labels = append(f.scopes.labels, l)
	f.resolve(b.exits, l)
}
