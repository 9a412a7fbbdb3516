package pipeline_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// walk is a program that prints the path of everything that a ci.fnl can
// reach: through globals, the modules of the product, and metatables.
const walk = `
(local seen {})
(fn visit [path value]
  (print (.. path " " (type value)))
  (when (and (= :table (type value)) (not (. seen value)))
    (tset seen value true)
    (each [key inner (pairs value)]
      (visit (.. path "." (tostring key)) inner))
    (let [mt (getmetatable value)]
      (when (= :table (type mt)) (visit (.. path "<meta>") mt)))))
(tset seen _G true)
(each [key value (pairs _G)] (visit key value))
(visit "<string>" (getmetatable ""))
(each [_ name (ipairs MODULES)] (visit (.. "(" name ")") (require name)))
`

func TestReachable(t *testing.T) {
	var modules []string
	for _, m := range dsl.Modules() {
		modules = append(modules, ":"+m.Name)
	}
	text := strings.Replace(walk, "MODULES", "["+strings.Join(modules, " ")+"]", 1)
	p, found := load(t, map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, text)}, pipeline.DefaultLimits())
	if len(found) > 0 {
		t.Fatal(found)
	}
	got := slices.Sorted(slices.Values(p.Printed))
	if d := gocmp.Diff(vocabulary(), got); d != "" {
		t.Errorf("the vocabulary and what can be reached differ: -vocabulary +reachable\n%s", d)
	}
}

// vocabulary returns what the vocabulary says can be reached, as walk prints
// it.
func vocabulary() []string {
	lines := []string{
		// Programs see false where the metatable of strings would be.
		"<string> boolean",
		// The runtime table raises for what it does not have.
		"(quire.ci).runtime<meta> table",
		"(quire.ci).runtime<meta>.__index function",
		"fennel<meta> table",
		"fennel<meta>.__index table",
		"fennel.metadata<meta> table",
		"fennel.metadata<meta>.__index table",
		"fennel.metadata<meta>.__index.get function",
		"fennel.metadata<meta>.__index.set function",
		"fennel.metadata<meta>.__index.setall function",
	}
	for _, field := range fennel.AbsentFields() {
		lines = append(lines, "fennel<meta>.__index."+field+" function")
	}
	values := map[string]string{"_VERSION": "string", "utf8.charpattern": "string", "fennel.version": "string"}
	for _, g := range dsl.Globals() {
		kind := string(g.Kind)
		if g.Kind == dsl.ValueGlobal {
			kind = cmp.Or(values[g.Name], "number")
		}
		lines = append(lines, g.Name+" "+kind)
	}
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
	slices.Sort(lines)
	return lines
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
