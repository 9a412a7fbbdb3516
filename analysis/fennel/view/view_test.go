package view_test

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/view"
)

// Each case is a Lua chunk that returns a value and, where it matters, a table
// of options for fennel.view.
var cases = []struct{ name, chunk, want string }{
	{"nil", `return nil`, `nil`},
	{"booleans", `return {true, false}`, `[true false]`},
	{"empty", `return {}`, `{}`},
	{"empty as sequence", `return {{}}, {["empty-as-sequence?"] = true}`, `[[]]`},
	{"nested", `return {{1, 2}, {a = {b = "c"}}}`, `[[1 2] {:a {:b "c"}}]`},
	{"keys by type", `return {[true] = 1, [false] = 2, b = 3, a = 4, [1.5] = 5, [10] = 6}`,
		`{1.5 5 10 6 false 2 true 1 :a 4 :b 3}`},
	{"key that is no colon string", `return {["with space"] = 1, ok = 2}`, `{:ok 2 "with space" 1}`},
	{"table as key", `return {[{1, 2}] = "x"}`, `{[1 2] "x"}`},
	{"sparse", `return {[1] = "a", [3] = "c"}`, `{1 "a" 3 "c"}`},
	{"filled gap", `return {[1] = "a", [3] = "c"}, {["max-sparse-gap"] = 2}`, `["a" nil "c"]`},
	{"no sequences", `return {1, 2}, {["max-sparse-gap"] = 0}`, `{1 1 2 2}`},
	{"index from zero", `return {[0] = "z", "a"}`, `{0 "z" 1 "a"}`},
	{"depth", `return {{1}, {a = {}}, {}}, {depth = 1}`, `[...]`},
	{"depth of tables", `return {a = {b = {c = {d = 1}}}}, {depth = 2}`, `{:a {...}}`},

	{"numbers", `return {0, -0.5, 1e3, 0.1 + 0.2, 1e14, 1e15, 1e100, 123456789012, 2^53, 2^53 + 2}, {["one-line?"] = true}`,
		`[0 -0.5 1000 0.3 1e+14 1e+15 1e+100 123456789012 9.007199254740992e+15 9.007199254740994e+15]`},
	{"specials", `return {1/0, -1/0}`, `[.inf -.inf]`},
	{"specials by option", `return {1/0, -1/0}, {infinity = "oo", ["negative-infinity"] = "-oo"}`, `[oo -oo]`},

	{"escapes", `return "a\tb\r\\\"\1\127"`, `"a\tb\r\\\"\001\127"`},
	{"newline stays", `return "a\nb"`, "\"a\nb\""},
	{"newline escaped", `return "a\nb", {["escape-newlines?"] = true}`, `"a\nb"`},
	{"newline alone", `return "\n"`, `"\n"`},
	{"utf-8", `return "h\195\169 \240\159\152\128"`, "\"h\u00e9 \U0001f600\""},
	{"not utf-8", `return "\255 \192\128 \237\160\128"`, `"\255 \192\128 \237\160\128"`},
	{"raw bytes", `return "\255", {["utf8?"] = false}`, "\"\xff\""},
	{"byte escape", `return "\1\255", {["byte-escape"] = function(b) return "<" .. b .. ">" end}`, `"<1><255>"`},
	{"prefer colon", `return {a = "b", c = "d e"}, {["prefer-colon?"] = true}`, `{:a :b :c "d e"}`},
	{"prefer colon by function", `return {"a", "b"}, {["prefer-colon?"] = function(s) return s == "b" end}`, `["a" :b]`},

	{"cycle", `local t = {1}; t[2] = t; return t`, `@1[1 @1[...]]`},
	{"cycle in a table", `local t = {}; t.a = {t}; return {t}`, `[@2{:a [@2{...}]}]`},
	{"shared, not cyclic", `local t = {1}; return {t, t}`, `[[1] [1]]`},
	{"cycle ignored", `local t = {}; t[1] = t; return t, {["detect-cycles?"] = false, depth = 3}`, `[[[...]]]`},

	{"metamethod", `return setmetatable({}, {__fennelview = function() return "custom" end})`, `custom`},
	{"metamethod of lines", `return {setmetatable({}, {__fennelview = function() return {"#<a", "  b>"} end})}`, `[#<a b>]`},
	{"metamethod that breaks", `return {setmetatable({}, {__fennelview = function() return {"#<a", "  b>"}, true end})}`, "[#<a\n   b>]"},
	{"metamethod that views", `return setmetatable({x = {1}}, {__fennelview = function(t, view, o, i) return "<" .. view(t.x, o, i) .. ">" end})`, `<[1]>`},
	{"metamethod ignored", `return setmetatable({a = 1}, {__fennelview = function() return "no" end}), {["metamethod?"] = false}`, `{:a 1}`},
	{"once", `return {{}, {{}}}, {["empty-as-sequence?"] = {once = true}}`, `[{} [{}]]`},
	{"once for each level", `return {"a", {"b", {"c", {"d"}}}, "e"}, {["prefer-colon?"] = {once = true, after = {once = true, after = {once = true}}}}`,
		`[:a [:b ["c" ["d"]]] :e]`},
	{"once without end", `local o = {once = true}; o.after = o; return {"a", {"b"}}, {["prefer-colon?"] = o}`, `[:a [:b]]`},
	{"false once", `return {setmetatable({a = 1}, {__fennelview = function() return "no" end})}, {["metamethod?"] = {once = false}}`, `[{:a 1}]`},
	{"after", `return setmetatable({}, {__fennelview = function(t, view, o) return view({"x"}, o) end}), {["prefer-colon?"] = {once = false, after = true}}`, `[:x]`},
	{"preprocess", `return {1, "x"}, {preprocess = function(v) if v == 1 then return "one" end return v end}`, `["one" "x"]`},
	{"tostring is not asked", `return setmetatable({}, {__tostring = function() return "ts" end})`, `{}`},

	{"long sequence", `local t = {} for i = 1, 30 do t[i] = i * 1000 end return t`, lines("[", "]", 1, 30)},
	{"one line", `local t = {} for i = 1, 30 do t[i] = 1000 end return t, {["one-line?"] = true}`,
		"[" + strings.TrimSuffix(strings.Repeat("1000 ", 30), " ") + "]"},
	{"line length", `return {aa = "xxxxx", bb = {1, 2, 3, 4}}, {["line-length"] = 12}`,
		"{:aa\n \"xxxxx\"\n :bb\n [1 2 3 4]}"},
	{"line length of pairs", `return {aa = 1, bb = 2, cc = 3}, {["line-length"] = 12}`, "{:aa 1\n :bb 2\n :cc 3}"},
	{"indentation", `return {k = {{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}}}, {["line-length"] = 20}`,
		"{:k\n [[1 2 3 4 5 6]\n  [1 2 3 4 5 6]]}"},
}

