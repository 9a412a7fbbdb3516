package analysis

import (
	"slices"
	"sync"

	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// loadModule returns what is known of a module that is not evaluated by itself:
// the jobs are those of the pipeline.
//
// What keeps it from being read is wrong with it in any case. Whether it is code,
// macros or neither, only a pipeline that requires it knows.
func loadModule(m *fennel.Module, p *Snapshot) loaded {
	l := loaded{graph: &pipeline.Graph{}, files: []*source.File{m.Tree.File}, diagnostics: m.Tree.Diagnostics}
	if p != nil {
		l.graph, l.image = p.Graph(), p.Image()
	}
	return l
}

// foundInModule returns what the pipeline found in a module, if it requires it.
func foundInModule(m *fennel.Module, l loaded, p *Snapshot) found {
	out := found{loaded: l.diagnostics, flow: sync.OnceValue(func() *flow { return newFlow(m, l.graph, repository{}) })}
	own := m.Tree.File
	if p == nil || !slices.ContainsFunc(p.Files(), func(f *source.File) bool { return source.Same(f, own) }) {
		return out
	}
	all := p.found()
	out.loaded = nil
	for _, d := range all.loaded {
		if source.Same(d.File, own) {
			d.File = own
			out.loaded = append(out.loaded, d)
		}
	}
	for _, f := range all.findings {
		if source.Same(f.File, own) {
			f.File = own
			out.findings = append(out.findings, f)
		}
	}
	return out
}

// holds reports whether a file is one that a pipeline consists of, whether or
// not evaluation came to it.
func (s *Snapshot) holds(f *source.File) bool {
	return s != nil && (slices.ContainsFunc(s.Files(), func(own *source.File) bool { return source.Same(own, f) }) ||
		slices.ContainsFunc(s.required(), func(l *library) bool { return source.Same(l.file(), f) }))
}

// Files returns the files that loading read: the file itself first, then the
// modules and the modules of macros that it requires, also through others.
func (s *Snapshot) Files() []*source.File { return s.load().files }
