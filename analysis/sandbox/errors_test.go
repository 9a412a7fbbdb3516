package sandbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"quire/analysis/sandbox"
)

func TestErrorMessages(t *testing.T) {
	for _, c := range []struct{ program, value, message string }{
		{"error('x')", "program.lua:1: x", "x"},
		{"\n\nerror('x')", "program.lua:3: x", "x"},
		{"error('x', 0)", "x", "x"},
		{"local function f()\nerror('x', 2) end\nf()", "program.lua:3: x", "x"},
		{"error('x', 3)", "x", "x"},
		{"error('a:1: x')", "program.lua:1: a:1: x", "a:1: x"},
		{"error(42)", "program.lua:1: 42", "42"},
		{"error()", "nil", "nil"},
		{"error(true)", "true", "true"},
		{"error(1e15, 0)", "1e+15", "1e+15"},
		{"error(setmetatable({}, {__tostring = function() return 'T' end}))", "", "T"},
		{"assert(false)", "program.lua:1: assertion failed!", "assertion failed!"},
		{"local t = nil\nt.x = 1", "program.lua:2: attempt to index a nil value (local 't')", "attempt to index a nil value (local 't')"},
		{"local s = 'x' .. {}", "program.lua:1: attempt to concatenate a table value", "attempt to concatenate a table value"},
		{"('x'):rep()", "program.lua:1: bad argument #2 to 'rep' (number expected, got no value)", "bad argument #2 to 'rep' (number expected, got no value)"},
		{"local ok, e = pcall(error, 'x', 0) error(e, 0)", "x", "x"},
		{"local ok, e = pcall(function() error('x') end)\nerror(e, 0)", "program.lua:1: x", "x"},
		{"local ok, e = pcall(function() local t t.x = 1 end)\nerror(e, 0)", "program.lua:1: attempt to index a nil value (local 't')", "attempt to index a nil value (local 't')"},
		{"coroutine.wrap(function() error('x') end)()", "program.lua:1: program.lua:1: x", "x"},
		{"host()", "program.lua:1: told by the host", "told by the host"},
		{"pcall(host) host()", "program.lua:1: told by the host", "told by the host"},
		{"plain()", "as it is", "as it is"},
		{"broken()", "internal error: a defect", "internal error: a defect"},
		{"local ok, e = pcall(broken) error(e, 0)", "internal error: a defect", "internal error: a defect"},
	} {
		w := newWorld(t, generous)
		w.define("host", func(L *lua.LState) int { L.RaiseError("told by the %s", "host"); return 0 })
		w.define("plain", func(L *lua.LState) int { L.Error(lua.LString("as it is"), 0); return 0 })
		w.define("broken", func(*lua.LState) int { panic("a defect") })
		e := w.mustFail(t, c.program)
		if e.Value.Type() != lua.LTTable && c.value != e.Value.String() && c.value != e.Error() {
			t.Errorf("%q: value %q, want %q", c.program, e.Value, c.value)
		}
		if e.Message != c.message {
			t.Errorf("%q: message %q, want %q", c.program, e.Message, c.message)
		}
		if e.Limit != nil {
			t.Errorf("%q: ended at %v", c.program, e.Limit)
		}
	}
}

func TestTablesAreRaisedAsTheyAre(t *testing.T) {
	w := newWorld(t, generous)
	e := w.mustFail(t, "e = {} error(e)")
	if e.Value != w.L.GetGlobal("e") {
		t.Errorf("got %v", e.Value)
	}
}

func TestProgramsSeeOnlyPositions(t *testing.T) {
	w := newWorld(t, generous)
	w.define("host", func(L *lua.LState) int { L.RaiseError("x"); return 0 })
	w.define("outer", func(L *lua.LState) int { L.Error(lua.LString("x"), 2); return 0 })
	_, err := w.call(t, `
		local function clean(ok, message)
			assert(not ok and not message:find("%z"), message)
			assert(message:find("^program.lua:%d+: "), message)
		end
		clean(pcall(function() local t = nil; t.x = 1 end))
		clean(pcall(function() error("x") end))
		clean(pcall(function() assert(nil) end))
		clean(pcall(function() host() end))
		clean(pcall(function() outer() end))
		clean(coroutine.resume(coroutine.create(function() local t = nil; t.x = 1 end)))
		clean(pcall(coroutine.wrap(function() error("x") end)))
		xpcall(function() local t = nil; t.x = 1 end, function(m) clean(false, m) end)`)
	if err != nil {
		t.Fatal(err)
	}
}

