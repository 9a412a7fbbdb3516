package sandbox

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"
)

const (
	// minRegisters is the least that gopher-lua lets a stack start with.
	minRegisters = 128
	// maxRegisters bounds a stack's growth: 8 MiB.
	maxRegisters = 512 << 10
	// registerStep is by how many registers a stack grows.
	registerStep = 4 << 10
	// maxDepth is the depth of calls where Limits leave it open. Calls by
	// metamethods take about 1 KiB of Go's stack each.
	maxDepth = 100_000
	// maxNested is how many calls from Go into Lua may be under way within each
	// other, as LUAI_MAXCCALLS in Lua.
	maxNested = 200
	// maxIdle is how many empty stacks a state keeps: all that protected calls
	// within each other can need, so that only those that fail cost a new one.
	maxIdle = maxNested
	// wideFrame is the number of registers beyond which a frame holds a list of
	// values, whose every instruction costs more than an ordinary one.
	wideFrame = 256
)

// A fiber is one gopher-lua thread and what runs on it. It is the thread's
// context: the VM asks it whether it is done once per instruction, and a fiber
// takes that as the tick of its meter.
type fiber struct {
	state  *State
	L      *lua.LState
	meter  *meter
	co     *coroutine // the innermost coroutine that the fiber is part of, nil outside of any
	parent *fiber     // what waits for this fiber
	below  int        // frames of the stacks of its parents
	nested int        // calls from Go into Lua that are under way, its parents' included
	depth  int        // frames that its stack has room for
	sealed bool       // a Call lies between it and its coroutine, so that it cannot yield
	anchor bool       // no program runs on it
}

var _ context.Context = (*fiber)(nil)

// fiberOf returns the fiber of a thread of a state.
func fiberOf(L *lua.LState) *fiber { return L.Context().(*fiber) }

// anchor makes an LState stand for a budget.
func (s *State) anchor(L *lua.LState, l Limits) {
	L.SetContext(&fiber{state: s, L: L, meter: newMeter(l), anchor: true})
}

// newThread returns a thread with room for depth frames.
func (s *State) newThread(depth int) *lua.LState {
	o := &s.seed.Options
	o.CallStackSize = depth
	o.RegistrySize = minRegisters
	o.RegistryMaxSize = maxRegisters
	o.RegistryGrowStep = registerStep
	L, _ := s.seed.NewThread()
	L.Panic = throwVM
	return L
}

// newFiber returns a fiber of its own for a call by parent, which is nil for a
// call from outside.
func (s *State) newFiber(m *meter, parent *fiber) *fiber {
	depth := m.depth()
	f := s.takeIdle(depth)
	if f == nil {
		f = &fiber{state: s, L: s.newThread(depth), depth: depth}
		f.L.SetContext(f)
	}
	f.meter, f.parent = m, parent
	f.co, f.sealed, f.below, f.nested = nil, false, 0, 0
	if parent != nil {
		f.co, f.sealed = parent.co, parent.sealed
		f.below = parent.below + stackDepth(parent.L)
		f.nested = parent.nested
	}
	return f
}

func (s *State) takeIdle(depth int) *fiber {
	for n := len(s.idle); n > 0; n = len(s.idle) {
		f := s.idle[n-1]
		s.idle = s.idle[:n-1]
		if f.depth == depth {
			return f
		}
	}
	return nil
}

// release gives back a fiber whose stack is empty.
func (s *State) release(f *fiber) {
	f.meter, f.parent, f.co = nil, nil, nil
	if len(s.idle) < maxIdle {
		s.idle = append(s.idle, f)
	}
}

// protect calls fn on a fiber of its own. A failure keeps its fiber, with the
// stack as it was when the error was raised.
func (f *fiber) protect(fn lua.LValue, args []lua.LValue) ([]lua.LValue, *failure) {
	return f.state.newFiber(f.meter, f).runOnce(fn, args)
}

// runOnce calls fn and gives the fiber back.
func (f *fiber) runOnce(fn lua.LValue, args []lua.LValue) ([]lua.LValue, *failure) {
	results, failed := f.run(fn, args)
	if failed == nil {
		f.state.release(f)
	}
	return results, failed
}

// run calls fn at the bottom of the fiber's stack.
func (f *fiber) run(fn lua.LValue, args []lua.LValue) (results []lua.LValue, failed *failure) {
	defer func() {
		if r := recover(); r != nil {
			failed = f.fail(r)
		}
	}()
	f.enterGo()
	if f.below >= f.meter.depth() {
		f.meter.endDepth()
	}
	f.push(fn, args)
	f.L.Call(len(args), lua.MultRet)
	f.nested--
	return f.takeAll(1), nil
}

// call calls fn on top of the fiber's stack, for a Go function that runs there,
// and returns n results.
func (f *fiber) call(n int, fn lua.LValue, args ...lua.LValue) []lua.LValue {
	f.enterGo()
	top := f.L.GetTop()
	f.push(fn, args)
	f.L.Call(len(args), n)
	f.nested--
	return f.takeAll(top + 1)
}

// call1 is call for one result.
func (f *fiber) call1(fn lua.LValue, args ...lua.LValue) lua.LValue {
	f.enterGo()
	f.push(fn, args)
	f.L.Call(len(args), 1)
	f.nested--
	v := f.L.Get(-1)
	f.L.Pop(1)
	return v
}

// enterGo counts a call from Go into Lua.
func (f *fiber) enterGo() {
	f.nested++
	if f.nested > maxNested {
		f.nested--
		f.raiseBare("C stack overflow")
	}
}

func (f *fiber) push(fn lua.LValue, args []lua.LValue) {
	if !f.callable(fn) {
		f.raiseBare("attempt to call a " + typeName(fn) + " value")
	}
	f.meter.step(len(args) / 2)
	f.L.Push(fn)
	for _, v := range args {
		f.L.Push(v)
	}
}

func (f *fiber) callable(v lua.LValue) bool {
	if v.Type() == lua.LTFunction {
		return true
	}
	return f.L.GetMetaField(v, "__call").Type() == lua.LTFunction
}

// takeAll removes the values from index first on from the stack.
func (f *fiber) takeAll(first int) []lua.LValue {
	top := f.L.GetTop()
	if top < first {
		return nil
	}
	f.meter.step((top - first) / 2)
	values := make([]lua.LValue, 0, top-first+1)
	for i := first; i <= top; i++ {
		values = append(values, f.L.Get(i))
	}
	f.L.SetTop(first - 1)
	return values
}

// Done counts one instruction. It is for the VM alone: whoever waits for the
// end of a call uses [State.Context].
func (f *fiber) Done() <-chan struct{} {
	m := f.meter
	m.fuel--
	if top := f.L.GetTop(); top > wideFrame {
		m.fuel -= int64(top >> 3)
	}
	if m.fuel < 0 || m.alarm.Load() {
		m.check()
	}
	return nil
}

// Deadline is that of the call's context.
func (f *fiber) Deadline() (time.Time, bool) { return f.meter.ctx.Deadline() }

// Err is that of the call's context.
func (f *fiber) Err() error { return f.meter.ctx.Err() }

// Value is that of the call's context.
func (f *fiber) Value(key any) any { return f.meter.ctx.Value(key) }
