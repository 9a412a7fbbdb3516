package bytecode_test

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"quire/analysis/fennel/bytecode"
)

// A machine is a state with Lua's libraries whose loadstring compiles with
// this package, and whose print and io.write go to out.
type machine struct {
	*lua.LState
	tb    testing.TB
	cells map[string]*lua.Upvalue // shared between all functions of the machine
}

func newMachine(tb testing.TB, out io.Writer) *machine {
	tb.Helper()
	m := &machine{tb: tb, LState: lua.NewState(lua.Options{CallStackSize: 4096, RegistrySize: 1 << 16, RegistryMaxSize: 1 << 20}), cells: map[string]*lua.Upvalue{}}
	tb.Cleanup(m.Close)
	m.cell(bytecode.Env, m.G.Global)
	m.cell(bytecode.Concat, m.NewFunction(concat))
	m.cell(bytecode.Store, m.NewFunction(func(L *lua.LState) int {
		L.SetTable(L.Get(1), L.Get(2), L.Get(3))
		return 0
	}))
	m.cell(bytecode.Number, m.NewFunction(func(L *lua.LState) int {
		if n, err := strconv.ParseFloat(L.Get(1).String(), 64); err == nil {
			L.Push(lua.LNumber(n))
		}
		return 1
	}))
	m.SetGlobal("loadstring", m.NewFunction(func(L *lua.LState) int {
		f, err := m.load(L.CheckString(1), "loaded")
		if err != nil {
			L.Push(lua.LNil)
			L.Push(lua.LString(err.Error()))
			return 2
		}
		L.Push(f)
		return 1
	}))
	m.SetGlobal("print", m.NewFunction(func(L *lua.LState) int {
		fmt.Fprintln(out, strings.Join(texts(L), "\t"))
		return 0
	}))
	m.SetField(m.GetGlobal("io"), "write", m.NewFunction(func(L *lua.LState) int {
		fmt.Fprint(out, strings.Join(texts(L), ""))
		return 0
	}))
	m.wrapYield(tb)
	return m
}

// wrapYield makes coroutine.yield a Lua function. The VM loses the values of a
// Go function that yields from a tail call, or crashes; a chunk's own function
// makes no tail calls.
func (m *machine) wrapYield(tb testing.TB) {
	coroutines := m.GetGlobal("coroutine")
	m.cell("yield", m.GetField(coroutines, "yield"))
	wrapper, err := m.compile(bytecode.Chunk{
		Name:   "yield",
		Vararg: true,
		Body:   parsed(tb, "return yield(...)"),
		Shared: func(name string) bool { return name == "yield" },
	})
	if err != nil {
		tb.Fatal(err)
	}
	m.SetField(coroutines, "yield", wrapper)
}

func (m *machine) cell(name string, v lua.LValue) *lua.Upvalue {
	c := &lua.Upvalue{}
	c.SetValue(v)
	m.cells[name] = c
	return c
}

// load compiles Lua.
func (m *machine) load(text, name string) (*lua.LFunction, error) {
	body, err := parse.Parse(strings.NewReader(text), name)
	if err != nil {
		return nil, err
	}
	return m.compile(bytecode.Chunk{Name: name, Vararg: true, Body: body})
}

func (m *machine) compile(c bytecode.Chunk) (*lua.LFunction, error) {
	p, err := bytecode.Compile(c)
	if err != nil {
		return nil, err
	}
	checkProto(m.tb, p)
	return m.instantiate(p), nil
}

func (m *machine) instantiate(p *lua.FunctionProto) *lua.LFunction {
	f := m.NewFunctionFromProto(p)
	for i, name := range p.DbgUpvalues {
		f.Upvalues[i] = m.cells[name]
	}
	return f
}

// run calls a function and returns its results as text.
func (m *machine) run(f *lua.LFunction, args ...lua.LValue) (string, error) {
	top := m.GetTop()
	defer m.SetTop(top)
	m.Push(f)
	for _, a := range args {
		m.Push(a)
	}
	if err := m.PCall(len(args), lua.MultRet, nil); err != nil {
		return "", err
	}
	return strings.Join(texts(m.LState)[top:], " "), nil
}

// do runs a program that has to succeed.
func (m *machine) do(tb testing.TB, text string) {
	tb.Helper()
	f, err := m.load(text, "test")
	if err == nil {
		_, err = m.run(f)
	}
	if err != nil {
		tb.Fatalf("%v\n%s", err, text)
	}
}

func texts(L *lua.LState) []string {
	s := make([]string, L.GetTop())
	for i := range s {
		s[i] = L.ToStringMeta(L.Get(i + 1)).String()
	}
	return s
}

// concat is .. as the VM has it, without bounds.
func concat(L *lua.LState) int {
	result := L.Get(L.GetTop())
	for i := L.GetTop() - 1; i > 0; i-- {
		left := L.Get(i)
		if lua.LVCanConvToString(left) && lua.LVCanConvToString(result) {
			result = lua.LString(lua.LVAsString(left) + lua.LVAsString(result))
			continue
		}
		op := L.GetMetaField(left, "__concat")
		if op == lua.LNil {
			op = L.GetMetaField(result, "__concat")
		}
		if op == lua.LNil {
			L.RaiseError("cannot concatenate %v and %v", left.Type(), result.Type())
		}
		if err := L.CallByParam(lua.P{Fn: op, NRet: 1}, left, result); err != nil {
			L.RaiseError("%v", err)
		}
		result = L.Get(-1)
		L.Pop(1)
	}
	L.Push(result)
	return 1
}

func parsed(tb testing.TB, text string) []ast.Stmt {
	tb.Helper()
	body, err := parse.Parse(strings.NewReader(text), "test")
	if err != nil {
		tb.Fatal(err)
	}
	return body
}
