package pipeline_test

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// reach is where the modules are that tell of what can be reached.
const reach = "../../testdata/reach"

// reaching returns a pipeline among the modules of testdata/reach.
func reaching(t testing.TB, text string) map[string]*source.File {
	t.Helper()
	names, err := filepath.Glob(reach + "/*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no modules in %s: %v", reach, err)
	}
	files := map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, text)}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = source.NewFile(filepath.Base(name), string(content))
	}
	return files
}

// told loads a pipeline among the modules of testdata/reach and returns the
// lines that it prints, sorted, each once.
func told(t testing.TB, text string) []string {
	t.Helper()
	p, found := load(t, reaching(t, text), pipeline.DefaultLimits())
	for _, d := range found {
		switch d.Code { // others are of jobs, which some of the programs register badly
		case diag.Syntax, diag.Compile, diag.Runtime, diag.LoadLimit, diag.LoadTimeout:
			if d.File.Name() == pipeline.Path {
				t.Fatal(d.Message)
			}
		}
	}
	return sorted(p.Printed)
}

// withoutData drops what leads nowhere and has no name: the text, numbers and
// booleans that functions return.
func withoutData(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool {
		path, kind, _ := cutLast(line, " ")
		return strings.HasPrefix(path, "(") && !strings.HasSuffix(path, "<meta>") &&
			slices.Contains([]string{"nil", "boolean", "number", "string"}, kind)
	})
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// TestReachable compares the vocabulary with everything that a program can reach:
// through globals, modules, metatables of all types, and what functions return.
func TestReachable(t *testing.T) {
	var modules []string
	for _, m := range dsl.Modules() {
		modules = append(modules, ":"+m.Name)
	}
	got := told(t, `
(local {: walker} (require :walk))
(local {: visit : meta} (walker #(print (.. (string.gsub $1 "^_G%." "") " " (type $2)))))
(visit :_G _G)
((require :values) visit meta [`+strings.Join(modules, " ")+`])
`)
	if d := gocmp.Diff(vocabulary(), withoutData(got)); d != "" {
		t.Errorf("the vocabulary and what can be reached differ: -vocabulary +reachable\n%s", d)
	}
}

// TestReachableByMacros does the same for code that runs at compile time.
func TestReachableByMacros(t *testing.T) {
	got := told(t, `
(macro reached [...]
  (let [lines []
        {: walker} (require :walk)
        {: visit : meta} (walker #(tset lines (+ 1 (length lines)) (.. (string.gsub $1 "^_G%." "") " " (type $2))))]
    (visit :_G _G)
    (meta "(nil)" nil)
    (meta "(boolean)" true)
    (meta "(number)" 1)
    (meta "(string)" "")
    (visit "(function)" (fn []))
    (visit "(fennel)" (require :fennel))
    (each [i argument (ipairs [...])]
      (visit (.. "(argument)." i) argument))
    (visit "(quote)" `+"`"+`(a b#))
    (visit "(gensym)" (gensym))
    (visit "(scope)" (get-scope))
    (visit "(ast-source)" (ast-source (. [...] 1)))
    (let [(_ e) (pcall assert-compile false "x" (. [...] 1))]
      (visit "(assert-compile)" e))
    lines))
(each [_ line (ipairs (reached (a "b") [c 1] {:d 2} e ...))] (print line))
`)
	if d := gocmp.Diff(compileTime(), withoutData(got)); d != "" {
		t.Errorf("-vocabulary +reachable\n%s", d)
	}
}

// vocabulary returns what the vocabulary says can be reached, as walk prints
// it.
func vocabulary() []string {
	lines := dsl.Unnamed()
	for _, field := range fennel.AbsentFields() {
		lines = append(lines, "fennel<meta>.__index."+field+" function")
	}
	lines = append(lines, globals("")...)
	for _, m := range dsl.Modules() {
		path := "(" + m.Name + ")"
		lines = append(lines, path+" table")
		if m.Name == dsl.RuntimeOf {
			continue // seen before, in quire.ci
		}
		for _, f := range m.Funcs {
			lines = append(lines, path+"."+f.Name+" function")
		}
		for _, f := range m.Fields {
			lines = append(lines, path+"."+f.Name+" table")
			for _, primitive := range dsl.Runtime() {
				lines = append(lines, path+"."+f.Name+"."+primitive.Name+" function")
			}
		}
	}
	return sorted(lines)
}

func sorted(lines []string) []string { return slices.Compact(slices.Sorted(slices.Values(lines))) }

// globals returns the globals whose names begin with a text.
func globals(prefix string) []string {
	values := map[string]string{"_VERSION": "string", "utf8.charpattern": "string", "fennel.version": "string"}
	var lines []string
	for _, g := range dsl.Globals() {
		kind := string(g.Kind)
		if g.Kind == dsl.ValueGlobal {
			kind = cmp.Or(values[g.Name], "number")
		}
		if g.Name == prefix || prefix == "" || strings.HasPrefix(g.Name, prefix+".") {
			lines = append(lines, g.Name+" "+kind)
		}
	}
	return lines
}

// compileTime returns what the vocabulary says that macros can reach. The globals
// that a macro sets are its own; those that all share are behind them.
func compileTime() []string {
	lines := dsl.AtCompileTime()
	for _, name := range dsl.MacroGlobals() {
		for _, line := range globals(name) {
			lines = append(lines, "_G<meta>.__index."+line)
		}
	}
	return sorted(lines)
}

// TestGlobals compares the vocabulary with the library of the sandbox.
func TestGlobals(t *testing.T) {
	want := append(sandbox.Names(), "fennel", "require")
	for _, field := range fennel.LibraryFields() {
		want = append(want, "fennel."+field)
	}
	slices.Sort(want)
	var got []string
	for _, g := range dsl.Globals() {
		got = append(got, g.Name)
	}
	slices.Sort(got)
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("-library +vocabulary\n%s", d)
	}
	var absent []string
	for _, a := range dsl.Absents() {
		if field, ok := strings.CutPrefix(a.Name, "fennel."); ok {
			absent = append(absent, field)
		}
		if sandbox.Global(a.Name) {
			t.Errorf("%s is said to be absent", a.Name)
		}
	}
	slices.Sort(absent)
	if d := gocmp.Diff(fennel.AbsentFields(), absent); d != "" {
		t.Errorf("absent from fennel: -library +vocabulary\n%s", d)
	}
}
