package sandbox

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/bytecode"
)

// The VM has its own words for what goes wrong in an instruction, and hardly
// says what with. This file puts Lua's words in their place. It looks at the
// instruction that failed for the values that were wrong and what the program
// calls them.

// An instruction is one that a fiber's innermost function is at.
type instruction struct {
	fiber   *fiber
	dbg     *lua.Debug
	fn      *lua.LFunction
	pc      int
	op      int
	a, b, c int
}

// constantBit marks an operand that is a constant.
const constantBit = 1 << 8

// A jump holds its distance with a bias in its lowest bits.
const (
	jumpMask = 1<<18 - 1
	jumpBias = jumpMask >> 1
)

// nameReach is how many instructions before it the name of a value is sought.
const nameReach = 64

// instruction returns the instruction that a frame is at: the innermost or, when
// a Go function was called by an instruction, its caller at level 1.
func (f *fiber) instruction(level int) (instruction, bool) {
	dbg, ok := f.L.GetStack(level)
	if !ok {
		return instruction{}, false
	}
	v, err := f.L.GetInfo("f", dbg, nil)
	fn, ok := v.(*lua.LFunction)
	pc := programCounter(f.L, level) - 1
	if err != nil || !ok || fn.IsG || pc < 0 || pc >= len(fn.Proto.Code) {
		return instruction{}, false
	}
	return decode(instruction{fiber: f, dbg: dbg, fn: fn}, pc), true
}

// decode returns the instruction at another place of the same function.
func decode(in instruction, pc int) instruction {
	code := in.fn.Proto.Code[pc]
	in.pc, in.op = pc, int(code>>26)
	in.a, in.b, in.c = int(code>>18)&0xff, int(code)&0x1ff, int(code>>9)&0x1ff
	return in
}

// reword returns a message in Lua's words.
func (f *fiber) reword(message string) string {
	if fixed, ok := rewordFixed(message); ok {
		return fixed
	}
	in, ok := f.instruction(0)
	if !ok {
		return message
	}
	switch {
	case message == "attempt to call a non-function object":
		return "attempt to call a " + in.describe(in.a)
	case message == "__len undefined":
		return "attempt to get length of a " + in.describe(in.b)
	case message == "__unm undefined", strings.HasPrefix(message, "cannot perform "):
		return "attempt to perform arithmetic on a " + in.describe(in.notNumber())
	case strings.HasPrefix(message, "attempt to index a non-table object("):
		return in.rewordIndex(message)
	case strings.HasPrefix(message, "attempt to compare "):
		if x, y, ok := strings.Cut(strings.TrimPrefix(message, "attempt to compare "), " with "); ok {
			return comparisonError(x, y)
		}
	}
	return message
}

// rewordFixed rewords the messages that depend on nothing.
func rewordFixed(message string) (string, bool) {
	switch message {
	case "for statement init must be a number":
		return "'for' initial value must be a number", true
	case "for statement limit must be a number":
		return "'for' limit must be a number", true
	case "for statement step must be a number":
		return "'for' step must be a number", true
	case "too many recursions in gettable":
		return "loop in gettable", true
	case "too many recursions in settable":
		return "loop in settable", true
	}
	return "", false
}

// rewordIndex rewords "attempt to index a non-table object(nil) with key 'x'".
// The value may be one that a chain of metatables led to.
func (in instruction) rewordIndex(message string) string {
	_, rest, _ := strings.Cut(message, "(")
	kind, _, _ := strings.Cut(rest, ")")
	operand := in.b
	if in.op == lua.OP_SETTABLE || in.op == lua.OP_SETTABLEKS {
		operand = in.a
	}
	if typeName(in.value(operand)) != kind {
		return "attempt to index a " + kind + " value"
	}
	return "attempt to index a " + in.describe(operand)
}

// notNumber returns the operand of an arithmetic instruction that is at fault.
func (in instruction) notNumber() int {
	if in.op == lua.OP_UNM {
		return in.b
	}
	switch v := in.value(in.b).(type) {
	case lua.LNumber:
		return in.c
	case lua.LString:
		if _, ok := parseNumber(string(v)); ok {
			return in.c
		}
	}
	return in.b
}

