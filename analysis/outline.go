package analysis

import (
	"slices"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// An ItemKind says what an entry of an outline is.
type ItemKind int

// The kinds of entries.
const (
	ImageItem ItemKind = iota + 1
	JobItem
	CommandItem // a call of sh
	FunctionItem
	VariableItem
	MacroItem
)

// An Item is one entry of the outline of a file.
type Item struct {
	Kind   ItemKind
	Name   string // never empty
	Detail string
	Span   source.Span // of the form
	// Select is that of the name, within Span.
	Select   source.Span
	Children []Item
}

// Outline returns what a file declares, in the order of the places: the image,
// jobs with the commands they run, and the names of top level. Forms that do
// not compile are in it as far as their text tells.
func (s *Snapshot) Outline() []Item {
	items, evaluated := s.jobItems()
	broken := s.Broken()
	for _, form := range s.Module().Tree.Forms {
		if form.Kind != syntax.List {
			continue
		}
		items = append(items, s.formItems(form, evaluated)...)
		if broken {
			items = append(items, s.unreached(form, evaluated)...)
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int { return a.Span.Start - b.Span.Start })
	return items
}

// Broken reports whether something is wrong with the file, or with the pipeline
// that it is part of, that may keep forms of it from being evaluated.
func (s *Snapshot) Broken() bool {
	return s.Loaded().HasErrors() || s.whole() != s && s.whole().Loaded().HasErrors()
}

// unreached returns the jobs that calls within a form of top level would register
// had evaluation come to them.
func (s *Snapshot) unreached(form *syntax.Node, evaluated map[source.Span]bool) []Item {
	var items []Item
	for n := range form.All() {
		forms := n.Items()
		if n == form || n.Kind != syntax.List || len(forms) < 2 || forms[1].Kind != syntax.String || evaluated[n.Span] ||
			!strings.HasSuffix(forms[0].Text, "job") || !s.names(forms[0], MemberName, "job") {
			continue
		}
		if s.registered(forms[1].Text) == nil {
			items = append(items, s.writtenJob(n))
		}
	}
	return items
}

// registered returns the job of an id, whether or not it can run, or nil.
func (s *Snapshot) registered(id string) *pipeline.Job {
	i := slices.IndexFunc(s.Graph().Jobs, func(j *pipeline.Job) bool { return j.ID == id })
	if i < 0 {
		return nil
	}
	return s.Graph().Jobs[i]
}

// writtenJob returns the job that a call registers by what is written.
func (s *Snapshot) writtenJob(call *syntax.Node) Item {
	forms := call.Items()
	var inputs []string
	if len(forms) > 2 {
		for in := range forms[2].Forms() {
			inputs = append(inputs, in.Text)
		}
	}
	return Item{Kind: JobItem, Name: forms[1].Text, Detail: strings.Join(inputs, " "), Span: call.Span, Select: forms[1].Span,
		Children: s.commandItems(call)}
}

// jobItems returns the jobs that evaluation found the file to register, and the
// places of their calls in it.
func (s *Snapshot) jobItems() (items []Item, calls map[source.Span]bool) {
	calls = map[source.Span]bool{}
	for _, j := range s.Graph().Jobs {
		call, here := j.CallIn(s.File)
		if !here || j.ID == "" {
			continue
		}
		calls[call.Span] = true
		inputs := make([]string, len(j.Inputs))
		for i, in := range j.Inputs {
			inputs[i] = in.Name
		}
		item := Item{Kind: JobItem, Name: j.ID, Detail: strings.Join(inputs, " "), Span: call.Span, Select: call.Span}
		if j.Name.File == s.File && item.Span.Encloses(j.Name.Span) {
			item.Select = j.Name.Span
		}
		if path := s.Module().Tree.Path(call.Span.Start); len(path) > 0 {
			for _, n := range path {
				if n.Span == call.Span {
					item.Children = s.commandItems(n)
					break
				}
			}
		}
		items = append(items, item)
	}
	return items, calls
}

// commandItems returns the calls of sh in a form.
func (s *Snapshot) commandItems(form *syntax.Node) []Item {
	var items []Item
	for n := range form.All() {
		forms := n.Items()
		if n.Kind != syntax.List || len(forms) < 2 || !s.names(forms[0], PrimitiveName, "sh") {
			continue
		}
		if name := brief(s.File.Slice(forms[1].Span)); name != "" {
			items = append(items, Item{Kind: CommandItem, Name: name, Span: n.Span, Select: forms[1].Span})
		}
	}
	return items
}

// names reports whether a node names something of the product: for certain, or
// by its text where nothing is known of it.
func (s *Snapshot) names(n *syntax.Node, kind Kind, name string) bool {
	if n.Kind != syntax.Symbol {
		return false
	}
	written := n.Text == name || strings.HasSuffix(n.Text, "."+name)
	w, known := s.glossary().at(n.Span.End)
	switch {
	case known && !s.obscure(w.Meaning):
		return w.Kind == kind && w.Name == name
	case known || !written:
		return written
	}
	_, other := s.MeaningAt(n.Span.End) // a form or something of Lua
	return !other
}

// obscure reports whether a meaning is a name of the file that could hold
// anything, such as one that is taken from what a broken form was to bind, or a
// parameter of a function whose calls are not known.
func (s *Snapshot) obscure(m Meaning) bool {
	if m.Kind != SymbolName || m.Symbol.Kind == fennel.Function || m.Symbol.Kind == fennel.Macro {
		return false
	}
	v := m.Symbol.Value
	t, _ := s.glossary().sense(m.Symbol)
	return t.kind == unknown &&
		(v == nil || v.Kind == fennel.Unknown || v.Kind == fennel.Path && (v.Root.Kind == fennel.GlobalRoot || v.Root.Kind == fennel.ParamRoot))
}

// formItems returns what a form of top level declares.
func (s *Snapshot) formItems(form *syntax.Node, evaluated map[source.Span]bool) []Item {
	forms := form.Items()
	if len(forms) < 2 || forms[0].Kind != syntax.Symbol {
		return nil
	}
	target := forms[1]
	switch forms[0].Text {
	case "fn", "lambda", "λ":
		return symbolItem(FunctionItem, form, target)
	case "macro":
		return symbolItem(MacroItem, form, target)
	case "local", "var", "global":
		return s.bindingItems(form, target)
	}
	switch {
	case target.Kind != syntax.String || target.Text == "":
	case s.names(forms[0], MemberName, "image"):
		return []Item{{Kind: ImageItem, Name: "image", Detail: target.Text, Span: form.Span, Select: target.Span}}
	case s.names(forms[0], MemberName, "job") && !evaluated[form.Span]:
		return []Item{s.writtenJob(form)}
	}
	return nil
}

func symbolItem(kind ItemKind, form, name *syntax.Node) []Item {
	if name.Kind != syntax.Symbol || name.Text == "" {
		return nil
	}
	return []Item{{Kind: kind, Name: name.Text, Span: form.Span, Select: name.Span}}
}

// bindingItems returns the names that (local target …) and its kin bind.
func (s *Snapshot) bindingItems(form, target *syntax.Node) []Item {
	if target.Kind == syntax.Symbol {
		return symbolItem(VariableItem, form, target)
	}
	var items []Item
	for n := range target.All() {
		if n.Kind != syntax.Symbol {
			continue
		}
		if w, ok := s.glossary().at(n.Span.Start); ok && w.Symbol != nil && w.Symbol.Def == n.Span && !w.Symbol.Expanded {
			items = append(items, Item{Kind: VariableItem, Name: n.Text, Detail: s.detail(w.Meaning), Span: form.Span, Select: n.Span})
		}
	}
	return items
}

// detail says in a few words what a meaning is.
func (s *Snapshot) detail(m Meaning) string {
	switch m.Kind {
	case PrimitiveName:
		f, _ := dsl.Primitive(m.Name)
		return f.Signature()
	case MemberName:
		if l := s.library(m.Of); l != nil {
			if c, ok := l.callable(l.member(m.Name)); ok {
				return signature(c.name, c.names)
			}
			return m.Of
		}
		mod, _ := dsl.FindModule(m.Of)
		if f, ok := mod.Func(m.Name); ok {
			return f.Signature()
		}
		return m.Of
	case MacroName:
		if c, ok := s.macroSignature(m); ok {
			return signature(c.name, c.names)
		}
		return m.Of
	case FieldName, OptionName:
		return string(m.key.Type) + " of " + m.Of
	case SymbolName:
		if of, ok := s.importedMacro(m.Symbol); ok {
			return s.detail(of)
		}
		if k := m.Symbol.Kind; k == fennel.Function || k == fennel.Macro {
			return signature(m.Symbol.Name, m.Symbol.Params)
		}
		return symbolKind(m.Symbol)
	}
	return ""
}

// briefLength is how many characters of a form stand for it.
const briefLength = 60

// brief returns code on one line and not too long.
func brief(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > briefLength {
		return string(runes[:briefLength]) + "…"
	}
	return text
}
