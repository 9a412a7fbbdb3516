package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// mistakes are forms with one mistake each, at the place between « and », and
// what has to be said of it.
var mistakes = []struct {
	form    string
	code    diag.Code
	message string
}{
	{`(ci.job :m1 [:quire/push] (fn [{: sh}] (sh ["make" "a"«)») nil)`, diag.Syntax, "mismatched closing delimiter ), expected ]"},
	{`(ci.job :m2 [:quire/push] (fn [_] (print "«\q»")))`, diag.Syntax, "escape"},
	{`(ci.job :m3 [:quire/push] (fn [_] {:a 1 :b«}»))`, diag.Syntax, "expected even number of values in table literal"},
	{`(ci.job :m4 [:quire/push] (fn [_] nil))«)»`, diag.Syntax, "unexpected closing delimiter )"},
	{`(local m5 «1_x»)`, diag.Syntax, "could not read number"},
	{`(local m6 (ci.job«.:x»))`, diag.Syntax, "malformed multisym: ci.job.:x"},
	{`(ci.job :m7 [:quire/push] (fn [_] (let «[x 1 y]» x)))`, diag.Compile, "expected even number of name/value bindings"},
	{`(ci.job :m8 [:quire/push] (fn [_] (let [x 1] (set «x» 2))))`, diag.Compile, "expected var x"},
	{`(ci.job :m9 [:quire/push] (fn [_] «(if true)»))`, diag.Compile, "expected condition and body"},
	{`(ci.job :m10 [:quire/push] (fn [_] «(when true)»))`, diag.Compile, "expected body"},
	{`(ci.job :m11 [:quire/push] (fn [«5»] nil))`, diag.Compile, "expected symbol for function parameter"},
	{`(ci.job :m12 [:quire/push] (fn [_] («each» [k (pairs {})])))`, diag.Compile, "expected body expression"},
	{`(ci.job :m13 [:quire/push] (fn [_] (for «[i 1]» nil)))`, diag.Compile, "expected range to include start and stop"},
	{`(ci.job :m14 [:quire/push] (fn [_] «...»))`, diag.Compile, "unexpected vararg"},
	{`(ci.job :m15 [:quire/push] (fn [_] «(5 1)»))`, diag.Compile, "cannot call literal value 5"},
	{`(ci.job :m16 [:quire/push] (fn [_] «()»))`, diag.Compile, "expected a function, macro, or special to call"},
	{`(ci.job :m17 [:quire/push] (fn [_] (let [«when» 1] nil)))`, diag.Compile, "local when was overshadowed"},
	{`(ci.job :m18 [:quire/push] (fn [_] (print «let»)))`, diag.Compile, "tried to reference a special form"},
	{`(ci.job :m19 [:quire/push] (fn [_] (print «->»)))`, diag.Compile, "tried to reference a macro"},
	{`(ci.job :m20 [:quire/push] (fn [_] «(case 1 x)»))`, diag.Compile, "expected even number of pattern/body pairs"},
	{`(ci.job :m21 [:quire/push] (fn [_] (let [«[a b]» 5] a)))`, diag.Compile, "could not destructure literal"},
	{`(ci.job :m22 [:quire/push] (fn [_] #(print «...»)))`, diag.Compile, "use $... in hashfn"},
	{`(«nonsense» :m23)`, diag.UnknownGlobal, "unknown identifier: nonsense"},
	{`(local m24 «io.open»)`, diag.UnknownGlobal, "io does not exist in a pipeline"},
	{`«(import-macros {: x} :lib.nowhere)»`, diag.Compile, "lib.nowhere module not found"},
	{`(ci.job :m26 «[]» (fn [_] nil))`, diag.EmptyInputs, ""},
	{`(ci.job «:m/27» [:quire/push] (fn [_] nil))`, diag.ReservedSlash, ""},
	{`(ci.job «"job-1"» [:quire/push] (fn [_] nil))`, diag.DuplicateJob, ""},
	{`(ci.job :m29 [:quire/push «:job-nowhere»] (fn [_] nil))`, diag.UnknownInput, ""},
	{`(ci.job :m30 [«:m30»] (fn [_] nil))`, diag.Cycle, ""},
}

// TestAllMistakesAtOnce checks that a pipeline of a thousand lines with thirty
// different mistakes tells each of them once, where it is, and nothing else.
func TestAllMistakesAtOnce(t *testing.T) {
	var text strings.Builder
	places := make([]source.Span, len(mistakes))
	text.WriteString("(local ci (require :quire.ci))\n")
	for i := range 200 {
		fmt.Fprintf(&text, "(ci.job :job-%d [:quire/push]\n  (fn [{: sh}]\n    (let [out (sh [\"make\" \"%d\"])]\n      (when (not= 0 out.exit) (error out.stderr))\n      {:log out.stdout})))\n", i, i)
		if i%6 != 5 || i/6 >= len(mistakes) {
			continue
		}
		before, rest, _ := strings.Cut(mistakes[i/6].form, "«")
		marked, after, _ := strings.Cut(rest, "»")
		start := text.Len() + len(before)
		places[i/6] = source.Span{Start: start, End: start + len(marked)}
		text.WriteString(before + marked + after + "\n")
	}
	file := source.NewFile(pipeline.Path, text.String())
	if lines := strings.Count(text.String(), "\n"); lines < 1000 {
		t.Fatalf("the pipeline has %d lines", lines)
	}
	_, found := load(t, map[string]*source.File{pipeline.Path: file}, pipeline.DefaultLimits())
	told := make([]bool, len(found))
	for i, m := range mistakes {
		hit := false
		for j, d := range found {
			if d.Span == places[i] && d.Code == m.code && strings.Contains(d.Message, m.message) {
				told[j], hit = true, true
			}
		}
		if !hit {
			t.Errorf("not told: %s", m.form)
		}
	}
	for j, d := range found {
		if !told[j] {
			t.Errorf("not expected at %q: %v", file.Slice(d.Span), d)
		}
	}
}
