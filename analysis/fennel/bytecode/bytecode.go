// Package bytecode turns gopher-lua syntax trees into function prototypes that
// gopher-lua's VM runs. It stands in for lua.Compile, whose generated code is
// wrong for ordinary programs: assignments of and/or to locals, multiple
// assignment to locals, tables that mix positional items with keyed calls, and
// whose cost grows with the square of the number of constants.
//
// The package knows Lua's semantics and the VM's instructions, and nothing of
// Fennel.
package bytecode

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Env is the name of the upvalue through which a prototype reaches globals.
const Env = "_ENV"

// The upvalues through which a prototype reaches operations that the VM cannot
// be trusted with, because one instruction could allocate without bound. Their
// names cannot be written in a program.
const (
	Concat = "\x00concat" // function (a, b, …): the operands of a chain of .., in order
	Store  = "\x00store"  // function (t, k, v): t[k] = v for a key that is not a constant
	Number = "\x00number" // function (v): the number that v stands for if it is a string, or v
)

// A Chunk is one function body to compile.
type Chunk struct {
	// Name becomes the prototype's SourceName, and that of all functions in it.
	Name string
	// Params are the fixed parameters of the chunk.
	Params []string
	// Vararg says that the chunk takes further arguments as "...".
	Vararg bool
	// Body is the tree. Where gopher-lua's parser puts line numbers, any
	// non-negative ints may stand: they come back as DbgSourcePositions. A call
	// instruction carries the number of its call expression.
	Body []ast.Stmt
	// Shared reports whether a free name is a variable that lives outside of
	// the chunk and is reached through an upvalue of that name. All other free
	// names are globals. A nil Shared means that there are none.
	Shared func(name string) bool
}

// Compile returns the prototype of the chunk. It means what Lua 5.1 means by the
// tree, with goto of 5.2 and without the variable "arg" of vararg functions.
//
//   - As in gopher-lua's trees, a [ast.LocalAssignStmt] of one name and one
//     [ast.FunctionExpr] is "local function": the function sees the name. With
//     a second value, such as a [ast.NilExpr], it does not.
//   - The value of a [ast.NumberExpr] is a decimal or hexadecimal number, "inf",
//     "-inf" or "nan".
//   - A call that is returned is a tail call, except in the chunk's own
//     function, so that its frame stays to be seen in tracebacks.
//   - Calls of a name, a field with a constant name, or a method carry that name
//     in DbgCalls. DbgLocals name the registers of locals.
//
// The prototype's DbgUpvalues name, in order, the cells that whoever
// instantiates it has to supply: shared names, and Env, Concat, Store and Number
// where they are used. It is trimmed, immutable and may be used by several states at
// once.
//
// The error is an [*Error] when the chunk goes over a limit (250 registers, 255
// upvalues, 200 locals, 262143 instructions in one function; statements and
// expressions nested 4000 deep) or holds something that Lua refuses, such as
// "break" outside of a loop.
func Compile(c Chunk) (*lua.FunctionProto, error) { return new(Compiler).Compile(c) }

// A Compiler compiles one chunk after the other, for callers with many of them:
// it keeps its memory in between. The zero Compiler is ready. It must not be
// used by several goroutines at a time.
type Compiler struct{ e emitter }

// Compile is [Compile] with the compiler's memory.
func (c *Compiler) Compile(chunk Chunk) (*lua.FunctionProto, error) {
	e := &c.e
	e.name, e.shared, e.err = chunk.Name, chunk.Shared, nil
	p := e.function(nil).compile(definition{params: chunk.Params, vararg: chunk.Vararg, body: chunk.Body})
	if e.err != nil {
		return nil, e.err
	}
	return p, nil
}

// An Error says why a chunk cannot be compiled.
type Error struct {
	Line    int // the number that the offending node carries
	Message string
}

func (e *Error) Error() string { return e.Message }
