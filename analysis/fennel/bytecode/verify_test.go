package bytecode_test

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// checkProto checks what the VM relies on without looking: that registers,
// constants, upvalues and the targets of jumps exist.
func checkProto(tb testing.TB, p *lua.FunctionProto) {
	tb.Helper()
	if len(p.DbgSourcePositions) != len(p.Code) || len(p.DbgUpvalues) != int(p.NumUpvalues) {
		tb.Errorf("%d instructions with %d positions, %d upvalues with %d names",
			len(p.Code), len(p.DbgSourcePositions), p.NumUpvalues, len(p.DbgUpvalues))
	}
	v := verifier{TB: tb, p: p}
	for v.pc = 0; v.pc < len(p.Code); v.pc++ {
		v.instruction(p.Code[v.pc])
	}
	if p.NumUsedRegisters <= p.NumParameters {
		tb.Errorf("%d registers for %d parameters: a tail call loses the last", p.NumUsedRegisters, p.NumParameters)
	}
	switch last := int(p.Code[len(p.Code)-1] >> 26); last {
	case lua.OP_RETURN, lua.OP_TAILCALL:
	default:
		tb.Errorf("the last instruction is %d", last)
	}
	for _, inner := range p.FunctionPrototypes {
		checkProto(tb, inner)
	}
}

type verifier struct {
	testing.TB
	p  *lua.FunctionProto
	pc int
}

func (v *verifier) instruction(i uint32) {
	op, a, b, c, bx := int(i>>26), int(i>>18)&0xff, int(i&0x1ff), int(i>>9)&0x1ff, int(i&0x3ffff)
	switch op {
	case lua.OP_EQ, lua.OP_LT, lua.OP_LE, lua.OP_JMP: // A is no register
	default:
		v.register(a)
	}
	switch op {
	case lua.OP_MOVE, lua.OP_MOVEN, lua.OP_LOADNIL, lua.OP_NOT, lua.OP_LEN, lua.OP_TESTSET, lua.OP_UNM:
		v.register(b)
	case lua.OP_LOADK:
		v.below("constant", bx, len(v.p.Constants))
	case lua.OP_GETUPVAL, lua.OP_SETUPVAL:
		v.below("upvalue", b, int(v.p.NumUpvalues))
	case lua.OP_GETTABLE:
		v.register(b)
		v.operand(c)
	case lua.OP_SETTABLE, lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW, lua.OP_EQ, lua.OP_LT, lua.OP_LE:
		v.operand(b)
		v.operand(c)
	case lua.OP_CALL, lua.OP_TAILCALL:
		v.register(a + max(b-1, 0))
		v.register(a + max(c-2, 0))
	case lua.OP_RETURN, lua.OP_VARARG:
		v.register(a + max(b-2, 0))
	case lua.OP_SETLIST:
		v.register(a + b)
		if c == 0 {
			v.pc++
		}
	case lua.OP_JMP, lua.OP_FORPREP, lua.OP_FORLOOP:
		target := v.pc + 1 + bx - 0x1ffff
		v.below("instruction", target, len(v.p.Code))
		if op == lua.OP_FORLOOP {
			v.register(a + 3)
		}
	case lua.OP_CLOSURE:
		v.below("function", bx, len(v.p.FunctionPrototypes))
		v.captures(v.p.FunctionPrototypes[bx])
	case lua.OP_LOADBOOL, lua.OP_NEWTABLE, lua.OP_TEST, lua.OP_CLOSE:
	default:
		v.Errorf("instruction %d: unexpected opcode %d", v.pc, op)
	}
}

// captures checks the instructions behind an OP_CLOSURE.
func (v *verifier) captures(inner *lua.FunctionProto) {
	for range inner.NumUpvalues {
		v.pc++
		i := v.p.Code[v.pc]
		switch b := int(i & 0x1ff); int(i >> 26) {
		case lua.OP_MOVE:
			v.register(b)
		case lua.OP_GETUPVAL:
			v.below("upvalue", b, int(v.p.NumUpvalues))
		default:
			v.Errorf("instruction %d captures nothing", v.pc)
		}
	}
}

func (v *verifier) register(r int) { v.below("register", r, int(v.p.NumUsedRegisters)) }

func (v *verifier) operand(rk int) {
	if rk >= 0x100 {
		v.below("constant", rk-0x100, len(v.p.Constants))
		return
	}
	v.register(rk)
}

func (v *verifier) below(what string, n, limit int) {
	v.Helper()
	if n < 0 || n >= limit {
		v.Errorf("instruction %d: %s %d of %d", v.pc, what, n, limit)
	}
}
