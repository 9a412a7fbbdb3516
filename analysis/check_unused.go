package analysis

import (
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// names checks what the file's names are used for.
func (c *checker) names() {
	if c.lua {
		return
	}
	for _, d := range c.digests {
		for _, bound := range d.idle {
			if slices.ContainsFunc(bound, c.isUsedBeyond) {
				continue
			}
			for _, s := range bound {
				at := c.at(s.Def)
				if !strings.HasPrefix(s.Name, "_") && !c.inBroken(at) && !c.broken(c.at(s.Scope)) {
					c.unused(s, at)
				}
			}
		}
	}
	c.shadows()
}

// isUsedBeyond reports whether the forms behind the one that defines it use a
// name.
func (c *checker) isUsedBeyond(s *fennel.Symbol) bool {
	b := c.module.Beyond(s)
	return b.UsedByMacro || b.Written || len(b.Uses) > 0
}

// inBroken reports whether compiling found something wrong in the top-level
// form around a place.
func (c *checker) inBroken(at source.Span) bool {
	if len(c.errors.spans) == 0 {
		return false
	}
	if path := c.tree.Path(at.Start); len(path) > 0 {
		at = path[0].Span
	}
	return c.broken(at)
}

// unused reports a name that nothing uses, defined at a place of the file.
// Parameters that are not taken apart
// stay: what calls a function decides how many it has.
func (c *checker) unused(s *fennel.Symbol, at source.Span) {
	switch s.Kind {
	case fennel.Macro, fennel.Global:
		return
	}
	path := c.tree.Path(at.Start)
	n := len(path) - 1
	if n < 1 || path[n].Span != at || inMacro(path) {
		return
	}
	if s.Kind == fennel.Param && isParameterList(path[:n]) || isAlternative(path[:n]) || c.isExport(s, path) {
		return
	}
	what := "local"
	if s.Kind == fennel.Function {
		what = "function"
	}
	c.note(diag.Diagnostic{Span: at, Code: diag.UnusedLocal,
		Message: fmt.Sprintf("The %s '%s' is never used.", what, s.Name),
		Help:    "Remove it, or begin its name with an underscore.",
		Fixes:   c.unusedFixes(s, path)})
}

// isExport reports whether a name is that of the function which a module ends
// with and so returns.
func (c *checker) isExport(s *fennel.Symbol, path []*syntax.Node) bool {
	if s.Kind != fennel.Function || c.file.Name() == pipeline.Path || c.file.Name() == "-" || len(path) != 2 {
		return false
	}
	last := len(c.tree.Forms) - 1
	for c.tree.Forms[last].Kind == syntax.Comment {
		last--
	}
	return c.tree.Forms[last] == path[0]
}

// head returns the name of a list's first form.
func head(n *syntax.Node) string {
	if n.Kind == syntax.List {
		for x := range n.Forms() {
			if x.Kind == syntax.Symbol {
				return x.Text
			}
			break
		}
	}
	return ""
}

func inMacro(path []*syntax.Node) bool {
	return slices.ContainsFunc(path, func(n *syntax.Node) bool {
		switch head(n) {
		case "macro", "macros", "eval-compiler", "quote":
			return true
		}
		return n.Kind == syntax.Prefix && n.Text != "#"
	})
}

// isParameterList reports whether the innermost node of a path is the parameter
// list of a function.
func isParameterList(path []*syntax.Node) bool {
	if len(path) < 2 || path[len(path)-1].Kind != syntax.Sequence {
		return false
	}
	switch head(path[len(path)-2]) {
	case "fn", "lambda", "λ":
		return true
	}
	return false
}

// isAlternative reports whether a place is part of an alternative of a pattern,
// whose names may be needed by the others.
func isAlternative(path []*syntax.Node) bool {
	return slices.ContainsFunc(path, func(n *syntax.Node) bool { return head(n) == "or" })
}

// unusedFixes returns the fixes for a name that nothing uses: to take it out of
// a pattern that has others, and to begin it with an underscore.
func (c *checker) unusedFixes(s *fennel.Symbol, path []*syntax.Node) []diag.Fix {
	n := len(path) - 1
	node, parent := path[n], path[n-1]
	i := slices.Index(parent.Children, node)
	isShorthand := parent.Kind == syntax.Table && i > 0 && parent.Children[i-1].Text == ":" && parent.Children[i-1].Kind == syntax.Symbol
	var fixes []diag.Fix
	span, text := node.Span, "_"+s.Name
	if isShorthand {
		span.Start = parent.Children[i-1].Span.Start
		text = ":" + s.Name + " _" + s.Name
		fixes = append(fixes, c.takeOut(s, parent, i)...)
	} else if head(parent) == "defrun" || n > 1 && head(path[n-2]) == "defrun" {
		return c.takeOutName(s, parent, i)
	}
	if strings.ContainsAny(s.Name, "&?") || c.shadowed("_"+s.Name, node.Span.Start) {
		return fixes
	}
	return append(fixes, diag.Fix{Title: fmt.Sprintf("Rename it to `_%s`", s.Name),
		Edits: []diag.Edit{{File: c.file, Span: span, Text: text}}})
}

// takeOut returns the fix that removes a name from a pattern such as
// {: a : b}, in which it is the child i behind its colon.
func (c *checker) takeOut(s *fennel.Symbol, table *syntax.Node, i int) []diag.Fix {
	span := source.Span{Start: table.Children[i-1].Span.Start, End: table.Children[i].Span.End}
	switch {
	case slices.ContainsFunc(table.Children, func(n *syntax.Node) bool { return n.Kind == syntax.Comment }) || len(table.Children) < 4:
		return nil
	case i > 1:
		span.Start = table.Children[i-2].Span.End
	default:
		span.End = table.Children[i+1].Span.Start
	}
	return []diag.Fix{{Title: fmt.Sprintf("Remove `%s` from the pattern", s.Name), Safe: true,
		Edits: []diag.Edit{{File: c.file, Span: span}}}}
}

// takeOutName returns the fix that removes a name from a sequence.
func (c *checker) takeOutName(s *fennel.Symbol, names *syntax.Node, i int) []diag.Fix {
	span := names.Children[i].Span
	switch {
	case names.Kind != syntax.Sequence || slices.ContainsFunc(names.Children, func(n *syntax.Node) bool { return n.Kind == syntax.Comment }):
		return nil
	case i > 0:
		span.Start = names.Children[i-1].Span.End
	case i+1 < len(names.Children):
		span.End = names.Children[i+1].Span.Start
	}
	return []diag.Fix{{Title: fmt.Sprintf("Remove `%s` from the names", s.Name), Safe: true,
		Edits: []diag.Edit{{File: c.file, Span: span}}}}
}

// shadowed reports whether code at an offset sees a local of a name that fixes
// write.
func (c *checker) shadowed(name string, offset int) bool {
	return c.scopes()[name].meet(offset, offset+1)
}

// inFixes reports whether fixes write a name.
func inFixes(name string) bool { return name == "assert" || strings.HasPrefix(name, "_") }

// scopesByName returns where locals of each name are seen that fixes write.
func (c *checker) scopesByName() map[string]regions {
	spans := map[string][]source.Span{}
	for _, d := range c.digests {
		for _, s := range d.part.Symbols {
			if !inFixes(s.Name) {
				continue
			}
			spans[s.Name] = append(spans[s.Name], c.at(s.Scope))
		}
	}
	scopes := make(map[string]regions, len(spans))
	for name, all := range spans {
		scopes[name] = newRegions(all)
	}
	return scopes
}
