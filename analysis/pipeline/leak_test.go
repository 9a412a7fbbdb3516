package pipeline_test

import (
	"context"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// probe prints everything that it can reach, at compile time and then.
const probe = `
(import-macros {: twice} :twice)
(macro probed [code]
  (let [probe (require :probe)]
    (probe)))
(macro shouted [text] (string.upper text))
(macro module [name] (. (require name) :words :twice))
(each [_ line (ipairs (probed (a [b] {:c 1})))] (print :macro line))
(each [_ line (ipairs ((require :probe) [:quire.ci :quire.runtime :quire.stdlib :fennel]))] (print line))
(each [_ word (ipairs (twice 1))] (print word))
(print (shouted "x") (module :twice))
(fn documented [] "It has a docstring." nil)
(print (fennel.doc documented :documented))
(print (pcall require :nothing))
((. (require :quire.ci) :job) :a [:quire/push] (fn [] nil))
`

// spoil makes all that a program reaches unusable, and spoilMacros all that
// macros do.
const (
	spoil = `
(let [poison (require :poison) made (require :values)]
  (math.randomseed 99)
  (fennel.metadata:setall require :fnl/docstring :POISON :fnl/arglist [:POISON])
  (set _G.package {:loaded {} :preload {:lib #:POISON} :path :POISON})
  ((coroutine.wrap coroutine.yield))
  (poison (fn [{: visit}]
            (each [_ name (ipairs [:lib :walk :probe :poison :quire.ci :quire.runtime :quire.stdlib :fennel])]
              (visit name (require name))))
          (fn [{: visit : meta}] (made visit meta []))
          (fn [{: visit : meta}] (visit :_G _G) (meta :string ""))))
`
	spoilMacros = `
(eval-compiler
  (let [poison (require :poison)]
    (poison (fn [{: visit}]
              (each [_ name (ipairs [:walk :probe :twice :lib :poison :fennel])]
                (visit name (require name))))
            (fn [{: visit}]
              (visit :code [(list (sym :a) [1] {:b 2}) (gensym) _VARARG (get-scope)]))
            (fn [{: visit : meta}] (visit :_G _G) (meta :string "")))))
`
	// bend changes what macros find, so that nothing fails.
	bend = `
(eval-compiler
  (tset string :upper #:POISON)
  (tset table :concat #:POISON)
  (tset (require :fennel) :view #:POISON)
  (tset (. (require :twice) :words) :twice :POISON)
  (tset (getmetatable (list)) :__tostring #:POISON)
  (tset (getmetatable _G) :__metatable :POISON)
  (tset (. (getmetatable _G) :__index) :list? #:POISON))
`
)

// TestNothingLeaks loads programs that change all that they can, and then one that
// must see nothing of it, with what is kept of the files of a workspace.
func TestNothingLeaks(t *testing.T) {
	want := printedAfter(t, nil, probe)
	if got := strings.Join(want, "\n"); len(want) < 300 || strings.Contains(got, "POISON") || !strings.Contains(got, "TWICE") {
		t.Fatalf("the program tells of\n%s", got)
	}
	for name, texts := range map[string][]string{
		"another file":       {spoil + spoilMacros},
		"values":             {spoil},
		"macros":             {spoilMacros},
		"bent macros":        {bend + probe},
		"an earlier version": {probe, spoil, probe + spoil},
		"a form before":      {spoil + probe},
		"a macro before":     {spoilMacros + probe},
		"forms behind":       {probe + spoil + spoilMacros},
		"bent and mended":    {probe, bend + probe, probe, bend + probe},
	} {
		t.Run(name, func(t *testing.T) {
			if d := gocmp.Diff(want, printedAfter(t, texts, probe)); d != "" {
				t.Errorf("-alone +afterwards\n%s", d)
			}
		})
	}
}

// TestRunsLeakNothing has a run-fn spoil all that it reaches, outputs of other jobs
// among it: what the host has is as it was, and so is what is loaded later.
func TestRunsLeakNothing(t *testing.T) {
	want := printedAfter(t, nil, probe)
	p, found := load(t, reaching(t, `
(local {: job} (require :quire.ci))
(local before [])
(job :a [:quire/push] (fn [{: jobs : sh}]
  (let [push (jobs :quire/push) result (sh "true")]
    (tset push :sha :POISON)
    (tset result :exit :POISON)
    (tset before 1 push))
`+spoil+`
  {:spoilt true}))
(job :b [:a] (fn [{: jobs}] {:sha (. (jobs :quire/push) :sha) :other (not= (. before 1) (jobs :quire/push))}))
`), pipeline.DefaultLimits())
	if found.HasErrors() {
		t.Fatal(found)
	}
	h := newHost(t)
	first, err := p.Run(t.Context(), "b", h) // keeps what it is given for itself
	if err != nil {
		t.Fatal(err)
	}
	h.outputs["b"] = first.Outputs
	if got := outcome(p, "a", h); got != `{"spoilt":true}` {
		t.Errorf("the job that spoils things gives %s", got)
	}
	for name, want := range map[string]string{
		"quire/push": `{"git-dir":"/git","ref":"refs/heads/main","sha":"abc123"}`,
		"b":          `{"other":true,"sha":"abc123"}`,
	} {
		if text, _, _ := h.outputs[name].JSON(); string(text) != want {
			t.Errorf("the outputs of %s are %s", name, text)
		}
	}
	if d := gocmp.Diff(want, printedAfter(t, nil, probe)); d != "" {
		t.Errorf("-alone +afterwards\n%s", d)
	}
}

// printedAfter loads texts, one after another, as versions of one file with its
// modules, and returns what the last prints and what is wrong with it.
func printedAfter(t *testing.T, before []string, last string) []string {
	t.Helper()
	caches := new(pipeline.Caches)
	var lines []string
	for i, text := range append(before, last) {
		files := reaching(t, text)
		tree, l := source.Overlay(noTree{}, files), pipeline.DefaultLimits()
		m := pipeline.Compile(files[pipeline.Path], tree, caches.Of(pipeline.Path), l)
		p, found := pipeline.Load(context.Background(), m, tree, caches, l)
		lines = p.Printed
		for _, d := range found {
			if d.Severity() == diag.Error {
				lines = append(lines, d.Message)
			}
			if i < len(before) && (text == spoil || text == spoilMacros || strings.Contains(d.Message, "nothing was spoilt")) {
				t.Errorf("what spoils things fails: %s", d.Message)
			}
		}
		p.Close()
	}
	return lines
}
