package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"quire/analysis/fennel/bytecode"
	"quire/analysis/sandbox"
)

// texts returns values as text, for comparing.
func texts(values []lua.LValue) []string {
	out := []string{}
	for _, v := range values {
		out = append(out, v.String())
	}
	return out
}

// define makes a Go function a global.
func (w *world) define(name string, fn lua.LGFunction) {
	w.L.SetGlobal(name, w.L.NewFunction(fn))
}

func TestCallReturnsResults(t *testing.T) {
	w := newWorld(t, generous)
	fn := w.function(t, "return select('#', ...), nil, ...")
	for _, args := range [][]lua.LValue{nil, {lua.LNil}, {lua.LNumber(1), lua.LNil, lua.LString("x"), lua.LNil}} {
		got, err := w.Call(context.Background(), w.L, fn, args...)
		if err != nil {
			t.Fatal(err)
		}
		want := append([]lua.LValue{lua.LNumber(len(args)), lua.LNil}, args...)
		if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if got, err := w.Call(context.Background(), w.L, w.function(t, "")); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestCallOfWhatIsNoFunction(t *testing.T) {
	w := newWorld(t, generous)
	_, err := w.Call(context.Background(), w.L, lua.LNumber(1))
	if err == nil || err.Error() != "attempt to call a number value" {
		t.Errorf("got %v", err)
	}
}

func TestStateSurvivesErrors(t *testing.T) {
	w := newWorld(t, generous)
	if _, err := w.call(t, "n = 0 function inc() local m = n n = m + 1 error('x') end"); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		w.mustFail(t, "local a, b, c = 1, 2, 3 pcall(inc) inc()")
	}
	got, err := w.call(t, "return n")
	if err != nil || got[0] != lua.LNumber(200) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestNames(t *testing.T) {
	w := newWorld(t, generous)
	var reachable []string
	w.define("found", func(L *lua.LState) int {
		reachable = append(reachable, L.CheckString(1))
		return 0
	})
	_, err := w.call(t, `
		local found = found
		_G.found = nil
		for name, value in pairs(_G) do
			found(name)
			if type(value) == "table" and value ~= _G then
				for inner in pairs(value) do found(name .. "." .. inner) end
			end
		end`)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(reachable)
	if diff := cmp.Diff(reachable, sandbox.Names()); diff != "" {
		t.Errorf("reachable by a program (-), Names (+)\n%s", diff)
	}
	for _, name := range reachable {
		if !sandbox.Global(name) {
			t.Errorf("Global(%q) = false", name)
		}
	}
	for _, name := range strings.Fields(`
		io io.open debug debug.traceback load loadstring loadfile dofile require module package package.loaded
		getfenv setfenv newproxy os.execute os.exit os.getenv os.remove os.rename os.tmpname os.setlocale
		string.dump table.getn math.mod channel _printregs _GOPHER_LUA_VERSION string. .format`) {
		if sandbox.Global(name) {
			t.Errorf("Global(%q) = true", name)
		}
	}
}

func TestNothingElseIsReachable(t *testing.T) {
	w := newWorld(t, generous)
	_, err := w.call(t, `
		assert(getmetatable("") == false)
		assert(not pcall(setmetatable, "", {}))
		assert(not pcall(setmetatable, print, {}))
		assert(getmetatable(print) == nil and getmetatable(nil) == nil and getmetatable(1) == nil)
		assert(getmetatable(coroutine.create(print)) == nil)
		string.upper = function() return "mine" end
		assert(("x"):upper() == "mine")`)
	if err != nil {
		t.Fatal(err)
	}
	other := newWorld(t, generous)
	if _, err := other.call(t, `assert(("x"):upper() == "X")`); err != nil {
		t.Errorf("a state changed another one: %v", err)
	}
}

func TestInstantiate(t *testing.T) {
	w := newWorld(t, generous)
	unit := func(text string) *lua.LFunction {
		t.Helper()
		body, err := parse.Parse(strings.NewReader(text), fileName)
		if err != nil {
			t.Fatal(err)
		}
		proto, err := bytecode.Compile(bytecode.Chunk{
			Name:   chunkName,
			Body:   body,
			Shared: func(name string) bool { return name == "shared" },
		})
		if err != nil {
			t.Fatal(err)
		}
		return w.Instantiate(proto, w.cell(t))
	}
	if _, err := w.Call(context.Background(), w.L, unit("shared = {} shared['k' .. 1] = print")); err != nil {
		t.Fatal(err)
	}
	got, err := w.Call(context.Background(), w.L, unit("return shared.k1 == print, shared.k2"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"true", "nil"}, texts(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// cell returns cells by name, each made when it is first asked for.
func (w *world) cell(t *testing.T) func(name string) *lua.Upvalue {
	return func(name string) *lua.Upvalue {
		if name != "shared" {
			t.Errorf("asked for a cell %q", name)
		}
		if w.shared == nil {
			w.shared = &lua.Upvalue{}
			w.shared.SetValue(lua.LNil)
		}
		return w.shared
	}
}

func TestPrint(t *testing.T) {
	w := newWorld(t, generous)
	if _, err := w.call(t, `print() print("a\nb\n", nil) print(1.5, {} ~= nil, setmetatable({}, {__tostring = function() return "T" end}))`); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"", "a", "b", "\tnil", "1.5\ttrue\tT"}, w.printed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNestedCallIsPartOfTheCallAroundIt(t *testing.T) {
	w := newWorld(t, sandbox.Limits{Instructions: 100_000})
	inner := w.function(t, "local n = ... for i = 1, n do end return 'inner'")
	var innerErr error
	w.define("nest", func(L *lua.LState) int {
		var results []lua.LValue
		results, innerErr = w.Call(w.Context(L), L, inner, L.Get(1))
		if innerErr != nil {
			// What a careless Go function does.
			return 0
		}
		L.Push(results[0])
		return 1
	})
	got, err := w.call(t, "return nest(10)")
	if err != nil || got[0] != lua.LString("inner") {
		t.Fatalf("got %v, %v", got, err)
	}
	w.Refill(sandbox.Limits{Instructions: 100_000})
	failed := w.mustFail(t, "nest(1e9) pcall(nest) while true do end")
	var e *sandbox.Error
	if !errors.As(innerErr, &e) || e.Limit == nil || e.Limit.Name != "instructions" {
		t.Errorf("the inner call ended with %v", innerErr)
	}
	if failed.Limit == nil || failed.Limit.Name != "instructions" {
		t.Errorf("the outer call ended with %v", failed)
	}
}

func TestNestedCallCannotYield(t *testing.T) {
	w := newWorld(t, generous)
	yield := w.function(t, "assert(not coroutine.isyieldable()) coroutine.yield()")
	w.define("nest", func(L *lua.LState) int {
		if _, err := w.Call(w.Context(L), L, yield); err != nil {
			L.RaiseError("%v", err)
		}
		return 0
	})
	_, err := w.call(t, "coroutine.wrap(function() nest() end)()")
	if err == nil || !strings.HasSuffix(err.Error(), "attempt to yield across metamethod/C-call boundary") {
		t.Errorf("got %v", err)
	}
}

func TestCoroutinesEndWithTheState(t *testing.T) {
	w := &world{State: sandbox.New(sandbox.Options{Limits: generous})}
	ended := 0
	w.define("hold", func(L *lua.LState) int {
		defer func() { ended++ }()
		L.Push(L.Get(1))
		L.Call(0, 0)
		return 0
	})
	_, err := w.call(t, `
		kept = {}
		for i = 1, 10 do
			kept[i] = coroutine.create(function()
				pcall(hold, function() while true do pcall(coroutine.yield) end end)
			end)
			if i > 5 then coroutine.resume(kept[i]) end
		end`)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if ended != 5 {
		t.Errorf("%d of 5 coroutines that had begun were ended", ended)
	}
}

func TestBudgetLastsUntilRefill(t *testing.T) {
	limits := sandbox.Limits{Instructions: 10_000}
	w := newWorld(t, limits)
	const half = "for i = 1, 6000 do end"
	if _, err := w.call(t, half); err != nil {
		t.Fatal(err)
	}
	if e := w.mustFail(t, half); e.Limit == nil || *e.Limit != (sandbox.Limit{Name: "instructions", Value: 10_000}) {
		t.Errorf("got %v", e)
	}
	w.Refill(limits)
	if _, err := w.call(t, half); err != nil {
		t.Errorf("after Refill: %v", err)
	}
}

func TestLimitsAreDeterministic(t *testing.T) {
	for _, c := range []struct {
		limits  sandbox.Limits
		program string
	}{
		{sandbox.Limits{Instructions: 12_345}, "while true do print('x') end"},
		{sandbox.Limits{Strings: 4_321}, "local s = '' while true do s = s .. 'x' print('x') end"},
		{sandbox.Limits{Depth: 123}, "local function f() print('x') f() return 1 end f()"},
		{sandbox.Limits{Print: 321}, "while true do print('x') end"},
		{sandbox.Limits{Instructions: 54_321}, "local t = {} while true do t[#t + 1] = #t table.sort(t, function(a, b) print('x') return b < a end) end"},
	} {
		counts := map[int]bool{}
		for range 3 {
			w := newWorld(t, c.limits)
			if e := w.mustFail(t, c.program); e.Limit == nil {
				t.Errorf("%s: ended with %v", c.program, e)
			}
			counts[len(w.printed)] = true
		}
		if len(counts) != 1 || counts[0] {
			t.Errorf("%s: printed %v lines in three runs", c.program, counts)
		}
	}
}

func TestDepthIsExact(t *testing.T) {
	w := newWorld(t, sandbox.Limits{Depth: 1000})
	const program = "local function f(n) if n > 1 then return (f(n - 1)) end return 'deep' end return f(%d)"
	if _, err := w.call(t, fmt.Sprintf(program, 999)); err != nil {
		t.Errorf("a depth of 1000 ended with %v", err)
	}
	if e := w.mustFail(t, fmt.Sprintf(program, 1000)); e.Limit == nil || *e.Limit != (sandbox.Limit{Name: "depth", Value: 1000}) {
		t.Errorf("a depth of 1001 ended with %v", e)
	}
}

func TestChargeAndStep(t *testing.T) {
	w := newWorld(t, sandbox.Limits{Instructions: 1000, Strings: 1000})
	w.define("charge", func(L *lua.LState) int { w.Charge(L, L.CheckInt(1)); return 0 })
	w.define("step", func(L *lua.LState) int { w.Step(L, L.CheckInt(1)); return 0 })
	if _, err := w.call(t, "charge(900) step(900)"); err != nil {
		t.Fatal(err)
	}
	if e := w.mustFail(t, "pcall(charge, 101)"); e.Limit == nil || e.Limit.Name != "strings" {
		t.Errorf("ended with %v", e)
	}
	if e := w.mustFail(t, "pcall(step, 101)"); e.Limit == nil || e.Limit.Name != "instructions" {
		t.Errorf("ended with %v", e)
	}
}

func TestStringsWithoutLimit(t *testing.T) {
	w := newWorld(t, sandbox.Limits{})
	if e := w.mustFail(t, "return ('x'):rep(1e12)"); e.Message != "resulting string too large" {
		t.Errorf("got %v", e)
	}
}

func TestBackstops(t *testing.T) {
	// Each instruction of the first loop takes its time.
	const slow = "local s = ('x'):rep(1e6) local t = s .. 'y' while true do if t < s then return end end"
	w := newWorld(t, sandbox.Limits{Time: 20_000_000})
	if e := w.mustFail(t, slow); e.Limit == nil || *e.Limit != (sandbox.Limit{Name: "time", Value: 20_000_000}) {
		t.Errorf("ended with %v", e)
	}
	w = newWorld(t, sandbox.Limits{Heap: 16 << 20})
	if e := w.mustFail(t, "local t = {} while true do t = {t} end"); e.Limit == nil || e.Limit.Name != "heap" {
		t.Errorf("ended with %v", e)
	}
	// Garbage does not count.
	if _, err := w.call(t, "for i = 1, 300000 do local t = {{}, {}, {}} end"); err != nil {
		t.Errorf("garbage ended with %v", err)
	}
}
