package analysis

import (
	"slices"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// pattern offers what can be taken out of a table that is destructured.
func (c *completer) pattern(here *syntax.Node) bool {
	outer := c.outer(1)
	if outer != nil && here.Kind == syntax.Sequence && head(outer) == "defrun" && c.index(outer) == 1 {
		c.taken(here, sense{kind: runtime}, "")
		return true
	}
	if here.Kind != syntax.Table || outer == nil {
		return false
	}
	of, ok := c.destructured(here, outer)
	if !ok {
		return false
	}
	items := here.Items()
	at := c.index(here)
	colon := ": "
	if at%2 == 1 {
		if items[at-1].Text != ":" {
			return false
		}
		colon = ""
	}
	c.taken(here, of, colon)
	return true
}

// taken offers the members of something that a pattern does not name yet.
func (c *completer) taken(pattern *syntax.Node, of sense, prefix string) {
	given := map[string]bool{}
	for x := range pattern.Forms() {
		given[x.Text] = given[x.Text] || x != c.partial
	}
	for _, m := range c.members(of) {
		if !given[m.Label] {
			m.Span, m.Text = c.typed(), prefix+m.Label
			c.out = append(c.out, m)
		}
	}
}

// destructured returns what a pattern takes apart: the runtime table where it
// is the first parameter of a run-fn, or the value next to it.
func (c *completer) destructured(pattern, outer *syntax.Node) (sense, bool) {
	items := outer.Items()
	at := slices.Index(items, pattern)
	switch {
	case at < 0:
	case outer.Kind == syntax.Sequence:
		fn := c.outer(2)
		if fn == nil || fn.Kind != syntax.List {
			break
		}
		switch head(fn) {
		case "fn", "lambda", "λ", "defrun":
			return sense{kind: runtime}, at == 0
		case "let", "with-open":
			if at%2 == 0 && at+1 < len(items) {
				return c.valueOf(items[at+1])
			}
		}
	case at == 1 && len(items) > 2 && (head(outer) == "local" || head(outer) == "var"):
		return c.valueOf(items[2])
	case head(outer) == "import-macros" && at%2 == 1 && at+1 < len(items):
		return sense{kind: macros, name: items[at+1].Text}, true
	}
	return sense{}, false
}

// valueOf returns what an expression gives, by its text.
func (c *completer) valueOf(n *syntax.Node) (sense, bool) {
	if n.Kind == syntax.Symbol {
		return c.symbolSense(n.Text)
	}
	items := n.Items()
	if n.Kind != syntax.List || len(items) == 0 {
		return sense{}, false
	}
	if items[0].Text == "require" && len(items) > 1 {
		return moduleSense(items[1].Text), true
	}
	f, ok := c.callee(n)
	if !ok {
		return sense{}, false
	}
	call := &fennel.Call{}
	if len(items) > 1 && items[1].Kind == syntax.String {
		call.Args = []*fennel.Value{{Kind: fennel.Literal, Type: "string", Text: items[1].Text}}
	}
	return sense{kind: result, name: f.Name, call: call}, true
}

// symbolSense returns what a name that code at the offset sees is.
func (c *completer) symbolSense(name string) (sense, bool) {
	for _, sym := range c.Module().Index.Visible(c.offset) {
		if sym.Name == name {
			if binding, module := importing(c.Module(), sym); binding != nil && binding.Kind == syntax.Symbol {
				return sense{kind: macros, name: module}, true
			}
			return c.glossary().sense(sym)
		}
	}
	return sense{}, false
}

// members returns what can be found in something.
func (c *completer) members(of sense) []Candidate {
	var out []Candidate
	switch of.kind {
	case runtime:
		for _, f := range dsl.Runtime() {
			out = append(out, Candidate{Label: f.Name, Kind: PrimitiveName, Detail: f.Signature(), Doc: f.Doc, Function: true,
				Subject: Subject{Kind: PrimitiveName, Name: f.Name}})
		}
	case module:
		if l := c.library(of.name); l != nil {
			return l.candidates()
		}
		m, _ := dsl.FindModule(of.name)
		for _, f := range m.Funcs {
			out = append(out, Candidate{Label: f.Name, Kind: MemberName, Detail: f.Signature(), Doc: f.Doc, Function: true,
				Subject: Subject{MemberName, f.Name, m.Name}})
		}
		for _, k := range m.Fields {
			out = append(out, Candidate{Label: k.Name, Kind: MemberName, Detail: string(k.Type), Doc: k.Doc,
				Subject: Subject{MemberName, k.Name, m.Name}})
		}
	case macros:
		m, _ := dsl.FindModule(of.name)
		for _, f := range m.Macros {
			out = append(out, Candidate{Label: f.Name, Kind: MacroName, Detail: f.Signature(), Doc: f.Doc, Function: true,
				Subject: Subject{MacroName, f.Name, m.Name}})
		}
		if l := c.libraryOf(of.name, fennel.Macros); l != nil {
			out = l.candidates()
		}
	case result:
		for _, k := range c.glossary().fields(of) {
			out = append(out, Candidate{Label: k.Name, Kind: FieldName, Detail: string(k.Type), Doc: page(k.Doc, example(k.Example))})
		}
	}
	return out
}

// candidates returns the members of a module of the repository.
func (l *library) candidates() []Candidate {
	var out []Candidate
	for i := range l.members {
		m := l.meaning(l.members[i].name)
		x := Candidate{Label: m.Name, Kind: m.Kind, Detail: l.name, Subject: Subject{m.Kind, m.Name, m.Of}}
		if c, ok := l.callable(&l.members[i]); ok {
			x.Detail, x.Doc, x.Function = signature(c.name, c.names), c.doc, true
		}
		out = append(out, x)
	}
	return out
}

// fields offers what stands behind the dot of the name that is typed.
func (c *completer) fields() bool {
	text := c.File.Slice(source.Span{Start: c.partial.Span.Start, End: c.offset})
	dot := strings.LastIndexByte(text, '.')
	if dot <= 0 || strings.ContainsAny(text, "\"()[]{} ") {
		return false
	}
	span := source.Span{Start: c.partial.Span.Start + dot + 1, End: c.offset}
	parts := strings.Split(text[:dot], ".")
	t, known := c.symbolSense(parts[0])
	for _, p := range parts[1:] {
		t = t.key(p)
	}
	if known {
		for _, m := range c.members(t) {
			m.Span, m.Text = span, m.Label
			c.out = append(c.out, m)
		}
		return true
	}
	for _, g := range dsl.Globals() {
		if member, ok := strings.CutPrefix(g.Name, text[:dot+1]); ok && !strings.Contains(member, ".") {
			c.out = append(c.out, Candidate{Label: member, Kind: LibraryName, Detail: signature(g.Name, g.Params), Doc: g.Doc,
				Span: span, Text: member, Function: g.Kind == dsl.FunctionGlobal, Subject: Subject{Kind: LibraryName, Name: g.Name}})
		}
	}
	return true
}
