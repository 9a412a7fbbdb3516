package diag_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/analysis/source"
)

func TestBound(t *testing.T) {
	a, b := source.NewFile("a", "0123456789"), source.NewFile("b", "0123456789")
	var bound diag.Bound
	admitted := map[string]int{}
	admit := func(f *source.File, times int, code diag.Code, as diag.Severity, at int) {
		for range times {
			d := diag.Diagnostic{File: f, Code: code, As: as, Span: source.Span{Start: at, End: at + 1}}
			if bound.Admit(d) {
				admitted[f.Name()+" "+d.Severity().String()]++
			}
		}
	}
	admit(a, diag.Most+5, diag.UnusedLocal, 0, 1)
	admit(a, diag.Most-1, diag.Compile, 0, 2)
	admit(b, diag.Most, diag.Compile, 0, 3) // just as many as there is room for
	admit(a, 1, diag.Syntax, 0, 4)          // another code does not matter
	admit(a, 1, diag.Syntax, 0, 5)
	admit(b, diag.Most+2, diag.IgnoredExit, diag.Information, 6)
	want := map[string]int{"a hint": diag.Most, "a error": diag.Most, "b error": diag.Most, "b info": diag.Most}
	if d := cmp.Diff(want, admitted); d != "" {
		t.Errorf("admitted (-want +got):\n%s", d)
	}
	var rest []string
	for _, d := range bound.Rest() {
		rest = append(rest, d.Error())
	}
	wantRest := []string{
		"a:1:2: hint[load-limit]: 5 more hints are not shown",
		"a:1:6: error[load-limit]: 1 more error is not shown",
		"b:1:7: info[load-limit]: 2 more notes are not shown",
	}
	if d := cmp.Diff(wantRest, rest); d != "" {
		t.Errorf("rest (-want +got):\n%s", d)
	}
	many := 0
	for i := range 10 {
		f := source.NewFile(string(rune('c'+i)), "x")
		for range diag.Most {
			if bound.Admit(diag.Diagnostic{File: f, Code: diag.Compile}) {
				many++
			}
		}
	}
	if want := 3*diag.Most + 7; many != want { // two files had as many before
		t.Errorf("of ten more files, %d errors were admitted, want %d", many, want)
	}
	if rest := new(diag.Bound).Rest(); rest != nil {
		t.Errorf("of nothing, the rest is %v", rest)
	}
}
