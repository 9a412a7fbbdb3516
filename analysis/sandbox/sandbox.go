// Package sandbox makes Lua states for programs that nobody has vouched for.
//
// A state offers an allow-list of Lua 5.1's library, with the Lua 5.4
// functions that pipelines rely on, in versions that behave as Lua does (and
// not as gopher-lua does) and whose cost is bounded. Whatever a program does,
// it ends: by itself, at a limit, or when its context ends.
//
// # How a program runs
//
// Every protected call (a [State.Call], pcall, xpcall) and every coroutine runs
// on a stack of its own, a gopher-lua thread that is dropped when an error
// leaves it. gopher-lua's own protected call unwinds a shared stack and gets
// its captured variables wrong: those of surviving functions come apart from
// their closures, or those of dead functions point into reused registers. A
// dropped stack has neither problem.
//
// The context of such a thread is a [fiber]. The VM asks a context once per
// instruction whether it is done, which is where the budget is counted. A limit
// leaves the program as a Go panic that no protected call of the program stops.
//
// # Who owns a budget
//
// A budget belongs to the [lua.LState] that Call is given: [State.L], or one
// made by [State.Thread]. A Call made by a Go function that a program called,
// with the LState that the function received, is part of the call around it and
// draws on the same budget.
package sandbox

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/bytecode"
)

// Limits bound what a program may use. All but Time and Heap are
// deterministic: the same program ends at the same place on every machine. A
// zero field means no limit of that kind.
type Limits struct {
	Instructions int64 // VM instructions, and steps of library functions that loop
	Strings      int64 // bytes of strings created; keys of tables and coroutines count as well
	Depth        int   // nested Lua calls
	Print        int64 // bytes printed
	Time         int64 // nanoseconds of wall time, a backstop
	Heap         int64 // bytes that the process's heap may grow, a backstop
}

// Options configure a state.
type Options struct {
	Limits Limits
	// Print receives what the program prints, a line at a time without its
	// terminator. Nil drops it.
	Print func(line string)
	// Position turns the place of an instruction, given as the SourceName of
	// its prototype and the number that stands where a line number would, into
	// what messages and tracebacks show. ok is false for chunks that it does
	// not know. A program sees only what Position returns, also within
	// messages that the VM itself made.
	Position func(chunk string, line int) (file string, realLine int, ok bool)
}

// A State is a Lua state with its budget. It may be used by one goroutine at a
// time.
type State struct {
	// L stands for the state in Call. No program runs on it: it has no stack to
	// speak of.
	L *lua.LState

	options Options
	seed    *lua.LState // what new threads are copied from
	idle    []*fiber    // threads whose stack is empty, for the next call
	env     *lua.Upvalue
	concat  *lua.Upvalue
	store   *lua.Upvalue
	number  *lua.Upvalue
	next    lua.LValue // the function of the same name, for pairs
	ipairs  lua.LValue // what steps through a sequence
	random  *rand.Rand
	born    time.Time
	waiting map[*coroutine]struct{} // suspended coroutines
}

// New returns a state with the allow-listed library.
func New(o Options) *State {
	s := &State{options: o, waiting: map[*coroutine]struct{}{}, random: newRandom(1), born: time.Now()}
	s.L = lua.NewState(lua.Options{
		SkipOpenLibs:        true,
		CallStackSize:       lua.FramesPerSegment,
		MinimizeStackMemory: true,
		RegistrySize:        minRegisters,
	})
	// Were the main thread not known, the VM would take the first one that runs.
	s.L.G.MainThread, s.L.G.CurrentThread = s.L, s.L
	s.seed, _ = s.L.NewThread()
	s.anchor(s.L, o.Limits)
	globals := openLibrary(s.L)
	s.env = cell(globals)
	s.concat = cell(s.L.NewFunction(builtin{"concat", concatOperands}.lua()))
	s.store = cell(s.L.NewFunction(builtin{"store", storeField}.lua()))
	s.number = cell(s.L.NewFunction(builtin{"number", numberOperand}.lua()))
	s.next = globals.RawGetString("next")
	s.ipairs = s.L.NewFunction(builtin{"ipairs", ipairsStep}.lua())
	return s
}

// Close releases the state. Coroutines that are still suspended end without
// running any more of the program.
func (s *State) Close() {
	for co := range s.waiting {
		co.stop()
	}
	for _, f := range s.idle {
		f.L.Close()
	}
	s.idle, s.waiting = nil, nil
	s.seed.Close()
	s.L.Close()
}

// Thread returns another LState for [State.Call], with a budget of its own that
// starts with the limits of [Options]. It shares everything else with the
// state. Calls on several threads may be under way at a time, from several
// goroutines, as long as only one of them runs: whoever makes them holds a lock
// that Go functions release while they wait. A thread needs no closing.
func (s *State) Thread() *lua.LState {
	L := s.newThread(lua.FramesPerSegment)
	s.anchor(L, s.options.Limits)
	return L
}

