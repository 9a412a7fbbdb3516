package analysis

import (
	"slices"
	"strings"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// What is shown of an expansion, at most.
const (
	maxExpansionLines = 16
	maxExpansionBytes = 1200
)

// expansion returns what the call of a macro around a path stands for, cut to a
// size that can be shown, or nothing. The last node of the path is the name of
// the macro.
//
// The compiler itself is asked: it compiles the form with what binds names
// before it, and a local in the place of the call that holds what macrodebug
// returns.
func (s *Snapshot) expansion(path []*syntax.Node) string {
	n := len(path)
	if n < 2 || !isHead(path[n-2], path[n-1]) || path[n-2].Open {
		return ""
	}
	call, form := path[n-2].Span, path[0].Span
	const name = "quire-expansion"
	var probe strings.Builder
	for _, f := range s.Module().Tree.Forms {
		if f.Span.End <= form.Start && bindsNames(f) {
			probe.WriteString(s.File.Slice(f.Span) + "\n")
		}
	}
	probe.WriteString(s.File.Slice(source.Span{Start: form.Start, End: call.Start}) + "(let [")
	at := probe.Len()
	probe.WriteString(name + " (macrodebug " + s.File.Slice(call) + " true)] " + name + ")")
	probe.WriteString(s.File.Slice(source.Span{Start: call.End, End: form.End}))
	m := s.compile(source.NewFile(s.File.Name(), probe.String()), nil)
	for sym := range m.Index.Symbols() {
		if sym.Name == name && sym.Def.Start == at && sym.Value != nil && sym.Value.Kind == fennel.Literal && sym.Value.Type == "string" {
			return bounded(sym.Value.Text)
		}
	}
	return ""
}

// bindsNames reports whether a form of top level binds names for what follows.
func bindsNames(form *syntax.Node) bool {
	f, ok := findForm(head(form))
	return ok && f.Binds || head(form) == "eval-compiler"
}

// bounded returns the first lines of code.
func bounded(text string) string {
	lines := strings.Split(text, "\n")
	cut := len(lines) > maxExpansionLines
	text = strings.Join(lines[:min(len(lines), maxExpansionLines)], "\n")
	if len(text) > maxExpansionBytes {
		text, cut = strings.ToValidUTF8(text[:maxExpansionBytes], ""), true
	}
	if cut {
		text += "\n…"
	}
	return text
}

// expansionCard returns what is said of the expansion of the macro that is
// called at an offset, or nothing where none is.
func (s *Snapshot) expansionCard(m Meaning, offset int) string {
	isMacro := m.Kind == MacroName || m.Symbol != nil && m.Symbol.Kind == fennel.Macro
	if m.Kind == FormName {
		f, _ := findForm(m.Name)
		isMacro = !f.Special
	}
	if !isMacro {
		return ""
	}
	path := s.Module().Tree.Path(offset)
	if i := slices.IndexFunc(path, func(n *syntax.Node) bool { return n.Kind == syntax.Symbol }); i >= 0 {
		path = path[:i+1]
	}
	text := s.expansion(path)
	if text == "" {
		return ""
	}
	return "Here it stands for\n\n" + fenced(text)
}
