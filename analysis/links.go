package analysis

import (
	"io/fs"
	"path"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// Dockerfile is where a repository keeps what its own image is built from.
const Dockerfile = ".quire/Dockerfile"

// A Link leads from a place in the text to a file of the repository.
type Link struct {
	Span source.Span
	// Path is relative to the root of the repository, with slashes. Unless it
	// is that of a module, there may be no such file.
	Path    string
	Tooltip string
}

// Links returns what the file names of the repository: modules, what the image
// is built from, paths that primitives are given, and arguments of commands
// that look like one.
func (s *Snapshot) Links() []Link {
	var links []Link
	for _, form := range s.Module().Tree.Forms {
		for n := range form.All() {
			switch items := n.Items(); {
			case n.Kind == syntax.String:
				links = append(links, s.moduleLink(n)...)
			case n.Kind == syntax.List && len(items) > 1 && items[0].Kind == syntax.Symbol:
				links = append(links, s.callLinks(items)...)
			}
		}
	}
	return links
}

// moduleLink returns the link of a string that names a module.
func (s *Snapshot) moduleLink(n *syntax.Node) []Link {
	w, ok := s.glossary().at(n.Span.Start + 1)
	if !ok || w.Kind != ModuleName || w.whole != n.Span {
		return nil
	}
	var links []Link
	for _, at := range s.moduleFile(w.Name) {
		links = append(links, Link{w.Span, at.File.Name(), "Open the module"})
	}
	return links
}

// callLinks returns the links of the arguments of a call.
func (s *Snapshot) callLinks(items []*syntax.Node) []Link {
	m, ok := s.MeaningAt(items[0].Span.End)
	switch {
	case !ok:
		return nil
	case m.Kind == MemberName && m.Of == dsl.CI && m.Name == "image" && items[1].Kind == syntax.String:
		return []Link{{s.inner(items[1], items[1].Span.Start), Dockerfile, "Open the Dockerfile"}}
	case m.Kind != PrimitiveName:
		return nil
	}
	f, _ := dsl.Primitive(m.Name)
	var links []Link
	for i, p := range f.Params {
		if i+1 >= len(items) {
			break
		}
		arg := items[i+1]
		switch {
		case p.Type == dsl.Path:
			links = append(links, s.pathLink(arg)...)
		case p.Type == dsl.Command && arg.Kind == syntax.Sequence:
			for word := range arg.Forms() {
				if strings.ContainsAny(word.Text, "./") {
					links = append(links, s.pathLink(word)...)
				}
			}
		}
	}
	return links
}

// pathLink returns the link of a string that may be a path in the workspace.
func (s *Snapshot) pathLink(n *syntax.Node) []Link {
	clean := path.Clean(n.Text)
	if n.Kind != syntax.String || n.Text == "" || clean == "." || !fs.ValidPath(clean) {
		return nil
	}
	return []Link{{s.inner(n, n.Span.Start), clean, "Open the file"}}
}