func TestChunksWithoutPosition(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	defer s.Close()
	fn := s.Instantiate(compile(t, "error('x')"), nil)
	_, err := s.Call(context.Background(), s.L, fn)
	var e *sandbox.Error
	if !errors.As(err, &e) || e.Error() != "x" {
		t.Errorf("got %v, want x without the internal name of the chunk", err)
	}
}

// calls returns frames as "function:line" from the innermost on.
func calls(frames []sandbox.Frame) []string {
	var out []string
	for _, f := range frames {
		switch {
		case f.Chunk == "":
			out = append(out, "["+f.Function+"]")
		default:
			out = append(out, f.Function+":"+string(rune('0'+f.Line)))
		}
	}
	return out
}

func TestFrames(t *testing.T) {
	for _, c := range []struct {
		program string
		want    []string
	}{
		{"error('x')", []string{"[error]", ":1"}},
		{"local function f()\nerror('x') end\nlocal function g()\nf() end\ng()", []string{"[error]", "f:2", "g:4", ":5"}},
		{"local t = {m = function(self)\nlocal x = nil\nx.y = 1 end}\nt:m()", []string{"m:3", ":4"}},
		{"('x'):gsub('x', function()\nerror('x') end)", []string{"[error]", ":2", "[gsub]", ":1"}},
		{"coroutine.wrap(function()\nerror('x') end)()", []string{"[error]", ":2", "[]", ":1"}},
		{"pcall(function()\nwhile true do end end)", []string{":2", "[pcall]", ":1"}},
		{"coroutine.resume(coroutine.create(function()\nlocal function f()\nwhile true do end end\nf() end))", []string{"f:3", ":4", "[resume]", ":1"}},
		{"local function f(n)\nif n == 0 then error('x') end\nreturn f(n - 1) end\nf(1000)", []string{"[error]", ":2", ":4"}},
	} {
		w := newWorld(t, sandbox.Limits{Instructions: 100_000})
		e := w.mustFail(t, c.program)
		for _, f := range e.Frames {
			if f.Chunk != "" && f.Chunk != chunkName {
				t.Errorf("%q: chunk %q", c.program, f.Chunk)
			}
		}
		if diff := cmp.Diff(c.want, calls(e.Frames)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", c.program, diff)
		}
	}
}

func TestFramesOfADeepStack(t *testing.T) {
	w := newWorld(t, generous)
	e := w.mustFail(t, "local function f(n) if n > 0 then return (f(n - 1)) end\nerror('x') end\n\nf(5000)")
	got := calls(e.Frames)
	if len(got) != 200 || got[0] != "[error]" || got[1] != "f:2" || got[198] != "f:1" || got[199] != ":4" {
		t.Errorf("got %d frames: %v … %v", len(got), got[:3], got[len(got)-3:])
	}
}

func TestFramesOfACallNowRunning(t *testing.T) {
	w := newWorld(t, generous)
	var got []string
	w.define("host", func(L *lua.LState) int {
		got = calls(w.Frames(L))
		return 0
	})
	for _, c := range []struct {
		program string
		want    []string
	}{
		{"host()", []string{"[host]", ":1"}},
		{"local function f()\npcall(host) end\nf()", []string{"[]", "[pcall]", "f:2", ":3"}},
		{"local function f()\nhost() end\npcall(pcall, f)", []string{"[host]", ":2", "[]", "[pcall]", ":3"}},
		{"coroutine.wrap(function()\npcall(host) end)()", []string{"[]", "[pcall]", ":2"}},
	} {
		if _, err := w.call(t, c.program); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", c.program, diff)
		}
	}
}

func TestNestingFromGoIsBounded(t *testing.T) {
	for _, program := range []string{
		"local function f() return pcall(f) end f()",
		"local function f() assert(pcall(f)) end f()",
		"local mt = {} mt.__newindex = function(t, k, v) t[k] = v end local k = {} setmetatable({}, mt)[k] = 1",
		"local mt = {} mt.__concat = function(a, b) return a .. b end local s = setmetatable({}, mt) .. 'x'",
		"local function f() return (('x'):gsub('x', f)) end f()",
		"local function f() table.sort({1, 2}, f) end f()",
		"local t = setmetatable({}, {}) getmetatable(t).__tostring = tostring tostring(t)",
		"local function f() return coroutine.wrap(f)() end f()",
		"local function f() assert(coroutine.resume(coroutine.create(f))) end f()",
		"local function f() return (xpcall(error, f)) end f()",
	} {
		w := newWorld(t, generous)
		_, err := w.call(t, program)
		if err != nil && !strings.HasSuffix(err.Error(), "C stack overflow") {
			t.Errorf("%s: ended with %.200v", program, err)
		}
	}
}
