package analysis

import (
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// loadModule returns what is known of a module that is not evaluated by itself:
// the jobs are those of the pipeline.
func loadModule(m *fennel.Module, p *Snapshot) loaded {
	l := loaded{graph: &pipeline.Graph{}, files: []*source.File{m.Tree.File}, diagnostics: m.Diagnostics}
	if p != nil {
		l.graph, l.image = p.Graph(), p.Image()
	}
	return l
}

// Files returns the files that loading read: the file itself first, then the
// modules and the modules of macros that it requires, also through others.
func (s *Snapshot) Files() []*source.File { return s.load().files }
