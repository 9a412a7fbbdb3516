package analysis_test

import (
	"io/fs"
	"strings"
	"testing"

	"quire/analysis"
	"quire/analysis/source"
)

// fileMap is a tree of files by path.
type fileMap map[string]*source.File

func (m fileMap) Read(path string) (*source.File, error) {
	if f, ok := m[path]; ok {
		return f, nil
	}
	return nil, fs.ErrNotExist
}

// A module is understood with the jobs of the pipeline that requires it, and with
// what that found in it, and is not evaluated by itself.
func TestModule(t *testing.T) {
	module := source.NewFile(".quire/lib.fnl", "(local ci (require :quire.ci))\n(ci.job :late [:early] (fn [] nil))\n(error :never)\n")
	macros := source.NewFile(".quire/mac.fnl", "(fn m [x] `(do ,x))\n{: m}\n")
	file := source.NewFile(".quire/ci.fnl", "(import-macros {: m} :mac)\n(local ci (require :quire.ci))\n(ci.job :early [:quire/push] (fn [] (m nil)))\n(require :lib)\n")
	tree := fileMap{module.Name(): module, macros.Name(): macros}
	p := analysis.New(file, analysis.Options{Tree: tree})
	var names []string
	for _, f := range p.Files() {
		names = append(names, f.Name())
	}
	if got := strings.Join(names, " "); got != ".quire/ci.fnl .quire/mac.fnl .quire/lib.fnl" {
		t.Errorf("files: %s", got)
	}

	m := analysis.New(module, analysis.Options{Tree: tree, Module: true, Pipeline: p})
	if ds := m.Loaded(); len(ds) != 1 || ds[0].Error() != p.Loaded()[0].Error() || ds[0].File != module {
		t.Errorf("the pipeline found %v in the module", ds)
	}
	at := strings.Index(module.Text(), ":early") + 2
	places := m.Definition(at)
	if len(places) != 1 || places[0].File != file || file.Slice(places[0].Span) != "early" {
		t.Errorf("the job that the module needs is at %v", places)
	}
	if h, ok := m.Hover(at, analysis.HoverOptions{}); !ok || !strings.Contains(h.Markdown, "needed by: `late`") {
		t.Errorf("hover: %+v", h)
	}

	alone := analysis.New(module, analysis.Options{Tree: tree, Module: true})
	if ds := alone.Diagnostics(); len(ds) > 0 {
		t.Errorf("the module was evaluated: %v", ds)
	}
	if n := len(alone.Graph().Jobs); n != 0 || len(alone.Outline()) == 0 {
		t.Errorf("a module without a pipeline has %d jobs and the outline %v", n, alone.Outline())
	}
}
