package analysis

import (
	"slices"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A Candidate is one thing that could stand at a place.
type Candidate struct {
	Label  string
	Kind   Kind
	Detail string
	Doc    string // Markdown
	// Span is what Text replaces: what was typed of the name so far.
	Span source.Span
	Text string
	// Snippet is Text with what usually follows, and the stops of LSP's
	// snippets. A candidate with one is for editors that know snippets.
	Snippet string
	// Function reports that it is something to call.
	Function bool
	// Subject is what the candidate would mean, for [Snapshot.Describe].
	Subject Subject
}

// A Subject is something of which more is known than a line, whatever the text
// around it: no name that the file binds, and no option or field.
type Subject struct {
	Kind Kind
	Name string
	Of   string // of a member: its module
}

// Describe returns what is known of a subject, as Markdown, or nothing.
func (s *Snapshot) Describe(x Subject) string {
	switch x.Kind {
	case SymbolName, OptionName, FieldName:
		return ""
	}
	return s.describe(Meaning{Kind: x.Kind, Name: x.Name, Of: x.Of})
}

// Complete returns what could stand at an offset, the likeliest first. It
// never offers what would be refused: as an input of a job, not the job itself
// nor one that needs it.
func (s *Snapshot) Complete(offset int) []Candidate {
	offset = min(max(offset, 0), len(s.File.Text()))
	c := completer{Snapshot: s, offset: offset}
	if !c.locate() {
		return nil
	}
	c.fill()
	c.addSnippets()
	seen := map[string]bool{}
	return slices.DeleteFunc(c.out, func(x Candidate) bool {
		again := seen[x.Label]
		seen[x.Label] = true
		return again
	})
}

// A completer looks at what stands around an offset.
type completer struct {
	*Snapshot
	offset int
	// around are the brackets around the offset, outermost first.
	around []*syntax.Node
	// partial is the name that ends at the offset or holds it, or nil.
	partial *syntax.Node
	out     []Candidate
}

// locate finds what is around the offset. It reports false where no name can
// stand, such as in a comment.
func (c *completer) locate() bool {
	for nodes := c.Module().Tree.Forms; ; {
		var n *syntax.Node
		for _, x := range nodes {
			if x.Span.Start >= c.offset {
				break
			}
			n = x
		}
		if n == nil {
			return true
		}
		inside := c.offset < n.Span.End || n.Open
		switch n.Kind {
		case syntax.Comment:
			return c.offset > n.Span.End
		case syntax.List, syntax.Sequence, syntax.Table, syntax.Prefix:
			if !inside && !(n.Kind == syntax.Prefix && c.offset == n.Span.End) {
				return true
			}
			if n.Kind != syntax.Prefix {
				c.around = append(c.around, n)
			}
			nodes = n.Children
			continue
		}
		if c.offset <= n.Span.End {
			c.partial = n
		}
		return true
	}
}

// outer returns the bracket that is i steps further out, or nil.
func (c *completer) outer(i int) *syntax.Node {
	if i >= len(c.around) {
		return nil
	}
	return c.around[len(c.around)-1-i]
}

// index returns how many forms of a bracket end before the offset.
func (c *completer) index(n *syntax.Node) int {
	i := 0
	for x := range n.Forms() {
		if x != c.partial && x.Span.End <= c.offset && !(x.Open && x == c.next(n)) {
			i++
		}
	}
	return i
}

// next returns the bracket within n that is around the offset, or nil.
func (c *completer) next(n *syntax.Node) *syntax.Node {
	i := slices.Index(c.around, n)
	if i < 0 || i+1 >= len(c.around) {
		return nil
	}
	return c.around[i+1]
}

func (c *completer) fill() {
	here := c.outer(0)
	if c.partial != nil && c.partial.Kind == syntax.Number {
		return
	}
	if here != nil && (c.inputs(here) || c.argument(here) || c.options(here) || c.labels(here) || c.pattern(here)) {
		return
	}
	if c.partial != nil && c.partial.Kind == syntax.String {
		return
	}
	if c.partial != nil && c.fields() {
		return
	}
	c.words(here)
}

// callee returns what the list calls, by its meaning or, where nothing is known
// of it, by its text.
func (c *completer) callee(list *syntax.Node) (f dsl.Func, ok bool) {
	items := list.Items()
	if list.Kind != syntax.List || len(items) == 0 || items[0].Kind != syntax.Symbol {
		return f, false
	}
	if m, known := c.MeaningAt(items[0].Span.End); known {
		switch m.Kind {
		case PrimitiveName:
			return dsl.Primitive(m.Name)
		case MemberName:
			mod, _ := dsl.FindModule(m.Of)
			return mod.Func(m.Name)
		case MacroName:
			return f, false
		case SymbolName:
			if m.Symbol.Value != nil && m.Symbol.Value.Kind != fennel.Unknown {
				return f, false
			}
		}
	}
	name := items[0].Text[strings.LastIndexAny(items[0].Text, ".:")+1:]
	if f, ok = dsl.Primitive(name); ok {
		return f, true
	}
	ci, _ := dsl.FindModule(dsl.CI)
	return ci.Func(name)
}

// words offers everything that code at the offset can name.
func (c *completer) words(here *syntax.Node) {
	span := c.typed()
	add := func(x Candidate) {
		x.Span, x.Text = span, x.Label
		c.out = append(c.out, x)
	}
	for _, sym := range c.Module().Index.Visible(c.offset) {
		if strings.HasPrefix(sym.Name, "$") || sym.Def.Touches(c.offset) {
			continue
		}
		add(Candidate{Label: sym.Name, Kind: SymbolName, Detail: c.detail(Meaning{Kind: SymbolName, Symbol: sym}), Doc: sym.Doc,
			Function: sym.Kind == fennel.Function || sym.Kind == fennel.Macro})
	}
	if here == nil || here.Kind == syntax.List && c.index(here) == 0 {
		for _, f := range allForms() {
			add(Candidate{Label: f.Name, Kind: FormName, Detail: signature(f.Name, f.Params), Doc: f.Doc, Function: true,
				Subject: Subject{Kind: FormName, Name: f.Name}})
		}
	}
	for _, g := range dsl.Globals() {
		if !strings.Contains(g.Name, ".") {
			add(Candidate{Label: g.Name, Kind: LibraryName, Detail: string(g.Kind), Doc: g.Doc, Function: g.Kind == dsl.FunctionGlobal,
				Subject: Subject{Kind: LibraryName, Name: g.Name}})
		}
	}
}

// typed is the part of the name under the cursor that is before it.
func (c *completer) typed() source.Span {
	if c.partial == nil {
		return source.Span{Start: c.offset, End: c.offset}
	}
	return source.Span{Start: c.partial.Span.Start, End: c.offset}
}

// addName offers a string: with a colon, or within the quotes that are there.
func (c *completer) addName(kind Kind, name, detail, doc string) {
	if name == "" {
		return // a job may have no id, but nothing that is offered
	}
	x := Candidate{Label: ":" + name, Kind: kind, Detail: detail, Doc: doc, Span: c.typed(), Text: ":" + name}
	if kind != OptionName && kind != FieldName && kind != LabelName { // which are known by where they stand only
		x.Subject = Subject{Kind: kind, Name: name}
	}
	switch {
	case c.partial != nil && c.partial.Kind == syntax.String && strings.HasPrefix(c.File.Slice(c.partial.Span), `"`):
		x.Label, x.Text = name, name
		x.Span.Start++
	case !isKeyword(name):
		x.Label, x.Text = `"`+name+`"`, `"`+name+`"`
	}
	c.out = append(c.out, x)
}

// isKeyword reports whether a string can be written with a colon.
func isKeyword(text string) bool {
	n := onlyForm(":" + text)
	return n != nil && n.Kind == syntax.String && n.Text == text
}
