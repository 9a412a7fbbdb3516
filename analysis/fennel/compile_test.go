package fennel_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/fennel/view"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata/compile")

const compileSuite = "../../testdata/compile"

// TestCompile runs the archives of testdata/compile. The file in.fnl or in.lua
// of each is compiled, and those of the following files that the archive has are
// compared with what comes out:
//
//	diagnostics  line:column-line:column code message, the help indented below
//	result       the values of the program as fennel.view shows them, or its error
//	callers      what (here …) was called by: each call's text, then its callers'
//	index        the symbols: name, kind, place, scope, uses and what is known
//	facts        the calls and accesses
func TestCompile(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(compileSuite, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no test data: ", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runArchive(t, file) })
	}
}

func runArchive(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) < 2 {
		t.Fatal("the archive must have a program first and an expectation")
	}
	file := source.NewFile(a.Files[0].Name, string(a.Files[0].Data))
	var m *fennel.Module
	switch file.Name() {
	case "in.fnl":
		m = compileFile(file, nil)
	case "in.lua":
		m = fennel.CompileLua(file, fennel.Options{})
	default:
		t.Fatalf("unknown program %s", file.Name())
	}
	for i := range a.Files[1:] {
		f := &a.Files[i+1]
		var got string
		switch f.Name {
		case "diagnostics":
			got = showDiagnostics(m)
		case "result":
			got, _ = runModule(m)
		case "callers":
			_, got = runModule(m)
		case "index":
			got = showIndex(m)
		case "facts":
			got = showFacts(m)
		default:
			t.Fatalf("unknown file %s", f.Name)
		}
		if *update {
			f.Data = []byte(got)
			continue
		}
		if diff := cmp.Diff(string(f.Data), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func compileFile(file *source.File, cache *fennel.Cache) *fennel.Module {
	return fennel.Compile(syntax.Read(file), fennel.Options{
		Globals: func(name string) bool { return name == "here" || sandbox.Global(name) || name == "require" },
		Cache:   cache,
		Limits:  testLimits,
	})
}

var testLimits = sandbox.Limits{Instructions: 5_000_000, Strings: 16 << 20, Depth: 5_000, Time: 5e9}

func showDiagnostics(m *fennel.Module) string {
	var b strings.Builder
	for _, d := range m.Diagnostics {
		fmt.Fprintf(&b, "%s-%s %s %s\n", d.File.Position(d.Span.Start), d.File.Position(d.Span.End), d.Code, d.Message)
		if d.Help != "" {
			fmt.Fprintf(&b, "  %s\n", d.Help)
		}
	}
	return b.String()
}

// runModule runs a module with a function here, which returns its arguments
// and notes who calls it.
func runModule(m *fennel.Module) (result, callers string) {
	p := fennel.NewProgram(sandbox.Options{Limits: testLimits, Print: func(line string) { result += line + "\n" }})
	defer p.State.Close()
	L := p.State.L
	L.SetGlobal("here", L.NewFunction(func(L *lua.LState) int {
		for level := 1; ; level++ {
			place, ok := p.Caller(L, level)
			if !ok {
				break
			}
			text := strings.Join(strings.Fields(place.File.Slice(place.Span)), " ")
			callers += fmt.Sprintf("%s%s %s\n", strings.Repeat("  ", level-1), place.File.Position(place.Span.Start), text)
		}
		return L.GetTop()
	}))
	values, err := p.State.Call(context.Background(), L, p.Function(m))
	for _, v := range values {
		result += view.View(v, view.Options{OneLine: true}) + "\n"
	}
	var raised *sandbox.Error
	if errors.As(err, &raised) {
		d := p.Diagnose(raised, m.Tree.File)
		result += fmt.Sprintf("%s-%s %s %s\n", d.File.Position(d.Span.Start), d.File.Position(d.Span.End), d.Code, d.Message)
		for _, r := range d.Related {
			result += fmt.Sprintf("  %s %s\n", r.File.Position(r.Span.Start), r.Message)
		}
	} else if err != nil {
		result += err.Error() + "\n"
	}
	return result, callers
}