// Instantiate returns a function of the prototype, with cells for its upvalues
// by name: those of package bytecode (Env, Concat, Store, Number) come from the state,
// the others from cell.
func (s *State) Instantiate(p *lua.FunctionProto, cell func(name string) *lua.Upvalue) *lua.LFunction {
	fn := s.L.NewFunctionFromProto(p)
	for i, name := range p.DbgUpvalues {
		switch name {
		case bytecode.Env:
			fn.Upvalues[i] = s.env
		case bytecode.Concat:
			fn.Upvalues[i] = s.concat
		case bytecode.Store:
			fn.Upvalues[i] = s.store
		case bytecode.Number:
			fn.Upvalues[i] = s.number
		default:
			fn.Upvalues[i] = cell(name)
		}
	}
	return fn
}

// cell returns an upvalue that belongs to no stack.
func cell(v lua.LValue) *lua.Upvalue {
	u := &lua.Upvalue{}
	u.SetValue(v)
	return u
}

// Call calls fn on L, the main state or a thread of it, and returns its
// results. The call ends early when ctx does. The error is an [*Error] for
// everything the program did, and ctx's for its end.
//
// The budget is L's, as the last [State.Refill] or [State.RefillThread] left
// it and earlier calls used it up. Wall time counts only within calls, and the
// heap's growth from the start of each.
func (s *State) Call(ctx context.Context, L *lua.LState, fn lua.LValue, args ...lua.LValue) ([]lua.LValue, error) {
	caller := fiberOf(L)
	m := caller.meter
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	if caller.anchor {
		caller = nil
	}
	f := s.newFiber(m, caller)
	f.sealed = true
	results, failed := f.runOnce(fn, args)
	if failed == nil {
		return results, nil
	}
	if h := failed.halt; h != nil && h.limit == nil {
		return nil, h.err
	}
	return nil, failed.export()
}

// Context returns the context of the call now running in L. It is the one to
// wait on in a Go function: L.Context() counts instructions.
func (s *State) Context(L *lua.LState) context.Context { return fiberOf(L).meter.ctx }

// Protected reports whether the program itself would be told of an error that
// is raised in L, by a pcall or of a coroutine.
func (s *State) Protected(L *lua.LState) bool {
	f := fiberOf(L)
	return f.parent != nil || f.co != nil
}

// Charge takes n bytes of created strings from the budget of the call now
// running, for functions that make values for a program. It raises when the
// budget is used up.
func (s *State) Charge(L *lua.LState, n int) { fiberOf(L).meter.charge(n) }

// Step takes n instructions from the budget of the call now running and raises
// when it is used up or the call's context has ended.
func (s *State) Step(L *lua.LState, n int) { fiberOf(L).meter.step(n) }

// Refill gives the state a fresh budget: loading a file and running a job
// each have their own.
func (s *State) Refill(l Limits) { s.RefillThread(s.L, l) }

// RefillThread gives a thread made by [State.Thread] a fresh budget. No call
// may be under way on it.
func (s *State) RefillThread(L *lua.LState, l Limits) { fiberOf(L).meter.refill(l) }

// An Error is why a program ended: an error it raised and did not catch, or a
// limit.
type Error struct {
	Value   lua.LValue // what was raised; a string has its position prefix as users see it
	Message string     // Value as text, without the position prefix when the VM or error added one
	Limit   *Limit     // which limit ended the program, nil for an ordinary error
	Frames  []Frame    // where it was raised, innermost first
}

func (e *Error) Error() string {
	if e.Limit != nil {
		return e.Message
	}
	if s, ok := e.Value.(lua.LString); ok {
		return string(s)
	}
	return e.Message
}

// A Frame is one level of the Lua call stack.
type Frame struct {
	Chunk    string             // SourceName of the prototype; empty for a Go function
	Line     int                // the number of the instruction then running
	Function string             // a name for people, empty when none is known
	Proto    *lua.FunctionProto // of the function, nil for a Go function
}

// A Limit names a limit that was met.
type Limit struct {
	Name  string // instructions, strings, depth, print, time, heap
	Value int64  // in the unit of its field in Limits
}

// String returns the amount that was allowed, such as 64 MiB of strings.
func (l *Limit) String() string {
	switch l.Name {
	case "instructions":
		return fmt.Sprintf("%d instructions", l.Value)
	case "strings":
		return ByteText(l.Value) + " of strings"
	case "depth":
		return fmt.Sprintf("%d nested calls", l.Value)
	case "print":
		return ByteText(l.Value) + " of printed text"
	case "time":
		return time.Duration(l.Value).String()
	case "heap":
		return ByteText(l.Value) + " of memory"
	}
	return fmt.Sprintf("%d (%s)", l.Value, l.Name)
}

// ByteText returns a number of bytes as messages about limits show it.
func ByteText(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