// value returns the value of an operand.
func (in instruction) value(operand int) lua.LValue {
	if operand&constantBit != 0 {
		return in.fn.Proto.Constants[operand&^constantBit]
	}
	_, v := in.fiber.L.GetLocal(in.dbg, operand+1)
	if v == nil {
		return lua.LNil
	}
	return v
}

// describe returns the type of an operand, and its name where it has one: "nil
// value (global 'x')".
func (in instruction) describe(operand int) string {
	text := typeName(in.value(operand)) + " value"
	if kind, name := in.nameOf(operand); name != "" {
		text += " (" + kind + " '" + name + "')"
	}
	return text
}

// nameOf returns what a program calls the value in a register, by the
// instruction that put it there.
func (in instruction) nameOf(register int) (kind, name string) {
	if register&constantBit != 0 {
		return "", ""
	}
	if name, ok := in.local(register); ok {
		return "local", identifier(name)
	}
	for pc := in.pc - 1; pc >= max(0, in.pc-nameReach); pc-- {
		w := decode(in, pc)
		if !w.writes(register) {
			continue
		}
		switch {
		case in.skips(pc):
			return "", ""
		case w.op == lua.OP_GETUPVAL:
			return variable(in.fn.Proto.DbgUpvalues[w.b])
		case w.op == lua.OP_MOVE:
			name, _ := w.local(w.b)
			return "local", identifier(name)
		case w.op == lua.OP_GETTABLE:
			key, ok := w.value(w.c).(lua.LString)
			if !ok || w.c&constantBit == 0 {
				return "", ""
			}
			return w.fieldKind(), identifier(string(key))
		}
		return "", ""
	}
	return "", ""
}

// skips reports whether the program may have come to the instruction by a jump
// over an earlier one.
func (in instruction) skips(earlier int) bool {
	for pc := max(0, earlier-nameReach); pc < earlier; pc++ {
		code := in.fn.Proto.Code[pc]
		if int(code>>26) != lua.OP_JMP {
			continue
		}
		target := pc + 1 + int(code&jumpMask) - jumpBias
		if target > earlier && target <= in.pc {
			return true
		}
	}
	return false
}

// writes reports whether an instruction may put a value into a register.
func (in instruction) writes(register int) bool {
	switch in.op {
	case lua.OP_SETGLOBAL, lua.OP_SETUPVAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_JMP, lua.OP_EQ,
		lua.OP_LT, lua.OP_LE, lua.OP_TEST, lua.OP_SETLIST, lua.OP_CLOSE, lua.OP_RETURN, lua.OP_NOP:
		return false
	case lua.OP_CALL, lua.OP_VARARG, lua.OP_LOADNIL, lua.OP_TFORLOOP, lua.OP_FORLOOP, lua.OP_FORPREP, lua.OP_MOVEN:
		return register >= in.a
	}
	return register == in.a
}

// fieldKind returns what a GETTABLE instruction reads: a field of the globals,
// a method, or another field.
func (in instruction) fieldKind() string {
	if in.pc > 0 {
		before := decode(in, in.pc-1)
		switch {
		case before.op == lua.OP_GETUPVAL && before.a == in.b &&
			in.fn.Proto.DbgUpvalues[before.b] == bytecode.Env:
			return "global"
		case before.op == lua.OP_MOVE && before.a == in.a+1 && before.b == in.b:
			return "method"
		}
	}
	return "field"
}

// local returns the name of the local that a register holds, if it holds one.
func (in instruction) local(register int) (name string, ok bool) {
	for _, info := range in.fn.Proto.DbgLocals {
		if info.StartPc > in.pc {
			break
		}
		if in.pc < info.EndPc {
			if register == 0 {
				return info.Name, true
			}
			register--
		}
	}
	return "", false
}

// variable returns what a program calls an upvalue. One that its top-level forms
// share is a local of the program's file.
func variable(upvalue string) (kind, name string) {
	_, mark, _ := strings.Cut(upvalue, "\x00")
	if strings.HasPrefix(mark, "!") {
		return "local", identifier(upvalue)
	}
	return "upvalue", identifier(upvalue)
}

// identifier returns what a program can have written of a name: all that stands
// before a NUL, and nothing of a name that the VM or a compiler made up.
func identifier(name string) string {
	name, _, _ = strings.Cut(name, "\x00")
	if strings.Contains(name, "(") {
		return ""
	}
	return name
}
