package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec/exectest"
)

// TestDeepNesting checks that no nesting is deep enough to exhaust a stack.
func TestDeepNesting(t *testing.T) {
	const depth = 100_000
	for _, unit := range []string{"(", "[", "{", "#", "`", ",", "(let [x ", "(fn [] ", "[:a {:b "} {
		for _, closed := range []bool{false, true} {
			text := strings.Repeat(unit, depth)
			if closed {
				text += "x" + strings.Repeat(closers(unit), depth)
			}
			_, found := load(t, map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, text)}, pipeline.DefaultLimits())
			if !found.HasErrors() {
				t.Errorf("%q, %d deep, has no errors", unit, depth)
			}
		}
	}
}

// closers returns what closes the brackets of a text.
func closers(text string) string {
	var open []byte
	for i := range len(text) {
		switch text[i] {
		case '(', '[', '{':
			open = append(open, map[byte]byte{'(': ')', '[': ']', '{': '}'}[text[i]])
		case ')', ']', '}':
			open = open[:len(open)-1]
		}
	}
	slices.Reverse(open)
	return string(open)
}

func TestFileLimit(t *testing.T) {
	l := pipeline.DefaultLimits()
	l.File = 100
	big := strings.Repeat("; comment\n", 11)
	_, found := load(t, map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, big)}, l)
	if len(found) != 1 || found[0].Code != diag.LoadLimit || found[0].Message != "the file is larger than 100 bytes" {
		t.Errorf("a large file: %v", found)
	}
	_, found = load(t, map[string]*source.File{
		pipeline.Path: source.NewFile(pipeline.Path, "(require :lib)\n"),
		"lib.fnl":     source.NewFile("lib.fnl", big),
	}, l)
	if len(found) != 1 || !strings.Contains(found[0].Message, "lib.fnl: the file is larger than 100 bytes") {
		t.Errorf("a large module: %v", found)
	}
}

// TestModuleLimits has the modules of a pipeline be too many, go over what all of
// them may have together, and one in Lua over what it may have.
func TestModuleLimits(t *testing.T) {
	l := pipeline.DefaultLimits()
	l.Forms = 50
	found := func(main string, modules map[string]string) []string {
		files := map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, main)}
		for name, text := range modules {
			files[name] = source.NewFile(name, text)
		}
		_, found := load(t, files, l)
		var texts []string
		for _, d := range found {
			texts = append(texts, fmt.Sprintf("%s:%d %s", d.File.Name(), d.File.Position(d.Span.Start).Line, d.Message))
		}
		return texts
	}
	some := strings.Repeat("(print 1)\n", 6) // 42 forms
	got := found("(require :a)\n(require :b)\n(require :c)\n", map[string]string{
		"a.fnl": some, "b.fnl": some, "c.fnl": some + "(require :d)\n", "d.fnl": some,
	})
	want := []string{"c.fnl:7 the required modules have more than 100 forms"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("many modules (-want +got):\n%s", d)
	}
	lua := map[string]string{"a.lua": "local a = 1\n" + strings.Repeat("a = a + 1\n", 20)}
	want = []string{"a.lua:1 the file has more than 200 bytes of Lua"}
	if d := cmp.Diff(want, found("(require :a)", lua)); d != "" {
		t.Errorf("a module in Lua (-want +got):\n%s", d)
	}
	got = found("(import-macros {: m} :a)", lua)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("macros in Lua (-want +got):\n%s", d)
	}
	l.Modules = 2
	got = found("(include :a)\n(include :b)\n(include :a)\n(import-macros {} :c)\n(include :d)", map[string]string{
		"a.fnl": "{}", "b.fnl": "{}", "c.fnl": "{}", "d.fnl": "{}",
	})
	want = []string{pipeline.Path + ":4 the file is compiled with more than 2 modules"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("many included modules (-want +got):\n%s", d)
	}
}

// TestLongCycle looks for the shortest cycle where that is a lot of work.
func TestLongCycle(t *testing.T) {
	text := `
(local ci (require :quire.ci))
(local n 3000)
(for [i 1 n]
  (ci.job i [(% (+ i 1) n) (% (+ i 2) n) (% (+ i 3) n)] #nil))
(ci.job 0 [n] #nil)
`
	_, found := load(t, map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, text)}, pipeline.DefaultLimits())
	if len(found) != 1 || found[0].Code != diag.Cycle {
		t.Errorf("found %d diagnostics: %.300v", len(found), found)
	}
}

// TestModuleIsImmutable loads one module many times at once.
func TestModuleIsImmutable(t *testing.T) {
	files := map[string]*source.File{
		pipeline.Path: source.NewFile(pipeline.Path, `
(local ci (require :quire.ci))
(import-macros {: defrun} :quire.ci)
(local lib (require :lib))
(var n 0)
(each [_ id (ipairs [:a :b :c])]
  (set n (+ n 1))
  (lib.add (.. id n)))
(ci.job :last [:a1 :nothing] (defrun [sh] (sh "x")))
(ci.job :last [] #nil)
(error n)
`),
		"lib.fnl": source.NewFile("lib.fnl", "(local ci (require :quire.ci))\n{:add (fn [id] (ci.job id [:quire/push] #nil))}\n"),
	}
	tree := source.Overlay(noTree{}, files)
	l := untimed()
	m := pipeline.Compile(files[pipeline.Path], tree, new(fennel.Cache), l)
	results := make([]string, 8)
	var loads sync.WaitGroup
	for i := range results {
		loads.Go(func() {
			p, found := pipeline.Load(context.Background(), m, tree, nil, l)
			defer p.Close()
			results[i] = renderLoad(p, found)
		})
	}
	loads.Wait()
	for _, r := range results {
		if r != results[0] || !strings.Contains(r, `job "c3"`) {
			t.Fatalf("one load gives\n%s\nanother\n%s", results[0], r)
		}
	}
}

// FuzzLoad checks that no text takes loading down, and that what it says has
// a place.
func FuzzLoad(f *testing.F) {
	for _, e := range diag.Entries() {
		f.Add(e.Bad)
	}
	for _, c := range suiteCases(f) {
		f.Add(c.files[pipeline.Path].Text())
	}
	for _, h := range exectest.ReadHostile(f, "../../testdata/hostile") {
		if !h.Has("setup") {
			f.Add(exectest.File(h.Archive, "ci.fnl"))
		}
	}
	l := untimed()
	l.Load.Instructions, l.Load.Strings = 200_000, 1<<20
	f.Fuzz(func(t *testing.T, text string) {
		p, found := load(t, map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, text)}, l)
		for _, d := range found {
			if d.File == nil || d.Message == "" || d.Span.Start < 0 || d.Span.End > len(d.File.Text()) || d.Span.Start > d.Span.End {
				t.Errorf("a diagnostic without a place: %+v", d)
			}
		}
		p.Graph.Order()
	})
}
