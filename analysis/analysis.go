// Package analysis answers an editor's questions about one version of a
// ci.fnl, in byte offsets.
//
// The packages below it are the stages that text goes through, each knowing
// only those before it:
//
//	source    text, and every notation of a place in it
//	diag      what is wrong, where, and what would be right
//	dsl       the vocabulary of ci.fnl, as data
//	fennel    the language: syntax reads, macros expand, bytecode emits
//	sandbox   Lua states for programs nobody has vouched for
//	pipeline  evaluates a ci.fnl to a graph of jobs, and calls run-fns
//	drawing   shows that graph as text and as pictures
//
// Nothing here starts a process or touches a file; layers_test.go holds who
// may import whom.
package analysis

import (
	"context"
	"sync"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// Options say what surrounds a file.
type Options struct {
	// Tree holds the modules that the file may require; nil: there are none.
	Tree source.Tree
	// Module says that the file is a module and not a pipeline itself, so that it
	// is not evaluated: what is known of its jobs, and what is wrong with it, is
	// what its pipeline found.
	Module bool
	// Pipeline is what may require the module; nil: there is none. Its file, and
	// those that it has from its tree, are the same values as in the module's.
	Pipeline *Snapshot
	// Cache holds what earlier versions of the file had in common with this
	// one; nil: nothing is kept.
	Cache *fennel.Cache
	// Modules holds the same for the modules that the file requires.
	Modules *pipeline.Caches
	// Limits bound what loading the file may use; the zero value means
	// [pipeline.DefaultLimits].
	Limits pipeline.Limits
	// Secrets are the names that (secret name) can be asked for; nil: they are
	// not known.
	Secrets []string
	// Server is the state of the upstream server that the pipeline should run
	// on too; zero: none.
	Server dsl.State
}

// A Snapshot is one version of one file and everything derived from it, each
// once and when it is first asked for. It is immutable and may be used by
// several goroutines.
type Snapshot struct {
	File *source.File

	ctx    context.Context
	cancel context.CancelFunc
	// whole is the snapshot of the pipeline that the file is part of: its own,
	// unless it is a module that a pipeline needs.
	whole    func() *Snapshot
	isModule bool
	module   func() *fennel.Module
	load     func() loaded
	found    func() found
	// The rest is for what editors ask about places.
	glossary func() *glossary
	lexicon  func() *lexicon
	outputs  func() jobOutputs
	// secretUse is asked for by whoever plans a run.
	secretUse func() secretUse
	secrets   []string
	resolve   fennel.Resolver
	// modulesBelow lists modules of the repository, as [pipeline.Modules] does.
	modulesBelow func(kind fennel.ModuleKind, below string) []pipeline.ModuleFile
	// compile compiles another file as part of the same pipeline.
	compile   func(*source.File, *fennel.Cache) *fennel.Module
	caches    *pipeline.Caches
	libraries libraries
	maxForms  int // of all modules that are only looked at, 0: any number
}

// found is what is wrong, without what comments silence.
type found struct {
	loaded   diag.List
	findings []finding
	// flow returns what was learned on the way. Asking it changes it, so that
	// only the glossary may.
	flow func() *flow
}

// loaded is what evaluation found out. Nothing of the Lua state is kept.
type loaded struct {
	graph       *pipeline.Graph
	image       string
	modules     []*fennel.Module
	files       []*source.File
	diagnostics diag.List
}

// New returns the snapshot of a file. Nothing is computed yet.
func New(f *source.File, o Options) *Snapshot {
	if o.Limits == (pipeline.Limits{}) {
		o.Limits = pipeline.DefaultLimits()
	}
	s := &Snapshot{File: f, isModule: o.Module, caches: o.Modules, secrets: o.Secrets, maxForms: o.Limits.Forms, resolve: pipeline.Resolver(o.Tree, o.Limits)}
	s.modulesBelow = func(kind fennel.ModuleKind, below string) []pipeline.ModuleFile {
		return pipeline.Modules(o.Tree, kind, below)
	}
	s.compile = func(f *source.File, c *fennel.Cache) *fennel.Module { return pipeline.Compile(f, o.Tree, c, o.Limits) }
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.whole = sync.OnceValue(func() *Snapshot {
		if o.Module && o.Pipeline.holds(f) {
			return o.Pipeline
		}
		return s
	})
	s.module = sync.OnceValue(func() *fennel.Module {
		return pipeline.Compile(f, o.Tree, o.Cache, o.Limits)
	})
	s.load = sync.OnceValue(func() loaded {
		if o.Module {
			return loadModule(s.module(), o.Pipeline)
		}
		p, ds := pipeline.Load(s.ctx, s.module(), o.Tree, o.Modules, o.Limits)
		defer p.Close()
		return loaded{p.Graph, p.Image, p.Modules, p.Files, ds}
	})
	s.found = sync.OnceValue(func() found {
		m := s.module()
		if o.Module {
			return foundInModule(m, s.load(), o.Pipeline)
		}
		return find(m, s.load, surround{secrets: o.Secrets, server: o.Server, repository: repository{find: s.codeOf}})
	})
	s.glossary = sync.OnceValue(func() *glossary {
		return newGlossary(s.module(), s.Graph(), s.found().flow(), s.libraryOf, s.whole().outputs)
	})
	s.outputs = sync.OnceValue(s.findOutputs)
	s.secretUse = sync.OnceValue(func() secretUse {
		return findSecrets(s.module(), s.load(), surround{repository: repository{find: s.codeOf, loaded: s.load().modules}})
	})
	s.lexicon = sync.OnceValue(func() *lexicon { return s.glossary().whole() })
	return s
}

// Cancel ends an evaluation under way, for a version that nobody wants any
// more. What the snapshot answers afterwards may be incomplete.
func (s *Snapshot) Cancel() { s.cancel() }

// Cancelled reports whether Cancel was called.
func (s *Snapshot) Cancelled() bool { return s.ctx.Err() != nil }

// Module returns the compiled file.
func (s *Snapshot) Module() *fennel.Module { return s.module() }

// Graph returns the jobs that evaluation found. It is never nil.
func (s *Snapshot) Graph() *pipeline.Graph { return s.load().graph }

// Image returns what (ci.image …) declared, or nothing.
func (s *Snapshot) Image() string { return s.load().image }

// Loaded returns the diagnostics of loading: of these, errors refuse a run.
func (s *Snapshot) Loaded() diag.List { return s.found().loaded }

// Findings returns the diagnostics of the static checks: what run-fns would
// do, found without running them. They never refuse a run.
func (s *Snapshot) Findings() diag.List {
	all := make(diag.List, 0, len(s.found().findings))
	for _, f := range s.found().findings {
		all = append(all, f.Diagnostic)
	}
	return withinBound(all)
}

// FindingsOf returns those of the findings that may matter to some jobs: what
// is not known to be run only by others.
func (s *Snapshot) FindingsOf(jobs ...string) diag.List {
	var all diag.List
	for _, f := range s.found().findings {
		if f.matters(jobs) {
			all = append(all, f.Diagnostic)
		}
	}
	return withinBound(all)
}

// Diagnostics returns everything that is known to be wrong, in the order of
// places.
func (s *Snapshot) Diagnostics() diag.List {
	all := append(append(diag.List{}, s.Loaded()...), s.Findings()...)
	all.Sort()
	return all
}
