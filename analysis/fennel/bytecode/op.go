package bytecode

import lua "github.com/yuin/gopher-lua"

// An instruction is op<<26 | A<<18 | C<<9 | B, or op<<26 | A<<18 | Bx. A is a
// register. B and C are registers, small numbers, or, with constantBit set,
// constants. Jumps keep their signed distance in Bx, with a bias.
const (
	constantBit = 1 << 8
	maxRK       = constantBit - 1 // last constant that fits in B or C
	maxB        = 1<<9 - 1
	maxBx       = 1<<18 - 1
	jumpBias    = maxBx >> 1
)

func encodeABC(op, a, b, c int) uint32 {
	return uint32(op)<<26 | uint32(a&0xff)<<18 | uint32(c&maxB)<<9 | uint32(b&maxB)
}

func encodeABx(op, a, bx int) uint32 {
	return uint32(op)<<26 | uint32(a&0xff)<<18 | uint32(bx&maxBx)
}

// emit appends an instruction and returns its place. The limit is that of Bx,
// which jumpLists keep places in; constants and functions cannot be more than
// the instructions that load them.
func (f *function) emit(instruction uint32, line int) int {
	pc := f.pc()
	if pc >= maxBx {
		f.fail(line, "function too long")
	}
	f.code = append(f.code, instruction)
	f.lines = append(f.lines, line)
	return pc
}

func (f *function) emitABC(op, a, b, c, line int) int {
	return f.emit(encodeABC(op, a, b, c), line)
}

func (f *function) emitABx(op, a, bx, line int) int {
	return f.emit(encodeABx(op, a, bx), line)
}

// pc returns the place of the next instruction of the function.
func (f *function) pc() int { return len(f.code) - f.start.code }

// A jumpList is the set of jumps that will go to one place once it is known.
// It holds the place of one of them plus one; Bx of each holds the next in the
// same way, until it is patched. The zero list is empty.
type jumpList int

// jump emits a jump to a place that is not yet known.
func (f *function) jump(line int) jumpList {
	return jumpList(f.emitABx(lua.OP_JMP, 0, 0, line) + 1)
}

// jumpTo emits a jump to target.
func (f *function) jumpTo(target, line int) {
	f.patch(f.jump(line), target)
}

// join returns all jumps of both lists. The second is the one walked, so the
// longer one should come first.
func (f *function) join(a, b jumpList) jumpList {
	if a == 0 || f.err != nil {
		return b
	}
	if b == 0 {
		return a
	}
	last := b
	for {
		next := f.next(last)
		if next == 0 {
			break
		}
		last = next
	}
	f.setBx(int(last)-1, int(a))
	return b
}

func (f *function) next(j jumpList) jumpList {
	return jumpList(f.code[f.start.code+int(j)-1] & maxBx)
}

// patch makes all jumps of a list go to target.
func (f *function) patch(list jumpList, target int) {
	if f.err != nil {
		return
	}
	for list != 0 {
		next, pc := f.next(list), int(list)-1
		distance := target - (pc + 1)
		if distance > jumpBias || distance < -jumpBias {
			f.fail(f.lines[f.start.code+pc], "control structure too long")
			return
		}
		f.setBx(pc, distance+jumpBias)
		list = next
	}
}

// patchHere makes all jumps of a list go to the next instruction.
func (f *function) patchHere(list jumpList) { f.patch(list, f.pc()) }

func (f *function) setBx(pc, bx int) {
	at := &f.code[f.start.code+pc]
	*at = *at&^uint32(maxBx) | uint32(bx&maxBx)
}