func lines(open, end string, first, last int) string {
	var items []string
	for i := first; i <= last; i++ {
		items = append(items, lua.LNumber(i*1000).String())
	}
	return open + strings.Join(items, "\n ") + end
}

func TestFunction(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			L := lua.NewState()
			defer L.Close()
			L.SetGlobal("view", view.Function(L, func(*lua.LState, int) {}))
			if err := L.DoString("return view((function() " + c.chunk + " end)())"); err != nil {
				t.Fatal(err)
			}
			if got := L.Get(-1).String(); got != c.want {
				t.Errorf("%s\ngot:  %s\nwant: %s", c.chunk, got, c.want)
			}
		})
	}
}

func TestViewWithoutState(t *testing.T) {
	table := new(lua.LState).NewTable()
	table.Append(lua.LString("x y"))
	table.RawSetString("k", lua.LTrue)
	if got, want := view.View(table, view.Options{OneLine: true}), `{1 "x y" :k true}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A value may be far larger than its text is worth: whoever prints it says
// when it is enough.
func TestChargeEndsTheWork(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	if err := L.DoString(`local t = {[1] = 1, [1e9] = 2} return t`); err != nil {
		t.Fatal(err)
	}
	const enough = 10_000
	spent := 0
	defer func() {
		if recover() == nil {
			t.Error("the work went on")
		}
		if spent > 2*enough {
			t.Errorf("spent %d", spent)
		}
	}()
	view.View(L.Get(-1), view.Options{MaxSparseGap: 1 << 30, Charge: func(n int) {
		if spent += n; spent > enough {
			panic("enough")
		}
	}})
}

func TestDeepTableDoesNotOverflow(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	if err := L.DoString(`local t = {} for i = 1, 1000000 do t = {t} end return t`); err != nil {
		t.Fatal(err)
	}
	got := view.View(L.Get(-1), view.Options{OneLine: true, Depth: 1 << 20})
	if !strings.Contains(got, "[...]") {
		t.Errorf("%d bytes without an end", len(got))
	}
}
