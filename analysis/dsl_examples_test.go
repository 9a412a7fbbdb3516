package analysis_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// TestDSLExamples puts every example of the vocabulary where it says that it
// may stand. Nothing is wrong with any, but that they ignore how commands end.
func TestDSLExamples(t *testing.T) {
	const head = "(local ci (require :quire.ci))\n(local stdlib (require :quire.stdlib))\n(import-macros {: defrun} :quire.ci)\n"
	check := func(t *testing.T, text string) {
		for _, d := range load(text, nil).Diagnostics() {
			if d.Severity() <= diag.Warning && d.Code != diag.IgnoredExit {
				t.Errorf("%v in\n%s", d, text)
			}
		}
	}
	topLevel := func(text string) string {
		return head + "(ci.job :test [:quire/push] (fn [] nil))\n" + text
	}
	inRunFn := func(text string) string {
		return head + fmt.Sprintf("(ci.job :a [:quire/push] (fn [{: sh : secret : jobs : read-file : read-json : write-file : log : env}]\n%s\nnil))", text)
	}
	keys := func(t *testing.T, f dsl.Func, around func(string) string) {
		if f.Example == "" || !mentions(f.Example, f.Name) {
			t.Errorf("the example of %s is %q", f.Name, f.Example)
		}
		for _, p := range f.Params {
			for _, k := range p.Keys {
				example := cmp.Or(k.Example, f.Example)
				if !mentions(example, k.Name) || !mentions(example, f.Name) {
					t.Errorf("the example of %s of %s is %q", k.Name, f.Name, example)
				}
				check(t, around(example))
			}
		}
	}
	for _, f := range dsl.Runtime() {
		t.Run(f.Name, func(t *testing.T) {
			keys(t, f, inRunFn)
			check(t, inRunFn(f.Example))
		})
	}
	for _, m := range dsl.Modules() {
		for _, f := range slices.Concat(m.Funcs, m.Macros) {
			t.Run(m.Name+"."+f.Name, func(t *testing.T) {
				around := topLevel
				if m.Name == dsl.Stdlib || isPrimitive(f.Name) {
					around = inRunFn
				}
				keys(t, f, around)
				if f.Name == "job" || f.Name == "defrun" {
					check(t, head+f.Example)
				} else {
					check(t, around(f.Example))
				}
			})
		}
	}
}

func isPrimitive(name string) bool {
	_, ok := dsl.Primitive(name)
	return ok
}

// mentions reports whether a name stands in code.
func mentions(text, name string) bool {
	for _, form := range syntax.Read(source.NewFile("example", text)).Forms {
		for n := range form.All() {
			if n.Text == name || n.Text == "ci."+name || n.Text == "stdlib."+name {
				return true
			}
		}
	}
	return false
}
