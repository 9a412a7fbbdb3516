// Package sandbox makes Lua states for programs that nobody has vouched for.
//
// A state offers an allow-list of Lua 5.1's library, with the Lua 5.4
// functions that pipelines rely on, in versions that behave as Lua does (and
// not as gopher-lua does) and whose cost is bounded. Whatever a program does,
// it ends: by itself, at a limit, or when its context ends.
package sandbox

import (
	"context"

	lua "github.com/yuin/gopher-lua"
)

// Limits bound what a program may use. All but Time and Heap are
// deterministic: the same program ends at the same place on every machine. A
// zero field means no limit of that kind.
type Limits struct {
	Instructions int64 // VM instructions, and steps of library functions that loop
	Strings      int64 // bytes of strings created
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
type State struct{ L *lua.LState }

// New returns a state with the allow-listed library.
func New(o Options) *State { panic("not yet") }

// Close releases the state.
func (s *State) Close() { panic("not yet") }

// Global reports whether a program finds a global of that name, which may be
// a multi-symbol such as string.format.
func Global(name string) bool { panic("not yet") }

// Instantiate returns a function of the prototype, with cells for its upvalues
// by name: those of package bytecode (Env, Concat, Store) come from the state,
// the others from cell.
func (s *State) Instantiate(p *lua.FunctionProto, cell func(name string) *lua.Upvalue) *lua.LFunction {
	panic("not yet")
}

// Call calls fn on L, the main state or a thread of it, and returns its
// results. The call ends early when ctx does. The error is an [*Error] for
// everything the program did, and ctx's for its end.
func (s *State) Call(ctx context.Context, L *lua.LState, fn lua.LValue, args ...lua.LValue) ([]lua.LValue, error) {
	panic("not yet")
}

// Charge takes n bytes of created strings from the budget of the call now
// running, for functions that make values for a program. It raises when the
// budget is used up.
func (s *State) Charge(L *lua.LState, n int) { panic("not yet") }

// Step takes n instructions from the budget of the call now running and raises
// when it is used up or the call's context has ended.
func (s *State) Step(L *lua.LState, n int) { panic("not yet") }

// Refill gives the state a fresh budget: loading a file and running a job
// each have their own.
func (s *State) Refill(l Limits) { panic("not yet") }

// An Error is why a program ended: an error it raised and did not catch, or a
// limit.
type Error struct {
	Value   lua.LValue // what was raised; a string has its position prefix as users see it
	Message string     // Value as text, without the position prefix when the VM or error added one
	Limit   *Limit     // which limit ended the program, nil for an ordinary error
	Frames  []Frame    // where it was raised, innermost first
}

func (e *Error) Error() string { panic("not yet") }

// A Frame is one level of the Lua call stack.
type Frame struct {
	Chunk    string // SourceName of the prototype; empty for a Go function
	Line     int    // the number of the instruction then running
	Function string // a name for people, empty when none is known
}

// A Limit names a limit that was met.
type Limit struct {
	Name  string // instructions, strings, depth, print, time, heap
	Value int64  // in the unit of its field in Limits
}
