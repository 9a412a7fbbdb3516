package sandbox

import (
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// Three things travel up the Go stack as panics: a *thrown, which protected
// calls of the program stop; a *halt, which none of them stops; and anything
// else, which is a defect of a Go function and is treated like an error that it
// raised.

// A thrown is an error of the program on its way to a protected call.
type thrown struct {
	value  lua.LValue
	prefix int     // bytes of a string value that are its position
	frames []Frame // of coroutines that it has left
}

// A halt ends the call: at a limit, or because its context ended.
type halt struct {
	limit  *Limit
	err    error
	frames []Frame // of the fibers that it has left
}

// errAbandoned halts a coroutine that nobody will resume.
var errAbandoned = errors.New("the coroutine was abandoned")

// A failure is how a fiber ended that did not return. The fiber's stack is
// still there.
type failure struct {
	fiber  *fiber
	value  lua.LValue // of an error
	prefix int
	frames []Frame // of coroutines and fibers within
	halt   *halt   // nil for an error
}

// fail turns what a panic carried into a failure.
func (f *fiber) fail(r any) *failure {
	switch r := r.(type) {
	case *halt:
		r.frames = joinFrames(r.frames, f.frames())
		return &failure{fiber: f, halt: r}
	case *thrown:
		return &failure{fiber: f, value: r.value, prefix: r.prefix, frames: r.frames}
	case string:
		if r == "lua callstack overflow" {
			limit := f.meter.exhaust("depth", int64(f.meter.depth()))
			return &failure{fiber: f, halt: &halt{limit: limit, frames: f.frames()}}
		}
	case *lua.ApiError:
		return &failure{fiber: f, value: r.Object}
	}
	text := fmt.Sprintf("internal error: %v", r)
	return &failure{fiber: f, value: lua.LString(text)}
}

// throw passes a failure on, out of the fiber that waited for it.
func (e *failure) throw() {
	if e.halt != nil {
		panic(e.halt)
	}
	e.fiber.meter.step(stackDepth(e.fiber.L) / 4)
	panic(&thrown{
		value:  e.value,
		prefix: e.prefix,
		frames: joinFrames(e.frames, e.fiber.frames()),
	})
}

// export returns the failure as those outside of the package see it.
func (e *failure) export() *Error {
	if e.halt != nil {
		return &Error{
			Value:   lua.LNil,
			Message: "the program went over its limit of " + e.halt.limit.String(),
			Limit:   e.halt.limit,
			Frames:  e.halt.frames,
		}
	}
	err := &Error{Value: e.value, Frames: joinFrames(e.frames, e.fiber.frames())}
	switch v := e.value.(type) {
	case lua.LString:
		err.Message = string(v)[e.prefix:]
	case *lua.LTable, *lua.LUserData:
		err.Message = e.describe()
	default:
		err.Message = display(v)
	}
	return err
}

// describe returns what __tostring makes of the value that was raised.
func (e *failure) describe() string {
	f := e.fiber
	tostring := f.L.NewFunction(builtin{"tostring", baseToString}.lua())
	text, failed := f.state.newFiber(f.meter, nil).runOnce(tostring, []lua.LValue{e.value})
	if failed != nil || len(text) == 0 {
		return display(e.value)
	}
	return display(text[0])
}

// throwVM takes the place of an LState's Panic function: the VM and functions
// of gopher-lua's API call it with the error on top of the stack.
func throwVM(L *lua.LState) {
	f := fiberOf(L)
	text, ok := L.Get(-1).(lua.LString)
	if !ok {
		panic(&thrown{value: L.Get(-1)})
	}
	message, prefix := f.translate(string(text))
	if message[prefix:] == "registry overflow" {
		f.meter.endDepth()
	}
	message = message[:prefix] + f.reword(message[prefix:])
	panic(&thrown{value: lua.LString(message), prefix: prefix})
}

// raise raises an error of the Go function that runs on the fiber, with the
// place of its caller.
func (f *fiber) raise(format string, args ...any) {
	message := format
	if len(args) > 0 {
		message = fmt.Sprintf(format, args...)
	}
	f.raiseAt(1, message)
}

// raiseAt raises an error with the place of the function at a level.
func (f *fiber) raiseAt(level int, message string) {
	prefix := f.where(level)
	panic(&thrown{value: lua.LString(prefix + message), prefix: len(prefix)})
}

// raiseBare raises an error without a place, as Lua does where a Go function
// and not a program calls what cannot be called.
func (f *fiber) raiseBare(message string) {
	panic(&thrown{value: lua.LString(message)})
}
