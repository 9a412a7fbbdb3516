package sandbox

import (
	lua "github.com/yuin/gopher-lua"
)

// newStack is what a stack costs to make, in instructions. A protected call
// that fails pays for one: the one it ran on is lost.
const newStack = 300

// baseError raises its argument. Text gets the place of the function at the
// given level before it.
func baseError(a args) int {
	v := a.get(1)
	level := a.optInt(2, 1)
	if isText(v) && level > 0 {
		a.raiseAt(level, a.str(1))
	}
	prefix := 0
	if s, ok := v.(lua.LString); ok && string(s) == a.meter.caught.text {
		prefix = a.meter.caught.prefix
	}
	panic(&thrown{value: v, prefix: prefix})
}

// baseAssert raises text with the place of its caller, as Lua 5.1 does, and
// anything else as it is, as Lua 5.4 does.
func baseAssert(a args) int {
	if lua.LVAsBool(a.any(1)) {
		return a.count()
	}
	message := a.get(2)
	switch {
	case message == lua.LNil:
		a.raise("assertion failed!")
	case isText(message):
		a.raiseAt(1, a.str(2))
	}
	panic(&thrown{value: message})
}

// isText reports whether a value is a string or a number, which stands for one.
func isText(v lua.LValue) bool {
	return v.Type() == lua.LTString || v.Type() == lua.LTNumber
}

func basePCall(a args) int {
	fn := a.any(1)
	results, failed := a.protect(fn, a.from(2))
	if failed == nil {
		a.L.Push(lua.LTrue)
		return 1 + a.ret(results...)
	}
	return a.ret(lua.LFalse, a.catch(failed))
}

func baseXPCall(a args) int {
	if a.count() < 2 {
		a.bad(2, "value expected")
	}
	handler := a.get(2)
	results, failed := a.protect(a.get(1), a.from(3))
	if failed == nil {
		a.L.Push(lua.LTrue)
		return 1 + a.ret(results...)
	}
	v := a.catch(failed)
	// The handler runs on the stack that failed, above what raised the error.
	f := failed.fiber
	f.nested = a.nested + 1
	handled, failed := f.handle(handler, v)
	if failed != nil {
		return a.ret(lua.LFalse, a.catch(failed))
	}
	return a.ret(lua.LFalse, handled)
}

// handle calls an error handler.
func (f *fiber) handle(handler, v lua.LValue) (result lua.LValue, failed *failure) {
	defer func() {
		if r := recover(); r != nil {
			failed = f.fail(r)
		}
	}()
	return f.call1(handler, v), nil
}

// catch ends the way of an error, and passes a halt on.
func (f *fiber) catch(failed *failure) lua.LValue {
	if failed.halt != nil {
		failed.throw()
	}
	f.meter.step(newStack)
	if s, ok := failed.value.(lua.LString); ok {
		f.meter.charge(len(s))
		f.meter.caught = located{string(s), failed.prefix}
	}
	return failed.value
}

// from returns the arguments from the n-th on.
func (a args) from(n int) []lua.LValue {
	if a.count() < n {
		return nil
	}
	values := make([]lua.LValue, 0, a.count()-n+1)
	for i := n; i <= a.count(); i++ {
		values = append(values, a.get(i))
	}
	return values
}
