package fennel_test

import (
	"context"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// TestDefined checks that functions of every kind lead back to their forms.
func TestDefined(t *testing.T) {
	for _, form := range []string{
		"(fn [] 1)",
		"(fn named [x] x)",
		"#(+ $ 1)",
		"(lambda [a] a)",
		"(partial print 1)",
	} {
		text := "(local x 1)\n[:before " + form + " (fn other [] x)]"
		m := compileFile(source.NewFile("in.fnl", text), nil)
		p := fennel.NewProgram(sandbox.Options{Limits: testLimits})
		values, err := p.State.Call(context.Background(), p.State.L, p.Function(m))
		if err != nil {
			t.Fatal(form, err)
		}
		fn, ok := values[0].(*lua.LTable).RawGetInt(2).(*lua.LFunction)
		if !ok {
			t.Fatalf("%s is no function", form)
		}
		place, ok := p.Defined(fn)
		if got := place.File.Slice(place.Span); !ok || got != form {
			t.Errorf("%s is defined at %q", form, got)
		}
		p.State.Close()
	}
}

// TestModulesShareNothing runs the same module twice in one program: each run
// has its own top-level locals.
func TestModulesShareNothing(t *testing.T) {
	m := compileFile(source.NewFile("in.fnl", "(var n 0)\n(fn bump [] (set n (+ n 1)) n)\nbump"), nil)
	p := fennel.NewProgram(sandbox.Options{Limits: testLimits})
	defer p.State.Close()
	call := func(fn lua.LValue) lua.LValue {
		t.Helper()
		values, err := p.State.Call(context.Background(), p.State.L, fn)
		if err != nil {
			t.Fatal(err)
		}
		return values[0]
	}
	run := p.Function(m)
	first, second := call(run), call(run)
	call(first)
	if a, b := call(first), call(second); a != lua.LNumber(2) || b != lua.LNumber(1) {
		t.Errorf("got %v and %v, want 2 and 1", a, b)
	}
}

// TestErrorsAcrossModules checks that an error raised in one module is shown
// at the place of the main file that led to it, with the others as related.
func TestErrorsAcrossModules(t *testing.T) {
	lib := source.NewFile("lib.fnl", "(fn fail [x]\n  (error (.. \"bad \" x)))\n{: fail}")
	main := source.NewFile("main.fnl", "(local lib (get))\n(print 1)\n(lib.fail :x)\nnil")
	p := fennel.NewProgram(sandbox.Options{Limits: testLimits})
	defer p.State.Close()
	L := p.State.L
	L.SetGlobal("get", p.Function(fennel.Compile(syntax.Read(lib), fennel.Options{})))
	_, err := p.State.Call(context.Background(), L, p.Function(fennel.Compile(syntax.Read(main), fennel.Options{})))
	raised, ok := err.(*sandbox.Error)
	if !ok {
		t.Fatalf("got %v", err)
	}
	d := p.Diagnose(raised, main)
	if got := d.File.Slice(d.Span); got != "(lib.fail :x)" || d.Message != "bad x" {
		t.Errorf("placed at %q: %s", got, d.Message)
	}
	if len(d.Related) == 0 || !strings.HasPrefix(d.Related[0].File.Slice(d.Related[0].Span), "(error ") {
		t.Errorf("related %v", d.Related)
	}
}
