package sandbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"quire/analysis/fennel/bytecode"
	"quire/analysis/sandbox"
)

// chunkName is the SourceName of the programs of these tests; positions show
// fileName in its place.
const (
	chunkName = "\x00chunk:7: "
	fileName  = "program.lua"
)

// generous are limits that no ordinary program meets.
var generous = sandbox.Limits{
	Instructions: 20_000_000,
	Strings:      64 << 20,
	Depth:        10_000,
	Print:        1 << 20,
}

// position shows line n of the chunk as line n of the file.
func position(chunk string, line int) (string, int, bool) {
	return fileName, line, chunk == chunkName
}

// A world is a state whose printed lines are kept.
type world struct {
	*sandbox.State
	printed []string
	shared  *lua.Upvalue // the cell of the name "shared"
}

func newWorld(t testing.TB, l sandbox.Limits) *world {
	t.Helper()
	w := &world{}
	w.State = sandbox.New(sandbox.Options{
		Limits:   l,
		Print:    func(line string) { w.printed = append(w.printed, line) },
		Position: position,
	})
	t.Cleanup(w.Close)
	return w
}

// compile returns the prototype of a Lua program.
func compile(t testing.TB, program string) *lua.FunctionProto {
	t.Helper()
	body, err := parse.Parse(strings.NewReader(program), fileName)
	if err != nil {
		t.Fatal(err)
	}
	proto, err := bytecode.Compile(bytecode.Chunk{Name: chunkName, Vararg: true, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return proto
}

// function returns a Lua program as a function of the state.
func (w *world) function(t testing.TB, program string) *lua.LFunction {
	t.Helper()
	return w.Instantiate(compile(t, program), func(name string) *lua.Upvalue {
		t.Fatalf("no upvalue %q expected", name)
		return nil
	})
}

// call runs a Lua program on the main state.
func (w *world) call(t testing.TB, program string) ([]lua.LValue, error) {
	t.Helper()
	return w.Call(context.Background(), w.L, w.function(t, program))
}

// mustFail returns the error of a program.
func (w *world) mustFail(t testing.TB, program string) *sandbox.Error {
	t.Helper()
	_, err := w.call(t, program)
	var e *sandbox.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a *sandbox.Error", err)
	}
	return e
}
