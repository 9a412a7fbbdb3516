package fennel_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// TestUserMacros runs the archives of testdata/usermacros. The file in.fnl of
// each is compiled; files whose names end in .fnl or .fnlm are modules. What
// comes out is compared with the files that the archive has of these:
//
//	printed      what macros printed while the file was compiled
//	diagnostics  file:line:column-line:column code message, then help and related places
//	result       the values of the program as fennel.view shows them, or its error
//	callers      what (here …) was called by
//	index        the symbols
//	uses         the modules that were needed
func TestUserMacros(t *testing.T) {
	files, err := filepath.Glob("../../testdata/usermacros/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data: ", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { runMacroArchive(t, path) })
	}
}

func runMacroArchive(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := &macroWorkspace{files: map[string]*source.File{}}
	for _, f := range a.Files {
		if ext := filepath.Ext(f.Name); ext != "" {
			w.files[f.Name] = source.NewFile(f.Name, string(f.Data))
		}
	}
	m := w.compile(nil)
	for i := range a.Files {
		f := &a.Files[i]
		if filepath.Ext(f.Name) != "" {
			continue
		}
		got, ok := w.expectation(f.Name, m)
		if !ok {
			t.Fatalf("unknown file %s", f.Name)
		}
		if *update {
			f.Data = []byte(got)
		} else if diff := cmp.Diff(string(f.Data), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

type macroWorkspace struct {
	files   map[string]*source.File
	printed string
}

// macroLimits has no limit of time, which would depend on the machine.
var macroLimits = sandbox.Limits{Instructions: 5_000_000, Strings: 16 << 20, Depth: 5_000}

func (w *macroWorkspace) compile(cache *fennel.Cache) *fennel.Module {
	return fennel.Compile(syntax.Read(w.files["in.fnl"]), fennel.Options{
		Globals: func(name string) bool { return name == "here" || sandbox.Global(name) || name == "require" },
		Resolve: w.find,
		Cache:   cache,
		Limits:  macroLimits,
		Print:   func(line string) { w.printed += line + "\n" },
	})
}

func (w *macroWorkspace) find(name string, kind fennel.ModuleKind) (*source.File, error) {
	path := strings.ReplaceAll(name, ".", "/")
	for _, ext := range []string{".fnlm", ".fnl", ".lua"} {
		if f := w.files[path+ext]; f != nil && kind == fennel.Macros {
			return f, nil
		}
	}
	return nil, errors.New("not found")
}

func (w *macroWorkspace) expectation(name string, m *fennel.Module) (got string, ok bool) {
	switch name {
	case "printed":
		return w.printed, true
	case "diagnostics":
		return showRelated(m.Diagnostics), true
	case "result":
		got, _ = runModule(m)
		return got, true
	case "callers":
		_, got = runModule(m)
		return got, true
	case "index":
		return showIndex(m), true
	case "uses":
		for _, u := range m.Uses {
			got += fmt.Sprintf("%s %t %s\n", u.Name, u.File != nil, m.Tree.File.Slice(u.Span))
		}
		return got, true
	}
	return "", false
}

func showRelated(ds diag.List) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintf(&b, "%s:%s-%s %s %s\n", d.File.Name(), d.File.Position(d.Span.Start), d.File.Position(d.Span.End), d.Code, d.Message)
		if d.Help != "" {
			fmt.Fprintf(&b, "  help: %s\n", d.Help)
		}
		for _, r := range d.Related {
			fmt.Fprintf(&b, "  %s: %s %q\n", source.Place{File: r.File, Span: r.Span}, r.Message, r.File.Slice(r.Span))
		}
	}
	return b.String()
}

// A unit is used again only if what its macros said still holds.
func TestMacrosAndCache(t *testing.T) {
	var cache fennel.Cache
	w := &macroWorkspace{files: map[string]*source.File{}}
	compile := func(text string) (result, diagnostics string) {
		w.files["in.fnl"] = source.NewFile("in.fnl", text)
		m := w.compile(&cache)
		result, _ = runModule(m)
		return result, showRelated(m.Diagnostics)
	}
	check := func(text, wantResult, wantDiagnostics string) {
		t.Helper()
		result, diagnostics := compile(text)
		if result != wantResult || diagnostics != wantDiagnostics {
			t.Errorf("%s\ngot:  %q, %q\nwant: %q, %q", text, result, diagnostics, wantResult, wantDiagnostics)
		}
	}
	module := func(text string) { w.files["m.fnl"] = source.NewFile("m.fnl", text) }

	const lambda = "(local f (lambda [x] x))\n(print (select 2 (pcall f)))"
	check(lambda, "Missing argument x on in.fnl:1\n", "")
	check("\n\n"+lambda, "Missing argument x on in.fnl:3\n", "")

	const place = "(macro line [x] x.line)\n(print (line (f)))"
	check(place, "2\n", "")
	check("\n"+place, "3\n", "")

	const fails = "(macro fails [] (error :no))\n(print 1)\n(fails)"
	check(fails, "1\n", "in.fnl:3:1-3:8 compile no\n  in.fnl:1:17: raised in this macro \"(error :no)\"\n")
	check("\n\n"+fails, "1\n", "in.fnl:5:1-5:8 compile no\n  in.fnl:3:17: raised in this macro \"(error :no)\"\n")

	module("{:m (fn [] 1)}")
	const imports = "(import-macros {: m} :m)\n(print (m))"
	check(imports, "1\n", "")
	module("{:m (fn [] 2)}")
	check(imports, "2\n", "")
	check(imports+"\n(print 3)", "2\n3\n", "")
	delete(w.files, "m.fnl")
	check("(import-macros {: m} :m)", "", "in.fnl:1:1-1:25 compile m module not found.\n  help: Check the name; the dots in it stand for directories.\n")

	check("(macro m [] 1)\n(print (m))", "1\n", "")
	check("(macro m [] 2)\n(print (m))", "2\n", "")
	check("(fn m [] 3)\n(print (m))", "3\n", "")
	check("(macro m [] 2)\n(fn [] (m))\n(print 0 (m))", "0\t2\n", "")
}

// States are not shared: files that were compiled with one cache can be
// compiled at a time.
func TestMacrosInParallel(t *testing.T) {
	var cache fennel.Cache
	w := &macroWorkspace{files: map[string]*source.File{
		"in.fnl": source.NewFile("in.fnl", "(import-macros {: m} :m)\n(macro n [x] `(m ,x))\n"+strings.Repeat("(print (n 1))\n", 20)),
		"m.fnl":  source.NewFile("m.fnl", "{:m (fn [x] `(+ ,x 1))}"),
	}}
	want := strings.Repeat("2\n", 20)
	done := make(chan string)
	const compilers = 8
	for range compilers {
		go func() {
			m := fennel.Compile(syntax.Read(w.files["in.fnl"]), fennel.Options{Resolve: w.find, Cache: &cache, Limits: macroLimits})
			result, _ := runModule(m)
			done <- result + showRelated(m.Diagnostics)
		}()
	}
	for range compilers {
		if got := <-done; got != want {
			t.Errorf("got %q", got)
		}
	}
}
