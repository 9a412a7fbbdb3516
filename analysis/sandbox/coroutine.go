package sandbox

import (
	"iter"

	lua "github.com/yuin/gopher-lua"
)

func coroutineFunctions() []builtin {
	return []builtin{
		{"create", coroutineCreate},
		{"isyieldable", coroutineIsYieldable},
		{"resume", coroutineResume},
		{"running", coroutineRunning},
		{"status", coroutineStatus},
		{"wrap", coroutineWrap},
		{"yield", coroutineYield},
	}
}

const (
	// coroutineSize is what a coroutine takes, in bytes.
	coroutineSize = 4 << 10
	// coroutineShare is the part of the depth of calls that a coroutine may
	// have: room for its frames is taken beforehand.
	coroutineShare = 4
)

// A coroutine is a fiber that runs on a coroutine of Go's, so that it can yield
// wherever it is: within protected calls, metamethods and callbacks.
type coroutine struct {
	fiber  *fiber // at the bottom of its stacks
	top    *fiber // where it yielded
	fn     lua.LValue
	status string
	in     []lua.LValue // what resume passes on
	out    []lua.LValue // what it returned in the end
	failed *failure     // how it failed in the end

	yield func([]lua.LValue) bool
	next  func() ([]lua.LValue, bool)
	stop  func()
}

// The states of a coroutine, by the names that a program sees.
const (
	suspended = "suspended"
	running   = "running"
	normal    = "normal" // it resumed another one
	dead      = "dead"
)

func (f *fiber) newCoroutine(fn lua.LValue) *coroutine {
	f.meter.charge(coroutineSize)
	f.meter.step(newStack)
	depth := max(f.meter.depth()/coroutineShare, lua.FramesPerSegment)
	inner := &fiber{state: f.state, L: f.state.newThread(depth), meter: f.meter, depth: depth}
	inner.L.SetContext(inner)
	co := &coroutine{fiber: inner, top: inner, fn: fn, status: suspended}
	inner.co = co
	return co
}

// body runs the coroutine from its first resume to its end.
func (co *coroutine) body(yield func([]lua.LValue) bool) {
	co.yield = yield
	co.out, co.failed = co.fiber.run(co.fn, co.in)
}

// resume runs a coroutine until it yields or ends.
func (f *fiber) resume(co *coroutine, values []lua.LValue) ([]lua.LValue, *failure) {
	if f.nested >= maxNested {
		f.raiseBare("C stack overflow")
	}
	co.settle(f)
	if co.next == nil {
		co.next, co.stop = iter.Pull(co.body)
	}
	if f.co != nil {
		f.co.status = normal
	}
	co.status, co.in = running, values
	delete(f.state.waiting, co)
	out, yielded := co.next()
	if f.co != nil {
		f.co.status = running
	}
	co.fiber.parent = nil
	if yielded {
		co.status = suspended
		f.state.waiting[co] = struct{}{}
		return out, nil
	}
	co.status = dead
	return co.out, co.failed
}

// settle puts the coroutine's stacks above the fiber that resumes it, which may
// be another one than the last time.
func (co *coroutine) settle(f *fiber) {
	below := f.below + stackDepth(f.L) - co.fiber.below
	nested := f.nested + 1 - co.fiber.nested
	for g := co.top; g != nil; g = g.parent {
		g.meter = f.meter
		g.below += below
		g.nested += nested
	}
	co.fiber.parent = f
}

func coroutineYield(a args) int {
	if a.co == nil {
		a.raise("attempt to yield from outside a coroutine")
	}
	if a.sealed {
		a.raise("attempt to yield across metamethod/C-call boundary")
	}
	co := a.co
	co.top = a.fiber
	if !co.yield(a.from(1)) {
		panic(&halt{err: errAbandoned})
	}
	a.L.SetTop(0)
	return a.ret(co.in...)
}

func coroutineCreate(a args) int {
	co := a.newCoroutine(a.function(1))
	return a.ret(co.fiber.L)
}

// coroutine returns the coroutine that is the n-th argument.
func (a args) coroutine(n int) *coroutine {
	L, ok := a.get(n).(*lua.LState)
	if !ok {
		a.bad(n, "coroutine expected")
	}
	return fiberOf(L).co
}

func coroutineResume(a args) int {
	co := a.coroutine(1)
	if co.status != suspended {
		return a.ret(lua.LFalse, lua.LString(cannotResume(co)))
	}
	values, failed := a.resume(co, a.from(2))
	if failed != nil {
		return a.ret(lua.LFalse, a.catch(failed))
	}
	a.L.Push(lua.LTrue)
	return 1 + a.ret(values...)
}

func cannotResume(co *coroutine) string { return "cannot resume " + co.status + " coroutine" }

func coroutineWrap(a args) int {
	co := a.newCoroutine(a.function(1))
	resume := builtin{"wrap", func(a args) int {
		if co.status != suspended {
			a.raise("%s", cannotResume(co))
		}
		values, failed := a.resume(co, a.from(1))
		if failed != nil {
			a.rethrow(failed)
		}
		return a.ret(values...)
	}}
	return a.ret(a.L.NewFunction(resume.lua()))
}

// rethrow passes a coroutine's failure on to whoever resumed it. As in Lua its
// text gets the place of the resume as well.
func (a args) rethrow(failed *failure) {
	if s, ok := failed.value.(lua.LString); ok && failed.halt == nil {
		place := a.where(1)
		a.meter.charge(len(place) + len(s))
		failed.value = lua.LString(place) + s
		failed.prefix += len(place)
	}
	failed.throw()
}

func coroutineRunning(a args) int {
	if a.co == nil {
		return a.ret(lua.LNil)
	}
	return a.ret(a.co.fiber.L)
}

func coroutineIsYieldable(a args) int { return a.retBool(a.co != nil && !a.sealed) }

func coroutineStatus(a args) int { return a.retString(a.coroutine(1).status) }
