package analysis

import (
	"slices"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A Signature says how the form around a place is called.
type Signature struct {
	Label  string // such as (sh cmd ?opts)
	Doc    string // Markdown
	Params []Parameter
	// Active is the index of the parameter that the place belongs to, or -1.
	Active int
}

// A Parameter is one parameter of a signature.
type Parameter struct {
	Span source.Span // of its name in the label
	Doc  string      // Markdown
}

// SignatureAt returns the signature of the innermost call around an offset of
// which it is known, and ok is false where there is none. The call need not be
// finished.
func (s *Snapshot) SignatureAt(offset int) (sig Signature, ok bool) {
	offset = min(max(offset, 0), len(s.File.Text()))
	c := completer{Snapshot: s, offset: offset}
	if !c.locate() {
		return sig, false
	}
	for i, list := range slices.Backward(c.around) {
		at := c.position(list)
		if list.Kind != syntax.List || at == 0 || list.Items()[0].Kind != syntax.Symbol {
			continue
		}
		call, ok := c.signature(list.Items()[0])
		if !ok {
			continue
		}
		if i > 0 && c.threaded(c.around[i-1], list) {
			at++
		}
		if first := call.names; len(first) > 0 && first[0] == "?name" && len(list.Items()) > 1 && list.Items()[1].Kind == syntax.Sequence {
			at++ // a function without a name
		}
		return call.at(at - 1), true
	}
	return sig, false
}

// position returns how many forms of a list end before the offset, one that
// ends there not among them.
func (c *completer) position(list *syntax.Node) int {
	at := c.index(list)
	for x := range list.Forms() {
		if x != c.partial && x.Span.End == c.offset && x != c.next(list) && at > 0 {
			at--
		}
	}
	return at
}

// threaded reports whether a form is one that the macro around it gives its
// first argument.
func (c *completer) threaded(outer, form *syntax.Node) bool {
	switch head(outer) {
	case "->", "-?>", "doto":
		return slices.Index(outer.Items(), form) > 1
	}
	return false
}

// A callable is what a signature is made of.
type callable struct {
	name  string
	names []string // of the parameters, as they are shown
	docs  []string // of the parameters, or nil
	doc   string
}

// at returns the signature with the parameter that takes an argument, counted
// from 0: the names behind ... stand for nothing of their own.
func (c callable) at(argument int) Signature {
	s := Signature{Doc: c.doc, Active: argument}
	var label strings.Builder
	label.WriteString("(" + c.name)
	for i, name := range c.names {
		label.WriteByte(' ')
		p := Parameter{Span: source.Span{Start: label.Len(), End: label.Len() + len(name)}}
		if c.docs != nil {
			p.Doc = c.docs[i]
		}
		label.WriteString(name)
		s.Params = append(s.Params, p)
	}
	label.WriteByte(')')
	s.Label = label.String()
	if rest := slices.IndexFunc(c.names, isRest); rest >= 0 && argument > rest {
		s.Active = rest
		if c.names[rest] == "&" {
			s.Active = min(rest+1, len(c.names)-1)
		}
	}
	if s.Active >= len(s.Params) {
		s.Active = -1
	}
	return s
}

func isRest(name string) bool { return name == "..." || name == "&" }

// signature returns what is known of calling what a symbol names.
func (c *completer) signature(name *syntax.Node) (callable, bool) {
	m, known := c.MeaningAt(name.Span.End)
	if !known {
		return c.signatureByText(name.Text)
	}
	switch m.Kind {
	case PrimitiveName:
		f, ok := dsl.Primitive(m.Name)
		return funcCallable(f), ok
	case MemberName:
		if l := c.library(m.Of); l != nil {
			return l.callable(l.member(m.Name))
		}
		mod, _ := dsl.FindModule(m.Of)
		f, ok := mod.Func(m.Name)
		return funcCallable(f), ok
	case MacroName:
		return c.macroSignature(m)
	case FormName:
		f, ok := findForm(m.Name)
		return callable{name: f.Name, names: f.Params, doc: f.Doc}, ok
	case LibraryName:
		g, ok := dsl.FindGlobal(m.Name)
		return callable{name: g.Name, names: g.Params, doc: g.Doc}, ok && g.Kind == dsl.FunctionGlobal
	case SymbolName:
		if m.Span.End == name.Span.End && m.Span.Start == name.Span.Start {
			return c.symbolSignature(m.Symbol)
		}
	}
	return callable{}, false
}

// signatureByText returns what a name probably means in a form that is not
// finished, of which the compiler knows nothing.
func (c *completer) signatureByText(text string) (callable, bool) {
	for _, sym := range c.Module().Index.Visible(c.offset) {
		if sym.Name == text {
			return c.symbolSignature(sym)
		}
	}
	name := text[strings.LastIndexAny(text, ".:")+1:]
	if f, ok := dsl.Primitive(name); ok {
		return funcCallable(f), true
	}
	ci, _ := dsl.FindModule(dsl.CI)
	f, ok := ci.Func(name)
	return funcCallable(f), ok
}

func funcCallable(f dsl.Func) callable {
	c := callable{name: f.Name, doc: f.Doc}
	for _, p := range f.Params {
		name := p.Name
		if p.Optional {
			name = "?" + name
		}
		c.names = append(c.names, name)
		c.docs = append(c.docs, page(string(p.Type)+": "+p.Doc, keyList("Options", p.Keys)))
	}
	return c
}

// symbolSignature returns what is known of calling a name of the file.
func (c *completer) symbolSignature(sym *fennel.Symbol) (callable, bool) {
	out := callable{name: sym.Name, names: sym.Params, doc: sym.Doc}
	switch {
	case sym.Kind == fennel.Function:
		return out, true
	case sym.Kind == fennel.Macro:
		if m, ok := c.importedMacro(sym); ok {
			return c.macroSignature(m)
		}
		return out, true
	case sym.Value == nil || sym.Value.Kind != fennel.Lambda || sym.Written:
		return callable{}, false
	}
	path := c.Module().Tree.Path(sym.Value.Fn.Span.Start)
	i := slices.IndexFunc(path, func(n *syntax.Node) bool { return n.Span == sym.Value.Fn.Span })
	if i < 0 {
		return callable{}, false
	}
	for x := range path[i].Forms() {
		if x.Kind == syntax.Sequence {
			for p := range x.Forms() {
				out.names = append(out.names, brief(c.File.Slice(p.Span)))
			}
			return out, true
		}
	}
	return callable{}, false
}

// macroSignature returns what is known of calling a macro of a module.
func (s *Snapshot) macroSignature(m Meaning) (callable, bool) {
	if f, ok := providedMacro(m.Of, m.Name); ok {
		return funcCallable(f), true
	}
	l := s.holder(m)
	return l.callable(l.member(m.Name))
}

// importedMacro returns which macro of a module a name of the file stands for, if
// that is known.
func (s *Snapshot) importedMacro(sym *fennel.Symbol) (Meaning, bool) {
	if sym.Kind != fennel.Macro {
		return Meaning{}, false
	}
	w, ok := s.glossary().at(sym.Def.Start)
	if !ok || w.Symbol != sym || w.Kind != MacroName {
		return Meaning{}, false
	}
	return w.Meaning, true
}

// providedMacro returns the macro of a module of the product: the compiler knows
// the parameters of those only that the file defines.
func providedMacro(module, name string) (dsl.Func, bool) {
	m, _ := dsl.FindModule(module)
	i := slices.IndexFunc(m.Macros, func(f dsl.Func) bool { return f.Name == name })
	if i < 0 {
		return dsl.Func{}, false
	}
	return m.Macros[i], true
}
