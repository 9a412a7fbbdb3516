package diag_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/analysis/source"
)

func TestSeverity(t *testing.T) {
	tests := []struct {
		code diag.Code
		as   diag.Severity
		want diag.Severity
		text string
	}{
		{diag.Syntax, 0, diag.Error, "error"},
		{diag.Syntax, diag.Warning, diag.Warning, "warning"},
		{diag.RunArity, 0, diag.Warning, "warning"},
		{diag.RunArity, diag.Error, diag.Error, "error"},
		{diag.UnusedLocal, 0, diag.Hint, "hint"},
		{diag.UnusedLocal, diag.Information, diag.Information, "info"},
		{"no-such-code", 0, diag.Error, "error"},
	}
	for _, test := range tests {
		d := diag.Diagnostic{Code: test.code, As: test.as}
		if got := d.Severity(); got != test.want || got.String() != test.text {
			t.Errorf("%s as %v is %v, want %v", test.code, test.as, got, test.want)
		}
		if got, want := (diag.List{{Code: diag.UnusedIgnore}, d}).HasErrors(), test.want == diag.Error; got != want {
			t.Errorf("a list with %s as %v has errors: %v", test.code, test.as, got)
		}
	}
	if (diag.List{}).HasErrors() {
		t.Error("an empty list has errors")
	}
	if got := diag.Severity(9).String(); got != "Severity(9)" {
		t.Errorf("severity 9 is %s", got)
	}
}

func TestError(t *testing.T) {
	d := diag.Diagnostic{
		File:    source.NewFile(".quire/ci.fnl", "(a)\n (b))\n"),
		Span:    source.Span{Start: 8, End: 9},
		Code:    diag.Syntax,
		Message: "unexpected closing delimiter )",
	}
	if got, want := d.Error(), ".quire/ci.fnl:2:5: error[syntax]: unexpected closing delimiter )"; got != want {
		t.Errorf("the error is %s, want %s", got, want)
	}
}

func TestSort(t *testing.T) {
	a, b := source.NewFile("a", "0123456789"), source.NewFile("b", "0123456789")
	at := func(f *source.File, start, end int, code diag.Code, message string) diag.Diagnostic {
		return diag.Diagnostic{File: f, Span: source.Span{Start: start, End: end}, Code: code, Message: message}
	}
	list := diag.List{
		at(b, 0, 1, diag.Cycle, "other file"),
		at(a, 5, 6, diag.Cycle, "later"),
		at(a, 2, 9, diag.Compile, "longer"),
		at(a, 2, 3, diag.UnknownGlobal, "later code"),
		at(a, 2, 3, diag.Compile, "first of equals"),
		at(a, 2, 3, diag.Compile, "another of equals"),
	}
	list.Sort()
	var got []string
	for _, d := range list {
		got = append(got, d.Message)
	}
	want := []string{"first of equals", "another of equals", "later code", "longer", "later", "other file"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestTableIsTheCallers(t *testing.T) {
	diag.Entries()[0].Title = ""
	if diag.Entries()[0].Title == "" {
		t.Error("the table can be changed")
	}
	if e := diag.Code("no-such-code").Entry(); e != (diag.Entry{Code: "no-such-code", Severity: diag.Error}) {
		t.Errorf("a code that is not in the table has the entry %v", e)
	}
}
