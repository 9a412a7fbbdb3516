package bytecode

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// maxIndex is the largest number that is stored as a key without a call of
// Store. The VM fills an array up to such a key.
const maxIndex = 1000

// plainKey returns the constant that a key is, if it needs no call of Store.
func (f *function) plainKey(e ast.Expr) (constant, bool) {
	c, ok := f.constantOf(e)
	switch {
	case !ok || c.kind == lua.LTNil:
		return constant{}, false
	case c.kind == lua.LTNumber:
		n := float64(c.value().(lua.LNumber))
		return c, n >= 1 && n <= maxIndex && n == float64(int(n))
	}
	return c, true
}

// table compiles a constructor into register dst, which is on the top.
// Positional items wait in the registers behind it until there are as many as
// the VM stores at once.
func (f *function) table(dst int, e *ast.TableExpr) {
	line := e.Line()
	constructor := f.emitABC(lua.OP_NEWTABLE, dst, 0, 0, line)
	items, keyed := 0, 0
	for i, field := range e.Fields {
		switch {
		case field.Key != nil:
			keyed++
			f.field(dst, field)
		case i == len(e.Fields)-1 && open(field.Value):
			f.results(f.reserve(1, line), allResults, field.Value)
			f.flush(dst, items, true, line)
		default:
			items++
			f.push(field.Value)
			if items%lua.FieldsPerFlush == 0 {
				f.flush(dst, items, false, line)
			}
		}
		if f.err != nil {
			return
		}
	}
	if f.free > dst+1 {
		f.flush(dst, items, false, line)
	}
	f.code[f.start.code+constructor] = encodeABC(lua.OP_NEWTABLE, dst, min(items, maxB), min(keyed, maxB))
}

// flush stores the items behind the table, of which the last is item number
// items, and, with rest, all results of a call behind that. Where the number
// of the batch does not fit in the instruction, it is the next one.
func (f *function) flush(table, items int, rest bool, line int) {
	count, batch := f.free-table-1, (items-1)/lua.FieldsPerFlush+1
	if rest {
		count, batch = allResults+1, items/lua.FieldsPerFlush+1
	}
	if batch <= maxB {
		f.emitABC(lua.OP_SETLIST, table, count, batch, line)
	} else {
		f.emitABC(lua.OP_SETLIST, table, count, 0, line)
		f.emit(uint32(batch), line)
	}
	f.free = table + 1
}

// field stores one field with a key.
func (f *function) field(table int, field *ast.Field) {
	line := field.Key.Line()
	top := f.free
	if c, ok := f.plainKey(field.Key); ok {
		key := f.constantOperand(c, line)
		f.emitABC(lua.OP_SETTABLE, table, key, f.operand(field.Value), line)
	} else {
		base := f.reserve(2, line)
		f.emitABC(lua.OP_MOVE, base+1, table, 0, line)
		f.storeArguments(base, field.Key, field.Value, line)
		f.emitCall(base, 3, 0, line)
	}
	f.free = top
}

// store compiles the assignment of a value to a field by a call of Store.
func (f *function) store(place *ast.AttrGetExpr, value ast.Expr) {
	line := place.Line()
	base := f.reserve(1, line)
	object := f.argument(place.Object)
	f.storeArguments(base, place.Key, value, line)
	f.lateArgument(object, place.Object)
	f.emitCall(base, 3, 0, line)
}

// storeArguments loads Store into register base, and pushes key and value.
func (f *function) storeArguments(base int, key, value ast.Expr, line int) {
	k := f.argument(key)
	v := f.argument(value)
	f.implicit(base, Store, line)
	f.lateArgument(k, key)
	f.lateArgument(v, value)
}

// callStore calls Store with what is in registers.
func (f *function) callStore(object, key, value, line int) {
	base := f.reserve(4, line)
	f.implicit(base, Store, line)
	f.emitABC(lua.OP_MOVE, base+1, object, 0, line)
	f.emitABC(lua.OP_MOVE, base+2, key, 0, line)
	f.emitABC(lua.OP_MOVE, base+3, value, 0, line)
	f.emitCall(base, 3, 0, line)
}

// argument reserves a register for e and compiles e into it, unless e is a
// local or constant: lateArgument loads those, for the instruction that Store
// stands for reads its operands last.
func (f *function) argument(e ast.Expr) int {
	r := f.reserve(1, e.Line())
	if !f.late(e) {
		f.expr(r, e)
	}
	return r
}

func (f *function) lateArgument(r int, e ast.Expr) {
	if f.late(e) {
		f.expr(r, e)
	}
}

func (f *function) late(e ast.Expr) bool {
	_, ok := f.constantOf(e)
	return ok || f.localOf(e) >= 0
}
