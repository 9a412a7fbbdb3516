package bytecode_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"quire/analysis/fennel/bytecode"
)

// repeated returns n texts made from a format with the numbers from 1.
func repeated(n int, format, separator string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = strings.ReplaceAll(format, "%", fmt.Sprint(i+1))
	}
	return strings.Join(parts, separator)
}

func TestLimits(t *testing.T) {
	locals := func(n int) string { return repeated(n, "local v% = %", " ") + " return v1 + v" + fmt.Sprint(n) }
	upvalues := func(n int) string {
		return repeated(150, "local v%", " ") + " local function f() " + repeated(n-150, "local w%", " ") +
			" return function() " + repeated(150, "v% = 1", " ") + repeated(n-150, " w% = 1", " ") + " return 1 end end return f()()"
	}
	for _, test := range []struct {
		name, text string
		want       string // results, or the error behind "!"
	}{
		{"200 locals", locals(200), "201"},
		{"201 locals", locals(201), "!too many local variables in a function (limit is 200)"},
		{"200 parameters", "return (function(" + repeated(200, "p%", ",") + ") return p200 end)(" + repeated(200, "%", ",") + ")", "200"},
		{"201 parameters", "return function(" + repeated(201, "p%", ",") + ") end", "!too many local variables in a function (limit is 200)"},
		{"locals for a loop", repeated(197, "local v%", " ") + " for i = 1, 2 do end", "!too many local variables in a function (limit is 200)"},
		{"locals in blocks", repeated(50, "do "+repeated(150, "local v", " ")+" end", " ") + " return 1", "1"},
		{"255 upvalues", upvalues(255), "1"},
		{"256 upvalues", upvalues(256), "!too many upvalues in a function (limit is 255)"},
		{"240 arguments", "return select('#', " + repeated(240, "%", ",") + ")", "240"},
		{"250 arguments", "return select('#', " + repeated(250, "%", ",") + ")", "!function or expression too complex"},
		{"240 results", "local function f() return " + repeated(240, "%", ",") + " end return (select('#', f()))", "240"},
		{"250 results", "return " + repeated(251, "%", ","), "!function or expression too complex"},
		{"240 results from a call", "local t = {} local function f() return 1 end " + repeated(120, "t.k%", ",") + " = f() return t.k1, t.k2", "1 nil"},
		{"nested calls", "local function f(x) return x + 1 end return " + strings.Repeat("f(", 200) + "0" + strings.Repeat(")", 200), "200"},
		{"too deeply nested calls", "return " + strings.Repeat("f(", 300) + strings.Repeat(")", 300), "!function or expression too complex"},
		{"nested tables", "return #" + strings.Repeat("{", 200) + strings.Repeat("}", 200), "1"},
		{"items of a table", "return #{" + repeated(5000, "%", ",") + "}", "5000"},
		{"fields of a table", "return ({" + repeated(5000, "k% = %", ",") + "}).k5000", "5000"},
		{"300 constants", "local t = {} " + repeated(300, "t.k% = '%'", " ") + " return t.k300 .. t.k1, #t.k256", "3001 3"},
		{"long sum", "return " + repeated(3000, "1", " + "), "3000"},
		{"long sum of locals", "local x = 1 return " + repeated(3000, "x", " + "), "3000"},
		{"long and", "local x = 1 return " + repeated(3000, "x", " and "), "1"},
		{"long or", "local x, y = nil, 7 return " + repeated(3000, "x", " or ") + " or y", "7"},
		{"long condition", "local x, y = nil, 7 if " + repeated(3000, "x", " or ") + " or y then return 1 end return 2", "1"},
		{"long path", "local t = {} t.t = t return t == t" + strings.Repeat(".t", 3000), "true"},
		{"method chain", "local o = {n = 0} function o:m() self.n = self.n + 1 return self end return o" + strings.Repeat(":m()", 1000) + ".n", "1000"},
		{"call chain", "local function f() return f end f = function() return f end return f == f" + strings.Repeat("()", 1000), "true"},
		{"elseif chain", "local x = 3000 if x == 0 then " + repeated(3000, "elseif x == % then return %", " ") + " end", "3000"},
		{"nested functions", strings.Repeat("return (function() ", 100) + "return 5" + strings.Repeat(" end)()", 100), "5"},
		{"nested blocks", strings.Repeat("do ", 3000) + "local x = 1" + strings.Repeat(" end", 3000) + " return 2", "2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t, &bytes.Buffer{})
			f, err := m.compile(bytecode.Chunk{Name: "test", Body: parsed(t, test.text)})
			got := ""
			if err != nil {
				got = "!" + err.Error()
			} else if got, err = m.run(f); err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestRefused has the errors that no text can be written for, or only a long
// one.
func TestRefused(t *testing.T) {
	x := &ast.IdentExpr{Value: "x"}
	block := func(n int) []ast.Stmt {
		return slices.Repeat([]ast.Stmt{&ast.LocalAssignStmt{Exprs: []ast.Expr{&ast.Comma3Expr{}}}}, n)
	}
	for want, s := range map[string]ast.Stmt{
		"function too long":                     &ast.DoBlockStmt{Stmts: block(270_000)},
		"control structure too long":            &ast.WhileStmt{Condition: x, Stmts: block(140_000)},
		`malformed number "1_000"`:              &ast.ReturnStmt{Exprs: []ast.Expr{&ast.NumberExpr{Value: "1_000"}}},
		`malformed number ""`:                   &ast.ReturnStmt{Exprs: []ast.Expr{&ast.NumberExpr{}}},
		"unknown operator '//'":                 &ast.ReturnStmt{Exprs: []ast.Expr{&ast.ArithmeticOpExpr{Operator: "//", Lhs: x, Rhs: x}}},
		"unknown operator '!='":                 &ast.ReturnStmt{Exprs: []ast.Expr{&ast.RelationalOpExpr{Operator: "!=", Lhs: x, Rhs: x}}},
		"unknown operator 'xor'":                &ast.ReturnStmt{Exprs: []ast.Expr{&ast.LogicalOpExpr{Operator: "xor", Lhs: x, Rhs: x}}},
		"cannot assign to *ast.TrueExpr":        &ast.AssignStmt{Lhs: []ast.Expr{&ast.TrueExpr{}}, Rhs: []ast.Expr{x}},
		"cannot assign to *ast.FuncCallExpr":    &ast.AssignStmt{Lhs: []ast.Expr{x, &ast.FuncCallExpr{Func: x}}, Rhs: []ast.Expr{x}},
		"unknown expression *bytecode_test.odd": &ast.ReturnStmt{Exprs: []ast.Expr{&odd{}}},
	} {
		_, err := bytecode.Compile(bytecode.Chunk{Vararg: true, Body: []ast.Stmt{s}})
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// An odd expression is of a kind that the emitter does not know.
type odd struct{ ast.ExprBase }

// Trees nested deeper than the emitter goes are errors.
func TestNesting(t *testing.T) {
	const depth = 10_000
	nest := func(inner ast.Expr, wrap func(ast.Expr) ast.Expr) ast.Expr {
		for range depth {
			inner = wrap(inner)
		}
		return inner
	}
	x := &ast.IdentExpr{Value: "x"}
	for name, wrap := range map[string]func(ast.Expr) ast.Expr{
		"sum from the left":  func(e ast.Expr) ast.Expr { return &ast.ArithmeticOpExpr{Operator: "+", Lhs: e, Rhs: x} },
		"sum from the right": func(e ast.Expr) ast.Expr { return &ast.ArithmeticOpExpr{Operator: "+", Lhs: x, Rhs: e} },
		"and":                func(e ast.Expr) ast.Expr { return &ast.LogicalOpExpr{Operator: "and", Lhs: e, Rhs: x} },
		"or":                 func(e ast.Expr) ast.Expr { return &ast.LogicalOpExpr{Operator: "or", Lhs: x, Rhs: e} },
		"comparison":         func(e ast.Expr) ast.Expr { return &ast.RelationalOpExpr{Operator: "<", Lhs: e, Rhs: x} },
		"not":                func(e ast.Expr) ast.Expr { return &ast.UnaryNotOpExpr{Expr: e} },
		"minus":              func(e ast.Expr) ast.Expr { return &ast.UnaryMinusOpExpr{Expr: e} },
		"path":               func(e ast.Expr) ast.Expr { return &ast.AttrGetExpr{Object: e, Key: x} },
		"key":                func(e ast.Expr) ast.Expr { return &ast.AttrGetExpr{Object: x, Key: e} },
		"call":               func(e ast.Expr) ast.Expr { return &ast.FuncCallExpr{Func: e} },
		"argument":           func(e ast.Expr) ast.Expr { return &ast.FuncCallExpr{Func: x, Args: []ast.Expr{e}} },
		"method":             func(e ast.Expr) ast.Expr { return &ast.FuncCallExpr{Receiver: e, Method: "m"} },
		"table":              func(e ast.Expr) ast.Expr { return &ast.TableExpr{Fields: []*ast.Field{{Value: e}}} },
		"field":              func(e ast.Expr) ast.Expr { return &ast.TableExpr{Fields: []*ast.Field{{Key: x, Value: e}}} },
		"concat":             func(e ast.Expr) ast.Expr { return &ast.StringConcatOpExpr{Lhs: e, Rhs: x} },
		"function": func(e ast.Expr) ast.Expr {
			return &ast.FunctionExpr{ParList: &ast.ParList{}, Stmts: []ast.Stmt{&ast.ReturnStmt{Exprs: []ast.Expr{e}}}}
		},
	} {
		e := nest(x, wrap)
		for position, body := range map[string][]ast.Stmt{
			"value":     {&ast.ReturnStmt{Exprs: []ast.Expr{e}}},
			"condition": {&ast.IfStmt{Condition: e}},
			"left side": {&ast.ReturnStmt{Exprs: []ast.Expr{&ast.LogicalOpExpr{Operator: "or", Lhs: e, Rhs: x}}}},
		} {
			_, err := bytecode.Compile(bytecode.Chunk{Body: body})
			var refused *bytecode.Error
			if !errors.As(err, &refused) {
				t.Errorf("%s nested in a %s: error %v, want an *Error", name, position, err)
			}
		}
	}
	var s ast.Stmt = &ast.ReturnStmt{}
	for range depth {
		s = &ast.DoBlockStmt{Stmts: []ast.Stmt{s}}
	}
	if _, err := bytecode.Compile(bytecode.Chunk{Body: []ast.Stmt{s}}); err == nil {
		t.Error("nested blocks: no error")
	}
}

// Every number that a tree carries comes back where the VM looks for a line.
func TestPositions(t *testing.T) {
	for name, text := range map[string]string{
		"index":       "local t\nlocal x =\nt.x",
		"global":      "local x = 1\nreturn x +\nmissing.field",
		"call":        "local f\nlocal x =\nf()",
		"method":      "local t = {}\nlocal x =\nt:m()",
		"arithmetic":  "local t = {}\nlocal x = 1 and\nt + 1",
		"compare":     "local t = {}\nif\nt < 1 then end",
		"length":      "local n\nlocal x =\n#n",
		"minus":       "local n\nlocal x =\n-n",
		"concat":      "local n\nlocal x =\nn .. 'x' .. 'y'",
		"assignment":  "local t\n\nt.x = 1",
		"store":       "local t = {}\nlocal n\nt[n] = 1",
		"iterator":    "local t = {}\n\nfor x in t do end",
		"loop":        "local t = {}\n\nfor i = t, 1 do end",
		"go function": "local f\nf =\nerror('x')",
		"tail call":   "return (function()\nlocal t\nreturn t() end)()",
		"go tail":     "return (function()\nlocal t\nreturn error('x') end)()",
	} {
		m := newMachine(t, &bytes.Buffer{})
		f, err := m.load(text, "test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = m.run(f); err == nil || !strings.HasPrefix(err.Error(), "test:3:") {
			t.Errorf("%s: error %v, want it on line 3", name, err)
		}
	}
}

// A Go function finds the number of the call that called it, also where the
// call was a tail call.
func TestCaller(t *testing.T) {
	var lines []int
	here := func(L *lua.LState) int {
		for level := 1; ; level++ {
			frame, ok := L.GetStack(level)
			if !ok {
				return 0
			}
			if _, err := L.GetInfo("Slf", frame, lua.LNil); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, frame.CurrentLine)
		}
	}
	call := func(line int, f ast.Expr) *ast.FuncCallExpr {
		e := &ast.FuncCallExpr{Func: f}
		e.SetLine(line)
		return e
	}
	const far = 1 << 40
	tail := &ast.FunctionExpr{Stmts: []ast.Stmt{&ast.ReturnStmt{Exprs: []ast.Expr{call(far, &ast.IdentExpr{Value: "here"})}}}}
	plain := &ast.FunctionExpr{Stmts: []ast.Stmt{&ast.FuncCallStmt{Expr: call(0, &ast.IdentExpr{Value: "here"})}}}
	for name, test := range map[string]struct {
		body []ast.Stmt
		want []int
	}{
		"statement":              {[]ast.Stmt{&ast.FuncCallStmt{Expr: call(7, &ast.IdentExpr{Value: "here"})}}, []int{7}},
		"tail call":              {[]ast.Stmt{&ast.FuncCallStmt{Expr: call(8, tail)}}, []int{far, 8}},
		"number zero":            {[]ast.Stmt{&ast.FuncCallStmt{Expr: call(9, plain)}}, []int{0, 9}},
		"end of the chunk":       {[]ast.Stmt{&ast.ReturnStmt{Exprs: []ast.Expr{call(10, plain)}}}, []int{0, 10}},
		"both are in tail place": {[]ast.Stmt{&ast.ReturnStmt{Exprs: []ast.Expr{call(11, tail)}}}, []int{far, 11}},
	} {
		m := newMachine(t, &bytes.Buffer{})
		m.SetGlobal("here", m.NewFunction(here))
		f, err := m.compile(bytecode.Chunk{Name: "test", Body: test.body})
		if err != nil {
			t.Fatal(err)
		}
		lines = nil
		if _, err := m.run(f); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(lines, test.want) {
			t.Errorf("%s: called from %d, want %d", name, lines, test.want)
		}
	}
}

func TestUpvalues(t *testing.T) {
	shared := func(name string) bool { return strings.HasPrefix(name, "s") }
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"none", "local s = 1 return s", nil},
		{"in the order of use", "local x = s2 s1 = x g = s2", []string{"s2", "s1", bytecode.Env}},
		{"of inner functions", "return function() return function() return s1, g end end", []string{"s1", bytecode.Env}},
		{"hidden by a local", "local s1 return function() return s1 end", nil},
		{"hidden by a parameter", "return p", nil},
		{"operations", "local t, k = {}, 'x' t[k] = k .. k t.x = 1", []string{bytecode.Concat, bytecode.Store}},
		{"bounds", "for i = 1, p do end for i = 1, 2 do end", []string{bytecode.Number}},
		{"_ENV is a name like others", "return _ENV", []string{bytecode.Env}},
	} {
		p, err := bytecode.Compile(bytecode.Chunk{Name: "test", Params: []string{"p"}, Body: parsed(t, test.text), Shared: shared})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.DbgUpvalues, test.want) {
			t.Errorf("%s: upvalues %q, want %q", test.name, p.DbgUpvalues, test.want)
		}
	}
}

// Chunks that share a cell see each other's assignments.
func TestShared(t *testing.T) {
	m := newMachine(t, &bytes.Buffer{})
	m.cell("shared", lua.LNumber(1))
	var results []string
	for _, text := range []string{
		"local _ENV = {} local function add(n) shared = shared + n + p return shared end get = function() return shared end return add(2)",
		"shared = shared * 10 return get(), shared, ...",
	} {
		f, err := m.compile(bytecode.Chunk{
			Name: "test", Params: []string{"p"}, Vararg: true, Body: parsed(t, text),
			Shared: func(name string) bool { return name == "shared" },
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.run(f, lua.LNumber(5), lua.LNumber(6))
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, got)
	}
	if want := []string{"8", "80 80 6"}; !slices.Equal(results, want) {
		t.Errorf("got %q, want %q", results, want)
	}
}

// "local function" and a local whose value is a function are the same tree; a
// second value makes the difference.
func TestLocalFunction(t *testing.T) {
	m := newMachine(t, &bytes.Buffer{})
	body := parsed(t, "local f = 1 local f = function() return type(f) end return f()")
	declaration := body[1].(*ast.LocalAssignStmt)
	for _, want := range []string{"function", "number"} {
		f, err := m.compile(bytecode.Chunk{Name: "test", Body: body})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.run(f); err != nil || got != want {
			t.Errorf("f is a %s in its own value (error %v), want %s", got, err, want)
		}
		declaration.Exprs = append(declaration.Exprs, &ast.NilExpr{})
	}
}

func TestNumbers(t *testing.T) {
	m := newMachine(t, &bytes.Buffer{})
	for text, want := range map[string]string{
		"inf": "inf", "-inf": "-inf", "nan": "nan", "1e400": "inf",
		"0x1F": "31", "0x1p4": "16", "0xffffffffffffffffff": "4.722366482869645e+21", "010": "10", "1e3": "1000", ".5": "0.5", "-0": "-0",
	} {
		body := parsed(t, "local x = 0 local y = {x == x, N} return y[2] == y[2], y[2] > 0, y[2] < 0, 1 / y[2], string.format('%.16g', y[2])")
		body[1].(*ast.LocalAssignStmt).Exprs[0].(*ast.TableExpr).Fields[1].Value = &ast.NumberExpr{Value: text}
		f, err := m.compile(bytecode.Chunk{Name: "test", Body: body})
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.run(f)
		if err != nil {
			t.Fatal(err)
		}
		got = strings.ToLower(got[strings.LastIndex(got, " ")+1:])
		if got = strings.TrimPrefix(got, "+"); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

// The VM shows these names in messages and tracebacks.
func TestCallNames(t *testing.T) {
	m := newMachine(t, &bytes.Buffer{})
	for text, want := range map[string]string{
		"local insert = table.insert insert()": "bad argument #1 to insert",
		"table.insert()":                       "bad argument #1 to insert",
		"return ('x'):rep({})":                 "bad argument #2 to rep",
		"(false or table.insert)()":            "bad argument #1 to (anonymous)",
	} {
		f, err := m.load(text, "test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.run(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}

// One prototype runs in several states at once.
func TestConcurrent(t *testing.T) {
	p, err := bytecode.Compile(bytecode.Chunk{Name: "test", Vararg: true, Body: parsed(t,
		`local t, s = {}, "" for i = 1, 100 do t["k" .. i] = function(...) s = s .. i return ... end end
		 local n = 0 for k, f in pairs(t) do n = n + f(1, 2) end return n, #s`)})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		m := newMachine(t, &bytes.Buffer{})
		wg.Go(func() {
			if got, err := m.run(m.instantiate(p)); err != nil || got != "100 192" {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	wg.Wait()
}

func FuzzCompile(f *testing.F) {
	for _, path := range archives(f) {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if strings.HasSuffix(file.Name, ".lua") {
				f.Add(string(file.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		body, err := parse.Parse(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		p, err := bytecode.Compile(bytecode.Chunk{Name: "fuzz", Vararg: true, Body: body})
		var refused *bytecode.Error
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("error %v is no *Error", err)
		}
		if err == nil {
			checkProto(t, p)
		}
	})
}
