package analysis

import (
	"fmt"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A Hover is what is shown of a name.
type Hover struct {
	Span     source.Span // of the name
	Markdown string
}

// HoverOptions are what others know of a pipeline.
type HoverOptions struct {
	// Result tells in a few words how a job went the last time it ran, such as
	// "✓ 1.2 s"; nil: nothing is known of runs.
	Result func(job string) (text string, ok bool)
}

// Hover describes what the name at an offset refers to.
func (s *Snapshot) Hover(offset int, o HoverOptions) (Hover, bool) {
	m, ok := s.MeaningAt(offset)
	if !ok {
		return Hover{}, false
	}
	text := page(s.describe(m), s.expansionCard(m, offset))
	if m.Kind == JobName && o.Result != nil {
		if result, ok := o.Result(m.Name); ok {
			text = page(text, "Last result: "+code(result))
		}
	}
	return Hover{m.Span, text}, text != ""
}

// describe returns what is known of a meaning, as Markdown.
func (s *Snapshot) describe(m Meaning) string {
	switch m.Kind {
	case JobName:
		return s.jobCard(m.Name)
	case SourceName:
		src, _ := dsl.FindSource(m.Name)
		return page("source "+code(m.Name), src.Doc, keyList("Fields", src.Fields))
	case SecretName:
		return page("secret "+code(m.Name), s.secretDoc(m.Name))
	case PrimitiveName:
		f, _ := dsl.Primitive(m.Name)
		return funcCard(f)
	case OptionName, FieldName:
		return page(keyHead(*m.key)+" of "+code(m.Of), m.key.Doc, example(m.key.Example))
	case ModuleName:
		return s.moduleCard(m.Name)
	case MemberName:
		if l := s.library(m.Of); l != nil {
			return l.card(l.member(m.Name), "function")
		}
		return memberCard(m)
	case MacroName:
		if f, ok := providedMacro(m.Of, m.Name); ok {
			return page("macro of "+code(m.Of)+"\n\n"+fenced(f.Signature()), f.Doc, example(f.Example))
		}
		l := s.holder(m)
		return l.card(l.member(m.Name), "macro")
	case FormName:
		f, _ := findForm(m.Name)
		return page(fenced(signature(f.Name, f.Params)), f.Doc)
	case LibraryName:
		g, _ := dsl.FindGlobal(m.Name)
		if g.Kind == dsl.FunctionGlobal {
			return page(fenced(signature(g.Name, g.Params)), g.Doc)
		}
		return page(string(g.Kind)+" "+code(g.Name), g.Doc)
	case SymbolName:
		return s.symbolCard(m.Symbol)
	}
	return ""
}

// jobCard describes a job by its place in the graph.
func (s *Snapshot) jobCard(id string) string {
	g := s.Graph()
	j, ok := g.Job(id)
	if !ok {
		return page("job "+code(id), s.unknownJob(id))
	}
	inputs := make([]string, len(j.Inputs))
	for i, in := range j.Inputs {
		inputs[i] = in.Name
	}
	head := "job " + code(id)
	if j.Mirror {
		head += ", registered by " + code("ci.mirror")
	}
	about := []string{
		"- inputs: " + codeList(inputs),
		"- needs in all: " + codeList(g.Needs(id)),
		"- needed by: " + codeList(g.Dependents(id)),
	}
	if len(j.Labels) > 0 {
		about = append(about, "- labels: "+codeList(j.Labels))
	}
	if j.Timeout > 0 {
		about = append(about, "- timeout: "+j.Timeout.String())
	}
	return page(head, strings.Join(about, "\n"))
}

func (s *Snapshot) unknownJob(id string) string {
	for _, j := range s.Graph().Jobs {
		if j.ID == id {
			return "It cannot run: see what is wrong with it."
		}
	}
	return "No job of this name was registered."
}

func (s *Snapshot) secretDoc(name string) string {
	if s.secrets == nil {
		return "Its value comes from the configuration or the command line."
	}
	for _, known := range s.secrets {
		if known == name {
			return "It is configured."
		}
	}
	return "It is not among the secrets of the configuration."
}

func (s *Snapshot) moduleCard(name string) string {
	m, ok := dsl.FindModule(name)
	if !ok {
		return s.libraryCard(name)
	}
	var names []string
	for n := range dsl.MemberNames(m) {
		names = append(names, n)
	}
	for _, f := range m.Macros {
		names = append(names, f.Name)
	}
	return page("module "+code(name), m.Doc, "It holds "+codeList(names)+".")
}

// libraryCard describes a module of the repository.
func (s *Snapshot) libraryCard(name string) string {
	head := "module " + code(name)
	files := s.moduleFile(name)
	if len(files) == 0 {
		return page(head, "No file of the repository is this module.")
	}
	head += " in " + code(files[0].File.Name())
	l := s.libraryOf(name, fennel.Macros)
	if l == nil || l.file().Name() != files[0].File.Name() {
		l = s.library(name)
	}
	if l == nil || len(l.members) == 0 {
		return head
	}
	names := make([]string, len(l.members))
	for i, m := range l.members {
		names[i] = m.name
	}
	return page(head, "It holds "+codeList(names)+".")
}

// card describes a member of a module of the repository, which is of a kind if
// it can be called.
func (l *library) card(m *libraryMember, kind string) string {
	if m == nil {
		return ""
	}
	from := "of " + code(l.name) + " in " + code(l.file().Name())
	if c, ok := l.callable(m); ok {
		return page(kind+" "+from, fenced(signature(c.name, c.names)), c.doc)
	}
	return page(code(m.name) + " " + from)
}

func memberCard(m Meaning) string {
	mod, _ := dsl.FindModule(m.Of)
	if f, ok := mod.Func(m.Name); ok {
		return funcCard(f)
	}
	for _, k := range mod.Fields {
		if k.Name == m.Name {
			return page(keyHead(k)+" of "+code(m.Of), k.Doc)
		}
	}
	return ""
}

func funcCard(f dsl.Func) string {
	var params []string
	var options []dsl.Key
	for _, p := range f.Params {
		params = append(params, "- "+code(p.Name)+" ("+string(p.Type)+"): "+p.Doc)
		options = append(options, p.Keys...)
	}
	return page(fenced(f.Signature()), f.Doc, strings.Join(params, "\n"),
		keyList("Options", options), keyList("It returns a table with", f.Result), example(f.Example))
}

// example shows code that uses what is described.
func example(text string) string {
	if text == "" {
		return ""
	}
	return "Example:\n\n" + fenced(text)
}

// symbolCard describes a name that the file binds, with the form that binds it.
func (s *Snapshot) symbolCard(sym *fennel.Symbol) string {
	if binding, module := importing(s.Module(), sym); binding != nil && binding.Kind == syntax.Symbol {
		return s.moduleCard(module)
	}
	if sym.Kind == fennel.Function || sym.Kind == fennel.Macro {
		return page(symbolKind(sym)+"\n\n"+fenced(signature(sym.Name, sym.Params)), sym.Doc)
	}
	return page(symbolKind(sym)+" "+code(sym.Name), fenced(s.bindingForm(sym)), sym.Doc)
}

func symbolKind(sym *fennel.Symbol) string {
	switch sym.Kind {
	case fennel.Var:
		return "variable"
	case fennel.Param:
		return "parameter"
	case fennel.LoopVar:
		return "loop variable"
	case fennel.Function:
		return "function"
	case fennel.Macro:
		return "macro"
	case fennel.Global:
		return "global"
	}
	return "local"
}

// bindingForm returns the first line of the form that binds a symbol.
func (s *Snapshot) bindingForm(sym *fennel.Symbol) string {
	path := s.Module().Tree.Path(sym.Def.Start)
	for i := len(path) - 1; i >= 0; i-- {
		if path[i].Kind == syntax.List {
			first, _, more := strings.Cut(s.File.Slice(path[i].Span), "\n")
			for n := range path[i].All() {
				if n.Kind == syntax.Comment && n.Span.Start-path[i].Span.Start < len(first) {
					first = first[:n.Span.Start-path[i].Span.Start]
				}
			}
			first = strings.TrimRight(first, "\r ")
			if more {
				first += " …"
			}
			return first
		}
	}
	return ""
}

// page joins the paragraphs that are not empty.
func page(paragraphs ...string) string {
	var out []string
	for _, p := range paragraphs {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n\n")
}

// code returns text as inline code, whatever it holds.
func code(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

func codeList(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = code(n)
	}
	return strings.Join(out, ", ")
}

func fenced(text string) string {
	if text == "" {
		return ""
	}
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "fennel\n" + text + "\n" + fence
}

func signature(name string, params []string) string {
	return "(" + strings.Join(append([]string{name}, params...), " ") + ")"
}

func keyHead(k dsl.Key) string {
	if k.Type == dsl.Any {
		return code(k.Name)
	}
	return fmt.Sprintf("%s (%s)", code(k.Name), k.Type)
}

func keyList(title string, keys []dsl.Key) string {
	if len(keys) == 0 {
		return ""
	}
	lines := []string{title + ":", ""}
	for _, k := range keys {
		lines = append(lines, "- "+keyHead(k)+": "+k.Doc)
	}
	return strings.Join(lines, "\n")
}
